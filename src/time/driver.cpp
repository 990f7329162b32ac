// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/time/driver.hpp"

#include "rouse/base/threads.hpp"

#include <algorithm>
#include <vector>

namespace rouse {
namespace {

thread_local constinit detail::TimeDriver* current_driver ROUSE_TLS = nullptr;

// A timer may be renewed or cancelled on a foreign thread while its runtime ends: whether its driver still is
// there is asked under this. Held for an instant.
constinit detail::ThreadMutex foreign_mutex;

std::int64_t to_ns(Instant when) noexcept {
    return std::chrono::duration_cast<Duration>(when.time_since_epoch()).count();
}

constexpr std::uint32_t turns_to_measure = 8;

// To sleep and to wake takes longer than many a task: timers so close to one another have one wake. (The
// kernel does the same with what its threads wait for, by 50 microseconds.)
constexpr std::int64_t slack = 100'000;

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

// Unmeasured timers count from here: the clock is read after the lock was taken, so whoever looks is later
// than their polls.
std::int64_t TimeDriver::look() noexcept {
    recent_ = std::max(recent_, to_ns(now()));
    wheel_.measure(recent_);
    return recent_;
}

// Under the lock, before it is in the wheel.
void TimeDriver::link(TimerNode& node, Waker clone) noexcept {
    node.waker = std::move(clone).into_raw();
    node.state.store(TimerNode::State::set, memory_order_relaxed);
    node.driver.store(this, memory_order_relaxed);
}

bool TimeDriver::set(TimerNode& node, Instant deadline, const Waker& waker) {
    const std::int64_t due = std::max<std::int64_t>(to_ns(deadline), 1);
    // The clock of the last turn will do: a deadline that passed since then is fired at the next one. (A
    // visitor may have brought `recent_` on; that is as good.)
    const std::int64_t passed = paused_now_.load(memory_order_relaxed);
    Waker clone = waker.clone();
    const OwnerLock::Scope lock(lock_);
    if (due <= (passed != running ? passed : recent_)) return false;
    link(node, std::move(clone));
    node.set_deadline(due);
    wheel_.add(node);
    return true;
}

void TimeDriver::set_for(TimerNode& node, Duration wait, const Waker& waker) {
    if (paused()) { // a look costs nothing
        (void)set(node, now() + wait, waker);
        return;
    }
    Waker clone = waker.clone();
    turns_to_look_ = std::min(turns_to_look_, turns_to_measure);
    const OwnerLock::Scope lock(lock_);
    link(node, std::move(clone));
    wheel_.add_unmeasured(node, wait);
}

// [T1] A poll that finds the timer's driver still there, and the waker to be the one that it registered, has
// nothing to do: [T2] whoever fires takes the waker, clears the driver, and wakes after that. If T1 came
// first the wake is still to come, and goes to the right task.
bool TimeDriver::renew(TimerNode& node, const Waker& waker) {
    TimeDriver* const driver = node.driver.load(memory_order_acquire);
    if (!driver) return false;
    const RawWaker raw = waker.as_raw();
    if (node.waker.data() == raw.data() && node.waker.vtable() == raw.vtable()) return true; // [T1]
    Waker fresh = waker.clone(); // outside the lock, as is the drop of the one before
    bool set = false;
    const auto replace = [&] {
        set = node.driver.load(memory_order_relaxed) != nullptr;
        if (set) fresh = Waker::from_raw(std::exchange(node.waker, std::move(fresh).into_raw()));
    };
    if (driver == current_driver) {
        const OwnerLock::Scope lock(driver->lock_);
        replace();
    } else {
        const Pin pin(node);
        if (pin.driver()) pin.driver()->lock_.visit(replace);
    }
    return set;
}

/// Under the lock. False: it fired, or was closed, on our way here. Else the waker is the caller's.
inline bool TimeDriver::take_out(TimerNode& node) noexcept {
    TimeDriver* const driver = node.driver.load(memory_order_relaxed);
    if (!driver) return false;
    driver->wheel_.remove(node);
    node.driver.store(nullptr, memory_order_relaxed);
    node.state.store(TimerNode::State::idle, memory_order_relaxed);
    return true;
}

void TimeDriver::cancel(TimerNode& node) noexcept {
    TimeDriver* const driver = node.driver.load(memory_order_acquire);
    if (!driver) return;
    if (driver != current_driver) return cancel_elsewhere(node);
    bool was_set = false;
    {
        const OwnerLock::Scope lock(driver->lock_);
        was_set = take_out(node);
    }
    if (was_set) const Waker dropped = Waker::from_raw(node.waker); // outside the lock
}

void TimeDriver::cancel_elsewhere(TimerNode& node) noexcept {
    bool was_set = false;
    {
        const Pin pin(node);
        if (pin.driver()) pin.driver()->lock_.visit([&] { was_set = take_out(node); });
    }
    if (was_set) const Waker dropped = Waker::from_raw(node.waker);
}

void TimeDriver::move(TimerNode& node, Instant deadline) noexcept {
    bool moved = false;
    const auto place_anew = [&] {
        TimeDriver* const driver = node.driver.load(memory_order_relaxed);
        if (!driver) return; // it fired, or was closed, on our way here
        driver->wheel_.move(node, std::max<std::int64_t>(to_ns(deadline), 1));
        moved = true;
    };
    if (TimeDriver* const driver = node.driver.load(memory_order_acquire)) {
        if (driver == current_driver) {
            const OwnerLock::Scope lock(driver->lock_);
            place_anew();
        } else {
            const Pin pin(node);
            if (pin.driver()) pin.driver()->lock_.visit(place_anew);
            if (moved) pin.driver()->interrupt();
        }
    }
    if (moved) return;
    node.set_deadline(to_ns(deadline));
    node.state.store(TimerNode::State::idle, memory_order_relaxed);
}

/// Of a million that sleep, none is in the cache: its state word, and what its poll begins with. A waker that
/// is not a task's may point anywhere: that does no harm here.
static void prefetch_task(const void* task) noexcept {
    __builtin_prefetch(task, 1);
    __builtin_prefetch(reinterpret_cast<const void*>(reinterpret_cast<std::uintptr_t>(task) + 64), 1);
}

template <class Locked>
std::size_t TimeDriver::fire(std::size_t limit, Locked&& locked) {
    if (wheel_.size() == 0) return 0;
    struct Taken {
        void* data;
        const RawWakerVTable* vtable;
    };
    constexpr std::size_t batch = 32;
    std::size_t fired = 0;
    bool looked = false; // once: what falls due while it wakes has its turn next time
    for (;;) {
        Taken wakers[batch]; // not made: mostly nothing is due
        std::size_t taken = 0;
        locked([&] {
            if (!std::exchange(looked, true)) wheel_.advance(look(), due_);
            while (taken < batch) {
                TimerNode* const node = due_.front();
                if (!node) break;
                wheel_.remove(*node);
                node->state.store(TimerNode::State::fired, memory_order_relaxed);
                prefetch_task(node->waker.data());
                wakers[taken++] = {node->waker.data(), node->waker.vtable()};
                node->driver.store(nullptr, memory_order_release); // [T2] the node may be gone from here on
            }
        });
        for (std::size_t i = 0; i < taken; ++i)
            Waker::from_raw(RawWaker(wakers[i].data, wakers[i].vtable)).wake();
        fired += taken;
        if (taken < batch || fired >= limit) return fired;
    }
}
std::size_t TimeDriver::fire_due() {
    // Those that were woken have their turn, and I/O, before the rest is fired. What a test's clock has
    // passed is fired at once.
    const std::size_t limit = paused() ? SIZE_MAX : 1024;
    return fire(limit, [this](auto&& take) {
        const OwnerLock::Scope lock(lock_);
        take();
    });
}
std::size_t TimeDriver::fire_due_for() {
    return fire(SIZE_MAX, [this](auto&& take) { lock_.visit(take); });
}

std::optional<Instant> TimeDriver::next_wakeup() noexcept {
    if (wheel_.size() == 0) return std::nullopt;
    const OwnerLock::Scope lock(lock_);
    if (wheel_.has_unmeasured()) look();
    const auto ns = due_.empty() ? wheel_.next_wakeup(paused() ? 0 : slack) : std::optional(recent_);
    if (!ns) return std::nullopt;
    return Instant(Duration(*ns));
}

void TimeDriver::close() noexcept {
    std::vector<Waker> wakers;
    {
        const std::lock_guard lock(foreign_mutex); // no new pins: no timer is set when it is released
        lock_.visit([&] {
            IntrusiveList<TimerNode> left;
            left.splice(due_);
            wheel_.drain(left);
            wakers.reserve(left.size());
            while (TimerNode* node = left.pop_front()) {
                node->state.store(TimerNode::State::closed, memory_order_relaxed);
                wakers.push_back(Waker::from_raw(node->waker));
                node->driver.store(nullptr, memory_order_release);
            }
        });
    }
    while (pins_.load(memory_order_acquire) != 0) yield_thread();
    for (Waker& waker : wakers) std::move(waker).wake();
}

void TimeDriver::pause() noexcept {
    if (paused()) return;
    const OwnerLock::Scope lock(lock_);
    look();
    paused_now_.store(to_ns(now()), memory_order_release);
}
void TimeDriver::resume() noexcept {
    if (!paused()) return;
    ahead_.store(paused_now_.load(memory_order_relaxed) - to_ns(std::chrono::steady_clock::now()),
                 memory_order_relaxed);
    paused_now_.store(running, memory_order_release);
}
void TimeDriver::advance_to(Instant when) noexcept {
    const std::int64_t ns = to_ns(when);
    if (!paused() || ns <= paused_now_.load(memory_order_relaxed)) return;
    paused_now_.store(ns, memory_order_release);
    turns_to_look_ = 1;
}

} // namespace detail
} // namespace rouse
