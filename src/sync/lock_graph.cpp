// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/sync/lock_graph.hpp"

#include "rouse/core/task_state.hpp"
#include "rouse/sync/wait_list.hpp"
#include "rouse/task/cell.hpp"

#include <bit>

namespace rouse::detail {
namespace {

constexpr std::uint64_t one_sharer = 1;
std::uint64_t shared_part(const TaskState* task) noexcept {
    return (std::uint64_t{reinterpret_cast<std::uintptr_t>(task)} << 16) + one_sharer;
}

} // namespace

// ---- LockOwners ----

void LockOwners::take(SourceLocation where) noexcept {
    const Cell* const cell = running_cell();
    task_.store(own_task(), memory_order_relaxed);
    id_.store(cell ? cell->id() : 0, memory_order_relaxed);
    place_.store(place_to_bits(where), memory_order_relaxed);
    moved_.store(false, memory_order_relaxed);
    granted_.store(false, memory_order_relaxed);
}
void LockOwners::take() noexcept { take(await_place()); }

void LockOwners::grant(const LockWait& wait) noexcept {
    if (wait.shares_) return;
    task_.store(wait.polled_by_, memory_order_relaxed);
    id_.store(wait.task_id(), memory_order_relaxed);
    place_.store(place_to_bits(wait.where()), memory_order_relaxed);
    moved_.store(false, memory_order_relaxed);
    granted_.store(true, memory_order_relaxed);
}

const TaskState* LockOwners::take_shared(SourceLocation where) noexcept {
    const TaskState* const task = own_task();
    const std::uint64_t before = shared_.fetch_add(shared_part(task), memory_order_relaxed);
    if (before % (1 << 16) != 0) where = SourceLocation();
    place_.store(place_to_bits(where), memory_order_relaxed);
    return task;
}
const TaskState* LockOwners::take_shared() noexcept { return take_shared(await_place()); }
void LockOwners::moved_shared(const TaskState*& task) noexcept {
    shared_.fetch_sub(shared_part(task) - one_sharer, memory_order_relaxed);
    task = nullptr;
}
void LockOwners::leave_shared(const TaskState* task) noexcept {
    shared_.fetch_sub(shared_part(task), memory_order_relaxed);
}

const TaskState* LockOwners::only_task() const noexcept {
    if (const TaskState* const task = task_.load(memory_order_relaxed))
        return moved_.load(memory_order_relaxed) ? nullptr : task;
    const std::uint64_t shared = shared_.load(memory_order_relaxed);
    return shared % (1 << 16) == 1
               ? reinterpret_cast<const TaskState*>(static_cast<std::uintptr_t>(shared >> 16))
               : nullptr;
}

SourceLocation LockOwners::place() const noexcept {
    return place_of_bits(static_cast<std::uintptr_t>(place_.load(memory_order_relaxed)));
}

std::string LockOwners::describe(std::string_view what) const { return describe_wait(what, name_, id()); }

// ---- LockWait ----

std::uint64_t LockWait::behind() const noexcept { return shares_ && owners_->is_shared() ? queued_ : 0; }

bool LockWait::is_before(const void* lock, std::uint64_t place) const noexcept {
    return owners_ == lock && !shares_ && queued_ < place;
}

void LockWait::describe(LockCycleTask& waiter, LockCycleTask& holder) const {
    waiter.waits_for = describe_wait(owners_->kind_, owners_->name());
    holder.has = waiter.waits_for;
    holder.taken_at = owners_->place();
    holder.granted_unpolled = owners_->granted_.load(memory_order_relaxed);
}

void LockWait::queue(const Waker& waker) {
    queued_ = ++owners_->last_queued_;
    const TaskState* const own = own_task();
    enter_anew(own, is_alone(own, waker));
}

void LockWait::enter(const Waker& waker) {
    const TaskState* const own = own_task();
    const bool alone = is_alone(own, waker);
    if (task() == (alone ? own : nullptr) && polled_by_ == own) return;
    leave();
    enter_anew(own, alone);
}

bool LockWait::is_alone(const TaskState* own, const Waker& waker) const noexcept {
    return awaited_ && own && task_of(waker) == own;
}

void LockWait::enter_anew(const TaskState* own, bool alone) {
    polled_by_ = own;
    note_who_polls();
    if (alone) enter_table(*own);
}

} // namespace rouse::detail
