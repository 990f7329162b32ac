// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/core/hang.hpp>
#include <rouse/task/join_error.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace {

using rouse::JoinError;
using Kind = JoinError::Kind;

TEST(JoinError, of_a_cancelled_task) {
    const JoinError error(Kind::cancelled, 3, nullptr);
    EXPECT_TRUE(error.is_cancelled());
    EXPECT_FALSE(error.is_failed());
    EXPECT_FALSE(error.is_lost());
    EXPECT_EQ(error.task_id(), 3u);
    EXPECT_EQ(error.error(), nullptr);
    EXPECT_STREQ(error.what(), "task 3 was cancelled");
}

TEST(JoinError, of_a_failed_task_says_why) {
    const auto cause = std::make_exception_ptr(std::runtime_error("the disk is full"));
    const JoinError error(Kind::failed, 4, cause);
    EXPECT_TRUE(error.is_failed());
    EXPECT_EQ(error.error(), cause);
    EXPECT_STREQ(error.what(), "task 4 failed: the disk is full");
}

TEST(JoinError, of_a_task_that_threw_no_exception_class) {
    const JoinError error(Kind::failed, 4, std::make_exception_ptr(5));
    EXPECT_TRUE(error.is_failed());
    EXPECT_NE(std::string(error.what()).find("no std::exception"), std::string::npos);
}

TEST(JoinError, of_a_lost_task_is_lost) {
    const auto lost = std::make_exception_ptr(rouse::LostWaker(std::make_shared<const rouse::HangReport>()));
    const JoinError error(Kind::failed, 5, lost);
    EXPECT_TRUE(error.is_lost());
    EXPECT_FALSE(error.is_failed());
    EXPECT_TRUE(std::string(error.what()).starts_with("task 5 was lost: ")) << error.what();
}

// What waits for a lost task fails with it: the cause is told through all of them.
TEST(JoinError, of_a_task_that_waited_for_a_lost_one_is_lost) {
    const auto lost = std::make_exception_ptr(rouse::LostWaker(std::make_shared<const rouse::HangReport>()));
    const auto waited = std::make_exception_ptr(JoinError(Kind::failed, 5, lost));
    const JoinError error(Kind::failed, 6, waited);
    EXPECT_TRUE(error.is_lost());
    const auto failed = std::make_exception_ptr(JoinError(Kind::failed, 5, nullptr));
    EXPECT_TRUE(JoinError(Kind::failed, 6, failed).is_failed());
}

} // namespace
