// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/rouse.hpp>

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;

rouse::Task<> polls_after_ready() {
    auto done = rouse::ready(1);
    co_await done;
    co_await done;
}
rouse::Task<> outer() { co_await polls_after_ready(); }

class StopNoteDeathTest : public testing::Test {
protected:
    StopNoteDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

// The line is that of the second await, and of the caller's.
constexpr const char* awaits =
    "polls_after_ready\\(\\)  .*stop_note.cpp:14\n +outer\\(\\)  .*stop_note.cpp:16\n";

TEST_F(StopNoteDeathTest, names_the_task_and_its_awaits) {
    EXPECT_DEATH(rouse::run([]() -> rouse::Task<> { co_await rouse::TaskBuilder("reader").spawn(outer()); }),
                 std::string("was polled after it had returned Ready\n   in task 1 `reader`\n +") + awaits);
}
TEST_F(StopNoteDeathTest, names_the_awaits_where_there_is_no_runtime) {
    EXPECT_DEATH(rouse::block_on(outer()),
                 std::string("was polled after it had returned Ready\n +") + awaits);
}
TEST_F(StopNoteDeathTest, names_the_main_task) {
    EXPECT_DEATH(rouse::run(outer()), std::string("Ready\n   in the main task\n +") + awaits);
}

} // namespace
