// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/core/task_state.hpp"

#include "rouse/base/config.hpp"
#include "rouse/base/stop.hpp"

namespace rouse::detail {
namespace {

// Half of what the field holds; the rest is for counts that are "below zero" for the length of a poll.
constexpr std::uint64_t wakers_limit = std::uint64_t{1} << 20;
constexpr bool too_many_wakers(std::uint64_t word) noexcept {
    return TaskState::wakers(word) - wakers_limit < wakers_limit / 2;
}

} // namespace

void TaskState::clone_waker_shared() noexcept {
    // relaxed: the clone is made from a waker that exists, and hands over nothing.
    if (too_many_wakers(word_.fetch_add(one_waker, memory_order_relaxed) + one_waker)) [[unlikely]]
        stop("a task has more than 1,048,576 wakers: some container collects clones and never drops them");
}

void TaskState::drop_counted(std::uint64_t count) noexcept {
    std::uint64_t word = word_.load(memory_order_relaxed);
    for (;;) {
        std::uint64_t next = word - count;
        if (!no_wakers(next)) { // others are left: neither a verdict nor the end
            if (word_.compare_exchange_weak(word, next, memory_order_acq_rel, memory_order_relaxed)) return;
            continue;
        }
        const bool last = !ROUSE_NO_VERDICT && !(word & (active | done | lost));
        if (last) next |= active | lost; // [S4]
        if (!word_.compare_exchange_weak(word, next, memory_order_acq_rel, memory_order_relaxed)) continue;
        if (last) ops_->schedule_lost(this);
        else if (unreferenced(next)) ops_->free(this);
        return;
    }
}

bool TaskState::mark_woken(std::uint64_t give_up) noexcept {
    std::uint64_t word = word_.load(memory_order_relaxed);
    for (;;) { // [S1]
        const bool was_done = word & done;
        const bool was_active = word & active;
        std::uint64_t next = word - give_up;
        if (!was_done) next |= was_active ? notified : active;
        if (!word_.compare_exchange_weak(word, next, memory_order_acq_rel, memory_order_relaxed)) continue;
        if (was_done && give_up && unreferenced(next)) ops_->free(this);
        return !was_done && !was_active;
    }
}

void TaskState::wake_shared(std::uint64_t give_up) noexcept {
    if (mark_woken(give_up)) ops_->schedule(this);
}

void TaskState::add_live_slot() noexcept {
    if (turn.current == this) turn.delta += one_slot;
    else word_.fetch_add(one_slot, memory_order_relaxed);
}

void TaskState::drop_live_slot() noexcept {
    if (turn.current == this) turn.delta -= one_slot;
    else drop_counted(one_slot);
}

void TaskState::add_reference() noexcept {
    const std::uint64_t word = word_.fetch_add(one_reference, memory_order_relaxed);
    if ((word & references_mask) > references_mask / 2) [[unlikely]]
        stop("a task has more than 8,192 abort handles");
}

void TaskState::drop_reference() noexcept {
    if (unreferenced(word_.fetch_sub(one_reference, memory_order_acq_rel) - one_reference)) ops_->free(this);
}

bool TaskState::abort() noexcept {
    std::uint64_t word = word_.load(memory_order_relaxed);
    for (;;) { // [S5]
        if (word & done) return false;
        const bool was_active = word & active;
        const std::uint64_t next = word | aborted | (was_active ? notified : active);
        if (!word_.compare_exchange_weak(word, next, memory_order_acq_rel, memory_order_relaxed)) continue;
        if (!was_active) ops_->schedule(this);
        return true;
    }
}

bool TaskState::leave_lost() noexcept {
    std::uint64_t word = word_.load(memory_order_relaxed);
    while (!(word & notified))
        if (word_.compare_exchange_weak(word, word & ~active, memory_order_acq_rel, memory_order_relaxed))
            return true;
    return false;
}

bool TaskState::try_hold() noexcept {
    std::uint64_t word = word_.load(memory_order_relaxed);
    do {
        if (word & (active | done | aborted | lost)) return false;
    } while (!word_.compare_exchange_weak(word, word | active, memory_order_acq_rel, memory_order_relaxed));
    return true;
}

bool TaskState::end_hold() noexcept {
    const Settled settled = settle(0, false);
    if (settled == Settled::again) ops_->schedule(this);
    return settled == Settled::lost;
}

TaskState::Settled TaskState::settle_word(std::uint64_t delta, bool again) noexcept {
    std::uint64_t word = word_.load(memory_order_relaxed);
    for (;;) { // [S3]
        std::uint64_t next = word + delta;
        Settled settled = Settled::idle;
        if (again || (next & notified)) {
            next &= ~notified;
            settled = Settled::again;
        } else if (!ROUSE_NO_VERDICT && no_wakers(next)) {
            next |= lost;
            settled = Settled::lost;
        } else {
            next &= ~active;
        }
        if (!word_.compare_exchange_weak(word, next, memory_order_acq_rel, memory_order_relaxed)) continue;
        if (too_many_wakers(next)) [[unlikely]]
            stop(
                "a task has more than 1,048,576 wakers: some container collects clones and never drops them");
        return settled;
    }
}

} // namespace rouse::detail
