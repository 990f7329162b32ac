// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/core/block_on.hpp>
#include <rouse/task/task.hpp>
#include <rouse/testing/harness.hpp>

#include <gtest/gtest.h>

#include <stdexcept>

#include <support/by_hand.hpp>
#include <support/stress_rounds.hpp>

// However deep the stack of coroutines, the machine stack stays where it is.
namespace {

using rouse::block_on;
using rouse::Task;
using rouse::testing::Harness;
using rouse_test::ByHand;
using rouse_test::ByHandSource;
using rouse_test::scaled;

Task<std::size_t> deepest() { co_return 1; }
Task<std::size_t> counts(std::size_t n) {
    std::size_t sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += co_await deepest();
    co_return sum;
}

TEST(TaskDepth, a_million_awaits_in_a_loop) {
    EXPECT_EQ(block_on(counts(scaled(1'000'000))), scaled(1'000'000));
}

Task<std::size_t> recurses(std::size_t n) {
    if (n == 0) co_return 0;
    const std::size_t below = co_await recurses(n - 1);
    co_return below + 1;
}

TEST(TaskDepth, a_million_awaits_within_each_other) {
    EXPECT_EQ(block_on(recurses(scaled(1'000'000))), scaled(1'000'000));
}

Task<int> fib(int n) {
    if (n < 2) co_return n;
    const int first = co_await fib(n - 1);
    const int second = co_await fib(n - 2);
    co_return first + second;
}

TEST(TaskDepth, a_tree_of_awaits) { EXPECT_EQ(block_on(fib(20)), 6765); }

Task<int> chain(std::size_t depth, ByHandSource<int>& source) {
    if (depth == 0) co_return co_await ByHand<int>(source);
    const int value = co_await chain(depth - 1, source);
    co_return value + 1;
}

constexpr std::size_t deep = scaled(100'000);

TEST(TaskDepth, a_chain_suspends_and_completes) {
    ByHandSource<int> source;
    Harness test(chain(deep, source));
    EXPECT_TRUE(test.poll_while_woken().is_pending()); // going down, it gives way now and then
    EXPECT_TRUE(source.has_waker());
    source.complete(0);
    EXPECT_EQ(test.poll_while_woken().value(), static_cast<int>(deep));
    EXPECT_EQ(test.clones_alive(), 0u);
}

TEST(TaskDepth, a_suspended_chain_is_cancelled) {
    ByHandSource<int> source;
    Harness test(chain(deep, source));
    EXPECT_TRUE(test.poll_while_woken().is_pending());
    test.drop();
    source.drop_waker();
    EXPECT_EQ(test.clones_alive(), 0u);
}

TEST(TaskDepth, a_chain_that_is_still_going_down_is_cancelled) {
    ByHandSource<int> source;
    Harness test(chain(deep, source));
    EXPECT_TRUE(test.poll().is_pending());
    EXPECT_FALSE(source.has_waker());
    test.drop();
}

Task<int> throws_deep(std::size_t depth) {
    if (depth == 0) throw std::runtime_error("at the bottom");
    const int value = co_await throws_deep(depth - 1);
    co_return value;
}

TEST(TaskDepth, an_exception_climbs_a_chain) {
    EXPECT_THROW(block_on(throws_deep(scaled(20'000))), std::runtime_error);
}

/// Each level polls the one below by hand: that is what nests, and stays shallow here.
Task<int> hand_over_hand(int depth, ByHandSource<int>& source) {
    if (depth == 0) co_return co_await ByHand<int>(source);
    Task<int> below = hand_over_hand(depth - 1, source);
    auto polled = rouse::poll_fn([&below](rouse::Context& cx) { return below.poll(cx); });
    const int value = co_await polled;
    co_return value + 1;
}

TEST(TaskDepth, strands_within_strands) {
    ByHandSource<int> source;
    Harness test(hand_over_hand(100, source));
    EXPECT_TRUE(test.poll_while_woken().is_pending());
    source.complete(0);
    EXPECT_EQ(test.poll_while_woken().value(), 100);
}

} // namespace
