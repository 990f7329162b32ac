// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The queue of a Worker in a crew: what it is given, and what it gives to others.
#include "runtime/crew.hpp"
#include "runtime/worker.hpp"

namespace rouse::detail {
namespace {

// A worker shares when so many tasks have waited for a turn: many for one, or two for many.
constexpr std::size_t patience = 32;
// In a crew the ids of a worker come in blocks, so that they need no RMW each, and still grow with time.
constexpr std::uint64_t ids_at_a_time = 256;

} // namespace

void Worker::deliver_in_crew(Cell& cell) noexcept {
    if (cell.is_local() && &cell.executor() != this) return static_cast<Worker&>(cell.executor()).send(cell);
    if (logs_wakes) [[unlikely]]
        note_wake(cell);
    if (cell.is_local()) return requeue_in_crew(cell);
    Cell* next = &cell;
    const OwnerLock::Scope lock(lock_);
    if (lifo_streak_ < lifo_bound) next = std::exchange(lifo_, next);
    if (!next) return;
    queue.reserve(queue.size() + 1);
    queue.push(*next);
    queued_ = queue.size();
}

void Worker::adopt_in_crew(Cell& cell) {
    if (last_task_id() % ids_at_a_time == 0) set_last_task_id(crew_->next_id_block(ids_at_a_time));
    cell.belong_to(*this, next_task_id());
    // Its handle may be used on any worker. One that was sent here says so already, and its handle may be in
    // use by now; any other nobody else has seen yet, but for a stray frame, which may go at any time.
    if (const std::uint64_t word = cell.load(); !(word & TaskState::join_shared)) {
        if ((word & TaskState::references_mask) == 2 * TaskState::one_reference)
            cell.word().store(word | TaskState::join_shared, memory_order_relaxed);
        else cell.word().fetch_or(TaskState::join_shared, memory_order_relaxed);
    }
    if (logs_wakes) [[unlikely]] // what was noted here of one that others polled is not said of this one
        poll_log_.woken(cell, "its spawn");
    Executor::count(spawned);
    cells.push_back(cell);
    requeue_in_crew(cell);
}

void Worker::requeue_in_crew(Cell& cell) noexcept {
    if (cell.is_local()) {
        local_.reserve(local_.size() + 1);
        return local_.push(cell);
    }
    const OwnerLock::Scope lock(lock_);
    queue.reserve(queue.size() + 1);
    queue.push(cell);
    queued_ = queue.size();
}

bool Worker::has_work() noexcept {
    if (has_arrivals() || !local_.empty()) return true;
    if (!crew_) return !queue.empty();
    const OwnerLock::Scope lock(lock_);
    return !queue.empty() || lifo_;
}

void Worker::take_surplus(std::vector<Cell*>& out) noexcept {
    const OwnerLock::Scope lock(lock_);
    // Waking another thread costs some microseconds, of this one too: more than many a task.
    surplus_ = queue.size() < 2 ? 0 : surplus_ + queue.size();
    if (surplus_ < patience) return;
    surplus_ = 0;
    for (std::size_t half = (queue.size() + 1) / 2; half > 0; --half) out.push_back(queue.pop());
}

void Worker::take_everything(std::vector<Cell*>& out) noexcept {
    {
        const OwnerLock::Scope lock(lock_);
        take_queued(out);
    }
    arrivals_.take_woken(out);
}

void Worker::take_all(std::vector<Cell*>& out) noexcept {
    lock_.visit([&] { take_queued(out); });
    arrivals_.take_woken(out);
}

void Worker::take_queued(std::vector<Cell*>& out) noexcept {
    while (Cell* cell = queue.pop()) out.push_back(cell);
    if (lifo_) out.push_back(std::exchange(lifo_, nullptr));
}

} // namespace rouse::detail
