// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/owner_lock.hpp"
#include "rouse/time/wheel.hpp"

namespace rouse::detail {

/// The timers and the clock of one thread that drives. It owns the lock of the wheel, which costs it next to
/// nothing; others, who cancel a timer that was set here, or fire what is due while the thread is stuck in a
/// long poll, visit. No waker is woken, cloned or dropped under the lock: that may run code of the user's.
class TimeDriver {
public:
    explicit TimeDriver(bool paused);
    TimeDriver(const TimeDriver&) = delete;
    TimeDriver& operator=(const TimeDriver&) = delete;

    [[nodiscard]] Instant now() const noexcept {
        const std::int64_t paused = paused_now_.load(memory_order_acquire);
        if (paused != running) return Instant(Duration(paused));
        return std::chrono::steady_clock::now() + Duration(ahead_.load(memory_order_relaxed));
    }

    /// The driving thread. Sets `node` for `deadline`, to wake a clone of `waker`. False, and nothing is set,
    /// when the deadline is known to have passed.
    bool set(TimerNode& node, Instant deadline, const Waker& waker);
    /// The same for a time from now, above zero and at most 30 years, without a look at the clock: it counts
    /// from the next one that the driver takes, after this poll or a few more.
    void set_for(TimerNode& node, Duration wait, const Waker& waker);
    /// A set timer is polled again: replaces the waker if need be. False when it has fired (or the runtime
    /// has ended: `closed`).
    static bool renew(TimerNode& node, const Waker& waker);
    /// Takes a timer out, if it is set. From any thread.
    static void cancel(TimerNode& node) noexcept;
    /// Another deadline for a timer; one that is set keeps its waker, one that has fired is idle again. From
    /// any thread.
    static void move(TimerNode& node, Instant deadline) noexcept;

    /// The driving thread: fires what is due, but not too many at once; the number of timers fired.
    std::size_t fire_due();
    /// Any other thread: fires what is due, for one that is stuck.
    std::size_t fire_due_for();
    [[nodiscard]] std::optional<Instant> next_wakeup() noexcept;
    [[nodiscard]] std::size_t timers() const noexcept { return wheel_.size(); }
    /// The end of the runtime: every timer that is left is closed, and its waker woken.
    void close() noexcept;

    // ---- the paused clock ----
    [[nodiscard]] bool paused() const noexcept { return paused_now_.load(memory_order_relaxed) != running; }
    void pause() noexcept;
    void resume() noexcept;
    /// Moves a paused clock on; the driving thread. Timers fire at its next `fire_due`.
    void advance_to(Instant when) noexcept;
    /// A time of this clock by the steady clock.
    [[nodiscard]] Instant to_steady(Instant when) const noexcept {
        return when - Duration(ahead_.load(memory_order_relaxed));
    }

    /// The driver of the runtime that is driven on this thread, or null.
    static TimeDriver* current() noexcept;
    static void set_current(TimeDriver* driver) noexcept;

    /// Wakes the driving thread: a foreign thread has set an earlier timer.
    virtual void interrupt() noexcept = 0;

protected:
    ~TimeDriver() = default;
    /// Over the wheel, and the nodes that are set; a worker has its queue under it as well.
    OwnerLock lock_;
    /// Polls until the driving thread looks at its timers: soon, while there are some that the clock was not
    /// read for.
    std::uint32_t turns_to_look_ = 1;

private:
    static constexpr std::int64_t running = INT64_MIN;
    Atomic<std::int64_t> paused_now_; // nanoseconds, or `running`
    // What this clock is ahead of the steady clock: a clock that was paused goes on where it stood, or it
    // would go back.
    Atomic<std::int64_t> ahead_{0};
    // Foreign threads on their way to a timer of this driver: it does not go before they are through.
    Atomic<int> pins_{0};
    class Pin;
    template <class Locked>
    std::size_t fire(std::size_t limit, Locked&& locked);
    static void cancel_elsewhere(TimerNode& node) noexcept;
    // Under the lock:
    void link(TimerNode& node, Waker clone) noexcept;
    static bool take_out(TimerNode& node) noexcept;
    std::int64_t look() noexcept;
    std::int64_t recent_; // the time at the last look at the clock
    TimerWheel wheel_;
    IntrusiveList<TimerNode> due_; // taken out of the wheel and not yet fired: it wakes some at a time
};

} // namespace rouse::detail
