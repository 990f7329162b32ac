// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/task/task.hpp>
#include <rouse/task/yield_now.hpp>
#include <rouse/testing/harness.hpp>
#include <rouse/time/sleep.hpp>

#include "time/paused.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace {

using namespace std::chrono_literals;
using rouse::advance_clock;
using rouse::Instant;
using rouse::now;
using rouse::sleep;
using rouse::spawn;
using rouse::Task;
using rouse::testing::Harness;
using rouse_test::run_paused;
using SteadyClock = std::chrono::steady_clock;

TEST(PausedClock, an_hour_passes_exactly_and_at_once) {
    const Instant real = SteadyClock::now();
    run_paused([]() -> Task<> {
        const Instant start = now();
        co_await sleep(1h);
        EXPECT_EQ(now() - start, 1h);
        co_await sleep(1ns);
        EXPECT_EQ(now() - start, 1h + 1ns);
        co_await sleep(24h * 365);
        EXPECT_EQ(now() - start, 1h + 1ns + 24h * 365);
    });
    EXPECT_LT(SteadyClock::now() - real, 10min);
}

TEST(PausedClock, stands_still_while_something_is_runnable) {
    run_paused([]() -> Task<> {
        const Instant start = now();
        auto soon = spawn(sleep(1ns));
        for (int i = 0; i < 1000; ++i) co_await rouse::yield_now();
        EXPECT_EQ(now(), start);
        EXPECT_FALSE(soon.is_finished());
        co_await soon;
        EXPECT_EQ(now() - start, 1ns);
    });
}

// On a clock that runs they would have one wake: see TimerWheel::next_wakeup.
TEST(PausedClock, timers_that_are_near_each_other_are_on_time_too) {
    run_paused([]() -> Task<> {
        const Instant start = now();
        auto second = spawn(sleep(1ms + 50us));
        co_await sleep(1ms);
        EXPECT_EQ(now() - start, 1ms);
        co_await second;
        EXPECT_EQ(now() - start, 1ms + 50us);
    });
}

TEST(PausedClock, jumps_to_each_timer_in_turn) {
    std::vector<rouse::Duration> seen;
    run_paused([&]() -> Task<> {
        const Instant start = now();
        auto step = [&](rouse::Duration length) -> Task<> {
            co_await sleep(length);
            seen.push_back(now() - start);
        };
        auto a = spawn(step, 3s), b = spawn(step, 1s), c = spawn(step, 2s);
        co_await a;
        co_await b;
        co_await c;
    });
    EXPECT_EQ(seen, (std::vector<rouse::Duration>{1s, 2s, 3s}));
}

TEST(PausedClock, advance_moves_it_and_fires_what_is_due_when_the_task_gives_way) {
    run_paused([]() -> Task<> {
        const Instant start = now();
        Harness due(sleep(10s));
        Harness not_due(sleep(10s + 1ns));
        EXPECT_TRUE(due.poll().is_pending());
        EXPECT_TRUE(not_due.poll().is_pending());
        advance_clock(10s);
        EXPECT_EQ(now() - start, 10s);
        EXPECT_EQ(due.wakes(), 0u);
        Harness set_later(sleep(0ns));
        EXPECT_TRUE(set_later.poll().is_ready());
        co_await rouse::yield_now();
        EXPECT_EQ(due.wakes(), 1u);
        EXPECT_EQ(not_due.wakes(), 0u);
        EXPECT_EQ(now() - start, 10s);
        EXPECT_TRUE(due.poll().is_ready());
    });
}

TEST(PausedClock, advance_fires_at_once_however_long_the_queue_was_busy_before) {
    run_paused([]() -> Task<> {
        for (int turns = 0; turns < 150; ++turns) {
            Harness due(sleep(1s));
            EXPECT_TRUE(due.poll().is_pending());
            for (int i = 0; i < turns; ++i) co_await rouse::yield_now();
            advance_clock(1s);
            co_await rouse::yield_now();
            EXPECT_EQ(due.wakes(), 1u) << turns;
        }
    });
}

TEST(PausedClock, advance_by_nothing_or_less_leaves_it) {
    run_paused([]() -> Task<> {
        const Instant start = now();
        advance_clock(0ns);
        EXPECT_EQ(now(), start);
        advance_clock(-1s);
        EXPECT_EQ(now(), start);
        co_return;
    });
}

TEST(PausedClock, does_not_go_back_when_it_is_resumed) {
    run_paused([]() -> Task<> {
        co_await sleep(1h);
        const Instant paused_at = now();
        rouse::resume_clock();
        const Instant resumed_at = now();
        EXPECT_GE(resumed_at, paused_at);
        EXPECT_LT(resumed_at, paused_at + 1min);
        co_await sleep(1ms);
        EXPECT_GE(now() - resumed_at, 1ms);
        EXPECT_LT(now() - resumed_at, 1min);
    });
}

TEST(PausedClock, pauses_and_resumes_many_times) {
    rouse::run([]() -> Task<> {
        Instant last = now();
        for (int i = 0; i < 100; ++i) {
            rouse::pause_clock();
            const Instant paused_at = now();
            EXPECT_GE(paused_at, last);
            EXPECT_EQ(now(), paused_at);
            co_await sleep(1min);
            EXPECT_EQ(now() - paused_at, 1min);
            rouse::resume_clock();
            const Instant start = now();
            EXPECT_GE(start, paused_at + 1min);
            co_await sleep(10us);
            last = now();
            EXPECT_GE(last - start, 10us);
        }
    });
}

TEST(PausedClock, pausing_twice_and_resuming_twice_changes_nothing) {
    run_paused([]() -> Task<> {
        const Instant start = now();
        rouse::pause_clock();
        EXPECT_EQ(now(), start);
        rouse::resume_clock();
        const Instant resumed = now();
        rouse::resume_clock();
        EXPECT_GE(now(), resumed);
        EXPECT_LT(now() - resumed, 1min);
        co_return;
    });
}

// A clock that stood still is behind the steady clock, one that jumped is ahead: a timer must wait by the
// right one.
TEST(PausedClock, timers_set_before_a_pause_fire_after_it) {
    rouse::run([]() -> Task<> {
        const Instant start = now();
        Harness before(sleep(2ms));
        EXPECT_TRUE(before.poll().is_pending());
        rouse::pause_clock();
        rouse::resume_clock();
        co_await sleep(3ms);
        EXPECT_EQ(before.wakes(), 1u);
        EXPECT_GE(now() - start, 3ms);
    });
}

TEST(PausedClock, outside_of_a_runtime_now_is_the_steady_clock) {
    const Instant before = SteadyClock::now();
    const Instant ours = now();
    EXPECT_GE(ours, before);
    EXPECT_LE(ours, SteadyClock::now());
}

class PausedClockDeath : public testing::Test {
protected:
    PausedClockDeath() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(PausedClockDeath, outside_of_a_runtime_there_is_nothing_to_pause) {
    EXPECT_DEATH(rouse::pause_clock(), "pause_clock outside of a runtime");
    EXPECT_DEATH(rouse::resume_clock(), "resume_clock outside of a runtime");
    EXPECT_DEATH(advance_clock(1s), "advance_clock outside of a runtime");
}

} // namespace
