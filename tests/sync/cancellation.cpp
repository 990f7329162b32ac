// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/sync/cancellation_token.hpp>
#include <rouse/sync/task_tracker.hpp>
#include <rouse/task/task.hpp>
#include <rouse/task/yield_now.hpp>
#include <rouse/testing/harness.hpp>

#include "support/by_hand.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <utility>
#include <vector>

namespace {

using rouse::CancellationToken;
using rouse::TaskTracker;
using rouse::testing::Harness;
using rouse_test::ByHand;
using rouse_test::ByHandSource;

TEST(CancellationToken, tells_all_who_wait_and_its_children) {
    const CancellationToken token;
    const auto child = token.child_token();
    const auto grandchild = child.child_token();
    Harness own(token.cancelled()), copy(token.cancelled()), below(grandchild.cancelled());
    EXPECT_TRUE(own.poll().is_pending());
    EXPECT_TRUE(copy.poll().is_pending());
    EXPECT_TRUE(below.poll().is_pending());
    token.cancel();
    token.cancel();
    EXPECT_TRUE(token.is_cancelled() && child.is_cancelled() && grandchild.is_cancelled());
    for (auto* test : {&own, &copy, &below}) {
        EXPECT_EQ(test->take_wakes(), 1u);
        EXPECT_EQ(test->clones_alive(), 0u);
        EXPECT_TRUE(test->poll().is_ready());
    }
    Harness late(token.cancelled());
    EXPECT_TRUE(late.poll().is_ready());
    EXPECT_TRUE(token.child_token().is_cancelled());
}

TEST(CancellationToken, a_child_does_not_cancel_its_parent_or_siblings) {
    const CancellationToken token;
    const auto first = token.child_token(), second = token.child_token();
    first.cancel();
    EXPECT_TRUE(first.is_cancelled());
    EXPECT_FALSE(token.is_cancelled() || second.is_cancelled());
    token.cancel();
    EXPECT_TRUE(second.is_cancelled());
}

TEST(CancellationToken, a_grandchild_is_reached_though_its_parent_is_gone) {
    const CancellationToken token;
    std::optional child(token.child_token());
    const auto grandchild = child->child_token();
    child.reset();
    token.cancel();
    EXPECT_TRUE(grandchild.is_cancelled());
}

TEST(CancellationToken, a_line_of_a_hundred_thousand_children_ends_without_recursion) {
    CancellationToken last;
    const CancellationToken first = last;
    for (int i = 0; i < 100'000; ++i) last = last.child_token();
    first.cancel();
    EXPECT_TRUE(last.is_cancelled());
    CancellationToken other;
    for (int i = 0; i < 100'000; ++i) other = other.child_token();
}

TEST(CancellationToken, a_drop_guard_cancels_unless_it_is_disarmed) {
    const CancellationToken token;
    {
        auto guard = token.drop_guard();
        (void)std::move(guard).disarm();
    }
    EXPECT_FALSE(token.is_cancelled());
    { const auto guard = token.drop_guard(); }
    EXPECT_TRUE(token.is_cancelled());
}

TEST(CancellationToken, a_wait_that_is_dropped_leaves_nothing) {
    const CancellationToken token;
    Harness first(token.cancelled());
    EXPECT_TRUE(first.poll().is_pending());
    first.drop();
    EXPECT_EQ(first.clones_alive(), 0u);
    token.cancel();
    EXPECT_EQ(first.wakes(), 0u);
}

TEST(CancellationToken, runs_a_future_until_it_is_cancelled) {
    const CancellationToken token;
    ByHandSource<int> finishes, never;
    Harness first(token.run_until_cancelled(ByHand<int>(finishes)));
    Harness second(token.run_until_cancelled(ByHand<int>(never)));
    EXPECT_TRUE(first.poll().is_pending());
    EXPECT_TRUE(second.poll().is_pending());
    finishes.complete(4);
    EXPECT_EQ(first.poll().value(), 4);
    EXPECT_EQ(first.clones_alive(), 0u);
    token.cancel();
    EXPECT_EQ(second.take_wakes(), 1u);
    EXPECT_FALSE(second.poll().value().has_value());
    never.drop_waker();
    EXPECT_EQ(second.clones_alive(), 0u);
}

TEST(CancellationToken, leaves_a_future_that_lives_elsewhere_where_it_is) {
    const CancellationToken token;
    ByHandSource<int> source;
    ByHand<int> future(source);
    Harness test(token.run_until_cancelled(future));
    EXPECT_TRUE(test.poll().is_pending());
    token.cancel();
    EXPECT_FALSE(test.poll().value().has_value());
    source.complete(4);
    Harness after(std::move(future));
    EXPECT_EQ(after.poll().value(), 4);
}

TEST(CancellationToken, one_that_was_cancelled_before_polls_nothing) {
    const CancellationToken token;
    token.cancel();
    ByHandSource<int> source;
    Harness test(token.run_until_cancelled(ByHand<int>(source)));
    EXPECT_FALSE(test.poll().value().has_value());
    EXPECT_EQ(source.polls(), 0);
    Harness nothing(token.child_token().run_until_cancelled(rouse::yield_now()));
    EXPECT_FALSE(nothing.poll().value().has_value());
    Harness runs(CancellationToken().run_until_cancelled(rouse::ready()));
    EXPECT_EQ(runs.poll().value(), rouse::Unit());
}

TEST(TaskTracker, waits_until_it_is_closed_and_empty) {
    const TaskTracker tracker;
    ByHandSource<int> source;
    std::optional tracked(tracker.track_future(ByHand<int>(source)));
    EXPECT_EQ(tracker.len(), 1u);
    Harness waiting(tracker.wait());
    EXPECT_TRUE(waiting.poll().is_pending());
    tracked.reset();
    EXPECT_TRUE(tracker.is_empty());
    EXPECT_EQ(waiting.wakes(), 0u) << "it is open";
    EXPECT_TRUE(tracker.close());
    EXPECT_FALSE(tracker.close());
    EXPECT_EQ(waiting.take_wakes(), 1u);
    EXPECT_TRUE(waiting.poll().is_ready());
}

TEST(TaskTracker, the_last_task_wakes_those_who_wait) {
    const TaskTracker tracker;
    std::optional first(tracker.token());
    std::optional second(*first);
    tracker.close();
    Harness waiting(tracker.wait()), dropped(tracker.wait());
    EXPECT_TRUE(waiting.poll().is_pending());
    EXPECT_TRUE(dropped.poll().is_pending());
    first.reset();
    EXPECT_EQ(waiting.wakes(), 0u);
    dropped.drop();
    second.reset();
    EXPECT_EQ(waiting.take_wakes(), 1u);
    EXPECT_EQ(dropped.wakes() + dropped.clones_alive(), 0u);
    EXPECT_TRUE(tracker.reopen());
    std::optional third(tracker.token());
    EXPECT_TRUE(waiting.poll().is_ready()) << "it was over in between";
    tracker.close();
    Harness again(tracker.wait());
    EXPECT_TRUE(again.poll().is_pending());
}

} // namespace
