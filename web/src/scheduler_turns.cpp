// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The half of Scheduler that every turn and every poll goes through. Compiled for speed (web/CMakeLists.txt).
#include "rouse/web/scheduler.hpp"

namespace rouse::web::detail {

using rouse::detail::Cell;
using rouse::detail::TaskState;
using rouse::detail::turn;

namespace {

constexpr int polls_in_a_turn = 64;     // then the microtasks of JavaScript have a turn
constexpr int polls_between_looks = 16; // at the clock

} // namespace

// ---- turns ----

Scheduler::Turn::Turn(Scheduler& scheduler, From from) noexcept : scheduler_(scheduler), from_(from) {
    ++scheduler.depth_;
    if (from != From::call) scheduler.turn_runs_ = true;
    switch (from) {
    case From::call:
        return;
    case From::microtask:
        scheduler.microtask_asked_ = false;
        break;
    case From::timer:
        scheduler.timer_at_ = 0;
        [[fallthrough]];
    case From::macrotask:
        scheduler.in_slice_ = scheduler.slice_spent_ = false;
        break;
    case From::settlement:
        break;
    }
}

Scheduler::Turn::~Turn() {
    if (--scheduler_.depth_ > 0) return;
    scheduler_.turn_runs_ = false;
    if (from_ != From::call && !scheduler_.slice_spent_) scheduler_.run(from_);
    if (scheduler_.timers() != 0 || scheduler_.timer_at_ != 0) scheduler_.arm_timer();
    if (scheduler_.births_at_ != scheduler_.last_task_id()) [[unlikely]]
        scheduler_.note_births();
}

void Scheduler::run(Turn::From from) {
    if (from == Turn::From::timer && timers() != 0) [[unlikely]]
        fire();
    if (queue.empty()) return; // not busy: no macrotask needs to be waited for
    if (!in_slice_) [[unlikely]]
        begin_slice();
    running_ = true;
    for (int left = polls_in_a_turn; left > 0; --left) {
        Cell* const cell = queue.pop();
        if (!cell) break;
        poll(*cell);
        if (++unchecked_ < polls_between_looks) continue;
        unchecked_ = 0;
        if (js::detail::sys::rouse_js_now() >= slice_end_) {
            slice_spent_ = true;
            break;
        }
    }
    running_ = false;
    if (!queue.empty()) ask_for_turn();
}

void Scheduler::wake(Waker& waker) noexcept {
    TaskState* const task = rouse::detail::task_of(waker);
    if (!task || task->ops().schedule != &Cell::schedule || is_traced()) [[unlikely]]
        return wake_other(waker);
    (void)std::move(waker).into_raw(); // the task's word counts it no more
    if (task->mark_woken()) queue.push(static_cast<Cell&>(*task));
}

void Scheduler::deliver_in_crew(Cell& cell) noexcept {
    queue.push(cell);
    if (is_traced()) [[unlikely]]
        note_wake(cell);
    ask_for_turn();
}

// ---- a poll ----

void Scheduler::poll(Cell& cell) {
    turn.current = &cell;
    turn.delta = 0;
    turn.woken = turn.yielded = false;
    const std::uint64_t word = cell.begin_poll();
    if (word & (TaskState::aborted | TaskState::lost)) [[unlikely]]
        if (!judge(cell, word)) return;
    const std::size_t timers_before = timers();
    if (is_traced()) [[unlikely]]
        trace(Event::polled, cell);
    const rouse::detail::LentWaker waker(&cell);
    Context cx(waker.get());
    if (cell.strand().poll(cx, thrown_)) return end_task(cell);
    if (is_traced()) [[unlikely]]
        note_poll(cell, timers_before);
    turn.current = nullptr;
    const bool again = turn.woken || turn.yielded;
    switch (cell.settle(std::exchange(turn.delta, 0), again)) {
    case TaskState::Settled::idle:
        return;
    case TaskState::Settled::again:
    case TaskState::Settled::lost: // the poll to come is for the verdict
        break;
    }
    queue.push(cell);
}

} // namespace rouse::web::detail
