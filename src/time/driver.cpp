// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/time/driver.hpp"

#include <mutex>

namespace rouse {
namespace {

thread_local constinit detail::TimeDriver* current_driver ROUSE_TLS = nullptr;

// A foreign thread that takes a timer out must not meet the end of the timer's runtime: both hold this.
// Nobody else does.
constinit std::mutex foreign_mutex;

std::int64_t to_ns(Instant when) noexcept {
    return std::chrono::duration_cast<Duration>(when.time_since_epoch()).count();
}

} // namespace

Instant now() noexcept { return current_driver ? current_driver->now() : std::chrono::steady_clock::now(); }

namespace detail {

TimeDriver::TimeDriver(bool paused)
    : paused_now_(paused ? to_ns(std::chrono::steady_clock::now()) : running),
      wheel_(to_ns(std::chrono::steady_clock::now())) {}

TimeDriver* TimeDriver::current() noexcept { return current_driver; }
void TimeDriver::set_current(TimeDriver* driver) noexcept { current_driver = driver; }

bool TimeDriver::set(TimerNode& node, Instant deadline, const Waker& waker) {
    node.deadline = to_ns(deadline);
    node.waker = waker.clone();
    node.state = TimerNode::State::set;
    node.driver.store(this, memory_order_relaxed);
    wheel_.add(node);
    return true;
}

bool TimeDriver::renew(TimerNode& node, const Waker& waker) {
    const auto renew_here = [&] {
        if (node.state != TimerNode::State::set) return false;
        node.waker.clone_from(waker);
        return true;
    };
    if (node.driver.load(memory_order_relaxed) == current_driver) return renew_here();
    const std::lock_guard lock(foreign_mutex);
    TimeDriver* driver = node.driver.load(memory_order_acquire);
    if (!driver) return renew_here();
    bool set = false;
    driver->gate.visit([&] { set = renew_here(); });
    return set;
}

void TimeDriver::cancel(TimerNode& node) noexcept {
    Waker waker; // dropped after the locks: its last drop may run code of the user's
    const auto cancel_here = [&] {
        if (TimeDriver* driver = node.driver.load(memory_order_relaxed)) {
            driver->wheel_.remove(node);
            node.driver.store(nullptr, memory_order_relaxed);
            node.state = TimerNode::State::idle;
            waker = std::move(node.waker);
        }
    };
    TimeDriver* driver = node.driver.load(memory_order_acquire);
    if (!driver) return;
    if (driver == current_driver) return cancel_here();
    const std::lock_guard lock(foreign_mutex);
    driver = node.driver.load(memory_order_acquire);
    if (driver) driver->gate.visit(cancel_here);
}

std::size_t TimeDriver::fire_due() {
    if (wheel_.size() == 0) return 0;
    IntrusiveList<TimerNode> due;
    wheel_.advance(to_ns(now()), due);
    std::size_t fired = 0;
    while (TimerNode* node = due.pop_front()) {
        node->state = TimerNode::State::fired;
        Waker waker = std::move(node->waker);
        node->driver.store(nullptr, memory_order_release); // the node may be gone from here on
        std::move(waker).wake();
        ++fired;
    }
    return fired;
}

std::optional<Instant> TimeDriver::next_wakeup() noexcept {
    const auto ns = wheel_.next_wakeup();
    if (!ns) return std::nullopt;
    return Instant(Duration(*ns));
}

void TimeDriver::close() noexcept {
    const std::lock_guard lock(foreign_mutex);
    IntrusiveList<TimerNode> left;
    wheel_.drain(left);
    while (TimerNode* node = left.pop_front()) {
        node->state = TimerNode::State::closed;
        Waker waker = std::move(node->waker);
        node->driver.store(nullptr, memory_order_release);
        std::move(waker).wake();
    }
}

void TimeDriver::pause() noexcept {
    if (!paused()) paused_now_.store(to_ns(std::chrono::steady_clock::now()), memory_order_release);
}
void TimeDriver::resume() noexcept { paused_now_.store(running, memory_order_release); }
void TimeDriver::advance_to(Instant when) noexcept {
    const std::int64_t ns = to_ns(when);
    if (paused() && ns > paused_now_.load(memory_order_relaxed)) paused_now_.store(ns, memory_order_release);
}

} // namespace detail
} // namespace rouse
