// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/core/spin_on.hpp>
#include <rouse/task/task.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

#include <support/by_hand.hpp>
#include <support/delivery.hpp>

namespace {

using rouse::Context;
using rouse::Pending;
using rouse::Poll;
using rouse::poll_fn;
using rouse::Ready;
using rouse::spin_on;

TEST(SpinOn, returns_the_value) {
    EXPECT_EQ(spin_on(rouse::ready(42)), 42);
    spin_on(rouse::ready());
}

TEST(SpinOn, polls_without_being_woken) {
    auto future = poll_fn([n = 0](Context&) mutable -> Poll<int> {
        if (++n == 100) return Ready(n);
        return Pending; // and keeps no waker: here it is none's fault
    });
    EXPECT_EQ(spin_on(std::move(future)), 100);
}

TEST(SpinOn, throws_what_the_future_throws) {
    auto future = poll_fn([n = 0](Context&) mutable -> Poll<int> {
        if (++n == 2) throw std::runtime_error("second poll");
        return Pending;
    });
    EXPECT_THROW(spin_on(std::move(future)), std::runtime_error);
}

TEST(SpinOn, an_lvalue_is_polled_where_it_is) {
    const rouse_test::Delivery<int> delivery;
    auto arrival = delivery.arrival();
    delivery.deliver(3);
    EXPECT_EQ(spin_on(arrival), 3);
}

TEST(SpinOn, sees_what_another_thread_does) {
    const rouse_test::Delivery<int> delivery;
    std::jthread producer([&] { delivery.deliver(8); });
    EXPECT_EQ(spin_on(delivery.arrival()), 8);
}

rouse::Task<int> sums_ready_futures(int count) {
    int sum = 0;
    for (int i = 0; i < count; ++i) sum += co_await rouse::ready(1);
    co_return sum;
}

TEST(SpinOn, drives_a_task_beyond_its_budget) { EXPECT_EQ(spin_on(sums_ready_futures(10'000)), 10'000); }

TEST(SpinOn, may_run_inside_of_itself) {
    auto future = poll_fn([](Context&) -> Poll<int> { return Ready(spin_on(rouse::ready(5))); });
    EXPECT_EQ(spin_on(std::move(future)), 5);
}

} // namespace
