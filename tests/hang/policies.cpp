// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What is done about a hang: the policies, and what hooks may do.

#include <rouse/combine/join.hpp>
#include <rouse/combine/select.hpp>
#include <rouse/task/task.hpp>
#include <rouse/time/timeout.hpp>

#include "support/by_hand.hpp"
#include "support/captured_stderr.hpp"
#include "support/scene.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace std::chrono_literals;
using rouse::HangPolicy;
using rouse::spawn;
using rouse::Task;
using rouse_test::Forgetful;
using rouse_test::give_turns;
using rouse_test::Place;
using rouse_test::Registers;
using rouse_test::Scene;
using rouse_test::Waiting;

Task<int> buggy() { co_return co_await Forgetful(); }

TEST(hang_policy, report_tells_the_hook_and_leaves_the_task) {
    Scene scene(HangPolicy::report);
    scene.run([&]() -> Task<> {
        auto handle = spawn(buggy());
        co_await give_turns(50);
        EXPECT_FALSE(handle.is_finished());
        handle.abort(); // the only thing that still reaches it
        auto result = co_await std::move(handle).into_result();
        EXPECT_TRUE(result.error().is_cancelled());
    });
    ASSERT_EQ(scene.hangs().size(), 1u) << "told once, not at every turn";
    EXPECT_EQ(scene.hangs()[0].policy, HangPolicy::report);
}

TEST(hang_policy, report_leaves_a_child_of_a_combinator) {
    Scene scene(HangPolicy::report);
    Place place;
    scene.run([&]() -> Task<> {
        auto body = [&]() -> Task<int> {
            auto [a, b] = co_await rouse::join(Forgetful(), Waiting(place));
            co_return a + b;
        };
        auto handle = spawn(body);
        for (int i = 0; i < 10; ++i) {
            co_await give_turns(5);
            for (rouse::Waker& waker : place.take()) std::move(waker).wake();
        }
        EXPECT_FALSE(handle.is_finished());
        handle.abort();
        (void)co_await std::move(handle).into_result();
    });
    ASSERT_EQ(scene.hangs().size(), 1u);
    EXPECT_EQ(scene.hangs()[0].child_role, "child 1 of join");
}

TEST(hang_policy, report_lets_a_timeout_run_out) {
    rouse::RuntimeOptions options;
    options.paused_clock = true;
    options.hang_policy = HangPolicy::report;
    int told = 0;
    options.on_hang = [&](const rouse::HangReport&) { ++told; };
    rouse::run(
        []() -> Task<> {
            const auto before = rouse::now();
            auto result = co_await rouse::timeout(5s, buggy());
            EXPECT_FALSE(result.has_value());
            EXPECT_EQ(rouse::now() - before, 5s);
        },
        std::move(options));
    EXPECT_EQ(told, 1);
}

TEST(hang_policy, what_is_left_ends_with_the_runtime) {
    std::optional<rouse::JoinHandle<int>> handle;
    {
        Scene scene(HangPolicy::report);
        handle = scene.runtime().spawn(buggy());
        scene.run([]() -> Task<> { co_await give_turns(10); });
        EXPECT_EQ(scene.hangs().size(), 1u);
        EXPECT_FALSE(handle->is_finished());
    }
    EXPECT_TRUE(handle->is_finished());
}

TEST(hang_policy, hook_exceptions_are_ignored) {
    rouse::RuntimeOptions options;
    options.on_hang = [](const rouse::HangReport&) { throw std::runtime_error("from the hook"); };
    options.on_unhandled = [](const rouse::UnhandledReport&) { throw 5; };
    auto runtime = rouse::Runtime::current_thread(std::move(options));
    runtime.block_on([]() -> Task<> {
        auto handle = spawn(buggy());
        auto result = co_await std::move(handle).into_result();
        EXPECT_TRUE(result.error().is_lost());
        auto throws = []() -> Task<> {
            throw std::runtime_error("from the task");
            co_return;
        };
        spawn(throws).detach();
        co_await give_turns(3);
    });
}

TEST(hang_policy, a_hook_may_spawn_wake_abort_and_dump) {
    rouse::RuntimeOptions options;
    Place place;
    std::optional<rouse::AbortHandle> other;
    bool spawned_ran = false;
    std::size_t seen = 0;
    options.on_hang = [&](const rouse::HangReport&) {
        auto body = [&]() -> Task<> {
            spawned_ran = true;
            co_return;
        };
        spawn(body).detach();
        place.complete();
        other->abort();
        seen = rouse::Handle::current().dump().tasks.size();
    };
    rouse::run(
        [&]() -> Task<> {
            auto waits = [&]() -> Task<int> { co_return co_await Waiting(place); };
            auto first = spawn(waits);
            auto second = spawn(rouse::never<int>());
            other = second.abort_handle();
            co_await give_turns(2);
            auto hangs = spawn(buggy());
            EXPECT_TRUE((co_await std::move(hangs).into_result()).error().is_lost());
            EXPECT_EQ(co_await first, 2);
            EXPECT_TRUE((co_await std::move(second).into_result()).error().is_cancelled());
        },
        std::move(options));
    EXPECT_TRUE(spawned_ran);
    EXPECT_GE(seen, 3u);
}

TEST(hang_policy, a_hook_in_the_poll_of_a_combinator_may_do_the_same) {
    rouse::RuntimeOptions options;
    options.paused_clock = true;
    Place fades;
    Place place;
    std::string text;
    options.on_hang = [&](const rouse::HangReport&) {
        place.complete();
        text = rouse::Handle::current().dump().to_string();
    };
    rouse::run(
        [&]() -> Task<> {
            auto body = [&]() -> Task<std::size_t> {
                auto other = rouse::join(Waiting(place), rouse::sleep(1ms));
                auto first = co_await rouse::select(Waiting(fades, Registers::once), std::move(other));
                co_return first.index();
            };
            auto handle = spawn(body);
            co_await give_turns(2);
            fades.forget();
            EXPECT_EQ(co_await handle, 1u);
        },
        std::move(options));
    EXPECT_NE(text.find("arm 1 of select"), std::string::npos) << text;
    EXPECT_NE(text.find("child 1 of join"), std::string::npos) << text;
}

TEST(hang_policy, a_lost_waker_in_a_detached_task_is_no_unhandled_error_as_well) {
    Scene scene;
    scene.run([&]() -> Task<> {
        spawn(buggy()).detach();
        auto waits = [](rouse::JoinHandle<int> handle) -> Task<> { (void)co_await handle; };
        spawn(waits, spawn(buggy())).detach(); // fails because of it
        co_await give_turns(10);
    });
    EXPECT_EQ(scene.hangs().size(), 1u);
    EXPECT_TRUE(scene.unhandled().empty());
}

TEST(hang_policy_death, abort_stops_the_program_after_telling) {
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    const auto hang = [] {
        rouse::RuntimeOptions options;
        options.hang_policy = HangPolicy::abort;
        options.long_poll_threshold = 0ms;
        rouse::run([]() -> Task<> { (void)co_await buggy(); }, std::move(options));
    };
    EXPECT_DEATH(hang(), "hang: .*can never be woken again(.|\n)*hang policy is abort");
}

TEST(hang_policy_death, abort_stops_the_program_for_a_child_too) {
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    const auto hang = [] {
        rouse::RuntimeOptions options;
        options.hang_policy = HangPolicy::abort;
        options.long_poll_threshold = 0ms;
        rouse::run([]() -> Task<> { (void)co_await rouse::timeout(5s, buggy()); }, std::move(options));
    };
    EXPECT_DEATH(hang(), "future in timeout can never be woken again");
}

} // namespace
