// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/core/block_on.hpp>
#include <rouse/task/generator.hpp>
#include <rouse/task/yield_now.hpp>
#include <rouse/testing/harness.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <support/by_hand.hpp>
#include <support/drop_log.hpp>

namespace {

using rouse::block_on;
using rouse::Context;
using rouse::Generator;
using rouse::Task;
using rouse::testing::CountingWaker;
using rouse::testing::Harness;
using rouse_test::Alive;
using rouse_test::ByHand;
using rouse_test::ByHandSource;

Generator<int> count_to(int n) {
    for (int i = 1; i <= n; ++i) co_yield i;
}
template <class T>
Task<std::vector<T>> collect(Generator<T> generator) {
    std::vector<T> all;
    while (auto value = co_await generator.next()) all.push_back(std::move(*value));
    co_return all;
}

TEST(Generator, yields_values_up_to_its_end) {
    EXPECT_EQ(block_on(collect(count_to(4))), (std::vector<int>{1, 2, 3, 4}));
    EXPECT_TRUE(block_on(collect(count_to(0))).empty());
}

TEST(Generator, is_lazy_and_runs_from_yield_to_yield) {
    int reached = 0;
    const auto body = [&]() -> Generator<int> {
        reached = 1;
        co_yield 10;
        reached = 2;
        co_yield 20;
        reached = 3;
    };
    auto generator = body();
    EXPECT_EQ(reached, 0);
    EXPECT_EQ(Harness(generator.next()).poll().value(), 10);
    EXPECT_EQ(reached, 1);
    EXPECT_EQ(Harness(generator.next()).poll().value(), 20);
    EXPECT_EQ(reached, 2);
    EXPECT_EQ(Harness(generator.next()).poll().value(), std::nullopt);
    EXPECT_EQ(reached, 3);
}

TEST(Generator, after_its_end_goes_on_saying_so) {
    auto generator = count_to(1);
    EXPECT_EQ(Harness(generator.next()).poll().value(), 1);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(Harness(generator.next()).poll().value(), std::nullopt);
}

Generator<std::string> relays(ByHandSource<std::string>& source, int times) {
    for (int i = 0; i < times; ++i) {
        std::string text = co_await ByHand<std::string>(source);
        co_yield text + "!";
    }
}

TEST(Generator, awaits_between_its_yields) {
    ByHandSource<std::string> source;
    auto generator = relays(source, 2);
    for (const std::string text : {"a", "b"}) {
        Harness test(generator.next());
        EXPECT_TRUE(test.poll().is_pending());
        EXPECT_EQ(test.clones_alive(), 1u);
        source.complete(text);
        EXPECT_EQ(test.take_wakes(), 1u);
        EXPECT_EQ(test.poll().value(), text + "!");
        EXPECT_EQ(test.clones_alive(), 0u);
    }
}

TEST(Generator, dropping_a_next_in_the_middle_loses_nothing) {
    ByHandSource<std::string> source;
    auto generator = relays(source, 1);
    {
        Harness dropped(generator.next());
        EXPECT_TRUE(dropped.poll().is_pending());
    }
    Harness test(generator.next());
    EXPECT_TRUE(test.poll().is_pending()); // goes on in the same await, with its own waker
    EXPECT_EQ(source.polls(), 2);
    source.complete("kept");
    EXPECT_EQ(test.take_wakes(), 1u);
    EXPECT_EQ(test.poll().value(), "kept!");
}

TEST(Generator, a_value_that_came_while_no_next_was_there_is_kept) {
    ByHandSource<std::string> source;
    auto generator = relays(source, 1);
    {
        Harness dropped(generator.next());
        EXPECT_TRUE(dropped.poll().is_pending());
        source.complete("early");
    }
    EXPECT_EQ(Harness(generator.next()).poll().value(), "early!");
}

Generator<int> holds(Alive argument, int& alive, ByHandSource<int>& source) {
    const Alive local(alive);
    for (;;) {
        const int value = co_await ByHand<int>(source);
        co_yield value;
    }
    (void)argument;
}

TEST(Generator, destroyed_at_a_yield_or_an_await_destroys_its_frame_once) {
    int alive = 0;
    ByHandSource<int> source;
    { // never started
        const auto generator = holds(Alive(alive), alive, source);
        EXPECT_EQ(alive, 1);
    }
    EXPECT_EQ(alive, 0);
    CountingWaker waker;
    Context cx(waker.waker());
    {
        auto generator = holds(Alive(alive), alive, source);
        auto next = generator.next();
        EXPECT_TRUE(next.poll(cx).is_pending());
        EXPECT_EQ(alive, 2);
    }
    EXPECT_EQ(alive, 0);
    source.drop_waker();
    {
        auto generator = holds(Alive(alive), alive, source);
        auto next = generator.next();
        EXPECT_TRUE(next.poll(cx).is_pending());
        source.complete(1);
        EXPECT_EQ(next.poll(cx).value(), 1);
        EXPECT_EQ(alive, 2);
    }
    EXPECT_EQ(alive, 0);
    EXPECT_EQ(waker.clones_alive(), 0u);
}

TEST(Generator, its_end_destroys_the_frame_at_once) {
    int alive = 0;
    const auto body = [&](Alive) -> Generator<int> { co_yield 1; };
    auto generator = body(Alive(alive));
    EXPECT_EQ(Harness(generator.next()).poll().value(), 1);
    EXPECT_EQ(alive, 1);
    EXPECT_EQ(Harness(generator.next()).poll().value(), std::nullopt);
    EXPECT_EQ(alive, 0);
}

TEST(Generator, may_be_moved_between_two_values) {
    auto generator = count_to(3);
    EXPECT_EQ(Harness(generator.next()).poll().value(), 1);
    auto moved = std::move(generator);
    EXPECT_EQ(Harness(moved.next()).poll().value(), 2);
    EXPECT_EQ(Harness(generator.next()).poll().value(), std::nullopt); // the moved-from one is at its end
    generator = std::move(moved);
    EXPECT_EQ(Harness(generator.next()).poll().value(), 3);
    generator = count_to(1);
    EXPECT_EQ(Harness(generator.next()).poll().value(), 1);
}

Generator<int> fails_after(int n) {
    for (int i = 0; i < n; ++i) co_yield i;
    throw std::runtime_error("no more");
}

TEST(Generator, throws_at_the_next_and_is_at_its_end) {
    auto generator = fails_after(1);
    EXPECT_EQ(Harness(generator.next()).poll().value(), 0);
    EXPECT_THROW((void)Harness(generator.next()).poll(), std::runtime_error);
    EXPECT_EQ(Harness(generator.next()).poll().value(), std::nullopt);
}

Task<std::string> catches() {
    auto generator = fails_after(2);
    int count = 0;
    try {
        while (auto value = co_await generator.next()) ++count;
    } catch (const std::runtime_error& error) {
        co_return std::to_string(count) + " then " + error.what();
    }
    co_return "no error";
}

TEST(Generator, its_exception_is_caught_at_the_await) { EXPECT_EQ(block_on(catches()), "2 then no more"); }

Generator<std::unique_ptr<int>> move_only() {
    co_yield std::make_unique<int>(1);
    auto second = std::make_unique<int>(2);
    co_yield std::move(second);
}

TEST(Generator, yields_move_only_values) {
    const auto all = block_on(collect(move_only()));
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(*all[0] + *all[1], 3);
}

Task<int> twice(int n) {
    co_await rouse::yield_now();
    co_return 2 * n;
}
Generator<int> doubled(Generator<int> numbers) {
    while (auto number = co_await numbers.next()) {
        const int value = co_await twice(*number);
        co_yield value;
    }
}

TEST(Generator, awaits_tasks_and_other_generators) {
    EXPECT_EQ(block_on(collect(doubled(doubled(count_to(3))))), (std::vector<int>{4, 8, 12}));
}

Task<> consumes_for_ever(long& count) {
    auto endless = []() -> Generator<int> {
        for (;;) co_yield 1;
    }();
    while (auto value = co_await endless.next()) count += *value;
}

TEST(Generator, one_that_never_waits_lets_its_consumer_give_way) {
    long count = 0;
    Harness test(consumes_for_ever(count));
    EXPECT_TRUE(test.poll().is_pending());
    EXPECT_EQ(test.take_wakes(), 1u);
    EXPECT_GT(count, 0);
    EXPECT_LE(count, rouse::detail::poll_budget);
}

Generator<int> survives_a_hang() {
    int value = 0;
    try {
        value = co_await rouse_test::Forgetful();
    } catch (const rouse::LostWaker&) {
        value = -1;
    }
    co_yield value;
}

TEST(Generator, a_hang_inside_is_thrown_inside) {
    testing::internal::CaptureStderr();
    auto generator = survives_a_hang();
    EXPECT_EQ(block_on(generator.next()), -1);
    testing::internal::GetCapturedStderr();
}

class GeneratorDeath : public testing::Test {
protected:
    GeneratorDeath() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(GeneratorDeath, a_poll_of_a_next_after_ready_stops) {
    EXPECT_DEATH(
        {
            auto generator = count_to(3);
            auto next = generator.next();
            const rouse::Waker noop = rouse::Waker::noop();
            Context cx(noop);
            (void)next.poll(cx);
            (void)next.poll(cx);
        },
        "Generator::Next was polled after it had returned Ready");
}

} // namespace
