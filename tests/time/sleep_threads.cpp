// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Timers that are touched by other threads than that of their runtime, or outlive it.

#include <rouse/core/block_on.hpp>
#include <rouse/core/waker_from.hpp>
#include <rouse/sync/oneshot.hpp>
#include <rouse/task/task.hpp>
#include <rouse/testing/harness.hpp>
#include <rouse/time/sleep.hpp>

#include "support/stress_rounds.hpp"
#include "time/paused.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <thread>

namespace {

using namespace std::chrono_literals;
using rouse::Instant;
using rouse::now;
using rouse::Sleep;
using rouse::sleep;
using rouse::Task;
using rouse::testing::CountingWaker;
using rouse::testing::Harness;
using rouse_test::timers_set;
using SteadyClock = std::chrono::steady_clock;

/// Polls `timer` once, which sets it in the runtime of this thread.
void set(Sleep& timer, const CountingWaker& counting) {
    rouse::Context cx(counting.waker());
    EXPECT_TRUE(timer.poll(cx).is_pending());
}

TEST(SleepThreads, dropped_on_another_thread_while_its_runtime_sleeps) {
    const std::size_t rounds = rouse_test::scaled(500);
    rouse::run([&]() -> Task<> {
        for (std::size_t i = 0; i < rounds; ++i) {
            CountingWaker counting;
            auto timer = std::make_unique<Sleep>(sleep(1h));
            set(*timer, counting);
            EXPECT_EQ(timers_set(), 1u);
            auto [sender, receiver] = rouse::oneshot::channel<>();
            auto drop_it = [&, tx = std::move(sender)]() mutable {
                timer.reset(); // waits for the poll that runs, or finds the runtime asleep
                (void)std::move(tx).send();
            };
            const std::jthread dropper(std::move(drop_it));
            EXPECT_TRUE((co_await receiver).has_value());
            EXPECT_EQ(timers_set(), 0u);
            EXPECT_EQ(counting.clones_alive(), 0u);
            EXPECT_EQ(counting.wakes(), 0u);
        }
    });
}

TEST(SleepThreads, dropped_on_another_thread_while_it_fires) {
    const std::size_t rounds = rouse_test::scaled(500);
    rouse::run([&]() -> Task<> {
        for (std::size_t i = 0; i < rounds; ++i) {
            CountingWaker counting;
            auto timer = std::make_unique<Sleep>(sleep(30us));
            set(*timer, counting);
            auto [sender, receiver] = rouse::oneshot::channel<>();
            auto drop_it = [&, tx = std::move(sender)]() mutable {
                const Instant around = timer->deadline();
                while (SteadyClock::now() < around) {}
                timer.reset();
                (void)std::move(tx).send();
            };
            const std::jthread dropper(std::move(drop_it));
            EXPECT_TRUE((co_await receiver).has_value());
            EXPECT_EQ(timers_set(), 0u);
            EXPECT_EQ(counting.clones_alive(), 0u);
            EXPECT_LE(counting.wakes(), 1u);
        }
    });
}

TEST(SleepThreads, one_that_is_set_may_be_awaited_under_another_executor) {
    rouse::run([]() -> Task<> {
        for (int i = 0; i < 10; ++i) {
            CountingWaker counting;
            Sleep timer = sleep(3ms);
            set(timer, counting);
            auto [sender, receiver] = rouse::oneshot::channel<Instant>();
            bool waited = false;
            auto await_it = [&, tx = std::move(sender)]() mutable {
                auto poll_it = [&](rouse::Context& cx) {
                    auto poll = timer.poll(cx);
                    waited = waited || poll.is_pending();
                    return poll;
                };
                rouse::block_on(rouse::poll_fn(poll_it));
                (void)std::move(tx).send(SteadyClock::now());
            };
            const std::jthread other(std::move(await_it));
            auto ended = co_await receiver;
            EXPECT_GE(ended.value(), timer.deadline());
            EXPECT_EQ(counting.wakes(), waited ? 0u : 1u) << "the waker of the latest poll is woken";
            EXPECT_EQ(counting.clones_alive(), 0u);
            EXPECT_EQ(timers_set(), 0u);
        }
    });
}

TEST(SleepThreads, reset_on_another_thread_wakes_the_sleeping_runtime_earlier) {
    rouse::run([]() -> Task<> {
        CountingWaker counting;
        Sleep timer = sleep(1h);
        set(timer, counting);
        auto [sender, receiver] = rouse::oneshot::channel<>();
        auto reset_it = [&, tx = std::move(sender)]() mutable {
            timer.reset(SteadyClock::now() + 1ms);
            rouse::block_on(timer); // the runtime must not sleep for an hour now
            (void)std::move(tx).send();
        };
        const std::jthread other(std::move(reset_it));
        EXPECT_TRUE((co_await receiver).has_value());
        EXPECT_GE(SteadyClock::now(), timer.deadline());
    });
}

// The reset waits for the runtime, which fires the timer before it makes way: a timer that was reset is not
// over.
TEST(SleepThreads, reset_on_another_thread_while_it_fires_is_not_early) {
    for (int round = 0; round < 20; ++round) {
        rouse::run([]() -> Task<> {
            std::atomic<bool> firing{false}, resetting{false};
            // Fires first, and holds the runtime there until the other thread is on its way.
            auto hold = [&] {
                firing.store(true);
                while (!resetting.load()) std::this_thread::yield();
                for (int i = 0; i < 300; ++i) std::this_thread::yield();
            };
            const rouse::Waker holding = rouse::waker_from(hold);
            rouse::Context hold_cx(holding);
            const Instant deadline = now() + 1ms;
            CountingWaker counting;
            Sleep first = rouse::sleep_until(deadline);
            Sleep timer = rouse::sleep_until(deadline);
            EXPECT_TRUE(first.poll(hold_cx).is_pending());
            set(timer, counting);
            auto [sender, receiver] = rouse::oneshot::channel<Instant>();
            auto reset_it = [&, tx = std::move(sender)]() mutable {
                while (!firing.load()) std::this_thread::yield();
                resetting.store(true);
                timer.reset(deadline + 1h);
                EXPECT_FALSE(timer.is_elapsed());
                timer.reset(deadline + 5ms);
                (void)std::move(tx).send(timer.deadline());
            };
            const std::jthread other(std::move(reset_it));
            auto due = co_await receiver;
            co_await timer;
            EXPECT_GE(SteadyClock::now(), due.value());
        });
    }
}

TEST(SleepThreads, a_timer_whose_runtime_ended_is_closed) {
    CountingWaker counting;
    Sleep timer = sleep(1h);
    {
        auto runtime = rouse::Runtime::current_thread();
        runtime.block_on([&]() -> Task<> {
            set(timer, counting);
            co_return;
        });
        EXPECT_EQ(runtime.dump().timers, 1u);
        EXPECT_EQ(counting.clones_alive(), 1u);
        EXPECT_EQ(counting.wakes(), 0u);
    }
    EXPECT_EQ(counting.wakes(), 1u);
    EXPECT_EQ(counting.clones_alive(), 0u);
    EXPECT_FALSE(timer.is_elapsed());
    rouse::Context cx(counting.waker());
    EXPECT_THROW((void)timer.poll(cx), rouse::TimerClosed);
}

TEST(SleepThreads, a_closed_timer_may_be_reset_and_set_in_another_runtime) {
    CountingWaker counting;
    Sleep timer = sleep(1h);
    rouse_test::run_paused([&]() -> Task<> {
        set(timer, counting);
        co_return;
    });
    rouse_test::run_paused([&]() -> Task<> {
        const Instant start = now();
        timer.reset(start + 1s);
        co_await timer;
        EXPECT_EQ(now() - start, 1s);
    });
}

TEST(SleepThreads, who_waits_elsewhere_for_a_runtime_that_ends_is_woken) {
    const std::size_t rounds = rouse_test::scaled(100);
    for (std::size_t i = 0; i < rounds; ++i) {
        std::latch waits(1);
        CountingWaker counting;
        Sleep timer = sleep(1h);
        std::jthread other;
        {
            auto runtime = rouse::Runtime::current_thread();
            runtime.block_on([&]() -> Task<> {
                set(timer, counting);
                co_return;
            });
            other = std::jthread([&] {
                auto watched = [&](rouse::Context& cx) {
                    waits.count_down(waits.try_wait() ? 0 : 1);
                    return timer.poll(cx);
                };
                EXPECT_THROW(rouse::block_on(rouse::poll_fn(watched)), rouse::TimerClosed);
            });
            waits.wait(); // it polls now, or sleeps already
        }
    }
}

TEST(SleepThreads, dropped_on_another_thread_while_its_runtime_ends) {
    const std::size_t rounds = rouse_test::scaled(300);
    for (std::size_t i = 0; i < rounds; ++i) {
        CountingWaker counting;
        auto timer = std::make_unique<Sleep>(sleep(1h));
        std::latch start(2);
        std::jthread other;
        {
            auto runtime = rouse::Runtime::current_thread();
            runtime.block_on([&]() -> Task<> {
                set(*timer, counting);
                co_return;
            });
            other = std::jthread([&] {
                start.arrive_and_wait();
                timer.reset();
            });
            start.arrive_and_wait();
        }
        other.join();
        EXPECT_EQ(counting.clones_alive(), 0u);
        EXPECT_LE(counting.wakes(), 1u);
    }
}

} // namespace
