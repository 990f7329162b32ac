// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/time/driver.hpp"

#include <mutex>
#include <thread>
#include <vector>

namespace rouse {
namespace {

thread_local constinit detail::TimeDriver* current_driver ROUSE_TLS = nullptr;

// A timer may be renewed or cancelled on a foreign thread while its runtime ends: whether its driver still is
// there is asked under this. Held for an instant, and never while waiting for a gate.
constinit std::mutex foreign_mutex;

std::int64_t to_ns(Instant when) noexcept {
    return std::chrono::duration_cast<Duration>(when.time_since_epoch()).count();
}

} // namespace

Instant now() noexcept { return current_driver ? current_driver->now() : std::chrono::steady_clock::now(); }

namespace detail {

TimeDriver::TimeDriver(bool paused)
    : paused_now_(running), recent_(to_ns(std::chrono::steady_clock::now())), wheel_(recent_) {
    if (paused) paused_now_.store(recent_, memory_order_relaxed);
}

TimeDriver* TimeDriver::current() noexcept { return current_driver; }
void TimeDriver::set_current(TimeDriver* driver) noexcept { current_driver = driver; }

/// The driver of a timer, held for the extent of a visit. Null: the timer is not set.
class TimeDriver::Pin {
public:
    explicit Pin(TimerNode& node) {
        const std::lock_guard lock(foreign_mutex);
        driver_ = node.driver.load(memory_order_acquire);
        if (driver_) driver_->pins_.fetch_add(1, memory_order_acq_rel);
    }
    ~Pin() {
        if (driver_) driver_->pins_.fetch_sub(1, memory_order_acq_rel);
    }
    Pin(const Pin&) = delete;
    Pin& operator=(const Pin&) = delete;
    [[nodiscard]] TimeDriver* driver() const noexcept { return driver_; }

private:
    TimeDriver* driver_;
};

bool TimeDriver::set(TimerNode& node, Instant deadline, const Waker& waker) {
    node.deadline = to_ns(deadline);
    // The clock of the last turn will do: a deadline that passed since then is fired at the next one.
    if (node.deadline <= (paused() ? paused_now_.load(memory_order_relaxed) : recent_)) return false;
    node.waker = waker.clone();
    node.state.store(TimerNode::State::set, memory_order_relaxed);
    node.driver.store(this, memory_order_relaxed);
    wheel_.add(node);
    return true;
}

bool TimeDriver::renew(TimerNode& node, const Waker& waker) {
    TimeDriver* const driver = node.driver.load(memory_order_acquire);
    if (!driver) return false;
    if (driver == current_driver) {
        if (node.state.load(memory_order_relaxed) != TimerNode::State::set) return false;
        node.waker.clone_from(waker);
        return true;
    }
    Waker fresh =
        waker.clone(); // outside the gate, as is the drop of the one before: wakers run code of the user's
    const Pin pin(node);
    if (!pin.driver()) return false;
    bool set = false;
    pin.driver()->gate.visit([&] {
        set = node.state.load(memory_order_relaxed) == TimerNode::State::set;
        if (set) std::swap(node.waker, fresh);
    });
    return set;
}

void TimeDriver::cancel(TimerNode& node) noexcept {
    Waker waker; // dropped last, outside the gate
    const auto cancel_here = [&] {
        if (TimeDriver* driver = node.driver.load(memory_order_relaxed)) {
            driver->wheel_.remove(node);
            node.driver.store(nullptr, memory_order_relaxed);
            node.state.store(TimerNode::State::idle, memory_order_relaxed);
            waker = std::move(node.waker);
        }
    };
    TimeDriver* const driver = node.driver.load(memory_order_acquire);
    if (!driver) return;
    if (driver == current_driver) return cancel_here();
    const Pin pin(node);
    if (pin.driver()) pin.driver()->gate.visit(cancel_here);
}

void TimeDriver::move(TimerNode& node, Instant deadline) noexcept {
    const auto move_here = [&] {
        TimeDriver* const driver = node.driver.load(memory_order_relaxed);
        if (!driver) return false; // it fired, or was closed, on our way here
        driver->wheel_.remove(node);
        node.deadline = to_ns(deadline);
        driver->wheel_.add(node);
        return true;
    };
    if (TimeDriver* const driver = node.driver.load(memory_order_acquire)) {
        if (driver == current_driver) {
            move_here();
            return;
        }
        const Pin pin(node);
        bool moved = false;
        if (pin.driver()) pin.driver()->gate.visit([&] { moved = move_here(); });
        if (moved) return pin.driver()->interrupt();
    }
    node.state.store(TimerNode::State::idle, memory_order_relaxed);
}

std::size_t TimeDriver::fire_due() {
    if (wheel_.size() == 0) return 0;
    recent_ = to_ns(now());
    IntrusiveList<TimerNode> due;
    wheel_.advance(recent_, due);
    std::size_t fired = 0;
    while (TimerNode* node = due.front()) {
        wheel_.remove(*node);
        node->state.store(TimerNode::State::fired, memory_order_relaxed);
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
    std::vector<Waker> wakers;
    {
        gate.enter(); // then the mutex, in the order of a poll that drops a timer of another runtime
        const std::lock_guard lock(foreign_mutex); // no new pins: no timer is set when it is released
        IntrusiveList<TimerNode> left;
        wheel_.drain(left);
        while (TimerNode* node = left.pop_front()) {
            node->state.store(TimerNode::State::closed, memory_order_relaxed);
            wakers.push_back(std::move(node->waker));
            node->driver.store(nullptr, memory_order_release);
        }
    }
    gate.leave();
    while (pins_.load(memory_order_acquire) != 0) std::this_thread::yield();
    for (Waker& waker : wakers) std::move(waker).wake();
}

void TimeDriver::pause() noexcept {
    if (!paused()) paused_now_.store(to_ns(now()), memory_order_release);
}
void TimeDriver::resume() noexcept {
    if (!paused()) return;
    ahead_.store(paused_now_.load(memory_order_relaxed) - to_ns(std::chrono::steady_clock::now()),
                 memory_order_relaxed);
    paused_now_.store(running, memory_order_release);
}
void TimeDriver::advance_to(Instant when) noexcept {
    const std::int64_t ns = to_ns(when);
    if (paused() && ns > paused_now_.load(memory_order_relaxed)) paused_now_.store(ns, memory_order_release);
}

} // namespace detail
} // namespace rouse
