// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/time/sleep.hpp"

namespace rouse {

/// What an interval does when its ticks were not awaited in time.
enum class MissedTicks : std::uint8_t {
    burst, ///< The missed ones come at once, then the old schedule goes on (the default).
    delay, ///< The next one comes a whole period after the late one.
    skip,  ///< The missed ones are left out, and the old schedule goes on.
};

/// Ticks at `start`, `start + period`, ...
///
/// ```cpp
/// auto ticks = rouse::interval(std::chrono::milliseconds(10));
/// for (;;) { co_await ticks.tick(); step(); }
/// ```
class Interval {
public:
    Interval(Instant start, Duration period, MissedTicks missed = MissedTicks::burst);

    /// A future of the next tick: the Instant for which it was scheduled.
    /// Wake, thread: as Sleep. Cancel: drop it; no tick is lost, the next call waits for the same one. One at
    /// a time.
    class [[nodiscard]] Tick {
    public:
        using Output = Instant;
        explicit Tick(Interval& interval) noexcept : interval_(&interval) {}
        Poll<Instant> poll(Context& cx) { return detail::poll_split(*this, cx); }
        bool poll_ready(Context& cx) {
            if (!interval_) [[unlikely]]
                detail::stop_polled_after_ready("Interval::Tick");
            return interval_->sleep_.poll_ready(cx);
        }
        Instant take_ready() { return std::exchange(interval_, nullptr)->step(); }
        void inspect(Inspector& to) const {
            if (interval_) interval_->sleep_.inspect(to);
        }

    private:
        Interval* interval_; // null after Ready
    };
    [[nodiscard]] Tick tick() noexcept { return Tick(*this); }

    /// The next tick comes a period from now.
    void reset();
    [[nodiscard]] Duration period() const noexcept { return period_; }
    [[nodiscard]] MissedTicks missed_ticks() const noexcept { return missed_; }
    void set_missed_ticks(MissedTicks missed) noexcept { missed_ = missed; }

private:
    Instant step();
    Sleep sleep_;
    Duration period_;
    MissedTicks missed_;
};

/// The first tick comes at once. `period` is above zero; otherwise the program stops with a message.
[[nodiscard]] Interval interval(Duration period, MissedTicks missed = MissedTicks::burst);
[[nodiscard]] Interval interval_at(Instant start, Duration period, MissedTicks missed = MissedTicks::burst);

} // namespace rouse
