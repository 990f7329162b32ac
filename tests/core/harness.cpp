// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/testing/harness.hpp>

#include <gtest/gtest.h>

#include <thread>
#include <utility>
#include <vector>

#include <support/by_hand.hpp>

namespace {

using rouse::Waker;
using rouse::testing::CountingWaker;
using rouse::testing::Harness;
using rouse_test::ByHand;
using rouse_test::ByHandSource;

TEST(CountingWaker, counts_wakes_of_both_kinds) {
    CountingWaker counting;
    counting.waker().wake_by_ref();
    counting.waker().clone().wake();
    EXPECT_EQ(counting.wakes(), 2u);
    EXPECT_EQ(counting.take_wakes(), 2u);
    EXPECT_EQ(counting.take_wakes(), 0u);
    counting.waker().wake_by_ref();
    EXPECT_EQ(counting.take_wakes(), 1u);
    EXPECT_EQ(counting.wakes(), 3u);
}

TEST(CountingWaker, counts_clones_alive_and_not_itself) {
    CountingWaker counting;
    EXPECT_EQ(counting.clones_alive(), 0u);
    Waker clone = counting.waker().clone();
    Waker another = clone.clone();
    EXPECT_EQ(counting.clones_alive(), 2u);
    std::move(clone).wake();
    EXPECT_EQ(counting.clones_alive(), 1u);
    another = Waker();
    EXPECT_EQ(counting.clones_alive(), 0u);
}

TEST(CountingWaker, clones_may_outlive_it) {
    Waker clone;
    {
        const CountingWaker counting;
        clone = counting.waker().clone();
    }
    clone.wake_by_ref();
    std::move(clone).wake();
}

TEST(CountingWaker, counts_from_any_thread) {
    CountingWaker counting;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([clone = counting.waker().clone()] {
                for (int n = 0; n < 1000; ++n) clone.clone().wake();
            });
        }
    }
    EXPECT_EQ(counting.wakes(), 4000u);
    EXPECT_EQ(counting.clones_alive(), 0u);
}

TEST(Harness, polls_by_hand) {
    ByHandSource<int> source;
    Harness test{ByHand(source)};
    EXPECT_EQ(test.polls(), 0u);
    EXPECT_TRUE(test.poll().is_pending());
    EXPECT_EQ(test.polls(), 1u);
    EXPECT_EQ(test.clones_alive(), 1u);
    EXPECT_FALSE(test.is_woken());
    source.complete(7);
    EXPECT_TRUE(test.is_woken());
    EXPECT_EQ(test.take_wakes(), 1u);
    EXPECT_EQ(test.poll().value(), 7);
    EXPECT_EQ(test.clones_alive(), 0u);
}

TEST(Harness, polls_while_the_future_wakes_itself) {
    Harness test{rouse_test::SelfWaking(5)};
    EXPECT_EQ(test.poll_while_woken().value(), 6);
    EXPECT_EQ(test.polls(), 6u);
}

TEST(Harness, stops_polling_when_the_future_waits_for_somebody_else) {
    ByHandSource<int> source;
    Harness test{ByHand(source)};
    EXPECT_TRUE(test.poll_while_woken().is_pending());
    EXPECT_EQ(test.polls(), 1u);
    source.complete(1);
    EXPECT_EQ(test.poll_while_woken().value(), 1);
    EXPECT_EQ(test.polls(), 2u);
}

TEST(Harness, drop_destroys_the_future) {
    class Registered {
    public:
        using Output = int;
        rouse::Poll<int> poll(rouse::Context& cx) {
            waker_.clone_from(cx.waker());
            return rouse::Pending;
        }

    private:
        Waker waker_;
    };
    Harness test{Registered()};
    EXPECT_TRUE(test.poll().is_pending());
    EXPECT_EQ(test.clones_alive(), 1u);
    test.drop();
    EXPECT_EQ(test.clones_alive(), 0u);
}

class HarnessDeath : public testing::Test {
protected:
    HarnessDeath() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(HarnessDeath, a_poll_after_drop_stops) {
    EXPECT_DEATH(
        {
            Harness test(rouse::ready(1));
            test.drop();
            (void)test.poll();
        },
        "Harness: the future was dropped");
}

} // namespace
