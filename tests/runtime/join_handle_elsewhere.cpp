// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/core/block_on.hpp>
#include <rouse/core/waker_from.hpp>
#include <rouse/runtime/runtime.hpp>
#include <rouse/task/yield_now.hpp>

#include "support/delivery.hpp"
#include "support/drop_log.hpp"
#include "support/scene.hpp"

#include <gtest/gtest.h>

#include <latch>
#include <optional>
#include <thread>

namespace {

using rouse::JoinHandle;
using rouse::Task;
using rouse_test::Alive;
using rouse_test::Delivery;

/// A task whose value is counted, and which ends when the test says so.
class Subject {
public:
    Delivery<int> delivery;
    int alive = 0;

    JoinHandle<Alive> spawn() { return rouse::spawn(run()); }

private:
    Task<Alive> run() {
        co_await delivery.arrival();
        co_return Alive(alive);
    }
};

/// Polls it once with this task's waker.
Task<bool> poll_here(JoinHandle<Alive>& handle) {
    auto once = [&](rouse::Context& cx) -> rouse::Poll<bool> { return rouse::Ready(handle.poll_ready(cx)); };
    co_return co_await rouse::poll_fn(once);
}

TEST(join_handle_elsewhere, polled_here_then_awaited_on_another_thread_before_the_end) {
    Subject subject;
    auto main = [&]() -> Task<> {
        auto handle = subject.spawn();
        const auto ended = handle.abort_handle();
        co_await rouse::yield_now();
        const bool ready = co_await poll_here(handle);
        EXPECT_FALSE(ready);
        std::latch polled(1);
        std::jthread other([&] {
            auto wait = [&](rouse::Context& cx) {
                auto result = handle.poll(cx);
                if (result.is_pending()) polled.count_down();
                return result;
            };
            const Alive value = rouse::block_on(rouse::poll_fn(wait));
            EXPECT_EQ(subject.alive, 1);
        });
        polled.wait();
        subject.delivery.deliver(1);
        while (!ended.is_finished()) co_await rouse::yield_now();
        other.join();
        EXPECT_EQ(subject.alive, 0);
    };
    rouse::run(std::move(main));
}

TEST(join_handle_elsewhere, polled_here_then_awaited_on_another_thread_after_the_end) {
    Subject subject;
    auto main = [&]() -> Task<> {
        auto handle = subject.spawn();
        co_await rouse::yield_now();
        const bool ready = co_await poll_here(handle);
        EXPECT_FALSE(ready);
        subject.delivery.deliver(1);
        co_await rouse_test::give_turns(3);
        EXPECT_TRUE(handle.is_finished());
        EXPECT_EQ(subject.alive, 1);
        std::thread([&] { const Alive value = rouse::block_on(std::move(handle)); }).join();
        EXPECT_EQ(subject.alive, 0);
    };
    rouse::run(std::move(main));
}

TEST(join_handle_elsewhere, polled_on_another_thread_then_awaited_here) {
    Subject subject;
    auto main = [&]() -> Task<> {
        auto handle = subject.spawn();
        co_await rouse::yield_now();
        int woken = 0;
        std::thread([&] {
            const rouse::Waker counter = rouse::waker_from([&woken] { ++woken; });
            rouse::Context cx(counter);
            EXPECT_FALSE(handle.poll_ready(cx));
        }).join();
        subject.delivery.deliver(1);
        {
            const Alive value = co_await handle;
            EXPECT_EQ(subject.alive, 1);
        }
        EXPECT_EQ(woken, 0); // the waker of the last poll is the one that counts
        EXPECT_EQ(subject.alive, 0);
    };
    rouse::run(std::move(main));
}

TEST(join_handle_elsewhere, the_waker_of_the_other_thread_is_woken_once) {
    Subject subject;
    auto main = [&]() -> Task<> {
        auto handle = subject.spawn();
        co_await rouse::yield_now();
        int woken = 0;
        std::thread([&] {
            const rouse::Waker counter = rouse::waker_from([&woken] { ++woken; });
            rouse::Context cx(counter);
            EXPECT_FALSE(handle.poll_ready(cx));
            EXPECT_FALSE(handle.poll_ready(cx));
        }).join();
        subject.delivery.deliver(1);
        co_await rouse_test::give_turns(3);
        EXPECT_EQ(woken, 1);
        const Alive value = co_await handle;
    };
    rouse::run(std::move(main));
    EXPECT_EQ(subject.alive, 0);
}

TEST(join_handle_elsewhere, dropped_on_another_thread_before_the_end_the_task_runs_on) {
    Subject subject;
    for (const bool was_polled : {false, true}) {
        subject.delivery = Delivery<int>();
        auto main = [&]() -> Task<> {
            std::optional<JoinHandle<Alive>> handle = subject.spawn();
            const auto ended = handle->abort_handle();
            co_await rouse::yield_now();
            if (was_polled) {
                const bool ready = co_await poll_here(*handle);
                EXPECT_FALSE(ready);
            }
            std::thread([&] { handle.reset(); }).join();
            EXPECT_FALSE(ended.is_finished());
            subject.delivery.deliver(1);
            co_await rouse_test::give_turns(3);
            EXPECT_TRUE(ended.is_finished());
            EXPECT_EQ(subject.alive, 0);
        };
        rouse::run(std::move(main));
    }
    EXPECT_EQ(subject.delivery.polls(), 2);
}

TEST(join_handle_elsewhere, dropped_on_another_thread_after_the_end_the_value_goes_with_it) {
    Subject subject;
    auto main = [&]() -> Task<> {
        std::optional<JoinHandle<Alive>> handle = subject.spawn();
        subject.delivery.deliver(1);
        co_await rouse_test::give_turns(3);
        EXPECT_EQ(subject.alive, 1);
        std::thread([&] { handle.reset(); }).join();
        EXPECT_EQ(subject.alive, 0);
    };
    rouse::run(std::move(main));
}

TEST(join_handle_elsewhere, dropped_after_the_end_of_the_runtime_the_value_goes_with_it) {
    Subject subject;
    std::optional<JoinHandle<Alive>> handle;
    auto main = [&]() -> Task<> {
        handle = subject.spawn();
        subject.delivery.deliver(1);
        co_await rouse_test::give_turns(3);
    };
    rouse::run(std::move(main));
    EXPECT_EQ(subject.alive, 1);
    std::thread([&] { handle.reset(); }).join();
    EXPECT_EQ(subject.alive, 0);
}

// The task that polled the handle keeps no right to be woken by it.
TEST(join_handle_elsewhere, a_task_that_gave_its_handle_away_is_lost) {
    rouse_test::Scene scene;
    Subject subject;
    scene.run([&]() -> Task<> {
        std::optional<JoinHandle<Alive>> handle = subject.spawn();
        co_await rouse::yield_now();
        auto never_again = [&](rouse::Context& cx) -> rouse::Poll<> {
            EXPECT_FALSE(handle->poll_ready(cx));
            return rouse::Pending;
        };
        auto waiter = rouse::spawn(rouse::poll_fn(never_again));
        co_await rouse_test::give_turns(2);
        EXPECT_TRUE(scene.is_quiet());
        std::thread([&] { handle.reset(); }).join();
        const auto result = co_await std::move(waiter).into_result();
        EXPECT_TRUE(!result.has_value() && result.error().is_lost());
        subject.delivery.deliver(1);
        co_await rouse_test::give_turns(3);
    });
    EXPECT_EQ(scene.hangs().size(), 1u);
    EXPECT_EQ(subject.alive, 0);
}

} // namespace
