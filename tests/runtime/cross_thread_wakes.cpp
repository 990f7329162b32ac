// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/runtime/runtime.hpp>
#include <rouse/task/yield_now.hpp>

#include "support/delivery.hpp"
#include "support/scene.hpp"

#include <gtest/gtest.h>

#include <latch>
#include <thread>

#include <unistd.h>

namespace {

using rouse::Task;
using rouse_test::Delivery;
using rouse_test::Scene;

rouse::RuntimeOptions no_grace() {
    rouse::RuntimeOptions options;
    options.deadlock_grace = std::chrono::milliseconds(0);
    return options;
}

// The other thread is let go by the first poll: the runtime is parked, or about to be, when it delivers.
TEST(cross_thread_wakes, a_wake_while_the_runtime_is_parked) {
    auto runtime = rouse::Runtime::current_thread(no_grace());
    const Delivery<int> delivery;
    std::latch polled(1);
    std::jthread other([&] {
        polled.wait();
        delivery.deliver(7);
    });
    auto main = [&]() -> Task<int> {
        auto arrival = delivery.arrival();
        auto poll = [&](rouse::Context& cx) {
            auto result = arrival.poll(cx);
            if (result.is_pending()) polled.count_down();
            return result;
        };
        co_return co_await rouse::poll_fn(poll);
    };
    EXPECT_EQ(runtime.block_on(std::move(main)), 7);
    EXPECT_EQ(delivery.polls(), 2);
}

TEST(cross_thread_wakes, a_wake_during_the_poll_leads_to_one_more) {
    auto runtime = rouse::Runtime::current_thread(no_grace());
    int polls = 0;
    auto woken_meanwhile = [&](rouse::Context& cx) -> rouse::Poll<> {
        if (++polls == 2) return rouse::Ready();
        std::thread([waker = cx.waker().clone()]() mutable { std::move(waker).wake(); }).join();
        return rouse::Pending;
    };
    runtime.block_on(rouse::poll_fn(woken_meanwhile));
    EXPECT_EQ(polls, 2);
}

TEST(cross_thread_wakes, many_wakes_during_a_poll_lead_to_one_more) {
    auto runtime = rouse::Runtime::current_thread(no_grace());
    int polls = 0;
    rouse::Waker kept;
    auto woken_meanwhile = [&](rouse::Context& cx) -> rouse::Poll<bool> {
        if (++polls == 2) {
            // Ready only once the one more poll has had its chance to be two.
            cx.waker().wake_by_ref();
            return rouse::Pending;
        }
        if (polls == 3) return rouse::Ready(true);
        std::thread([waker = cx.waker().clone()] {
            for (int i = 0; i < 100; ++i) waker.wake_by_ref();
        }).join();
        return rouse::Pending;
    };
    EXPECT_TRUE(runtime.block_on(rouse::poll_fn(woken_meanwhile)));
    EXPECT_EQ(polls, 3);
}

TEST(cross_thread_wakes, a_wake_of_a_task_that_is_done_does_nothing) {
    auto runtime = rouse::Runtime::current_thread(no_grace());
    rouse::Waker waker;
    auto once = [&](rouse::Context& cx) -> rouse::Poll<> {
        waker = cx.waker().clone();
        return rouse::Ready();
    };
    runtime.block_on(rouse::poll_fn(once));
    std::thread([&] {
        waker.wake_by_ref();
        std::move(waker).wake();
    }).join();
    runtime.block_on(rouse::yield_now());
    EXPECT_EQ(runtime.alive_tasks(), 0u);
}

TEST(cross_thread_wakes, the_last_waker_dropped_while_idle_names_the_thread) {
    Scene scene(no_grace());
    long dropper = 0;
    std::jthread other;
    std::latch settled(1);
    auto hand_over = [&](rouse::Context& cx) -> rouse::Poll<> {
        other = std::jthread([&, waker = cx.waker().clone()]() mutable {
            dropper = gettid();
            settled.wait();
            waker = rouse::Waker();
        });
        return rouse::Pending;
    };
    auto main = [&]() -> Task<> {
        auto handle = rouse::spawn(rouse::poll_fn(hand_over));
        co_await rouse_test::give_turns(2);
        settled.count_down();
        const auto result = co_await std::move(handle).into_result();
        EXPECT_FALSE(result.has_value());
        if (!result) {
            EXPECT_TRUE(result.error().is_lost());
        }
    };
    scene.runtime().block_on(std::move(main));
    ASSERT_EQ(scene.hangs().size(), 1u);
    EXPECT_EQ(scene.hangs()[0].cause, rouse::HangCause::last_waker_dropped);
    EXPECT_EQ(scene.hangs()[0].dropped_by, "thread " + std::to_string(dropper));
}

TEST(cross_thread_wakes, the_last_waker_dropped_by_a_task_of_another_runtime_names_the_task) {
    Scene scene(no_grace());
    rouse::Waker kept;
    auto keep = [&](rouse::Context& cx) -> rouse::Poll<> {
        kept = cx.waker().clone();
        return rouse::Pending;
    };
    auto main = [&]() -> Task<> {
        auto handle = rouse::spawn(rouse::poll_fn(keep));
        co_await rouse_test::give_turns(2);
        std::thread([&] {
            auto drop = [&]() -> Task<> {
                kept = rouse::Waker();
                co_return;
            };
            auto spawn_it = [&]() -> Task<> { co_await rouse::spawn(drop); };
            rouse::run(std::move(spawn_it));
        }).join();
        const auto result = co_await std::move(handle).into_result();
        EXPECT_FALSE(result.has_value());
    };
    scene.runtime().block_on(std::move(main));
    ASSERT_EQ(scene.hangs().size(), 1u);
    EXPECT_NE(scene.hangs()[0].dropped_by.find("of task 1"), std::string::npos)
        << scene.hangs()[0].dropped_by;
}

} // namespace
