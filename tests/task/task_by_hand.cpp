// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/core/block_on.hpp>
#include <rouse/task/task.hpp>
#include <rouse/testing/harness.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include <support/by_hand.hpp>
#include <support/drop_log.hpp>

// A Task is a future like any other: polled by hand, moved, handed on, awaited after all.
namespace {

using rouse::block_on;
using rouse::Context;
using rouse::Task;
using rouse::Waker;
using rouse::testing::CountingWaker;
using rouse::testing::Harness;
using rouse_test::ByHand;
using rouse_test::ByHandSource;

Task<int> twice(ByHandSource<int>& first, ByHandSource<int>& second) {
    const int a = co_await ByHand<int>(first);
    const int b = co_await ByHand<int>(second);
    co_return a + b;
}

TEST(TaskByHand, runs_from_await_to_await) {
    ByHandSource<int> first, second;
    Harness test(twice(first, second));
    EXPECT_TRUE(test.poll().is_pending());
    EXPECT_TRUE(test.poll().is_pending()); // a poll without a wake is allowed
    EXPECT_EQ(second.polls(), 0);
    first.complete(1);
    EXPECT_TRUE(test.is_woken());
    EXPECT_TRUE(test.poll().is_pending());
    second.complete(2);
    EXPECT_EQ(test.poll().value(), 3);
    EXPECT_EQ(test.clones_alive(), 0u);
}

TEST(TaskByHand, the_waker_of_the_last_poll_is_woken) {
    ByHandSource<int> first, second;
    CountingWaker a, b;
    Context from_a(a.waker()), from_b(b.waker());
    Task<int> task = twice(first, second);
    EXPECT_TRUE(task.poll(from_a).is_pending());
    EXPECT_TRUE(task.poll(from_b).is_pending());
    first.complete(1);
    EXPECT_EQ(a.wakes(), 0u);
    EXPECT_EQ(b.wakes(), 1u);
}

TEST(TaskByHand, may_be_moved_between_polls) {
    ByHandSource<int> first, second;
    const Waker noop = Waker::noop();
    Context cx(noop);
    Task<int> task = twice(first, second);
    EXPECT_TRUE(task.poll(cx).is_pending());
    Task<int> moved = std::move(task);
    EXPECT_FALSE(task.valid());
    first.complete(1);
    EXPECT_TRUE(moved.poll(cx).is_pending());
    std::vector<Task<int>> kept;
    kept.push_back(std::move(moved));
    kept.push_back(twice(first, second));
    kept.push_back(twice(first, second)); // the vector moves them
    second.complete(2);
    EXPECT_EQ(kept.front().poll(cx).value(), 3);
    EXPECT_FALSE(kept.front().valid());
}

Task<int> awaits(Task<int> task) {
    const int value = co_await std::move(task);
    co_return value * 10;
}
Task<int> awaits_lvalue(Task<int>& task) {
    const int value = co_await task;
    co_return value * 10;
}

TEST(TaskByHand, one_that_has_started_is_awaited_from_where_it_is) {
    ByHandSource<int> first, second;
    CountingWaker waker;
    Context cx(waker.waker());
    Task<int> task = twice(first, second);
    EXPECT_TRUE(task.poll(cx).is_pending());
    first.complete(1);
    Harness test(awaits(std::move(task)));
    EXPECT_TRUE(test.poll().is_pending());
    EXPECT_EQ(second.polls(), 1);
    second.complete(2);
    EXPECT_EQ(test.take_wakes(), 1u);
    EXPECT_EQ(test.poll().value(), 30);
}

TEST(TaskByHand, an_lvalue_is_awaited_and_is_over_then) {
    ByHandSource<int> first, second;
    Task<int> fresh = twice(first, second);
    Harness test(awaits_lvalue(fresh));
    EXPECT_TRUE(test.poll().is_pending());
    EXPECT_FALSE(fresh.valid()); // the await has it
    first.complete(1);
    EXPECT_TRUE(test.poll().is_pending());
    second.complete(2);
    EXPECT_EQ(test.poll().value(), 30);

    Task<int> started = twice(first, second);
    const Waker noop = Waker::noop();
    Context cx(noop);
    EXPECT_TRUE(started.poll(cx).is_pending());
    Harness other(awaits_lvalue(started));
    first.complete(1);
    second.complete(2);
    EXPECT_EQ(other.poll().value(), 30);
    EXPECT_FALSE(started.valid());
}

Task<int> fails_after(ByHandSource<int>& source) {
    co_await ByHand<int>(source);
    throw std::runtime_error("after");
}
Task<int> catches(Task<int> task) {
    try {
        co_await std::move(task);
    } catch (const std::runtime_error&) {
        co_return -1;
    }
    co_return 0;
}

TEST(TaskByHand, one_that_has_started_throws_at_the_await) {
    ByHandSource<int> source;
    const Waker noop = Waker::noop();
    Context cx(noop);
    Task<int> at_once = fails_after(source);
    EXPECT_TRUE(at_once.poll(cx).is_pending());
    source.complete(1);
    EXPECT_EQ(Harness(catches(std::move(at_once))).poll().value(), -1);

    Task<int> later = fails_after(source);
    EXPECT_TRUE(later.poll(cx).is_pending());
    Harness test(catches(std::move(later)));
    EXPECT_TRUE(test.poll().is_pending());
    source.complete(1);
    EXPECT_EQ(test.poll().value(), -1);
}

TEST(TaskByHand, block_on_takes_one_that_has_started) {
    ByHandSource<int> first, second;
    const Waker noop = Waker::noop();
    Context cx(noop);
    Task<int> task = twice(first, second);
    EXPECT_TRUE(task.poll(cx).is_pending());
    first.complete(3);
    second.complete(4);
    EXPECT_EQ(block_on(std::move(task)), 7);
}

TEST(TaskByHand, may_be_polled_by_one_thread_after_another) {
    ByHandSource<int> first, second;
    Task<int> task = twice(first, second);
    int result = 0;
    const Waker noop = Waker::noop();
    std::thread([&] {
        Context cx(noop);
        EXPECT_TRUE(task.poll(cx).is_pending());
    }).join();
    first.complete(1);
    second.complete(2);
    std::thread([&] {
        Context cx(noop);
        result = task.poll(cx).value();
    }).join();
    EXPECT_EQ(result, 3);
}

TEST(TaskByHand, two_share_a_thread) {
    ByHandSource<int> a, b;
    Harness first(twice(a, b)), second(twice(b, a));
    EXPECT_TRUE(first.poll().is_pending());
    EXPECT_TRUE(second.poll().is_pending());
    b.complete(1);
    EXPECT_TRUE(second.poll().is_pending()); // waits for `a` now, and has taken its waker's place
    a.complete(2);
    EXPECT_EQ(second.poll().value(), 3);
}

class TaskByHandDeath : public testing::Test {
protected:
    TaskByHandDeath() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};
Task<int> the_answer() { co_return 42; }
Task<int> awaits_twice() {
    Task<int> task = the_answer();
    const int once = co_await task;
    const int again = co_await task;
    co_return once + again;
}

TEST_F(TaskByHandDeath, a_poll_after_ready_stops) {
    EXPECT_DEATH(
        {
            const Waker noop = Waker::noop();
            Context cx(noop);
            Task<int> task = the_answer();
            (void)task.poll(cx);
            (void)task.poll(cx);
        },
        "Task<int> was polled after it had returned Ready");
}

TEST_F(TaskByHandDeath, a_poll_after_a_move_stops) {
    EXPECT_DEATH(
        {
            const Waker noop = Waker::noop();
            Context cx(noop);
            Task<int> task = the_answer();
            const Task<int> moved = std::move(task);
            (void)task.poll(cx);
        },
        "Task<int> was polled after it had returned Ready");
}

TEST_F(TaskByHandDeath, a_second_await_stops) {
    EXPECT_DEATH(block_on(awaits_twice()), "Task<int> was polled after it had returned Ready");
}

} // namespace
