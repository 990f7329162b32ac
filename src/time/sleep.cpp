// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/time/sleep.hpp"

#include "rouse/time/interval.hpp"

#include <algorithm>
#include <string>

namespace rouse {

namespace {
constexpr Duration for_ever = std::chrono::hours(24 * 365 * 30);
} // namespace

Instant far_future() noexcept { return std::chrono::steady_clock::now() + for_ever; }

Sleep::Sleep(Sleep&& other) noexcept : done_(other.done_), counts_(other.counts_) {
    set_time(other.time());
    if (other.node_.state.load(memory_order_relaxed) != detail::TimerNode::State::idle)
        detail::stop("a Sleep was moved after its first poll");
}

bool Sleep::poll_ready(Context& cx) {
    using State = detail::TimerNode::State;
    if (done_) [[unlikely]]
        detail::stop_polled_after_ready("Sleep");
    if (node_.state.load(memory_order_relaxed) == State::idle) {
        detail::TimeDriver* driver = detail::TimeDriver::current();
        if (!driver) [[unlikely]]
            detail::stop(
                "a timer was polled outside of a runtime: run the task with Runtime::block_on or rouse::run, not with rouse::block_on");
        if (!counts_) return !driver->set(node_, Instant(time()), cx.waker());
        if (time() <= Duration::zero()) return true;
        driver->set_for(node_, std::min(time(), for_ever), cx.waker());
        return false;
    }
    return !detail::TimeDriver::renew(node_, cx.waker());
}

void Sleep::take_ready() {
    const bool closed = node_.state.load(memory_order_relaxed) == detail::TimerNode::State::closed;
    if (counts_) {
        set_time(measured().time_since_epoch());
        counts_ = false;
    }
    done_ = true;
    node_.state.store(detail::TimerNode::State::idle, memory_order_relaxed);
#if ROUSE_EXCEPTIONS
    if (closed) throw TimerClosed();
#else
    if (closed) detail::stop("the timer's runtime has ended");
#endif
}

void Sleep::reset(Instant deadline) {
    detail::TimeDriver::move(node_, deadline);
    counts_ = false;
    done_ = false;
}

/// Of one that counts: as its node says, once there has been a poll.
Instant Sleep::measured() const noexcept {
    Duration left = std::min(time(), for_ever);
    if (node_.state.load(memory_order_relaxed) != detail::TimerNode::State::idle) {
        const std::int64_t ns = node_.deadline();
        if (ns > 0) return Instant(Duration(ns));
        left = Duration(-ns);
    }
    return now() + left;
}

void Sleep::inspect(Inspector& to) const {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline() - now()).count();
    to.waits_for(WaitKind::timer, this,
                 "a timer, due in " +
                     (left < 10'000 ? std::to_string(left) + " ms" : std::to_string(left / 1000) + " s"));
}

Interval::Interval(Instant start, Duration period, MissedTicks missed)
    : sleep_(start), period_(period), missed_(missed) {
    if (period <= Duration::zero()) detail::stop("an interval needs a period above zero");
}

Instant Interval::step() {
    const Instant scheduled = sleep_.deadline();
    sleep_.take_ready();
    const Instant current = now();
    Instant next = period_ < Instant::max() - scheduled ? scheduled + period_ : Instant::max();
    if (next <= current) {
        if (missed_ == MissedTicks::delay) next = current + period_; // no overflow: it fitted into the past
        if (missed_ == MissedTicks::skip) next = scheduled + period_ * ((current - scheduled) / period_ + 1);
    }
    sleep_.reset(next);
    return scheduled;
}

void Interval::reset() {
    const Instant current = now();
    sleep_.reset(period_ < Instant::max() - current ? current + period_ : Instant::max());
}

Interval interval(Duration period, MissedTicks missed) { return Interval(now(), period, missed); }
Interval interval_at(Instant start, Duration period, MissedTicks missed) {
    return Interval(start, period, missed);
}

} // namespace rouse
