// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/task/task.hpp>
#include <rouse/testing/harness.hpp>

#include <gtest/gtest.h>

#include <support/by_hand.hpp>
#include <support/stress_rounds.hpp>

// A poll of a strand polls its leaf, once, however deep the stack; no coroutine in between is resumed.
namespace {

using rouse::Task;
using rouse::testing::Harness;
using rouse_test::ByHand;
using rouse_test::ByHandSource;

/// How often control came to a coroutine of the stack.
Task<int> stacked(int depth, ByHandSource<int>& source, long& entered) {
    ++entered;
    if (depth == 0) {
        const int value = co_await ByHand<int>(source);
        ++entered;
        co_return value;
    }
    const int value = co_await stacked(depth - 1, source, entered);
    ++entered;
    co_return value + 1;
}

class DirectPoll : public testing::TestWithParam<int> {};

TEST_P(DirectPoll, polls_the_leaf_once_for_each_poll_of_the_strand) {
    const int depth = GetParam();
    ByHandSource<int> source;
    long entered = 0;
    Harness test(stacked(depth, source, entered));
    EXPECT_TRUE(test.poll_while_woken().is_pending());
    EXPECT_EQ(source.polls(), 1);
    EXPECT_EQ(entered, depth + 1);
    for (int polls = 2; polls <= 100; ++polls) {
        EXPECT_TRUE(test.poll().is_pending());
        ASSERT_EQ(source.polls(), polls);
        ASSERT_EQ(entered, depth + 1) << "a coroutine was resumed";
    }
    source.complete(0);
    EXPECT_EQ(test.poll_while_woken().value(), depth);
    EXPECT_EQ(source.polls(), 101);
    EXPECT_EQ(entered, 2 * (depth + 1));
}

INSTANTIATE_TEST_SUITE_P(Depths, DirectPoll, testing::Values(0, 1, 10, 1000),
                         [](const auto& tested) { return "of_" + std::to_string(tested.param); });

TEST(StrandPolls, are_counted) {
    ByHandSource<int> source;
    long entered = 0;
    Task<int> task = stacked(3, source, entered);
    auto* promise = rouse::detail::TaskAccess<int>::get(task);
    const rouse::Waker noop = rouse::Waker::noop();
    rouse::Context cx(noop);
    for (unsigned polls = 1; polls <= 5; ++polls) {
        EXPECT_TRUE(task.poll(cx).is_pending());
        EXPECT_EQ(promise->strand_if_bottom()->polls(), polls);
    }
}

// Only the leaf that is awaited now is polled.
Task<int> one_after_the_other(ByHandSource<int>& first, ByHandSource<int>& second) {
    ByHand<int> a(first), b(second);
    const int x = co_await a;
    const int y = co_await b;
    co_return x * 10 + y;
}

TEST(DirectPollOrder, only_the_awaited_future_is_polled) {
    ByHandSource<int> first, second;
    Harness test(one_after_the_other(first, second));
    EXPECT_TRUE(test.poll().is_pending());
    EXPECT_TRUE(test.poll().is_pending());
    EXPECT_EQ(first.polls(), 2);
    EXPECT_EQ(second.polls(), 0);
    first.complete(1);
    EXPECT_TRUE(test.poll().is_pending());
    EXPECT_EQ(first.polls(), 3);
    EXPECT_EQ(second.polls(), 1);
    second.complete(2);
    EXPECT_EQ(test.poll().value(), 12);
    EXPECT_EQ(first.polls(), 3);
}

} // namespace
