// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/combine/join.hpp>
#include <rouse/combine/select.hpp>
#include <rouse/core/waker_from.hpp>
#include <rouse/task/generator.hpp>
#include <rouse/task/task.hpp>
#include <rouse/task/yield_now.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <variant>

#include <support/by_hand.hpp>
#include <support/delivery.hpp>

// An executor that a user writes in ten lines, from the public contract alone, drives all that is not tied to
// a runtime: tasks, generators, combinators.
namespace {

using rouse::Context;
using rouse::Task;
using rouse::Waker;
using rouse_test::ByHand;
using rouse_test::ByHandSource;
using rouse_test::Delivery;

/// As a user would write it.
class Bell {
public:
    void wake() { rung_.release(); }
    void wait() { rung_.acquire(); }

private:
    std::counting_semaphore<> rung_{0};
};
template <rouse::Future F>
rouse::OutputOf<F> my_block_on(F future) {
    const auto bell = std::make_shared<Bell>();
    const Waker waker = rouse::waker_from(bell);
    Context cx(waker);
    for (;;) {
        auto poll = future.poll(cx);
        if (poll.is_ready()) return std::move(poll).value();
        bell->wait();
    }
}

Task<int> yields(int times) {
    for (int i = 0; i < times; ++i) co_await rouse::yield_now();
    co_return times;
}
Task<int> adds(int a, int b) {
    const int first = co_await yields(a);
    const int second = co_await yields(b);
    co_return first + second;
}

TEST(UserExecutor, runs_a_task) { EXPECT_EQ(my_block_on(adds(3, 4)), 7); }

Task<std::string> awaits_delivery(const Delivery<std::string>& delivery) {
    std::string text = co_await delivery.arrival();
    co_return text + "!";
}

TEST(UserExecutor, sleeps_until_another_thread_wakes_it) {
    const Delivery<std::string> delivery;
    std::jthread producer([&] { delivery.deliver("here"); });
    EXPECT_EQ(my_block_on(awaits_delivery(delivery)), "here!");
}

TEST(UserExecutor, runs_a_task_beyond_its_budget) {
    const auto body = []() -> Task<int> {
        int sum = 0;
        for (int i = 0; i < 10'000; ++i) sum += co_await rouse::ready(1);
        co_return sum;
    };
    EXPECT_EQ(my_block_on(body()), 10'000);
}

Task<> throws_at_once() {
    co_await rouse::yield_now();
    throw std::runtime_error("x");
}

TEST(UserExecutor, passes_an_exception_on) {
    EXPECT_THROW(my_block_on(throws_at_once()), std::runtime_error);
}

TEST(UserExecutor, runs_join) {
    const auto [a, b, unit] = my_block_on(rouse::join(yields(2), adds(1, 2), rouse::ready()));
    EXPECT_EQ(a, 2);
    EXPECT_EQ(b, 3);
    EXPECT_EQ(unit, rouse::Unit());
}

TEST(UserExecutor, runs_join_over_threads) {
    const Delivery<std::string> first, second;
    std::jthread producers([&] {
        second.deliver("b");
        first.deliver("a");
    });
    const auto [a, b] = my_block_on(rouse::join(awaits_delivery(first), awaits_delivery(second)));
    EXPECT_EQ(a + b, "a!b!");
}

TEST(UserExecutor, runs_select) {
    const auto first = my_block_on(rouse::select(rouse::never<int>(), yields(5)));
    ASSERT_EQ(first.index(), 1u);
    EXPECT_EQ(std::get<1>(first), 5);
    const auto biased = my_block_on(rouse::select_biased(rouse::ready(1), rouse::ready(2)));
    EXPECT_EQ(biased.index(), 0u);
}

Task<int> combines() {
    auto [a, b] = co_await rouse::join(yields(1), yields(2));
    auto first = co_await rouse::select(adds(a, b), rouse::never<int>());
    co_return std::get<0>(first);
}

TEST(UserExecutor, runs_combinators_within_tasks) { EXPECT_EQ(my_block_on(combines()), 3); }

rouse::Generator<int> numbers() {
    for (int i = 0; i < 3; ++i) {
        co_await rouse::yield_now();
        co_yield i;
    }
}
Task<int> sums() {
    auto generator = numbers();
    int sum = 0;
    while (auto value = co_await generator.next()) sum += *value;
    co_return sum;
}

TEST(UserExecutor, runs_a_generator) { EXPECT_EQ(my_block_on(sums()), 3); }

// Our verdicts need our counts: with somebody else's waker there is none, and nothing is thrown.
TEST(UserExecutor, its_tasks_are_left_alone_by_the_hang_detection) {
    const Waker noop = Waker::noop();
    Context cx(noop);
    auto both = rouse::join(rouse_test::Forgetful(), rouse_test::Forgetful());
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(both.poll(cx).is_pending());
    auto any = rouse::select(rouse_test::Forgetful(), rouse_test::Forgetful());
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(any.poll(cx).is_pending());
}

TEST(UserExecutor, may_run_inside_of_a_task) {
    const auto body = []() -> Task<int> {
        co_await rouse::yield_now();
        const int inner = my_block_on(adds(1, 1)); // blocks the thread, as the user chose
        co_await rouse::yield_now();
        co_return inner + 1;
    };
    EXPECT_EQ(my_block_on(body()), 3);
}

// The budget is the outer task's, and it is spent: the inner one goes on all the same, a step at a time.
TEST(UserExecutor, may_run_inside_of_a_task_whose_budget_is_spent) {
    const auto inner = []() -> Task<int> {
        int sum = 0;
        for (int i = 0; i < 1000; ++i) {
            sum += co_await rouse::ready(1);
            const int more = co_await yields(0);
            sum += more;
        }
        co_return sum;
    };
    const auto body = [&inner]() -> Task<int> {
        const int value = my_block_on(inner());
        co_await rouse::ready();
        co_return value;
    };
    EXPECT_EQ(my_block_on(body()), 1000);
}

} // namespace
