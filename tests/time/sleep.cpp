// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/combine/join.hpp>
#include <rouse/combine/select.hpp>
#include <rouse/core/block_on.hpp>
#include <rouse/task/task.hpp>
#include <rouse/task/yield_now.hpp>
#include <rouse/testing/harness.hpp>
#include <rouse/time/sleep.hpp>

#include "time/paused.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <deque>
#include <numeric>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using rouse::Duration;
using rouse::Instant;
using rouse::now;
using rouse::Sleep;
using rouse::sleep;
using rouse::sleep_until;
using rouse::spawn;
using rouse::Task;
using rouse::testing::Harness;
using rouse_test::run_paused;
using rouse_test::timers_set;
using SteadyClock = std::chrono::steady_clock;

TEST(Sleep, is_never_early_by_the_real_clock) {
    static constexpr std::array<Duration, 9> lengths{1ns, 700ns, 20us, 131us, 132us, 500us, 1ms, 3ms, 9ms};
    rouse::run([]() -> Task<> {
        for (int round = 0; round < 5; ++round) {
            for (const Duration length : lengths) {
                const Instant deadline = SteadyClock::now() + length;
                co_await sleep_until(deadline);
                EXPECT_GE(SteadyClock::now(), deadline);
                const Instant start = SteadyClock::now();
                co_await sleep(length);
                EXPECT_GE(SteadyClock::now() - start, length);
            }
        }
    });
}

TEST(Sleep, is_never_early_while_other_tasks_keep_the_runtime_busy) {
    rouse::run([]() -> Task<> {
        bool stop = false;
        auto busy = [&]() -> Task<> {
            while (!stop) co_await rouse::yield_now();
        };
        auto other = spawn(busy);
        for (int i = 0; i < 20; ++i) {
            const Instant start = SteadyClock::now();
            co_await sleep(200us);
            EXPECT_GE(SteadyClock::now() - start, 200us);
        }
        stop = true;
        co_await other;
    });
}

TEST(Sleep, an_idle_one_is_hardly_late) {
    std::vector<Duration> late;
    rouse::run([&]() -> Task<> {
        for (int i = 0; i < 20; ++i) {
            const Instant deadline = SteadyClock::now() + 5ms;
            co_await sleep_until(deadline);
            late.push_back(SteadyClock::now() - deadline);
        }
    });
    std::ranges::sort(late);
    const auto us = [](Duration d) { return static_cast<long>(d / 1us); };
    std::printf("lateness of 20 idle sleeps of 5 ms: p50 %ld us, max %ld us\n", us(late[10]),
                us(late.back()));
    EXPECT_GE(late.front(), 0ns);
    EXPECT_LT(late[10], 1s); // the figure is for an idle machine; the bound is for any
}

TEST(Sleep, tasks_wake_in_the_order_of_their_deadlines) {
    static constexpr std::array<int, 6> seconds{30, 10, 3600, 20, 1, 7200};
    std::vector<int> order;
    run_paused([&]() -> Task<> {
        std::vector<rouse::JoinHandle<>> handles;
        auto wait = [&](int length) -> Task<> {
            co_await sleep(std::chrono::seconds(length));
            order.push_back(length);
        };
        for (const int length : seconds) handles.push_back(spawn(wait, length));
        for (auto& handle : handles) co_await handle;
    });
    EXPECT_EQ(order, (std::vector{1, 10, 20, 30, 3600, 7200}));
}

// The first half is set far ahead, and moves down the wheel; the second half is set where the first is by
// then.
TEST(Sleep, equal_deadlines_are_served_in_the_order_in_which_they_were_set) {
    constexpr int count = 50;
    std::vector<int> order;
    run_paused([&]() -> Task<> {
        const Instant deadline = now() + 1h;
        std::vector<rouse::JoinHandle<>> handles;
        auto wait = [&](int number) -> Task<> {
            co_await sleep_until(deadline);
            order.push_back(number);
        };
        for (int i = 0; i < count; ++i) handles.push_back(spawn(wait, i));
        co_await sleep_until(deadline - 1ms);
        for (int i = 0; i < count; ++i) handles.push_back(spawn(wait, count + i));
        for (auto& handle : handles) co_await handle;
    });
    std::vector<int> expected(2 * count);
    std::iota(expected.begin(), expected.end(), 0);
    EXPECT_EQ(order, expected);
}

TEST(Sleep, one_that_is_due_at_once_is_ready_at_its_first_poll) {
    run_paused([]() -> Task<> {
        const std::array<Instant, 4> past{now(), now() - 1ns, now() - 1h, Instant()};
        for (const Instant deadline : past) {
            Harness test(sleep_until(deadline));
            EXPECT_TRUE(test.poll().is_ready());
            EXPECT_EQ(test.clones_alive(), 0u);
            EXPECT_TRUE(test.future().is_elapsed());
        }
        static constexpr std::array<Duration, 4> lengths{0ns, -1ns, -1h, Duration::min()};
        for (const Duration length : lengths) {
            Harness test(sleep(length));
            EXPECT_TRUE(test.poll().is_ready()) << length.count();
        }
        EXPECT_EQ(timers_set(), 0u);
        co_return;
    });
}

TEST(Sleep, a_far_future_does_not_overflow) {
    run_paused([]() -> Task<> {
        const Instant start = now();
        Sleep longest = sleep(Duration::max());
        Sleep last = sleep_until(Instant::max());
        auto first = co_await rouse::select(longest, last, sleep(1h));
        EXPECT_EQ(first.index(), 2u);
        EXPECT_EQ(now() - start, 1h);
        EXPECT_EQ(timers_set(), 2u);
        EXPECT_GE(longest.deadline() - start, std::chrono::years(29));
    });
}

TEST(Sleep, twenty_nine_years_come_to_an_end) {
    run_paused([]() -> Task<> {
        for (int i = 0; i < 4; ++i) { // over the end of the wheel, wherever in it they begin
            const Instant deadline = now() + std::chrono::years(29);
            co_await sleep_until(deadline);
            EXPECT_EQ(now(), deadline);
            co_await sleep(std::chrono::months(17));
        }
    });
}

TEST(Sleep, registers_the_waker_of_the_latest_poll_only) {
    run_paused([]() -> Task<> {
        rouse::testing::CountingWaker first, second;
        Sleep timer = sleep(1ms);
        rouse::Context with_first(first.waker()), with_second(second.waker());
        EXPECT_TRUE(timer.poll(with_first).is_pending());
        EXPECT_TRUE(timer.poll(with_second).is_pending());
        EXPECT_EQ(first.clones_alive(), 0u);
        EXPECT_EQ(second.clones_alive(), 1u);
        co_await sleep(2ms);
        EXPECT_EQ(first.wakes(), 0u);
        EXPECT_EQ(second.wakes(), 1u);
        EXPECT_EQ(second.clones_alive(), 0u);
        EXPECT_TRUE(timer.poll(with_first).is_ready());
    });
}

TEST(Sleep, a_duration_counts_from_the_first_poll) {
    run_paused([]() -> Task<> {
        Sleep timer = sleep(5s);
        co_await sleep(1h);
        EXPECT_EQ(timer.deadline(), now() + 5s);
        const Instant start = now();
        co_await timer;
        EXPECT_EQ(now() - start, 5s);
        EXPECT_EQ(timer.deadline(), start + 5s);
    });
    rouse::run([]() -> Task<> {
        Sleep timer = sleep(3ms);
        co_await sleep(6ms);
        const auto start = SteadyClock::now();
        co_await timer;
        EXPECT_GE(SteadyClock::now() - start, 3ms);
        EXPECT_GE(timer.deadline() - start, 3ms);
    });
}

TEST(Sleep, one_that_the_clock_was_not_read_for_knows_its_deadline_and_can_be_moved) {
    rouse::run([]() -> Task<> {
        Harness test(sleep(1h));
        EXPECT_TRUE(test.poll().is_pending());
        EXPECT_EQ(timers_set(), 1u);
        const Instant before = now();
        const Instant due = test.future().deadline();
        EXPECT_GE(due, before + 1h);
        EXPECT_LE(due, now() + 1h);
        test.future().reset(now() + 1ms);
        EXPECT_LE(test.future().deadline(), now() + 1ms);
        while (test.wakes() == 0) co_await rouse::yield_now();
        EXPECT_TRUE(test.poll().is_ready());
        Harness dropped(sleep(1h));
        EXPECT_TRUE(dropped.poll().is_pending());
    });
}

TEST(Sleep, one_that_was_polled_counts_after_the_end_of_block_on) {
    auto runtime = rouse::Runtime::current_thread();
    Sleep timer = sleep(1h);
    auto sleeps = [&]() -> Task<> { co_await timer; };
    rouse::JoinHandle<> handle = runtime.handle().spawn(sleeps);
    auto lets_it_begin = []() -> Task<> { co_await rouse::yield_now(); };
    runtime.block_on(lets_it_begin);
    const Instant due = timer.deadline();
    while (SteadyClock::now() <= due - 1h) {} // else a deadline that moves with the clock looks the same
    EXPECT_EQ(timer.deadline(), due);
    handle.abort();
}

TEST(Sleep, the_clock_may_be_paused_while_one_is_not_measured_yet) {
    rouse::run([]() -> Task<> {
        Harness test(sleep(1h));
        EXPECT_TRUE(test.poll().is_pending());
        rouse::pause_clock();
        const Instant start = now();
        EXPECT_LE(test.future().deadline(), start + 1h);
        co_await sleep(1h);
        EXPECT_EQ(now() - start, 1h);
        EXPECT_TRUE(test.poll().is_ready());
        rouse::resume_clock();
    });
}

TEST(Sleep, reset_before_the_first_poll_sets_another_time) {
    run_paused([]() -> Task<> {
        Sleep timer = sleep(1h);
        timer.reset(now() + 2s);
        const Instant start = now();
        EXPECT_EQ(timer.deadline(), start + 2s);
        co_await timer;
        EXPECT_EQ(now() - start, 2s);
    });
}

TEST(Sleep, reset_of_one_that_is_set_moves_it_both_ways) {
    run_paused([]() -> Task<> {
        const Instant start = now();
        Harness earlier(sleep(1h));
        Harness later(sleep(1s));
        EXPECT_TRUE(earlier.poll().is_pending());
        EXPECT_TRUE(later.poll().is_pending());
        earlier.future().reset(start + 1s);
        later.future().reset(start + 1h);
        co_await sleep_until(start + 2s);
        EXPECT_EQ(earlier.wakes(), 1u);
        EXPECT_EQ(later.wakes(), 0u);
        EXPECT_TRUE(later.poll().is_pending());
        EXPECT_TRUE(earlier.poll().is_ready());
        co_await sleep_until(start + 1h);
        EXPECT_EQ(later.wakes(), 1u);
        EXPECT_TRUE(later.poll().is_ready());
        EXPECT_EQ(timers_set(), 0u);
    });
}

TEST(Sleep, reset_into_the_past_wakes_at_once) {
    run_paused([]() -> Task<> {
        const Instant start = now();
        Harness test(sleep(1h));
        EXPECT_TRUE(test.poll().is_pending());
        test.future().reset(start - 1s);
        co_await sleep(1ns);
        EXPECT_EQ(test.wakes(), 1u);
        EXPECT_TRUE(test.poll().is_ready());
    });
}

TEST(Sleep, reset_after_its_end_makes_it_wait_again) {
    run_paused([]() -> Task<> {
        const Instant start = now();
        Sleep timer = sleep(1s);
        for (int i = 1; i <= 3; ++i) {
            co_await timer;
            EXPECT_EQ(now() - start, i * 1s);
            EXPECT_TRUE(timer.is_elapsed());
            timer.reset(now() + 1s);
            EXPECT_FALSE(timer.is_elapsed());
        }
    });
}

TEST(Sleep, reset_of_one_that_has_fired_unseen_makes_it_wait_again) {
    run_paused([]() -> Task<> {
        Harness test(sleep(1s));
        EXPECT_TRUE(test.poll().is_pending());
        co_await sleep(2s);
        EXPECT_TRUE(test.future().is_elapsed());
        test.future().reset(now() + 1s);
        EXPECT_FALSE(test.future().is_elapsed());
        EXPECT_TRUE(test.poll().is_pending());
        co_await sleep(1s);
        EXPECT_TRUE(test.poll().is_ready());
    });
}

TEST(Sleep, destroying_it_takes_it_out_of_the_runtime) {
    auto runtime = rouse::Runtime::current_thread(rouse_test::paused_clock());
    runtime.block_on([]() -> Task<> {
        Harness test(sleep(1h));
        Harness another(sleep(2h));
        EXPECT_EQ(timers_set(), 0u);
        EXPECT_TRUE(test.poll().is_pending());
        EXPECT_TRUE(another.poll().is_pending());
        EXPECT_EQ(timers_set(), 2u);
        test.drop();
        EXPECT_EQ(timers_set(), 1u);
        EXPECT_EQ(test.clones_alive(), 0u);
        co_await sleep(3h);
        EXPECT_EQ(test.wakes(), 0u);
        EXPECT_EQ(another.wakes(), 1u);
    });
    EXPECT_EQ(runtime.dump().timers, 0u);
}

TEST(Sleep, an_aborted_task_takes_its_timers_along) {
    auto runtime = rouse::Runtime::current_thread(rouse_test::paused_clock());
    auto body = []() -> Task<> { co_await rouse::join(sleep(1h), sleep(2h)); };
    auto handle = runtime.spawn(body);
    runtime.block_on(sleep(1s));
    EXPECT_EQ(runtime.dump().timers, 2u);
    handle.abort();
    auto ended = std::move(handle).into_result();
    EXPECT_TRUE(runtime.block_on(std::move(ended)).error().is_cancelled());
    EXPECT_EQ(runtime.dump().timers, 0u);
}

TEST(Sleep, many_that_are_due_at_once_are_fired_in_parts_and_in_order) {
    rouse::run([]() -> Task<> {
        constexpr std::size_t count = 5'000;
        const Instant deadline = SteadyClock::now() + 5ms;
        std::deque<Harness<Sleep>> sleeps;
        for (std::size_t i = 0; i < count; ++i) {
            sleeps.emplace_back(sleep_until(deadline));
            (void)sleeps.back().poll();
        }
        std::this_thread::sleep_until(deadline);
        const auto woken = [&] {
            return static_cast<std::size_t>(std::ranges::find(sleeps, 0u, &Harness<Sleep>::wakes) -
                                            sleeps.begin());
        };
        while (woken() == 0) co_await rouse::yield_now();
        EXPECT_LT(woken(), count) << "this task had no turn before all were fired";
        while (woken() < count) co_await rouse::yield_now();
    });
}

TEST(Sleep, goes_on_in_the_next_block_on) {
    auto runtime = rouse::Runtime::current_thread(rouse_test::paused_clock());
    Instant woken;
    auto body = [&]() -> Task<> {
        co_await sleep(10s);
        woken = now();
    };
    auto handle = runtime.spawn(body);
    const Instant start = runtime.block_on([]() -> Task<Instant> { co_return now(); });
    runtime.block_on(sleep(1s));
    EXPECT_FALSE(handle.is_finished());
    runtime.block_on(sleep(20s));
    EXPECT_TRUE(handle.is_finished());
    EXPECT_EQ(woken - start, 10s);
}

class SleepDeath : public testing::Test {
protected:
    SleepDeath() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(SleepDeath, outside_of_a_runtime_stops) {
    EXPECT_DEATH(rouse::block_on(sleep(1ms)),
                 "rouse: fatal: a timer was polled outside of a runtime: run the task");
}

TEST_F(SleepDeath, a_move_after_the_first_poll_stops) {
    EXPECT_DEATH(run_paused([]() -> Task<> {
                     Sleep timer = sleep(1s);
                     rouse::testing::CountingWaker counting;
                     rouse::Context cx(counting.waker());
                     (void)timer.poll(cx);
                     const Sleep moved(std::move(timer));
                     co_return;
                 }),
                 "a Sleep was moved after its first poll");
}

} // namespace
