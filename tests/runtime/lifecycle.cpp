// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The life of a runtime: driven more than once, nested, left over, static; and what stops the program.

#include <rouse/core/block_on.hpp>
#include <rouse/runtime/runtime.hpp>
#include <rouse/sync/oneshot.hpp>
#include <rouse/task/task.hpp>
#include <rouse/task/yield_now.hpp>
#include <rouse/time/sleep.hpp>

#include "support/drop_log.hpp"
#include "support/quiet_runtime.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using rouse::Runtime;
using rouse::spawn;
using rouse::Task;
using rouse_test::Alive;
using rouse_test::Place;
using rouse_test::quiet_options;
using rouse_test::Waiting;

Task<int> seven() { co_return 7; }

TEST(lifecycle, block_on_takes_a_task_a_future_a_function_and_an_lvalue) {
    auto runtime = Runtime::current_thread(quiet_options());
    EXPECT_EQ(runtime.block_on(seven()), 7);
    EXPECT_EQ(runtime.block_on(seven), 7);
    EXPECT_EQ(runtime.block_on(rouse::ready(8)), 8);
    auto closure = [n = std::make_unique<int>(9)]() -> Task<int> { co_return *n; };
    EXPECT_EQ(runtime.block_on(std::move(closure)), 9);
    auto [tx, rx] = rouse::oneshot::channel<int>();
    (void)std::move(tx).send(10);
    EXPECT_EQ(runtime.block_on(rx), 10);
    runtime.block_on([]() -> Task<> { co_return; });
    int target = 0;
    auto reference = [&]() -> Task<int&> { co_return target; };
    runtime.block_on(reference) = 3;
    EXPECT_EQ(target, 3);
    EXPECT_EQ(*runtime.block_on([]() -> Task<std::unique_ptr<int>> { co_return std::make_unique<int>(4); }),
              4);
}

TEST(lifecycle, block_on_rethrows_and_can_be_used_on) {
    auto runtime = Runtime::current_thread(quiet_options());
    auto throws = []() -> Task<> {
        co_await rouse::yield_now();
        throw std::runtime_error("main");
    };
    EXPECT_THROW(runtime.block_on(throws), std::runtime_error);
    EXPECT_EQ(runtime.block_on(seven()), 7);
}

TEST(lifecycle, tasks_that_are_left_over_go_on_with_the_next_block_on) {
    auto runtime = Runtime::current_thread(quiet_options());
    int turns = 0;
    auto counts = [&]() -> Task<int> {
        for (; turns < 100; ++turns) co_await rouse::yield_now();
        co_return turns;
    };
    auto handle = runtime.spawn(counts);
    EXPECT_EQ(turns, 0) << "nobody drives";
    runtime.block_on([]() -> Task<> {
        for (int i = 0; i < 5; ++i) co_await rouse::yield_now();
    });
    EXPECT_GE(turns, 1);
    EXPECT_LT(turns, 10);
    EXPECT_EQ(runtime.alive_tasks(), 1u);
    EXPECT_FALSE(handle.is_finished());
    EXPECT_EQ(runtime.block_on(handle), 100);
    EXPECT_EQ(runtime.alive_tasks(), 0u);
}

TEST(lifecycle, a_wake_between_two_drives_is_not_lost) {
    auto runtime = Runtime::current_thread(quiet_options());
    Place place;
    auto waits = [&]() -> Task<int> { co_return co_await Waiting(place); };
    auto handle = runtime.spawn(waits);
    runtime.block_on([]() -> Task<> { co_await rouse::sleep(1ms); });
    EXPECT_EQ(place.polls(), 1);
    place.complete();
    EXPECT_EQ(runtime.block_on(handle), 2);
}

TEST(lifecycle, a_hang_between_two_drives_is_found_by_the_next) {
    rouse::RuntimeOptions options;
    int told = 0;
    options.on_hang = [&](const rouse::HangReport&) { ++told; };
    auto runtime = Runtime::current_thread(std::move(options));
    Place place;
    auto waits = [&]() -> Task<int> { co_return co_await Waiting(place); };
    auto handle = runtime.spawn(waits);
    runtime.block_on([]() -> Task<> { co_await rouse::sleep(1ms); });
    place.forget();
    EXPECT_EQ(told, 0);
    EXPECT_THROW((void)runtime.block_on(handle), rouse::LostWaker);
    EXPECT_EQ(told, 1);
}

TEST(lifecycle, an_abort_between_two_drives) {
    auto runtime = Runtime::current_thread(quiet_options());
    int alive = 0;
    auto body = [counted = Alive(alive)]() -> Task<> { co_await rouse::never<>(); };
    auto handle = runtime.spawn(body);
    runtime.block_on([]() -> Task<> { co_await rouse::yield_now(); });
    EXPECT_EQ(alive, 2);
    handle.abort();
    EXPECT_EQ(alive, 2);
    auto result = runtime.block_on(std::move(handle).into_result());
    EXPECT_TRUE(result.error().is_cancelled());
    EXPECT_EQ(alive, 1);
}

TEST(lifecycle, current_is_the_runtime_that_drives) {
    auto outer = Runtime::current_thread(quiet_options());
    auto other = Runtime::current_thread(quiet_options());
    auto body = [&]() -> Task<> {
        auto handle = rouse::Handle::current().spawn(seven);
        EXPECT_EQ(outer.alive_tasks(), 2u);
        EXPECT_EQ(other.alive_tasks(), 0u);
        EXPECT_EQ(co_await handle, 7);
        auto elsewhere = other.handle().spawn(seven);
        EXPECT_EQ(outer.alive_tasks(), 1u);
        std::move(elsewhere).detach();
    };
    outer.block_on(body);
    other.block_on([]() -> Task<> { co_await rouse::yield_now(); });
    EXPECT_EQ(other.alive_tasks(), 0u);
}

TEST(lifecycle, moves) {
    auto first = Runtime::current_thread(quiet_options());
    int alive = 0;
    auto body = [counted = Alive(alive)]() -> Task<> { co_await rouse::never<>(); };
    first.spawn(body).detach();
    Runtime second = std::move(first);
    EXPECT_EQ(second.block_on(seven()), 7);
    EXPECT_EQ(alive, 2);
    second = Runtime::current_thread(quiet_options()); // the one before ends
    EXPECT_EQ(alive, 1);
    EXPECT_EQ(second.block_on(seven()), 7);
}

TEST(lifecycle, many_runtimes_one_after_the_other_and_at_once) {
    std::vector<Runtime> all;
    for (int i = 0; i < 100; ++i) {
        all.push_back(Runtime::current_thread(quiet_options()));
        EXPECT_EQ(all.back().block_on(seven()), 7);
    }
    for (auto& runtime : all) EXPECT_EQ(runtime.block_on(seven()), 7);
    all.clear();
    for (int i = 0; i < 1000; ++i) EXPECT_EQ(rouse::run(seven), 7);
}

TEST(lifecycle, spawn_local_stays_here) {
    rouse_test::run_quietly([]() -> Task<> {
        auto shared = std::make_shared<int>(4); // no thread safety needed
        auto body = [shared]() -> Task<int> { co_return *shared; };
        auto handle = rouse::spawn_local(body);
        EXPECT_EQ(co_await handle, 4);
    });
}

TEST(lifecycle, a_thread_local_runtime_ends_with_its_thread) {
    int alive = 0;
    std::thread([&] {
        static thread_local std::optional<Runtime> runtime;
        runtime.emplace(Runtime::current_thread(quiet_options()));
        auto body = [counted = Alive(alive)]() -> Task<> { co_await rouse::sleep(1h); };
        runtime->spawn(body).detach();
        runtime->block_on([]() -> Task<> { co_await rouse::yield_now(); });
    }).join();
    EXPECT_EQ(alive, 0);
}

class lifecycle_death : public testing::Test {
protected:
    void SetUp() override { testing::FLAGS_gtest_death_test_style = "threadsafe"; }
};

TEST_F(lifecycle_death, a_static_runtime_ends_with_the_program) {
    const auto program = [] {
        static Runtime runtime = Runtime::current_thread();
        class Says {
        public:
            Says() = default;
            Says(Says&& other) noexcept : says_(std::exchange(other.says_, false)) {}
            ~Says() {
                if (says_) std::fputs("the task was destroyed\n", stderr);
            }

        private:
            bool says_ = true;
        };
        static rouse::JoinHandle<> handle = [] {
            auto body = [](Says) -> Task<> {
                auto [tx, rx] = rouse::oneshot::channel<int>();
                co_await rouse::sleep(1h);
            };
            return runtime.spawn(body, Says());
        }();
        static auto late = runtime.spawn(rouse::never<>());
        runtime.block_on([]() -> Task<> { co_await rouse::sleep(1ms); });
        std::exit(3);
    };
    EXPECT_EXIT(program(), testing::ExitedWithCode(3), "the task was destroyed");
}

TEST_F(lifecycle_death, a_static_runtime_that_is_driven_in_a_static_destructor) {
    const auto program = [] {
        static Runtime runtime = Runtime::current_thread();
        class Last {
        public:
            ~Last() { std::fprintf(stderr, "got %d\n", runtime.block_on(seven())); }
        };
        static Last last;
        runtime.block_on([]() -> Task<> { co_await rouse::sleep(1ms); });
        std::exit(0);
    };
    EXPECT_EXIT(program(), testing::ExitedWithCode(0), "got 7");
}

TEST_F(lifecycle_death, spawn_outside_of_a_runtime) {
    EXPECT_DEATH(spawn(seven()).detach(), "spawn outside of a runtime");
    EXPECT_DEATH(rouse::TaskBuilder("x").spawn(seven()).detach(), "spawn outside of a runtime");
    EXPECT_DEATH((void)rouse::Handle::current(), "Handle::current outside of a runtime");
    EXPECT_DEATH(rouse::block_on([]() -> Task<> {
                     spawn(seven()).detach();
                     co_return;
                 }()),
                 "spawn outside of a runtime");
}

TEST_F(lifecycle_death, block_on_inside_of_a_task) {
    EXPECT_DEATH(rouse::run([]() -> Task<> {
                     (void)rouse::block_on(seven());
                     co_return;
                 }),
                 "block_on inside of a task");
    EXPECT_DEATH(rouse::run([]() -> Task<> {
                     (void)rouse::run(seven);
                     co_return;
                 }),
                 "block_on inside of a task");
    EXPECT_DEATH(rouse::block_on([]() -> Task<> {
                     (void)rouse::block_on(seven());
                     co_return;
                 }()),
                 "block_on inside of a task");
    EXPECT_DEATH(rouse::block_on([]() -> Task<> {
                     (void)rouse::run(seven);
                     co_return;
                 }()),
                 "block_on inside of a task");
}

TEST_F(lifecycle_death, a_join_handle_awaited_twice) {
    EXPECT_DEATH(rouse::run([]() -> Task<> {
                     auto handle = spawn(seven());
                     (void)co_await handle;
                     (void)co_await handle;
                 }),
                 "was polled after it had returned Ready");
}

TEST_F(lifecycle_death, a_timer_outside_of_a_runtime) {
    EXPECT_DEATH(rouse::block_on(rouse::sleep(1ms)), "a timer was polled outside of a runtime");
}

} // namespace
