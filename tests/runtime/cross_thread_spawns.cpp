// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/core/block_on.hpp>
#include <rouse/runtime/runtime.hpp>
#include <rouse/task/yield_now.hpp>

#include "support/delivery.hpp"
#include "support/drop_log.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <thread>

namespace {

using rouse::JoinHandle;
using rouse::Task;
using rouse_test::Alive;
using rouse_test::Delivery;

TEST(cross_thread_spawns, the_task_runs_on_the_runtimes_thread) {
    auto runtime = rouse::Runtime::current_thread();
    const Delivery<int> stop;
    std::thread::id ran_on;
    std::jthread other([&, handle = runtime.handle()] {
        auto spawned = handle.spawn([&]() -> Task<int> {
            ran_on = std::this_thread::get_id();
            co_return 5;
        });
        EXPECT_EQ(rouse::block_on(std::move(spawned)), 5);
        stop.deliver(1);
    });
    (void)runtime.block_on(stop.arrival());
    other.join();
    EXPECT_EQ(ran_on, std::this_thread::get_id());
}

TEST(cross_thread_spawns, a_thread_that_spawns_and_exits) {
    auto runtime = rouse::Runtime::current_thread();
    int ran = 0;
    std::optional<JoinHandle<int>> handle;
    std::thread([&] {
        handle = runtime.handle().spawn([&](int i) -> Task<int> { co_return ran += i; }, 3);
        EXPECT_EQ(handle->id(), 0u); // its runtime has not taken it in
        auto detached = runtime.handle().spawn([&]() -> Task<> {
            ++ran;
            co_return;
        });
        std::move(detached).detach();
    }).join();
    EXPECT_EQ(ran, 0);
    EXPECT_EQ(runtime.block_on(*handle), 3);
    EXPECT_EQ(runtime.block_on([&]() -> Task<int> {
        co_await rouse::yield_now();
        co_return ran;
    }),
              4);
}

TEST(cross_thread_spawns, what_throws_is_rethrown_on_the_thread_that_awaits) {
    auto runtime = rouse::Runtime::current_thread();
    const Delivery<int> stop;
    std::jthread other([&, handle = runtime.handle()] {
        auto spawned = handle.spawn([]() -> Task<int> {
            co_await rouse::yield_now();
            throw std::runtime_error("no");
        });
        EXPECT_THROW((void)rouse::block_on(std::move(spawned)), std::runtime_error);
        stop.deliver(1);
    });
    (void)runtime.block_on(stop.arrival());
}

TEST(cross_thread_spawns, after_the_end_of_the_runtime_it_is_cancelled_at_once) {
    std::optional<rouse::Handle> handle;
    {
        auto runtime = rouse::Runtime::current_thread();
        handle = runtime.handle();
        runtime.block_on(rouse::yield_now());
    }
    int alive = 0;
    bool ran = false;
    const auto spawn_late = [&] {
        auto late = handle->spawn([&ran, guard = Alive(alive)]() -> Task<int> {
            ran = true;
            co_return 1;
        });
        EXPECT_TRUE(late.is_finished());
        EXPECT_EQ(alive, 0); // the closure is gone already
        const auto result = rouse::block_on(std::move(late).into_result());
        EXPECT_TRUE(!result.has_value() && result.error().is_cancelled());
    };
    spawn_late();
    std::thread(spawn_late).join();
    auto late = handle->spawn([]() -> Task<> { co_return; });
    EXPECT_THROW(rouse::block_on(std::move(late)), rouse::JoinError);
    handle->spawn([]() -> Task<> { co_return; }).detach();
    EXPECT_FALSE(ran);
    EXPECT_EQ(handle->alive_tasks(), 0u);
}

TEST(cross_thread_spawns, what_was_never_taken_in_is_cancelled_by_the_end_of_the_runtime) {
    int alive = 0;
    std::optional<JoinHandle<int>> handle;
    {
        auto runtime = rouse::Runtime::current_thread();
        std::thread([&] {
            handle = runtime.handle().spawn([guard = Alive(alive)]() -> Task<int> { co_return 1; });
            runtime.handle().spawn([guard = Alive(alive)]() -> Task<int> { co_return 1; }).detach();
        }).join();
        EXPECT_EQ(alive, 2);
        EXPECT_FALSE(handle->is_finished());
    }
    EXPECT_EQ(alive, 0);
    const auto result = rouse::block_on(std::move(*handle).into_result());
    EXPECT_TRUE(!result.has_value() && result.error().is_cancelled());
}

TEST(cross_thread_spawns, a_destructor_that_spawns_while_the_runtime_ends) {
    class SpawnsAtEnd {
    public:
        explicit SpawnsAtEnd(rouse::Handle handle, std::optional<JoinHandle<>>& late)
            : handle_(std::move(handle)), late_(&late) {}
        SpawnsAtEnd(SpawnsAtEnd&& other) noexcept
            : handle_(other.handle_), late_(std::exchange(other.late_, nullptr)) {}
        SpawnsAtEnd& operator=(SpawnsAtEnd&&) = delete;
        ~SpawnsAtEnd() {
            if (late_) *late_ = handle_.spawn(rouse::yield_now());
        }

    private:
        rouse::Handle handle_;
        std::optional<JoinHandle<>>* late_;
    };
    std::optional<JoinHandle<>> late;
    {
        auto runtime = rouse::Runtime::current_thread();
        auto waits = runtime.spawn(
            [guard = SpawnsAtEnd(runtime.handle(), late)]() -> Task<> { co_await rouse::never(); });
        std::move(waits).detach();
        runtime.block_on(rouse::yield_now());
        EXPECT_FALSE(late.has_value());
    }
    ASSERT_TRUE(late.has_value());
    EXPECT_TRUE(late->is_finished());
    EXPECT_THROW(rouse::block_on(std::move(*late)), rouse::JoinError);
}

} // namespace
