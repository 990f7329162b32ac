// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Exceptions of tasks that nobody awaits.

#include <rouse/runtime/runtime.hpp>
#include <rouse/task/task.hpp>
#include <rouse/task/yield_now.hpp>

#include "support/captured_stderr.hpp"
#include "support/scene.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <thread>

namespace {

using rouse::spawn;
using rouse::Task;
using rouse_test::give_turns;
using rouse_test::Scene;

Task<int> throws(std::string what) {
    co_await rouse::yield_now();
    throw std::runtime_error(what);
}

bool has_words(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

std::string what_of(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& known) {
        return known.what();
    } catch (...) {
        return "something else";
    }
}

TEST(unhandled, an_exception_of_a_detached_task_reaches_the_hook) {
    Scene scene;
    scene.run([&]() -> Task<> {
        rouse::TaskBuilder("careless").spawn(throws, "nobody cares").detach();
        co_await give_turns(5);
    });
    ASSERT_EQ(scene.unhandled().size(), 1u);
    const rouse::UnhandledReport& report = scene.unhandled()[0];
    EXPECT_EQ(report.task_name, "careless");
    EXPECT_NE(report.task_id, 0u);
    EXPECT_EQ(what_of(report.error), "nobody cares");
    EXPECT_TRUE(has_words(report.spawned_at.file_name(), "unhandled.cpp"));
    const std::string text = rouse::format_report(report);
    EXPECT_TRUE(has_words(text, "unhandled: task")) << text;
    EXPECT_TRUE(has_words(text, "`careless`")) << text;
    EXPECT_TRUE(has_words(text, "nobody cares")) << text;
}

TEST(unhandled, not_when_the_handle_is_alive_whatever_becomes_of_it_later) {
    Scene scene;
    scene.run([&]() -> Task<> {
        auto handle = spawn(throws, "kept");
        co_await give_turns(5);
        EXPECT_TRUE(handle.is_finished());
        std::move(handle).detach(); // it knew
        auto awaited = spawn(throws, "awaited");
        EXPECT_THROW((void)co_await awaited, std::runtime_error);
        auto asked = spawn(throws, "asked");
        auto result = co_await std::move(asked).into_result();
        EXPECT_TRUE(result.error().is_failed());
        EXPECT_TRUE(has_words(result.error().what(), "asked")) << result.error().what();
    });
    EXPECT_TRUE(scene.unhandled().empty());
}

TEST(unhandled, the_handle_was_dropped_on_another_thread) {
    Scene scene;
    scene.run([&]() -> Task<> {
        auto handle = spawn(throws, "far away");
        std::thread([dropped = std::move(handle)] {}).join();
        co_await give_turns(5);
    });
    EXPECT_EQ(scene.unhandled().size(), 1u);
}

TEST(unhandled, an_abort_is_no_error) {
    Scene scene;
    scene.run([&]() -> Task<> {
        auto handle = spawn(rouse::never<>());
        const rouse::AbortHandle abort = handle.abort_handle();
        std::move(handle).detach();
        co_await give_turns(2);
        abort.abort();
        co_await give_turns(2);
        EXPECT_TRUE(abort.is_finished());
    });
    EXPECT_TRUE(scene.unhandled().empty());
}

TEST(unhandled, what_is_no_std_exception) {
    Scene scene;
    scene.run([&]() -> Task<> {
        auto body = []() -> Task<> {
            co_await rouse::yield_now();
            throw 42;
        };
        spawn(body).detach();
        co_await give_turns(5);
    });
    ASSERT_EQ(scene.unhandled().size(), 1u);
    EXPECT_TRUE(has_words(rouse::format_report(scene.unhandled()[0]), "no std::exception"));
}

TEST(unhandled, the_hook_may_spawn_and_the_report_outlives_the_task) {
    rouse::RuntimeOptions options;
    bool ran = false;
    std::exception_ptr kept;
    options.on_unhandled = [&](const rouse::UnhandledReport& report) {
        kept = report.error;
        auto body = [&]() -> Task<> {
            ran = true;
            co_return;
        };
        spawn(body).detach();
    };
    rouse::run(
        []() -> Task<> {
            spawn(throws, "again").detach();
            co_await give_turns(5);
        },
        std::move(options));
    EXPECT_TRUE(ran);
    EXPECT_EQ(what_of(kept), "again");
}

TEST(unhandled, without_a_hook_it_is_printed) {
    rouse_test::CapturedStderr printed;
    rouse::run([]() -> Task<> {
        spawn(throws, "to stderr").detach();
        co_await give_turns(5);
    });
    const std::string text = printed.take();
    EXPECT_TRUE(has_words(text, "unhandled: task 1")) << text;
    EXPECT_TRUE(has_words(text, "to stderr")) << text;
}

} // namespace
