// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/core/block_on.hpp>
#include <rouse/runtime/runtime.hpp>
#include <rouse/task/yield_now.hpp>

#include "support/drop_log.hpp"
#include "support/scene.hpp"

#include <gtest/gtest.h>

#include <latch>
#include <optional>
#include <thread>

namespace {

using rouse::Task;
using rouse_test::Alive;

void elsewhere(auto act) { std::thread(std::move(act)).join(); }

TEST(cross_thread_aborts, of_an_idle_task) {
    int alive = 0;
    auto main = [&]() -> Task<> {
        auto task = rouse::spawn([guard = Alive(alive)]() -> Task<> { co_await rouse::never(); });
        co_await rouse_test::give_turns(2);
        elsewhere([&] { task.abort(); });
        EXPECT_FALSE(task.is_finished()); // at its next turn
        EXPECT_EQ(alive, 1);
        const auto result = co_await std::move(task).into_result();
        EXPECT_TRUE(!result.has_value() && result.error().is_cancelled());
        EXPECT_EQ(alive, 0);
    };
    rouse::run(std::move(main));
}

// Nothing else is to do: the abort must wake the runtime's thread.
TEST(cross_thread_aborts, of_an_idle_task_of_a_parked_runtime) {
    rouse::RuntimeOptions options;
    options.deadlock_grace = std::chrono::milliseconds(0);
    auto runtime = rouse::Runtime::current_thread(std::move(options));
    auto task = runtime.spawn(rouse::never<int>());
    std::latch polled(1);
    std::jthread other([&, abort = task.abort_handle()] {
        polled.wait();
        abort.abort();
    });
    auto main = [&]() -> Task<> {
        co_await rouse_test::give_turns(2);
        polled.count_down();
        const auto result = co_await std::move(task).into_result();
        EXPECT_TRUE(!result.has_value() && result.error().is_cancelled());
    };
    runtime.block_on(std::move(main));
}

TEST(cross_thread_aborts, of_a_queued_task_it_is_never_polled) {
    int alive = 0;
    bool polled = false;
    auto main = [&]() -> Task<> {
        auto task = rouse::spawn([&polled, guard = Alive(alive)]() -> Task<> {
            polled = true;
            co_return;
        });
        elsewhere([&] { task.abort(); });
        const auto result = co_await std::move(task).into_result();
        EXPECT_TRUE(!result.has_value() && result.error().is_cancelled());
    };
    rouse::run(std::move(main));
    EXPECT_FALSE(polled);
    EXPECT_EQ(alive, 0);
}

TEST(cross_thread_aborts, of_a_running_task_ends_it_at_its_next_await) {
    int alive = 0;
    bool went_on = false;
    auto main = [&]() -> Task<> {
        std::optional<rouse::AbortHandle> mine;
        auto task = rouse::spawn([&, guard = Alive(alive)]() -> Task<> {
            elsewhere([&] { mine->abort(); });
            EXPECT_FALSE(mine->is_finished());
            co_await rouse::yield_now();
            went_on = true;
        });
        mine = task.abort_handle();
        const auto result = co_await std::move(task).into_result();
        EXPECT_TRUE(!result.has_value() && result.error().is_cancelled());
    };
    rouse::run(std::move(main));
    EXPECT_FALSE(went_on);
    EXPECT_EQ(alive, 0);
}

TEST(cross_thread_aborts, of_a_running_task_that_ends_first_its_value_stays) {
    int alive = 0;
    auto main = [&]() -> Task<> {
        std::optional<rouse::AbortHandle> mine;
        auto task = rouse::spawn([&]() -> Task<Alive> {
            elsewhere([&] { mine->abort(); });
            co_return Alive(alive);
        });
        mine = task.abort_handle();
        const auto result = co_await std::move(task).into_result();
        EXPECT_TRUE(result.has_value());
        EXPECT_EQ(alive, 1);
        EXPECT_TRUE(mine->is_finished());
    };
    rouse::run(std::move(main));
    EXPECT_EQ(alive, 0);
}

TEST(cross_thread_aborts, of_a_task_that_the_runtime_has_not_taken_in) {
    int alive = 0;
    auto runtime = rouse::Runtime::current_thread();
    std::optional<rouse::JoinHandle<int>> task;
    elsewhere([&] {
        task = runtime.handle().spawn([guard = Alive(alive)]() -> Task<int> { co_return 1; });
        task->abort();
    });
    EXPECT_THROW((void)runtime.block_on(std::move(*task)), rouse::JoinError);
    EXPECT_EQ(alive, 0);
}

TEST(cross_thread_aborts, copies_of_the_abort_handle_outlive_task_and_runtime) {
    std::optional<rouse::AbortHandle> first;
    std::optional<rouse::AbortHandle> second;
    {
        auto runtime = rouse::Runtime::current_thread();
        auto task = runtime.spawn(rouse::never());
        first = task.abort_handle();
        std::move(task).detach();
        second = *first;
        runtime.block_on(rouse::yield_now());
        EXPECT_FALSE(first->is_finished());
        elsewhere([copy = *second] { copy.abort(); });
        while (!second->is_finished()) runtime.block_on(rouse::yield_now());
        EXPECT_EQ(runtime.alive_tasks(), 0u);
    }
    elsewhere([&] {
        rouse::AbortHandle moved = std::move(*first);
        moved.abort();
        EXPECT_TRUE(moved.is_finished());
        *first = moved;
        first.reset();
    });
    EXPECT_TRUE(second->is_finished());
}

TEST(cross_thread_aborts, is_finished_as_another_thread_sees_it) {
    auto main = [&]() -> Task<> {
        auto task = rouse::spawn(rouse::yield_now());
        elsewhere([&] { EXPECT_FALSE(task.is_finished()); });
        co_await rouse_test::give_turns(3);
        elsewhere([&] { EXPECT_TRUE(task.is_finished()); });
        co_await task;
    };
    rouse::run(std::move(main));
}

} // namespace
