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

/// Completes at or after a deadline on the clock of the runtime that polls it first. Never early;
/// an idle thread lets it wait up to 100 µs for others that are due then, to wake once for all of them.
/// Wake:   once, through the waker of the most recent poll.
/// Cancel: destroy it; nothing is allocated or woken afterwards. From any thread; where it was set that costs
/// next to nothing, elsewhere some microseconds, and waits for nobody's poll.
/// Thread: is polled within a runtime (else it stops the program with a message); setting it allocates
/// nothing. Like any future it belongs to one thread at a time: `reset` is not for another one than polls it.
/// Throws `TimerClosed` when the runtime ended while it was set.
class [[nodiscard]] Sleep {
public:
    using Output = void;

    explicit Sleep(Instant deadline) noexcept { set_time(deadline.time_since_epoch()); }
    explicit Sleep(Duration wait) noexcept : counts_(true) { set_time(wait); }
    /// Only before the first poll.
    Sleep(Sleep&& other) noexcept;
    Sleep& operator=(Sleep&&) = delete;
    ~Sleep() {
        if (node_.driver.load(memory_order_acquire)) detail::TimeDriver::cancel(node_);
    }

    Poll<void> poll(Context& cx) { return detail::poll_split(*this, cx); }
    bool poll_ready(Context& cx);
    void take_ready();

    /// When it is due; for a duration that does not count yet, when it would be if it were polled now.
    [[nodiscard]] Instant deadline() const noexcept { return counts_ ? measured() : Instant(time()); }
    [[nodiscard]] bool is_elapsed() const noexcept {
        return done_ || node_.state.load(memory_order_relaxed) == detail::TimerNode::State::fired;
    }
    /// Sets it for another time, also after it has completed. One that is being awaited wakes at the new
    /// time.
    void reset(Instant deadline);

    void inspect(Inspector& to) const;

private:
    [[nodiscard]] Instant measured() const noexcept;
    // Its deadline, since the epoch of the clock; if it counts, how long it waits, until that is the driver's
    // to say. In the node, for there may be millions.
    [[nodiscard]] Duration time() const noexcept { return Duration(node_.deadline()); }
    void set_time(Duration time) noexcept { node_.set_deadline(time.count()); }

    [[no_unique_address]] detail::TimerNode node_; // the flags lie in what would be its padding
    bool done_ = false;
    bool counts_ = false; // from its first poll
};
static_assert(sizeof(void*) != 8 || sizeof(Sleep) == 56, "see the text above");

/// A point in time so far away that it stands for "never" without overflowing.
[[nodiscard]] Instant far_future() noexcept;

/// Completes when `duration` has passed since its first poll: a Sleep that nobody awaits yet does not count.
/// Longer than about 30 years is "never", zero or less is "at once". (From now: `sleep_until(now() +
/// duration)`.) The runtime reads the clock for all that its thread has polled since it last did, so one that
/// is dropped before that costs no look at it.
[[nodiscard]] inline Sleep sleep(Duration duration) noexcept { return Sleep(duration); }
/// Completes at `deadline`.
[[nodiscard]] inline Sleep sleep_until(Instant deadline) noexcept { return Sleep(deadline); }

} // namespace rouse
