// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/crew.hpp"

#include "runtime/hook.hpp"
#include "runtime/thread_name.hpp"

#include <algorithm>
#include <system_error>

namespace rouse::detail {
namespace {

constexpr std::size_t injected_at_a_time = 64;
constexpr unsigned most_spares = 16;

} // namespace

Crew::Crew(Shared& shared, unsigned workers, DeadlockTeller& teller)
    : shared_(shared), regular_(workers), monitor_(*this, shared, teller) {
    const unsigned spares = workers > 1 ? most_spares : 0;
    for (unsigned i = 0; i < workers + spares; ++i)
        workers_.push_back(std::make_unique<Worker>(shared, *this, i, i ? workers_[0].get() : nullptr));
}

void Crew::start(const std::shared_ptr<RuntimeCore>& core) {
    core_ = core;
    for (unsigned i = 0; i < regular_; ++i) start_thread(*workers_[i]);
    monitor_.start();
}

void Crew::start_thread(Worker& worker) {
    threads_.emplace_back([this, &worker] { work(worker); });
}

void Crew::start_spare(Worker& spare) {
    awake_spares_.fetch_add(1, memory_order_seq_cst);
#if ROUSE_EXCEPTIONS
    try {
        start_thread(spare);
    } catch (const std::system_error&) { // no thread to be had now: the monitor asks again
        awake_spares_.fetch_sub(1, memory_order_seq_cst);
    }
#else
    start_thread(spare);
#endif
}

void Crew::stop_threads() noexcept {
    stopping_.store(true, memory_order_seq_cst);
    // At once, or they poll on until the monitor is through; and those again that it starts or wakes
    // meanwhile.
    for (const auto& worker : workers_) worker->look_up();
    monitor_.stop();
    for (const auto& worker : workers_) worker->look_up();
    for (std::jthread& thread : threads_) thread.join();
    threads_.clear();
}

// ---- a worker's thread ----

void Crew::work(Worker& worker) {
    name_this_thread(shared_.options.name, std::to_string(worker.number));
    worker.thread_id.store(gettid(), memory_order_release);
    call_hook([&] {
        if (shared_.options.on_thread_start) shared_.options.on_thread_start();
    });
    {
        const Worker::DriveScope scope(worker, core_.lock());
        while (!is_stopping()) {
            if (has_injected_.load(memory_order_acquire)) [[unlikely]]
                take_injected(worker);
            worker.run(nullptr);
            if (!worker.has_work()) idle(worker);
        }
        worker.settle();
    }
    call_hook([&] {
        if (shared_.options.on_thread_stop) shared_.options.on_thread_stop();
    });
}

void Crew::take_injected(Worker& worker) {
    std::pair<Cell*, bool> taken[injected_at_a_time];
    std::size_t count = 0;
    bool more = false;
    {
        const std::lock_guard lock(injected_mutex_);
        // The first come first; a share of what is there, so that others have something to take.
        count = std::min(injected_.size() / regular_ + 1, std::min(injected_at_a_time, injected_.size()));
        std::copy_n(injected_.begin(), count, taken);
        injected_.erase(injected_.begin(), injected_.begin() + static_cast<std::ptrdiff_t>(count));
        more = !injected_.empty();
        has_injected_.store(more, memory_order_relaxed);
    }
    for (std::size_t i = 0; i < count; ++i) {
        const auto& [cell, is_new] = taken[i];
        if (is_new) worker.adopt_new(*cell);
        else worker.requeue_in_crew(*cell);
        if (worker.logs_wakes) worker.poll_log_.woken(*cell, "another thread");
    }
    if (more) wake_one_idle();
}

void Crew::idle(Worker& worker) {
    worker.trim_now_and_then();
    std::optional<Instant> deadline = worker.next_wakeup();
    if (worker.number >= regular_) { // the monitor calls when it is needed again
        awake_spares_.fetch_sub(1, memory_order_seq_cst);
        worker.park(deadline);
        awake_spares_.fetch_add(1, memory_order_seq_cst);
        monitor_.tell();
        return;
    }
    worker.asleep.store(true, memory_order_seq_cst); // [P1]
    idle_.fetch_add(1, memory_order_seq_cst);
    if (!has_injected_.load(memory_order_seq_cst) && !worker.has_arrivals() &&
        !stopping_.load(memory_order_seq_cst)) {
        worker.park(deadline);
    }
    if (!worker.asleep.exchange(false, memory_order_seq_cst)) return;
    idle_.fetch_sub(1, memory_order_seq_cst);
    monitor_.tell();
}

/// [M2]
void Crew::share(Worker& worker) noexcept {
    std::vector<Cell*> cells;
    worker.take_surplus(cells);
    if (cells.empty()) return;
    if (Worker* other = claim_idle()) {
        Worker::add(worker.counters.shared, cells.size());
        other->send_all(cells);
        return;
    }
    for (Cell* cell : cells) worker.requeue_in_crew(*cell); // it has found work meanwhile
}

Worker* Crew::claim_idle() noexcept {
    if (idle_.load(memory_order_seq_cst) <= 0) return nullptr;
    for (unsigned i = 0; i < regular_; ++i) {
        Worker& worker = *workers_[i];
        if (!worker.asleep.load(memory_order_relaxed) || !worker.asleep.exchange(false, memory_order_seq_cst))
            continue;
        idle_.fetch_sub(1, memory_order_seq_cst);
        monitor_.tell();
        return &worker;
    }
    return nullptr;
}

void Crew::wake_one_idle() noexcept {
    if (Worker* worker = claim_idle()) worker->unpark();
}

// ---- from elsewhere ----

void Crew::inject(Cell& cell) noexcept {
    Worker* sleeper = nullptr;
    {
        const std::lock_guard lock(injected_mutex_);
        injected_.emplace_back(&cell, false);
        has_injected_.store(true, memory_order_seq_cst); // [P2]
        sleeper = claim_idle();
        if (!sleeper) return;
        // Once this cell is swallowed nothing else keeps the crew.
        injecting_.enter();
    }
    sleeper->unpark();
    injecting_.leave();
}

void Crew::inject_all(const std::vector<Cell*>& cells) noexcept {
    if (cells.empty()) return;
    {
        const std::lock_guard lock(injected_mutex_);
        for (Cell* cell : cells) injected_.emplace_back(cell, false);
        has_injected_.store(true, memory_order_seq_cst); // [P2]
    }
    wake_one_idle();
}

bool Crew::inject_new(Cell& cell) {
    {
        const std::lock_guard lock(injected_mutex_);
        if (closed_) return false;
        cell.belong_to(*workers_[0], 0); // until one takes it in
        cell.word().fetch_or(TaskState::join_shared, memory_order_relaxed);
        injected_.emplace_back(&cell, true);
        has_injected_.store(true, memory_order_seq_cst); // [P2]
    }
    wake_one_idle();
    return true;
}

void Crew::give_away(Worker& from) noexcept {
    std::vector<Cell*> cells;
    from.take_everything(cells);
    inject_all(cells);
}

bool Crew::close() noexcept {
    const std::lock_guard lock(injected_mutex_);
    return !std::exchange(closed_, true);
}

std::size_t Crew::swallow_deliveries() noexcept {
    std::deque<std::pair<Cell*, bool>> injected;
    {
        const std::lock_guard lock(injected_mutex_);
        injected.swap(injected_);
    }
    std::size_t swallowed = injected.size();
    for (const auto& worker : workers_) swallowed += worker->swallow_deliveries();
    return swallowed;
}

void Crew::await_stragglers() noexcept {
    injecting_.wait();
    for (const auto& worker : workers_) worker->await_stragglers();
}

void Crew::adopt_injected() noexcept {
    const std::lock_guard lock(injected_mutex_);
    std::erase_if(injected_, [&](const auto& injected) {
        if (injected.second) workers_[0]->adopt_new(*injected.first);
        return injected.second;
    });
}

// ---- for the monitor ----

std::uint64_t Crew::turns() const noexcept {
    std::uint64_t sum = 0;
    for (const auto& worker : workers_) sum += worker->counters.polls.load(memory_order_relaxed);
    return sum;
}

bool Crew::nothing_can_come() const noexcept {
    if (has_injected()) return false;
    std::size_t alive = 0;
    for (const auto& worker : workers_) {
        alive += worker->alive();
        // `idle_` is late for a worker that was just claimed, and may count one twice that is back by then.
        if (worker->number < regular_ && !worker->asleep.load(memory_order_seq_cst)) return false;
        if (worker->timers() != 0 || worker->was_sent_tasks() || worker->awaits_io()) return false;
    }
    return alive != 0;
}

bool Crew::all_idle() const noexcept {
    return idle_.load(memory_order_seq_cst) >= static_cast<int>(regular_) &&
           awake_spares_.load(memory_order_seq_cst) == 0;
}

void Crew::use_spare() {
    for (std::size_t i = regular_; i < workers_.size(); ++i) {
        Worker& spare = *workers_[i];
        if (threads_.size() <= i) {
            start_spare(spare); // they are used in order
            return;
        }
        if (!(spare.watched().current_poll() & 1)) { // at rest, or at work and soon through
            spare.unpark();
            return;
        }
    }
}

} // namespace rouse::detail
