// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/core/block_on.hpp>
#include <rouse/task/task.hpp>
#include <rouse/task/yield_now.hpp>
#include <rouse/testing/harness.hpp>

#include <gtest/gtest.h>

#include <support/by_hand.hpp>

// A task that never has to wait gives way all the same: each poll has a budget of awaits.
namespace {

using rouse::Context;
using rouse::Poll;
using rouse::Task;
using rouse::testing::Harness;

constexpr long budget = rouse::detail::poll_budget;

Task<> awaits_ready_futures(long& count) {
    for (;;) {
        co_await rouse::ready();
        ++count;
    }
}

TEST(Budget, a_task_that_awaits_ready_futures_for_ever_gives_way) {
    long count = 0;
    Harness test(awaits_ready_futures(count));
    EXPECT_TRUE(test.poll().is_pending());
    EXPECT_EQ(test.take_wakes(), 1u); // it wants to go on
    EXPECT_GT(count, 0);
    EXPECT_LE(count, budget);
}

TEST(Budget, is_whole_again_in_the_next_poll) {
    long count = 0;
    Harness test(awaits_ready_futures(count));
    for (long polls = 1; polls <= 10; ++polls) {
        const long before = count;
        EXPECT_TRUE(test.poll().is_pending());
        EXPECT_EQ(test.take_wakes(), 1u);
        EXPECT_GE(count - before, budget / 2);
        EXPECT_LE(count, polls * (budget + 1));
    }
}

Task<int> one() { co_return 1; }
Task<> awaits_tasks(long& count) {
    for (;;) {
        const int n = co_await one();
        count += n;
    }
}

TEST(Budget, a_task_that_awaits_tasks_for_ever_gives_way) {
    long count = 0;
    Harness test(awaits_tasks(count));
    for (long polls = 1; polls <= 10; ++polls) {
        EXPECT_TRUE(test.poll().is_pending());
        EXPECT_EQ(test.take_wakes(), 1u);
        EXPECT_GT(count, 0);
        EXPECT_LE(count, polls * (budget + 1));
    }
}

Task<> recurses(long& depth, long to) {
    if (++depth < to) co_await recurses(depth, to);
}

TEST(Budget, a_task_that_goes_deeper_and_deeper_gives_way) {
    long depth = 0;
    Harness test(recurses(depth, 100 * budget));
    EXPECT_TRUE(test.poll().is_pending());
    EXPECT_EQ(test.take_wakes(), 1u);
    EXPECT_LE(depth, budget + 1);
}

/// Throws in every poll.
class Throws {
public:
    using Output = void;
    Throws() noexcept = default;
    Poll<> poll(Context&) { throw 1; }
};
Task<> catches_for_ever(long& count) {
    for (;;) {
        try {
            co_await Throws();
        } catch (int) {
            ++count;
        }
    }
}

TEST(Budget, a_task_that_catches_for_ever_gives_way) {
    long count = 0;
    Harness test(catches_for_ever(count));
    EXPECT_TRUE(test.poll().is_pending());
    EXPECT_EQ(test.take_wakes(), 1u);
    EXPECT_GT(count, 0);
    EXPECT_LE(count, budget);
}

// A strand inside of a strand spends the outer one's: else a combinator of many children would never end.
Task<> polls_another(long& count) {
    Task<> inner = awaits_ready_futures(count);
    auto polled = rouse::poll_fn([&inner](Context& cx) { return inner.poll(cx); });
    for (;;) co_await polled;
}

TEST(Budget, is_shared_with_what_the_task_polls_itself) {
    long count = 0;
    Harness test(polls_another(count));
    EXPECT_TRUE(test.poll().is_pending());
    EXPECT_TRUE(test.is_woken());
    EXPECT_LE(count, budget);
}

Task<long> counts_to(long n) {
    long count = 0;
    while (count < n) {
        co_await rouse::ready();
        ++count;
    }
    co_return count;
}

TEST(Budget, loses_no_value_on_the_way) {
    EXPECT_EQ(rouse::block_on(counts_to(10 * budget + 3)), 10 * budget + 3);
    Harness test(counts_to(budget - 2));
    EXPECT_EQ(test.poll().value(), budget - 2); // one that keeps to it is not interrupted
}

// The future that the exhausted await was for is polled first in the next poll, not twice and not never.
TEST(Budget, an_await_that_was_put_off_polls_its_future_once) {
    class Counted {
    public:
        using Output = void;
        explicit Counted(long& polls) noexcept : polls_(&polls) {}
        Poll<> poll(Context&) {
            ++*polls_;
            return rouse::Ready();
        }

    private:
        long* polls_;
    };
    long polls = 0;
    long done = 0;
    const auto body = [&]() -> Task<> {
        for (int i = 0; i < 3 * budget; ++i) {
            co_await Counted(polls);
            ++done;
        }
    };
    Harness test(body());
    while (test.poll().is_pending()) EXPECT_EQ(polls, done);
    EXPECT_EQ(polls, 3 * budget);
}

TEST(YieldNow, is_pending_once_and_wakes_itself) {
    Harness test(rouse::yield_now());
    EXPECT_TRUE(test.poll().is_pending());
    EXPECT_EQ(test.take_wakes(), 1u);
    EXPECT_TRUE(test.poll().is_ready());
    EXPECT_EQ(test.take_wakes(), 0u);
    EXPECT_EQ(test.clones_alive(), 0u);
}

Task<> gives_way(int times) {
    for (int i = 0; i < times; ++i) co_await rouse::yield_now();
}

TEST(YieldNow, gives_way_each_time) {
    Harness test(gives_way(5));
    EXPECT_TRUE(test.poll_while_woken().is_ready());
    EXPECT_EQ(test.polls(), 6u);
    rouse::block_on(gives_way(1000)); // which polls it again without sleeping
}

} // namespace
