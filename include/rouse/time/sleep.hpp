// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/future.hpp"
#include "rouse/time/driver.hpp"

#include <chrono>
#include <stdexcept>

namespace rouse {

/// Thrown by an await of a timer whose runtime has ended.
class TimerClosed : public std::runtime_error {
public:
    TimerClosed() : std::runtime_error("the timer's runtime has ended") {}
};

/// Completes at or after a deadline on the clock of the runtime that polls it first. Never early.
/// Wake:   once, through the waker of the most recent poll.
/// Cancel: destroy it; nothing is allocated or woken afterwards. From any thread; where it was set that costs
/// next to nothing, elsewhere some microseconds, and waits for nobody's poll.
/// Thread: is polled within a runtime (else it stops the program with a message); setting it allocates
/// nothing. Like any future it belongs to one thread at a time: `reset` is not for another one than polls it.
/// Throws `TimerClosed` when the runtime ended while it was set.
class [[nodiscard]] Sleep {
public:
    using Output = void;

    explicit Sleep(Instant deadline) noexcept : deadline_(deadline) {}
    /// Only before the first poll.
    Sleep(Sleep&& other) noexcept;
    Sleep& operator=(Sleep&&) = delete;
    ~Sleep() {
        if (node_.driver.load(memory_order_acquire)) detail::TimeDriver::cancel(node_);
    }

    Poll<void> poll(Context& cx) { return detail::poll_split(*this, cx); }
    bool poll_ready(Context& cx);
    void take_ready();

    [[nodiscard]] Instant deadline() const noexcept { return deadline_; }
    [[nodiscard]] bool is_elapsed() const noexcept {
        return done_ || node_.state.load(memory_order_relaxed) == detail::TimerNode::State::fired;
    }
    /// Sets it for another time, also after it has completed. One that is being awaited wakes at the new
    /// time.
    void reset(Instant deadline);

    void inspect(Inspector& to) const;

private:
    Instant deadline_;
    detail::TimerNode node_;
    bool done_ = false;
};

/// A point in time so far away that it stands for "never" without overflowing.
[[nodiscard]] Instant far_future() noexcept;

/// Completes when `duration` has passed. Longer than about 30 years is "never", below zero is "at once".
[[nodiscard]] Sleep sleep(Duration duration) noexcept;
/// Completes at `deadline`.
[[nodiscard]] inline Sleep sleep_until(Instant deadline) noexcept { return Sleep(deadline); }

} // namespace rouse
