// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/core/block_on.hpp>
#include <rouse/runtime/runtime.hpp>
#include <rouse/task/yield_now.hpp>

#include "support/drop_log.hpp"
#include "support/scene.hpp"

#include <gtest/gtest.h>

#include <latch>
#include <memory>
#include <optional>
#include <thread>

namespace {

using rouse::Task;
using rouse_test::Alive;

TEST(cross_thread_runtimes, driven_by_two_threads_it_stops_with_a_message) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(
        {
            auto runtime = rouse::Runtime::current_thread();
            std::latch driven(1);
            std::thread other([&] {
                auto main = [&]() -> Task<> {
                    driven.count_down();
                    co_await rouse::never();
                };
                runtime.block_on(std::move(main));
            });
            driven.wait();
            runtime.block_on(rouse::yield_now());
        },
        "driven \\(or destroyed\\) by two threads");
}

TEST(cross_thread_runtimes, destroyed_while_it_is_driven_it_stops_with_a_message) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(
        {
            std::optional runtime = rouse::Runtime::current_thread();
            std::latch driven(1);
            std::thread other([&] {
                auto main = [&]() -> Task<> {
                    driven.count_down();
                    co_await rouse::never();
                };
                runtime->block_on(std::move(main));
            });
            driven.wait();
            runtime.reset();
        },
        "driven \\(or destroyed\\) by two threads");
}

TEST(cross_thread_runtimes, driven_by_one_thread_after_the_other) {
    auto runtime = rouse::Runtime::current_thread();
    int turns = 0;
    auto task = runtime.spawn([&]() -> Task<int> {
        while (turns < 100) {
            ++turns;
            co_await rouse::yield_now();
        }
        co_return turns;
    });
    runtime.block_on(rouse_test::give_turns(3));
    EXPECT_GT(turns, 0);
    EXPECT_FALSE(task.is_finished());
    const int before = turns;
    std::thread([&] { runtime.block_on(rouse_test::give_turns(3)); }).join();
    EXPECT_GT(turns, before);
    EXPECT_EQ(runtime.block_on(std::move(task)), 100);
}

TEST(cross_thread_runtimes, destroyed_on_another_thread_than_the_one_that_drove_it) {
    int alive = 0;
    std::optional runtime = rouse::Runtime::current_thread();
    auto task =
        runtime->spawn([guard = Alive(alive)]() -> Task<int> { co_return co_await rouse::never<int>(); });
    runtime->block_on(rouse_test::give_turns(2));
    EXPECT_EQ(alive, 1);
    std::thread([&] { runtime.reset(); }).join();
    EXPECT_EQ(alive, 0);
    const auto result = rouse::block_on(std::move(task).into_result());
    EXPECT_TRUE(!result.has_value() && result.error().is_cancelled());
}

TEST(cross_thread_runtimes, destroyed_within_a_task_of_another_runtime) {
    int alive = 0;
    auto main = [&]() -> Task<int> {
        std::optional inner = rouse::Runtime::current_thread();
        auto task = inner->spawn([guard = Alive(alive)]() -> Task<int> { co_return 1; });
        rouse::Waker waker;
        auto wait = [&](rouse::Context& cx) -> rouse::Poll<> { // of this task, not of the inner one
            waker = cx.waker().clone();
            return rouse::Ready();
        };
        co_await rouse::poll_fn(wait);
        auto other = inner->spawn([kept = std::move(waker), guard = Alive(alive)]() -> Task<> {
            co_await rouse::never();
            kept.wake_by_ref();
        });
        EXPECT_EQ(alive, 2);
        inner.reset();
        EXPECT_EQ(alive, 0);
        EXPECT_TRUE(other.is_finished());
        const auto result = co_await std::move(task).into_result();
        EXPECT_TRUE(!result.has_value() && result.error().is_cancelled());
        // The outer runtime goes on, and its tasks may be spawned.
        auto sibling = rouse::spawn([]() -> Task<int> {
            co_await rouse::yield_now();
            co_return 3;
        });
        co_return co_await sibling;
    };
    EXPECT_EQ(rouse::run(std::move(main)), 3);
}

TEST(cross_thread_runtimes, destroyed_by_one_of_its_own_tasks_it_stops_with_a_message) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(
        {
            std::optional runtime = rouse::Runtime::current_thread();
            runtime->block_on([&]() -> Task<> {
                runtime.reset();
                co_return;
            });
        },
        "destroyed by one of its own tasks");
}

// The task that awaits is of one runtime, the one it awaits of another, which ends.
TEST(cross_thread_runtimes, a_task_that_awaits_a_task_of_a_runtime_that_ends) {
    auto main = [&]() -> Task<> {
        std::optional<rouse::JoinHandle<int>> handle;
        std::latch spawned(1);
        std::latch polled(1);
        std::jthread other([&] {
            auto inner = rouse::Runtime::current_thread();
            handle = inner.spawn(rouse::never<int>());
            inner.block_on(rouse::yield_now());
            spawned.count_down();
            polled.wait();
        });
        spawned.wait();
        auto poll = [&](rouse::Context& cx) -> rouse::Poll<> {
            if (handle->poll_ready(cx)) return rouse::Ready();
            if (!polled.try_wait()) polled.count_down();
            return rouse::Pending;
        };
        co_await rouse::poll_fn(poll);
        const auto result = co_await std::move(*handle).into_result();
        EXPECT_TRUE(!result.has_value() && result.error().is_cancelled());
    };
    rouse::run(std::move(main));
}

} // namespace
