// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/core/block_on.hpp>
#include <rouse/core/box_future.hpp>

#include <gtest/gtest.h>

#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <support/by_hand.hpp>
#include <support/delivery.hpp>
#include <support/drop_log.hpp>
#include <support/stress_rounds.hpp>

namespace {

using rouse::block_on;
using rouse::Context;
using rouse::Pending;
using rouse::Poll;
using rouse::poll_fn;
using rouse::Ready;
using rouse::Waker;
using rouse_test::Delivery;

TEST(BlockOn, returns_the_value) {
    EXPECT_EQ(block_on(rouse::ready(42)), 42);
    EXPECT_EQ(block_on(rouse::ready(std::string("text"))), "text");
    block_on(rouse::ready());
}

TEST(BlockOn, returns_a_move_only_value_and_a_reference) {
    EXPECT_EQ(*block_on(rouse::ready(std::make_unique<int>(3))), 3);
    int object = 0;
    auto future = poll_fn([&](Context&) -> Poll<int&> { return Ready<int&>(object); });
    EXPECT_EQ(&block_on(std::move(future)), &object);
}

TEST(BlockOn, throws_what_the_future_throws) {
    auto at_once = poll_fn([](Context&) -> Poll<int> { throw std::runtime_error("at once"); });
    EXPECT_THROW(block_on(std::move(at_once)), std::runtime_error);
    auto later = poll_fn([n = 0](Context& cx) mutable -> Poll<int> {
        if (++n == 2) throw std::logic_error("later");
        cx.waker().wake_by_ref();
        return Pending;
    });
    EXPECT_THROW(block_on(std::move(later)), std::logic_error);
    EXPECT_EQ(block_on(rouse::ready(1)), 1); // and this thread may block again
}

TEST(BlockOn, polls_once_for_each_wake) { EXPECT_EQ(block_on(rouse_test::SelfWaking(1000)), 1001); }

TEST(BlockOn, several_wakes_in_one_poll_are_one) {
    auto future = poll_fn([n = 0](Context& cx) mutable -> Poll<int> {
        if (++n == 3) return Ready(n);
        for (int i = 0; i < 5; ++i) cx.waker().wake_by_ref();
        cx.waker().clone().wake();
        return Pending;
    });
    EXPECT_EQ(block_on(std::move(future)), 3);
}

TEST(BlockOn, an_lvalue_is_polled_where_it_is) {
    const Delivery<int> delivery;
    auto arrival = delivery.arrival();
    std::jthread producer([&] { delivery.deliver(5); });
    EXPECT_EQ(block_on(arrival), 5);
}

TEST(BlockOn, an_rvalue_is_gone_before_it_returns) {
    int alive = 0;
    auto body = [counted = rouse_test::Alive(alive)](Context&) -> Poll<int> { return Ready(1); };
    block_on(poll_fn(std::move(body)));
    EXPECT_EQ(alive, 1); // `body`, which was moved from
}

TEST(BlockOn, sleeps_until_another_thread_wakes_it) {
    const Delivery<std::string> delivery;
    std::latch polled(1);
    std::jthread producer([&] {
        polled.wait();
        delivery.deliver("from there");
    });
    auto inner = delivery.arrival();
    auto future = poll_fn([&, first = true](Context& cx) mutable {
        auto poll = inner.poll(cx);
        if (std::exchange(first, false)) polled.count_down();
        return poll;
    });
    EXPECT_EQ(block_on(std::move(future)), "from there");
    EXPECT_LE(delivery.polls(), 2);
}

// Each round is a fresh state word, and the wake may meet it anywhere: before, in or after the poll, asleep.
TEST(BlockOn, no_wake_from_another_thread_is_lost) {
    const std::size_t rounds = rouse_test::scaled(5'000);
    std::vector<Delivery<std::size_t>> deliveries(rounds);
    std::jthread producer([&] {
        for (std::size_t i = 0; i < rounds; ++i) deliveries[i].deliver(i);
    });
    for (std::size_t i = 0; i < rounds; ++i) ASSERT_EQ(block_on(deliveries[i].arrival()), i);
}

TEST(BlockOn, its_wakers_may_outlive_it) {
    Waker kept, another;
    auto future = poll_fn([&](Context& cx) -> Poll<int> {
        kept = cx.waker().clone();
        another = kept.clone();
        return Ready(1);
    });
    EXPECT_EQ(block_on(std::move(future)), 1);
    kept.wake_by_ref(); // wakes nobody
    std::jthread elsewhere([waker = std::move(another)]() mutable {
        waker.wake_by_ref();
        std::move(waker).wake();
    });
    const Waker clone = kept.clone();
    std::move(kept).wake();
    EXPECT_TRUE(clone);
}

TEST(BlockOn, a_waker_that_outlives_an_exception) {
    Waker kept;
    auto future = poll_fn([&](Context& cx) -> Poll<int> {
        kept = cx.waker().clone();
        throw std::runtime_error("with a waker out");
    });
    EXPECT_THROW(block_on(std::move(future)), std::runtime_error);
    std::move(kept).wake();
}

TEST(BlockOn, wakers_of_one_call_wake_the_same_task) {
    auto future = poll_fn([](Context& cx) -> Poll<bool> {
        const Waker clone = cx.waker().clone();
        return Ready(clone.will_wake(cx.waker()));
    });
    EXPECT_TRUE(block_on(std::move(future)));
}

TEST(BlockOn, works_on_several_threads_at_a_time) {
    const Delivery<int> to_there, to_here;
    std::jthread there([&] { to_here.deliver(block_on(to_there.arrival()) + 1); });
    to_there.deliver(1);
    EXPECT_EQ(block_on(to_here.arrival()), 2);
}

TEST(BlockOn, may_run_in_another_thread_that_a_poll_waits_for) {
    auto future = poll_fn([](Context&) -> Poll<int> {
        int value = 0;
        std::thread([&] { value = block_on(rouse::ready(7)); }).join();
        return Ready(value);
    });
    EXPECT_EQ(block_on(std::move(future)), 7);
}

class BlockOnDeath : public testing::Test {
protected:
    BlockOnDeath() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(BlockOnDeath, inside_of_a_block_on_of_this_thread_stops) {
    EXPECT_DEATH(
        {
            auto future = poll_fn([](Context&) -> Poll<int> { return Ready(block_on(rouse::ready(7))); });
            block_on(std::move(future));
        },
        "rouse: fatal: block_on inside of a task: this thread is driving a future already; co_await it");
}

} // namespace
