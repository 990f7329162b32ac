// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What the programs of the tour print. Times are compared loosely: they may run beside anything.
#include <rouse/base/config.hpp>

#include "tour/program.hpp"

#include <gtest/gtest.h>

#include <regex>

namespace {

using tour::count;
using tour::number_after;
using tour::Outcome;
using tour::run_example;

TEST(TourSimple, both_executors_give_42) {
    const Outcome simple = run_example("simple");
    EXPECT_TRUE(simple.out.starts_with("spin_on\nResult: 42\nblock_on\nResult: 42\n")) << simple.out;
    EXPECT_EQ(simple.err, "");
}

TEST(TourNoopWaker, a_hand_made_executor_gives_42) {
    const Outcome noop = run_example("noop_waker");
    EXPECT_TRUE(noop.out.starts_with("ready at poll 1\nResult: 42\n")) << noop.out;
    EXPECT_EQ(noop.err, "");
}

TEST(TourCountdown, is_polled_once_for_each_number) {
    const Outcome countdown = run_example("countdown");
    EXPECT_TRUE(countdown.out.starts_with("Poll #3\nPoll #2\nPoll #1\nPoll #0\nResult: Lift-off!\n"))
        << countdown.out;
    EXPECT_EQ(countdown.err, "");
}

TEST(TourDelay, one_spins_and_one_is_polled_twice) {
    const Outcome delay = run_example("delay");
    EXPECT_EQ(count(delay.out, "Result: 42"), 2u) << delay.out;
    const std::regex line(R"(Result: 42 +([0-9.]+) ms, +([0-9.]+) ms of CPU, ([0-9]+) polls)");
    std::smatch spinning;
    ASSERT_TRUE(std::regex_search(delay.out, spinning, line)) << delay.out;
    EXPECT_GE(std::stod(spinning[1]), 100);
    EXPECT_GE(std::stol(spinning[3]), 1000);
    const std::string rest = spinning.suffix();
    std::smatch timer;
    ASSERT_TRUE(std::regex_search(rest, timer, line)) << delay.out;
    EXPECT_GE(std::stod(timer[1]), 100);
    EXPECT_LT(std::stod(timer[2]), 50);
    EXPECT_EQ(std::stol(timer[3]), 2);
    EXPECT_EQ(delay.err, "");
}

TEST(TourManyTasks, the_mini_executor_and_the_runtime_run_the_same_tasks) {
    const Outcome many = run_example("many_tasks");
    const std::string tasks =
        "  A: 1\n  B: 1\n  A: 2\n  B: 2\n  A: 3\n  B: 3\n  received the data that took 500 ms\n";
    EXPECT_TRUE(many.out.starts_with("MiniExecutor\n" + tasks + "10 polls, ")) << many.out;
    EXPECT_NE(many.out.find("The runtime of rouse\n" + tasks), std::string::npos) << many.out;
    EXPECT_EQ(many.err, "");
}

TEST(TourWakerBug, fails_at_once_with_the_report_and_hangs_silently_elsewhere) {
    const Outcome bug = run_example("waker_bug");
    EXPECT_LT(number_after(bug.out, "After "), 1000) << bug.out;
    EXPECT_NE(
        bug.out.find("`complex_operation` can never be woken again: BuggyFuture returned Pending and kept no "
                     "waker (examples/waker_bug.cpp:"),
        std::string::npos)
        << bug.out;
    const std::string second = bug.out.substr(bug.out.find("--- HangPolicy::report"));
    EXPECT_NE(second.find("(the operation has completed: the data that took 2000 ms is there)"),
              std::string::npos);
    EXPECT_GE(number_after(second, "After "), 3000) << second;
    EXPECT_LT(number_after(second, "still hangs, using "), 10) << second;
    EXPECT_EQ(count(bug.err, "hang: task 1 `complex_operation` can never be woken again\n"), 2u) << bug.err;
    EXPECT_NE(bug.err.find("      the main task `main_task_elsewhere`  examples/waker_bug.cpp:"),
              std::string::npos)
        << "it waits through a timeout:\n"
        << bug.err;

    const std::string report = tour::first_report(bug.err);
    const std::regex form(R"(hang: task 1 `complex_operation` can never be woken again

   examples/waker_bug\.cpp:(\d+)   BuggyFuture returned Pending and kept no waker
      \1 \|     co_return co_await future;

   awaited by
      fetch_data_buggy\(unsigned\)  examples/waker_bug\.cpp:\1
      complex_operation\(\)         examples/waker_bug\.cpp:\d+
   spawned at                     examples/waker_bug\.cpp:\d+
   waiting for this task
      the main task `main_task`   examples/waker_bug\.cpp:\d+

   help: keep a clone of cx\.waker\(\) where the result will arrive, and wake it there
)");
    EXPECT_TRUE(std::regex_match(report, form)) << report;

    const std::string readme = tour::read(ROUSE_SOURCE_FOLDER "/README.md");
    EXPECT_NE(readme.find(report), std::string::npos) << "README.md should show this:\n" << report;
}

TEST(TourThreeFixes, three_take_their_time_and_the_buggy_one_fails_before) {
    const Outcome fixes = run_example("three_fixes");
    const std::regex line(R"((buggy|ready-made|by hand|channel) +([0-9.]+) ms  (.*))");
    std::vector<std::string> order;
    for (std::sregex_iterator it(fixes.out.begin(), fixes.out.end(), line); it != std::sregex_iterator();
         ++it) {
        const std::string name = (*it)[1];
        order.push_back(name);
        if (name == "buggy") {
            EXPECT_EQ((*it)[3], "LostWaker");
            EXPECT_LT(std::stod((*it)[2]), 500);
        } else {
            EXPECT_EQ((*it)[3], "the data that took 500 ms");
            EXPECT_GE(std::stod((*it)[2]), 500);
        }
    }
    ASSERT_EQ(order.size(), 4u) << fixes.out;
    EXPECT_EQ(order.front(), "buggy");
    EXPECT_EQ(count(fixes.err, "hang: "), 1u) << fixes.err;
    EXPECT_NE(fixes.err.find("its child 1 of join can never be woken again"), std::string::npos) << fixes.err;
}

TEST(TourTimeout, fails_at_once_where_elsewhere_it_takes_the_whole_time) {
    const Outcome timeout = run_example("timeout");
    EXPECT_LT(number_after(timeout.out, "After "), 1000) << timeout.out;
    EXPECT_NE(
        timeout.out.find("its future in timeout can never be woken again: BuggyFuture returned Pending"),
        std::string::npos)
        << timeout.out;
    const std::string second = timeout.out.substr(timeout.out.find("--- the same"));
    EXPECT_GE(number_after(second, "After "), 1000) << second;
    EXPECT_NE(second.find("timed out; the future had no waker of its own"), std::string::npos) << second;
    EXPECT_EQ(count(timeout.err, "hang: "), 1u) << timeout.err;
}

TEST(TourCascade, one_report_names_the_cause_and_those_who_wait) {
    const Outcome cascade = run_example("cascade");
    EXPECT_EQ(count(cascade.err, "hang: "), 1u) << cascade.err;
    EXPECT_TRUE(cascade.err.starts_with("hang: task 3 `fetch_config` can never be woken again\n"))
        << cascade.err;
    const std::regex waiters(R"(   waiting for this task
      task 2 `complex_operation`  examples/cascade\.cpp:\d+
      task 1 `request_handler`    examples/cascade\.cpp:\d+
      the main task `main_task`   examples/cascade\.cpp:\d+
)");
    EXPECT_TRUE(std::regex_search(cascade.err, waiters)) << cascade.err;
    EXPECT_TRUE(cascade.out.starts_with("task 1 was lost: task 3 `fetch_config` can never be woken again: "))
        << cascade.out;
    EXPECT_NE(cascade.out.find("root cause: hang #1, task 3 `fetch_config`, and 3 tasks that wait for it\n"),
              std::string::npos)
        << cascade.out;
}

TEST(TourPileUp, a_hundred_thousand_hung_tasks_leave_nothing_behind) {
    const Outcome pile = run_example("pile_up");
    const std::regex line(R"( *([0-9]+) tasks hung and ended as errors, 0 are alive, memory ([0-9.]+) MiB)");
    std::vector<double> memory;
    long hung = 0;
    for (std::sregex_iterator it(pile.out.begin(), pile.out.end(), line); it != std::sregex_iterator();
         ++it) {
        hung = std::stol((*it)[1]);
        memory.push_back(std::stod((*it)[2]));
    }
    EXPECT_EQ(hung, 100'000) << pile.out;
    ASSERT_FALSE(memory.empty());
    // A hundred bytes for each would be 9 MiB. A sanitizer keeps freed memory back.
    if (!ROUSE_ASAN && !ROUSE_TSAN) {
        EXPECT_LT(memory.back(), memory.front() + 4) << pile.out;
    }
    EXPECT_EQ(count(pile.err, "hang: "), 1u) << pile.err;
    EXPECT_NE(pile.err.find("happened 100000 times; one was printed\n"), std::string::npos) << pile.err;
}

} // namespace
