// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/combine/select.hpp>
#include <rouse/task/task.hpp>
#include <rouse/testing/harness.hpp>
#include <rouse/time/interval.hpp>

#include "time/paused.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace {

using namespace std::chrono_literals;
using rouse::Duration;
using rouse::Instant;
using rouse::Interval;
using rouse::MissedTicks;
using rouse::now;
using rouse::sleep;
using rouse::Task;
using rouse::testing::Harness;
using rouse_test::run_paused;

/// Ticks of 10 ms, of which the first is awaited at once and the second 35 ms late, then four more: when each
/// was scheduled, and when it came, since the start.
class Seen {
public:
    std::vector<Duration> scheduled;
    std::vector<Duration> came;
};
Seen ticks_after_a_delay(MissedTicks missed) {
    Seen seen;
    run_paused([&]() -> Task<> {
        const Instant start = now();
        Interval ticks = rouse::interval(10ms, missed);
        for (int i = 0; i < 6; ++i) {
            const Instant scheduled = co_await ticks.tick();
            seen.scheduled.push_back(scheduled - start);
            seen.came.push_back(now() - start);
            if (i == 0) co_await sleep(45ms);
        }
    });
    return seen;
}

TEST(Interval, ticks_at_once_and_then_each_period) {
    run_paused([]() -> Task<> {
        const Instant start = now();
        Interval ticks = rouse::interval(10ms);
        EXPECT_EQ(ticks.period(), 10ms);
        for (int i = 0; i < 100; ++i) {
            EXPECT_EQ(co_await ticks.tick(), start + i * 10ms);
            EXPECT_EQ(now(), start + i * 10ms);
        }
    });
}

TEST(Interval, begins_where_it_is_told) {
    run_paused([]() -> Task<> {
        const Instant start = now() + 1h;
        Interval ticks = rouse::interval_at(start, 1min);
        EXPECT_EQ(co_await ticks.tick(), start);
        EXPECT_EQ(now(), start);
        EXPECT_EQ(co_await ticks.tick(), start + 1min);
    });
}

TEST(Interval, burst_makes_up_for_missed_ticks_at_once) {
    const Seen seen = ticks_after_a_delay(MissedTicks::burst);
    EXPECT_EQ(seen.scheduled, (std::vector<Duration>{0ms, 10ms, 20ms, 30ms, 40ms, 50ms}));
    EXPECT_EQ(seen.came, (std::vector<Duration>{0ms, 45ms, 45ms, 45ms, 45ms, 50ms}));
}

TEST(Interval, delay_goes_on_a_period_after_the_late_one) {
    const Seen seen = ticks_after_a_delay(MissedTicks::delay);
    EXPECT_EQ(seen.scheduled, (std::vector<Duration>{0ms, 10ms, 55ms, 65ms, 75ms, 85ms}));
    EXPECT_EQ(seen.came, (std::vector<Duration>{0ms, 45ms, 55ms, 65ms, 75ms, 85ms}));
}

TEST(Interval, skip_leaves_missed_ticks_out) {
    const Seen seen = ticks_after_a_delay(MissedTicks::skip);
    EXPECT_EQ(seen.scheduled, (std::vector<Duration>{0ms, 10ms, 50ms, 60ms, 70ms, 80ms}));
    EXPECT_EQ(seen.came, (std::vector<Duration>{0ms, 45ms, 50ms, 60ms, 70ms, 80ms}));
}

TEST(Interval, the_treatment_of_missed_ticks_can_be_changed) {
    run_paused([]() -> Task<> {
        const Instant start = now();
        Interval ticks = rouse::interval(10ms);
        (void)co_await ticks.tick();
        ticks.set_missed_ticks(MissedTicks::skip);
        EXPECT_EQ(ticks.missed_ticks(), MissedTicks::skip);
        co_await sleep(45ms);
        EXPECT_EQ(co_await ticks.tick(), start + 10ms);
        EXPECT_EQ(co_await ticks.tick(), start + 50ms);
    });
}

TEST(Interval, reset_begins_a_new_period_now) {
    run_paused([]() -> Task<> {
        Interval ticks = rouse::interval(10ms);
        (void)co_await ticks.tick();
        co_await sleep(7ms);
        ticks.reset();
        const Instant reset_at = now();
        EXPECT_EQ(co_await ticks.tick(), reset_at + 10ms);
        EXPECT_EQ(now(), reset_at + 10ms);
        EXPECT_EQ(co_await ticks.tick(), reset_at + 20ms);
    });
}

TEST(Interval, a_dropped_tick_loses_nothing) {
    run_paused([]() -> Task<> {
        const Instant start = now();
        Interval ticks = rouse::interval(10ms);
        (void)co_await ticks.tick();
        for (int i = 0; i < 3; ++i) { // each is dropped after 3 ms
            auto first = co_await rouse::select(ticks.tick(), sleep(3ms));
            EXPECT_EQ(first.index(), 1u);
        }
        EXPECT_EQ(co_await ticks.tick(), start + 10ms);
        Harness fired_unseen(ticks.tick());
        EXPECT_TRUE(fired_unseen.poll().is_pending());
        co_await sleep(15ms);
        EXPECT_EQ(fired_unseen.wakes(), 1u);
        fired_unseen.drop();
        EXPECT_EQ(co_await ticks.tick(), start + 20ms);
        EXPECT_EQ(co_await ticks.tick(), start + 30ms);
    });
}

TEST(Interval, a_period_without_end_ticks_once) {
    run_paused([]() -> Task<> {
        Interval ticks = rouse::interval(Duration::max());
        (void)co_await ticks.tick();
        auto first = co_await rouse::select(ticks.tick(), sleep(24h));
        EXPECT_EQ(first.index(), 1u);
        ticks.reset();
        auto again = co_await rouse::select(ticks.tick(), sleep(24h));
        EXPECT_EQ(again.index(), 1u);
    });
}

TEST(Interval, is_not_early_by_the_real_clock) {
    rouse::run([]() -> Task<> {
        Interval ticks = rouse::interval(300us);
        for (int i = 0; i < 50; ++i) {
            const Instant scheduled = co_await ticks.tick();
            EXPECT_GE(std::chrono::steady_clock::now(), scheduled);
        }
    });
}

class IntervalDeath : public testing::Test {
protected:
    IntervalDeath() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(IntervalDeath, a_period_of_zero_or_less_stops) {
    EXPECT_DEATH((void)rouse::interval(0ms), "an interval needs a period above zero");
    EXPECT_DEATH((void)rouse::interval(-1ms), "an interval needs a period above zero");
}

} // namespace
