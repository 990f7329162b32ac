// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/web/scheduler.hpp"

#include "rouse/base/readable.hpp"
#include "rouse/web/error.hpp"
#include "runtime/birth_log.hpp"

#include <algorithm>
#include <cmath>

namespace rouse::web::detail {

using rouse::detail::Cell;
using rouse::detail::Outcome;
using rouse::detail::TaskState;
using rouse::detail::turn;
namespace sys = js::detail::sys;

Scheduler& Scheduler::make() noexcept { return *(only_ = new Scheduler); }

// There is one thread, and it always drives: spawn, timers and wake-ups work from any call.
Scheduler::Scheduler()
    : Executor(InCrew(), nullptr), TimeDriver(false), births_(new rouse::detail::BirthLog) {
    turn.driving = true;
    turn.runtime = static_cast<Executor*>(this);
    turn.crew = crew();
    TimeDriver::set_current(this);
}

// ---- turns ----

/// The first turn since a macrotask, as far as we know.
void Scheduler::begin_slice() {
    in_slice_ = true;
    unchecked_ = 0;
    slice_end_ = sys::rouse_js_now() + slice;
    sys::rouse_js_macrotask();
}

void Scheduler::ask_for_turn() noexcept {
    // Spent: the macrotask that was asked for at the beginning of the slice will do.
    if (running_ || turn_runs_ || microtask_asked_ || slice_spent_) return;
    microtask_asked_ = true;
    sys::rouse_js_microtask();
}

void Scheduler::fire() {
    firing_ = true;
    fire_due();
    firing_ = false;
}

void Scheduler::arm_timer() {
    const auto next = timers() == 0 ? std::nullopt : next_wakeup();
    if (!next) {
        if (timer_at_ == 0) return;
        timer_at_ = 0;
        return sys::rouse_js_timer(-1);
    }
    const double at = std::chrono::duration<double, std::milli>(next->time_since_epoch()).count();
    if (at == timer_at_) return;
    timer_at_ = at;
    sys::rouse_js_timer(std::max(0.0, std::ceil(at - sys::rouse_js_now())));
}

// ---- what becomes runnable ----

void Scheduler::wake_other(Waker& waker) noexcept { std::move(waker).wake(); }

void Scheduler::note_wake(Cell& cell) noexcept {
    if (firing_) trace(Event::timer_fired, cell);
    trace(Event::woken, cell);
}

void Scheduler::adopt_in_crew(Cell& cell) {
    cell.belong_to(*this, next_task_id());
    if (closed_) { // a destructor spawns
        cell.cancel();
        cell.publish(0);
        return;
    }
    adopt(cell);
    if (is_traced()) [[unlikely]]
        trace(Event::created, cell);
    ask_for_turn();
}

void Scheduler::schedule_lost(Cell& cell, std::string by) noexcept {
    lost_notes_.emplace_back(cell, std::move(by));
    if (is_traced()) [[unlikely]]
        trace(Event::waker_dropped, cell, lost_notes_.back().by);
    queue.push(cell);
    ask_for_turn();
}

// ---- a poll ----

/// Of a poll that returned Pending.
void Scheduler::note_poll(Cell& cell, std::size_t timers_before) {
    const auto more = static_cast<std::int64_t>(turn.delta);
    const auto wakers = static_cast<std::int64_t>(TaskState::one_slot);
    if (more >= wakers) trace(Event::waker_cloned, cell);
    if (more <= -wakers) trace(Event::waker_dropped, cell);
    if (timers() > timers_before) trace(Event::timer_set, cell);
    trace(Event::pending, cell);
    if (turn.woken || turn.yielded) trace(Event::woken, cell, turn.yielded ? "it gave way" : "by itself");
}

/// Of a task that is aborted or lost. False: there is nothing to poll any more. `thrown_`: to be thrown at
/// its await.
bool Scheduler::judge(Cell& cell, std::uint64_t word) {
    if (word & TaskState::aborted) {
        std::erase_if(lost_notes_, [&](const LostNote& note) { return note.cell == &cell; });
        cancel_task(cell);
        return false;
    }
    HangReport report = report_of(cell);
    if (is_traced()) trace(Event::lost, cell);
#if ROUSE_EXCEPTIONS
    thrown_ = rouse::detail::diagnose_hang(std::move(report));
    if (thrown_) {
        cell.clear_lost();
        if (cell.strand().has_coroutine()) return true;
        // A root that is no coroutine, unless there is one inside of it.
        if (cell.strand().fail_leaf(thrown_)) {
            thrown_ = nullptr;
            return true;
        }
        end_task(cell);
        return false;
    }
#else
    report.future_type = readable_type(report.future_type);
    report.policy = policy_;
    hang(report);
    if (policy_ == HangPolicy::throw_error) {
        failure_ = lost_error(report);
        cancel_task(cell);
        failure_ = js::Value();
        return false;
    }
#endif
    turn.current = nullptr; // the policy is to leave it
    if (!cell.leave_lost()) queue.push(cell);
    return false;
}

void Scheduler::end_task(Cell& cell) {
    if (is_traced()) [[unlikely]]
        trace(thrown_ ? Event::failed : Event::ready, cell);
    // Frame, arguments, closure die here, while the task still is `current` and ACTIVE: nothing in them can
    // be taken for its last waker.
    cell.finish(std::exchange(thrown_, nullptr));
    turn.current = nullptr;
    publish(cell);
}

void Scheduler::cancel_task(Cell& cell) {
    if (is_traced()) [[unlikely]]
        trace(Event::cancelled, cell);
    cell.cancel();
    turn.current = nullptr;
    publish(cell);
}

void Scheduler::publish(Cell& cell) {
    const std::exception_ptr error = cell.outcome() == Outcome::error ? cell.error() : nullptr;
    const std::uint64_t id = cell.id();
    std::string text;
    if (error) [[unlikely]]
        text = unhandled_text(cell);
    count(ended);
    forget(cell);
    if (!cell.publish(turn.delta) && error) report_unhandled(std::move(text), id, error);
}

// ---- the end ----

void Scheduler::close() noexcept {
    if (std::exchange(closed_, true)) return;
    // Every task is marked first, and made ACTIVE: destroying one may drop the last waker of another, or wake
    // it, and neither may lead to anything now.
    cells.for_each([](Cell& cell) {
        cell.word().fetch_or(TaskState::aborted | TaskState::active, memory_order_acq_rel);
    });
    while (queue.pop()) {}
    while (Cell* const cell = cells.front()) {
        turn.current = cell;
        turn.delta = 0;
        cancel_task(*cell);
    }
    lost_notes_.clear();
    TimeDriver::close();
    arm_timer();
}

} // namespace rouse::web::detail
