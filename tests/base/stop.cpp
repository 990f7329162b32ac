// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/base/stop.hpp>

#include <gtest/gtest.h>

#include <cstdio>

namespace {

class Stop : public testing::Test {
protected:
    Stop() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(Stop, says_why) { EXPECT_DEATH(rouse::detail::stop("the reason"), "^rouse: fatal: the reason"); }

TEST_F(Stop, a_poll_after_ready_names_the_future) {
    EXPECT_DEATH(rouse::detail::stop_polled_after_ready("Some<Future>"),
                 "rouse: fatal: Some<Future> was polled after it had returned Ready");
}

TEST_F(Stop, the_note_adds_a_line) {
    const auto note = []() noexcept { std::fputs("the note\n", stderr); };
    EXPECT_DEATH(
        {
            rouse::detail::set_stop_note(note);
            rouse::detail::stop("the reason");
        },
        "the reason\nthe note");
}

TEST_F(Stop, a_note_that_stops_as_well_is_not_called_again) {
    const auto note = []() noexcept { rouse::detail::stop("in the note"); };
    EXPECT_DEATH(
        {
            rouse::detail::set_stop_note(note);
            rouse::detail::stop("the reason");
        },
        "the reason\nrouse: fatal: in the note");
}

} // namespace
