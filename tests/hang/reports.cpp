// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What a report says, as data and as text.

#include <rouse/combine/select.hpp>
#include <rouse/core/block_on.hpp>
#include <rouse/task/task.hpp>
#include <rouse/time/timeout.hpp>

#include "support/by_hand.hpp"
#include "support/captured_stderr.hpp"
#include "support/scene.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <source_location>
#include <string>
#include <thread>

namespace {

using namespace std::chrono_literals;
using rouse::spawn;
using rouse::Task;
using rouse_test::Forgetful;
using rouse_test::give_turns;
using rouse_test::Place;
using rouse_test::Registers;
using rouse_test::Scene;
using rouse_test::Waiting;

constexpr std::uint32_t here(std::source_location where = std::source_location::current()) {
    return where.line();
}
bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}
bool is_this_file(const rouse::SourceLocation& where) { return std::string(where.file_name()) == __FILE__; }

std::uint32_t inner_line = 0;
std::uint32_t outer_line = 0;
Task<int> fetch_data_buggy(unsigned) {
    inner_line = here() + 1;
    co_return co_await Forgetful();
}
Task<int> complex_operation() {
    outer_line = here() + 1;
    co_return co_await fetch_data_buggy(2000) + 1;
}

TEST(hang_report, names_the_task_the_future_the_awaits_and_the_spawn) {
    Scene scene;
    std::uint32_t spawn_line = 0;
    std::uint64_t id = 0;
    scene.run([&]() -> Task<> {
        spawn_line = here() + 1;
        auto handle = spawn(complex_operation());
        id = handle.id();
        (void)co_await std::move(handle).into_result();
    });
    ASSERT_EQ(scene.hangs().size(), 1u);
    const rouse::HangReport& report = scene.hangs()[0];
    EXPECT_NE(report.id, 0u);
    EXPECT_NE(id, 0u);
    EXPECT_EQ(report.task_id, id);
    EXPECT_EQ(report.task_name, "complex_operation");
    EXPECT_TRUE(contains(report.future_type, "Forgetful")) << report.future_type;
    EXPECT_EQ(report.cause, rouse::HangCause::never_registered);
    EXPECT_TRUE(report.dropped_by.empty());
    EXPECT_TRUE(report.child_role.empty());
    EXPECT_EQ(report.policy, rouse::HangPolicy::throw_error);
    EXPECT_EQ(report.count_at_site, 1u);
    ASSERT_EQ(report.stack.size(), 2u);
    EXPECT_TRUE(is_this_file(report.stack[0])) << report.stack[0].file_name();
    EXPECT_EQ(report.stack[0].line(), inner_line);
    EXPECT_EQ(report.stack[1].line(), outer_line);
    EXPECT_EQ(report.site().line(), inner_line);
    EXPECT_TRUE(is_this_file(report.spawned_at));
    EXPECT_EQ(report.spawned_at.line(), spawn_line);
}

TEST(hang_report, the_text_has_all_of_it_and_quotes_the_source) {
    Scene scene;
    scene.run([&]() -> Task<> {
        auto handle = rouse::TaskBuilder("the fetcher").spawn(complex_operation());
        (void)co_await std::move(handle).into_result();
    });
    const std::string text = rouse::format_report(scene.hangs().at(0));
    EXPECT_TRUE(text.starts_with("hang: task ")) << text;
    EXPECT_TRUE(contains(text, "`the fetcher` can never be woken again")) << text;
    EXPECT_TRUE(contains(text, "Forgetful returned Pending and kept no waker")) << text;
    EXPECT_TRUE(contains(text, "co_return co_await Forgetful();")) << "the source line\n" << text;
    EXPECT_TRUE(contains(text, "fetch_data_buggy(unsigned)")) << text;
    EXPECT_TRUE(contains(text, "complex_operation()")) << text;
    EXPECT_TRUE(contains(text, "reports.cpp:" + std::to_string(inner_line))) << text;
    EXPECT_TRUE(contains(text, "reports.cpp:" + std::to_string(outer_line))) << text;
    EXPECT_TRUE(contains(text, "spawned at")) << text;
    EXPECT_TRUE(contains(text, "help:")) << text;
    EXPECT_TRUE(text.ends_with('\n'));
}

TEST(hang_report, is_carried_by_the_exception) {
    Scene scene;
    scene.run([&]() -> Task<> {
        auto handle = spawn(complex_operation());
        try {
            (void)co_await handle;
            ADD_FAILURE();
        } catch (const rouse::LostWaker& error) {
            EXPECT_EQ(error.report().id, scene.hangs().at(0).id);
            EXPECT_EQ(error.report().stack.size(), 2u);
            EXPECT_TRUE(contains(error.what(), "can never be woken again")) << error.what();
            EXPECT_TRUE(contains(error.what(), "reports.cpp:" + std::to_string(inner_line))) << error.what();
        }
    });
}

TEST(hang_report, lists_who_waits_nearest_first) {
    Scene scene;
    std::vector<std::uint64_t> ids;
    scene.run([&]() -> Task<> {
        auto waits = [](rouse::JoinHandle<int> handle) -> Task<int> { co_return co_await handle; };
        Place place;
        auto hangs = [&]() -> Task<int> { co_return co_await Waiting(place, Registers::once); };
        auto first = spawn(hangs);
        auto second = rouse::TaskBuilder("second").spawn(waits, std::move(first));
        ids.push_back(second.id());
        auto third = rouse::TaskBuilder("third").spawn(waits, std::move(second));
        ids.push_back(third.id());
        co_await give_turns(3);
        place.forget();
        (void)co_await std::move(third).into_result();
    });
    ASSERT_EQ(scene.hangs().size(), 1u);
    const auto& waiters = scene.hangs()[0].waiters;
    ASSERT_EQ(waiters.size(), 3u) << "two tasks and the root";
    EXPECT_EQ(waiters[0].task_name, "second");
    EXPECT_EQ(waiters[0].task_id, ids[0]);
    EXPECT_TRUE(is_this_file(waiters[0].where));
    EXPECT_EQ(waiters[1].task_name, "third");
    EXPECT_EQ(waiters[1].task_id, ids[1]);
    EXPECT_EQ(waiters[2].task_id, 0u);
    const std::string text = rouse::format_report(scene.hangs()[0]);
    EXPECT_TRUE(contains(text, "`second`")) << text;
    EXPECT_TRUE(contains(text, "`third`")) << text;
}

TEST(hang_report, of_a_task_that_is_awaited_in_a_combinator_lists_its_waiter) {
    Scene scene;
    scene.run([&]() -> Task<> {
        Place place;
        auto hangs = [&]() -> Task<int> { co_return co_await Waiting(place, Registers::once); };
        auto handle = spawn(hangs);
        auto waits = [&]() -> Task<> { (void)co_await rouse::timeout(1h, std::move(handle).into_result()); };
        auto waiter = rouse::TaskBuilder("waiter").spawn(waits);
        co_await give_turns(3);
        place.forget();
        co_await waiter;
    });
    ASSERT_EQ(scene.hangs().size(), 1u);
    ASSERT_GE(scene.hangs()[0].waiters.size(), 1u);
    EXPECT_EQ(scene.hangs()[0].waiters[0].task_name, "waiter");
}

TEST(hang_report, of_a_child_names_its_role_its_own_awaits_and_those_around) {
    Scene scene;
    std::uint32_t timeout_line = 0;
    scene.run([&]() -> Task<> {
        auto body = [&]() -> Task<int> {
            timeout_line = here() + 1;
            auto result = co_await rouse::timeout(5s, complex_operation());
            co_return result.value_or(0);
        };
        auto handle = spawn(body);
        auto waits = [](rouse::JoinHandle<int> task) -> Task<int> { co_return co_await task; };
        auto waiter = rouse::TaskBuilder("waiter").spawn(waits, std::move(handle));
        (void)co_await std::move(waiter).into_result();
    });
    ASSERT_EQ(scene.hangs().size(), 1u);
    const rouse::HangReport& report = scene.hangs()[0];
    EXPECT_EQ(report.child_role, "future in timeout");
    ASSERT_EQ(report.stack.size(), 3u);
    EXPECT_EQ(report.stack[0].line(), inner_line);
    EXPECT_EQ(report.stack[1].line(), outer_line);
    EXPECT_EQ(report.stack[2].line(), timeout_line);
    EXPECT_TRUE(contains(report.future_type, "Forgetful")) << report.future_type;
    EXPECT_FALSE(report.task_name.empty());
    EXPECT_NE(report.task_id, 0u);
    EXPECT_TRUE(report.spawned_at);
    const std::string text = rouse::format_report(report);
    EXPECT_TRUE(contains(text, "its future in timeout can never be woken again")) << text;
}

TEST(hang_report, of_a_future_without_coroutine_has_the_spawn_site) {
    Scene scene;
    std::uint32_t spawn_line = 0;
    scene.run([&]() -> Task<> {
        spawn_line = here() + 1;
        auto handle = spawn(Forgetful());
        (void)co_await std::move(handle).into_result();
    });
    const rouse::HangReport& report = scene.hangs().at(0);
    EXPECT_TRUE(report.stack.empty());
    EXPECT_EQ(report.site().line(), spawn_line);
    EXPECT_EQ(report.spawned_at.line(), spawn_line);
    EXPECT_TRUE(contains(rouse::format_report(report), "Forgetful"));
}

TEST(hang_report, of_a_dropped_waker_says_by_whom) {
    Scene scene;
    Place place;
    std::uint64_t dropper = 0;
    scene.run([&]() -> Task<> {
        auto waits = [&]() -> Task<int> { co_return co_await Waiting(place, Registers::once); };
        auto handle = spawn(waits);
        co_await give_turns(2);
        auto drops = [&]() -> Task<> {
            place.forget();
            co_return;
        };
        auto dropping = spawn(drops);
        dropper = dropping.id();
        (void)co_await std::move(handle).into_result();
        co_await dropping;
    });
    const rouse::HangReport& report = scene.hangs().at(0);
    EXPECT_EQ(report.cause, rouse::HangCause::last_waker_dropped);
    EXPECT_TRUE(report.dropped_by.ends_with("in a poll of task " + std::to_string(dropper)))
        << report.dropped_by;
    const std::string text = rouse::format_report(report);
    EXPECT_TRUE(contains(text, "its last waker was dropped unwoken")) << text;
    EXPECT_TRUE(contains(text, report.dropped_by)) << text;
}

TEST(hang_report, ids_grow_and_are_not_used_twice) {
    Scene scene;
    scene.run([&]() -> Task<> {
        (void)co_await spawn(Forgetful()).into_result();
        (void)co_await spawn(complex_operation()).into_result();
    });
    ASSERT_EQ(scene.hangs().size(), 2u);
    EXPECT_LT(scene.hangs()[0].id, scene.hangs()[1].id);
}

TEST(hang_report, of_another_future_type_at_the_same_place_is_told_apart) {
    Scene scene;
    scene.run([&]() -> Task<> {
        const auto lose = [](auto future) -> Task<> { (void)co_await std::move(future); };
        auto one = spawn(lose, Forgetful());
        (void)co_await std::move(one).into_result();
        Place place;
        auto two = spawn(lose, Waiting(place, Registers::never));
        (void)co_await std::move(two).into_result();
    });
    EXPECT_EQ(scene.hangs().size(), 2u);
}

TEST(hang_report, without_a_hook_is_printed_once_and_summed_up_at_the_end) {
    rouse_test::CapturedStderr printed;
    rouse::run([]() -> Task<> {
        for (int i = 0; i < 7; ++i) {
            auto handle = spawn(complex_operation());
            (void)co_await std::move(handle).into_result();
        }
    });
    const std::string text = printed.take();
    const std::size_t first = text.find("hang: task");
    ASSERT_NE(first, std::string::npos) << text;
    EXPECT_EQ(text.find("hang: task", first + 1), std::string::npos) << text;
    EXPECT_TRUE(contains(text, "7 times")) << text;
}

TEST(hang_report, a_line_that_cannot_be_read_is_left_out) {
    rouse::HangReport report;
    report.task_id = 3;
    report.future_type = "F";
    const std::string text = rouse::format_report(report);
    EXPECT_TRUE(contains(text, "task 3")) << text;
    EXPECT_TRUE(contains(text, "(unknown)")) << text;
}

} // namespace
