// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/core/block_on.hpp>
#include <rouse/runtime/runtime.hpp>
#include <rouse/task/yield_now.hpp>

#include "support/by_hand.hpp"
#include "support/drop_log.hpp"
#include "support/scene.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

using rouse::Task;
using rouse_test::Alive;
using rouse_test::Scene;

/// `check` gets what a handle's into_result gives, here and on another thread.
template <class Spawn, class Check>
void here_and_elsewhere(Spawn spawn, Check check) {
    Scene scene;
    scene.run([&]() -> Task<> {
        auto first = spawn();
        auto second = spawn();
        const auto result = co_await std::move(first).into_result();
        check(result);
        while (!second.is_finished()) co_await rouse::yield_now();
        std::thread([&] { check(rouse::block_on(std::move(second).into_result())); }).join();
    });
}

TEST(join_handle_results, a_value) {
    int alive = 0;
    here_and_elsewhere([&] { return rouse::spawn([&]() -> Task<Alive> { co_return Alive(alive); }); },
                       [](const auto& result) { EXPECT_TRUE(result.has_value()); });
    EXPECT_EQ(alive, 0);
}

TEST(join_handle_results, void_is_a_value) {
    here_and_elsewhere([] { return rouse::spawn([]() -> Task<> { co_return; }); },
                       [](const auto& result) { EXPECT_TRUE(result.has_value()); });
}

TEST(join_handle_results, an_exception_is_failed) {
    here_and_elsewhere(
        [] {
            return rouse::spawn([]() -> Task<int> {
                co_await rouse::yield_now();
                throw std::runtime_error("no luck");
            });
        },
        [](const auto& result) {
            ASSERT_FALSE(result.has_value());
            EXPECT_EQ(result.error().kind(), rouse::JoinError::Kind::failed);
            EXPECT_NE(std::string(result.error().what()).find("no luck"), std::string::npos);
            EXPECT_THROW(std::rethrow_exception(result.error().error()), std::runtime_error);
        });
}

TEST(join_handle_results, an_abort_is_cancelled) {
    here_and_elsewhere(
        [] {
            auto handle = rouse::spawn(rouse::never<int>());
            handle.abort();
            return handle;
        },
        [](const auto& result) {
            ASSERT_FALSE(result.has_value());
            EXPECT_EQ(result.error().kind(), rouse::JoinError::Kind::cancelled);
            EXPECT_EQ(result.error().error(), nullptr);
            EXPECT_GT(result.error().task_id(), 0u);
        });
}

TEST(join_handle_results, a_hang_is_lost) {
    here_and_elsewhere([] { return rouse::spawn(rouse_test::Forgetful()); },
                       [](const auto& result) {
                           ASSERT_FALSE(result.has_value());
                           EXPECT_EQ(result.error().kind(), rouse::JoinError::Kind::lost);
                           EXPECT_THROW(std::rethrow_exception(result.error().error()), rouse::LostWaker);
                       });
}

TEST(join_handle_results, a_reference_is_the_object_itself) {
    int object = 1;
    auto main = [&]() -> Task<> {
        auto refer = [&]() -> Task<int&> { co_return object; };
        auto handle = rouse::spawn(refer);
        int& back = co_await handle;
        EXPECT_EQ(&back, &object);
    };
    rouse::run(std::move(main));
}

TEST(join_handle_results, a_move_only_value_crosses_threads) {
    auto runtime = rouse::Runtime::current_thread();
    auto handle = runtime.spawn([]() -> Task<std::unique_ptr<int>> { co_return std::make_unique<int>(4); });
    runtime.block_on(rouse_test::give_turns(2));
    ASSERT_TRUE(handle.is_finished());
    std::thread([&] { EXPECT_EQ(*rouse::block_on(std::move(handle)), 4); }).join();
}

// It stays in the task's memory until it is taken; taken or not, it dies once.
TEST(join_handle_results, the_value_dies_once_if_the_result_future_is_dropped_unpolled) {
    int alive = 0;
    auto runtime = rouse::Runtime::current_thread();
    {
        auto result = runtime.spawn([&]() -> Task<Alive> { co_return Alive(alive); }).into_result();
        runtime.block_on(rouse_test::give_turns(2));
        EXPECT_EQ(alive, 1);
    }
    EXPECT_EQ(alive, 0);
}

TEST(join_handle_results, a_handle_that_is_assigned_over_lets_its_value_go) {
    int alive = 0;
    auto runtime = rouse::Runtime::current_thread();
    const auto spawn = [&] { return runtime.spawn([&]() -> Task<Alive> { co_return Alive(alive); }); };
    auto handle = spawn();
    auto other = spawn();
    runtime.block_on(rouse_test::give_turns(2));
    EXPECT_EQ(alive, 2);
    handle = std::move(other);
    EXPECT_EQ(alive, 1);
    { const Alive value = runtime.block_on(std::move(handle)); }
    EXPECT_EQ(alive, 0);
}

} // namespace
