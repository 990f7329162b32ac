// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/stream/channels.hpp>
#include <rouse/stream/iter.hpp>
#include <rouse/stream/map.hpp>
#include <rouse/stream/sources.hpp>
#include <rouse/stream/take.hpp>
#include <rouse/stream/timed.hpp>
#include <rouse/sync/mpmc.hpp>
#include <rouse/sync/mpsc.hpp>
#include <rouse/task/generator.hpp>
#include <rouse/task/yield_now.hpp>
#include <rouse/testing/harness.hpp>

#include "stream/polled.hpp"
#include "time/paused.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <ranges>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
namespace stream = rouse::stream;
using rouse::Task;
using rouse::testing::Harness;
using rouse_test::items_of;
using rouse_test::next_of;
using rouse_test::run_paused;
using Ints = std::vector<int>;

static_assert(rouse::Stream<rouse::Generator<int>>);
static_assert(rouse::Stream<stream::Iter<Ints&>>);
static_assert(!rouse::Stream<Ints>);
static_assert(std::is_same_v<rouse::ItemOf<stream::Iter<Ints&>>, int&>);
static_assert(std::is_same_v<rouse::ItemOf<stream::Iter<const Ints&>>, const int&>);
static_assert(std::is_same_v<rouse::ItemOf<stream::Iter<Ints>>, int>);

TEST(Iter, of_a_range_elsewhere_gives_references) {
    Ints numbers = {1, 2, 3};
    auto of = stream::iter(numbers);
    for (int& number : numbers) EXPECT_EQ(&*next_of(of), &number);
    EXPECT_EQ(next_of(of), std::nullopt);
    EXPECT_EQ(next_of(of), std::nullopt);
}
TEST(Iter, of_a_container_that_was_given_moves_its_elements_out) {
    std::vector<std::unique_ptr<int>> given;
    for (int i = 0; i < 3; ++i) given.push_back(std::make_unique<int>(i));
    auto of = stream::iter(std::move(given));
    auto moved = std::move(of); // before its first poll
    const auto items = items_of(std::move(moved));
    ASSERT_EQ(items.size(), 3u);
    EXPECT_EQ(*items[2], 2);
}
TEST(Iter, may_be_moved_with_the_array_that_it_was_given) {
    auto of = stream::iter(std::array<std::string, 2>{"a", "b"});
    EXPECT_EQ(items_of(std::move(of)), (std::vector<std::string>{"a", "b"}));
}
TEST(Iter, of_a_view_takes_nothing_from_what_it_looks_at) {
    std::vector<std::string> words = {"one", "two"};
    EXPECT_EQ(items_of(stream::iter(std::span(words))), words);
    EXPECT_EQ(words[0], "one");
    EXPECT_EQ(items_of(stream::iter(std::views::iota(1, 4))), (Ints{1, 2, 3}));
}
TEST(Iter, of_a_list) {
    EXPECT_EQ(items_of(stream::iter({1, 2, 3})), (Ints{1, 2, 3}));
    EXPECT_EQ(items_of(stream::iter(Ints())), Ints());
}
TEST(Iter, is_over_when_its_range_has_thrown) {
    auto of = stream::iter(std::views::iota(0, 3) | std::views::transform([](int i) {
                               if (i == 1) throw std::runtime_error("one");
                               return i;
                           }));
    EXPECT_EQ(next_of(of), 0);
    EXPECT_THROW((void)next_of(of), std::runtime_error);
    for (int i = 0; i < 2; ++i) EXPECT_FALSE(next_of(of).has_value());
}
TEST(Iter, destroys_what_it_was_given_when_it_is_over) {
    const auto shared = std::make_shared<int>(1);
    auto views = stream::iter(std::vector<std::shared_ptr<int>>(3, shared) | std::views::take(1));
    EXPECT_TRUE(next_of(views).has_value());
    EXPECT_EQ(shared.use_count(), 4);
    for (int i = 0; i < 2; ++i) EXPECT_FALSE(next_of(views).has_value());
    EXPECT_EQ(shared.use_count(), 1);
}

TEST(Sources, once_gives_a_value_or_what_a_future_gives) {
    EXPECT_EQ(items_of(stream::once(7)), Ints{7});
    EXPECT_EQ(items_of(stream::once(rouse::ready(8))), Ints{8});
    EXPECT_EQ(items_of(stream::once(rouse::yield_now())).size(), 1u);
    auto fails = stream::once(rouse::poll_fn([](rouse::Context&) -> rouse::Poll<int> { throw 1; }));
    EXPECT_THROW((void)next_of(fails), int);
    EXPECT_EQ(next_of(fails), std::nullopt);
}
TEST(Sources, empty_repeat_and_repeat_with) {
    EXPECT_EQ(items_of(stream::empty<int>()), Ints());
    EXPECT_EQ(items_of(stream::repeat(4) | stream::take(3)), (Ints{4, 4, 4}));
    EXPECT_EQ(items_of(stream::repeat_with([n = 0]() mutable { return ++n; }) | stream::take(3)),
              (Ints{1, 2, 3}));
    auto later = [n = 0]() mutable -> Task<int> {
        co_await rouse::yield_now();
        co_return ++n;
    };
    EXPECT_EQ(items_of(stream::repeat_with(later) | stream::take(3)), (Ints{1, 2, 3}));
}
TEST(Sources, unfold_keeps_its_state_and_ends_with_nothing) {
    const auto next = [](int& n) { return n < 3 ? std::optional(++n) : std::nullopt; };
    EXPECT_EQ(items_of(stream::unfold(0, next)), (Ints{1, 2, 3}));
    const auto later = [](int& n) -> Task<std::optional<int>> {
        co_await rouse::yield_now();
        if (n == 3) co_return std::nullopt;
        co_return ++n;
    };
    EXPECT_EQ(items_of(stream::unfold(0, later)), (Ints{1, 2, 3}));
}
TEST(Sources, poll_fn_is_not_called_after_its_end) {
    int calls = 0;
    auto of = stream::poll_fn([&calls](rouse::Context&) -> rouse::Poll<std::optional<int>> {
        if (++calls < 3) return rouse::Ready(std::optional(calls));
        return rouse::Ready(std::optional<int>());
    });
    EXPECT_EQ(items_of(of), (Ints{1, 2}));
    EXPECT_EQ(next_of(of), std::nullopt);
    EXPECT_EQ(calls, 3);
}
TEST(Sources, never_keeps_a_waker_until_it_is_gone) {
    rouse::testing::CountingWaker waker;
    rouse::Context cx(waker.waker());
    {
        auto of = stream::never<int>();
        EXPECT_TRUE(of.poll_next(cx).is_pending());
        EXPECT_TRUE(of.poll_next(cx).is_pending());
        EXPECT_EQ(waker.clones_alive(), 1u);
    }
    EXPECT_EQ(waker.clones_alive(), 0u);
}

rouse::Generator<int> count_to(int n) {
    for (int i = 1; i <= n; ++i) {
        co_await rouse::yield_now();
        co_yield i;
    }
}
rouse::Generator<int> fails_after_one() {
    co_yield 1;
    throw std::runtime_error("broken");
}
TEST(Sources, a_generator_is_a_stream) {
    EXPECT_EQ(items_of(count_to(3)), (Ints{1, 2, 3}));
    EXPECT_EQ(items_of(count_to(9) | stream::map([](int n) { return n * n; }) | stream::take(3)),
              (Ints{1, 4, 9}));
    auto of = fails_after_one() | stream::map([](int n) { return n; });
    EXPECT_EQ(next_of(of), 1);
    EXPECT_THROW((void)next_of(of), std::runtime_error);
    EXPECT_EQ(next_of(of), std::nullopt);
}

TEST(Next, a_poll_after_ready_stops) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    auto of = stream::iter({1, 2});
    Harness next(stream::next(of));
    EXPECT_EQ(next.poll().value(), 1);
    EXPECT_DEATH((void)next.poll(), "stream::Next was polled after it had returned Ready");
}

TEST(Channels, an_mpsc_receiver_gives_its_messages_and_ends_with_the_senders) {
    auto [tx, rx] = rouse::mpsc::channel<std::unique_ptr<int>>(4);
    for (int i = 0; i < 3; ++i) (void)tx.try_send(std::make_unique<int>(i));
    auto of = stream::from(std::move(rx)) | stream::map([](std::unique_ptr<int> n) { return *n; });
    EXPECT_EQ(items_of(of | stream::take(3)), (Ints{0, 1, 2}));
    EXPECT_FALSE(tx.is_closed());
    Harness next(stream::next(of));
    EXPECT_TRUE(next.poll().is_pending());
    { const auto gone = std::move(tx); }
    EXPECT_EQ(next.take_wakes(), 1u);
    EXPECT_EQ(next.poll().value(), std::nullopt);
    EXPECT_EQ(next.clones_alive(), 0u);
}
TEST(Channels, a_receiver_elsewhere_stays_there) {
    auto [tx, rx] = rouse::mpsc::unbounded_channel<int>();
    for (int i = 0; i < 3; ++i) (void)tx.send(i);
    EXPECT_EQ(items_of(stream::from(rx) | stream::take(2)), (Ints{0, 1}));
    EXPECT_EQ(rx.try_recv(), 2);
    {
        auto of = stream::from(rx);
        Harness next(stream::next(of));
        EXPECT_TRUE(next.poll().is_pending());
    }
    (void)tx.send(3); // wakes nobody
    EXPECT_EQ(rx.try_recv(), 3);
}
TEST(Channels, an_mpmc_receiver_shares_the_messages) {
    auto [tx, rx] = rouse::mpmc::channel<int>(4);
    auto one = stream::from(rx);
    auto other = stream::from(rouse::mpmc::Receiver<int>(rx));
    Harness first(stream::next(one));
    Harness second(stream::next(other));
    EXPECT_TRUE(first.poll().is_pending());
    EXPECT_TRUE(second.poll().is_pending());
    (void)tx.try_send(1);
    (void)tx.try_send(2);
    EXPECT_EQ(first.poll().value(), 1);
    EXPECT_EQ(second.poll().value(), 2);
}
TEST(Channels, a_broadcast_receiver_that_was_too_slow_finds_out_how_many_it_has_missed) {
    auto [tx, rx] = rouse::broadcast::channel<int>(2);
    for (int i = 0; i < 5; ++i) (void)tx.send(i);
    auto of = stream::from(std::move(rx));
    auto lagged = next_of(of);
    ASSERT_FALSE(lagged->has_value());
    EXPECT_EQ(lagged->error().missed(), 3u);
    EXPECT_EQ(next_of(of)->value(), 3);
    EXPECT_EQ(next_of(of)->value(), 4);
    { const auto gone = std::move(tx); }
    EXPECT_FALSE(next_of(of).has_value());
    EXPECT_FALSE(next_of(of).has_value());
}
TEST(Channels, a_watch_receiver_gives_the_value_of_now_and_the_newest_ones) {
    auto [tx, rx] = rouse::watch::channel(1);
    auto changes = stream::from_changes(rouse::watch::Receiver<int>(rx));
    auto of = stream::from(rx);
    EXPECT_EQ(next_of(of), 1);
    Harness next(stream::next(of));
    Harness change(stream::next(changes));
    EXPECT_TRUE(next.poll().is_pending());
    EXPECT_TRUE(change.poll().is_pending());
    (void)tx.send(2);
    (void)tx.send(3);
    EXPECT_EQ(next.poll().value(), 3);
    EXPECT_EQ(change.poll().value(), 3);
    { const auto gone = std::move(tx); }
    EXPECT_EQ(next_of(of), std::nullopt);
    EXPECT_EQ(next_of(changes), std::nullopt);
}
TEST(Channels, an_interval_gives_when_each_tick_was_due) {
    run_paused([]() -> Task<> {
        const auto start = rouse::now();
        auto ticks = stream::from(rouse::interval(10ms)) | stream::take(3);
        int i = 0;
        while (auto tick = co_await stream::next(ticks)) EXPECT_EQ(*tick - start, i++ * 10ms);
        EXPECT_EQ(i, 3);
        EXPECT_EQ(rouse::now() - start, 20ms);
        EXPECT_EQ(rouse_test::timers_set(), 0u);
    });
}

TEST(Maybe, of_a_reference_refers_to_an_object_or_to_none) {
    int a = 1, b = 2;
    stream::Maybe<int&> one(std::in_place, a);
    EXPECT_EQ(one, 1);
    EXPECT_EQ(&*one, &a);
    one = stream::Maybe<int&>(std::in_place, b);
    EXPECT_EQ(a, 1);
    EXPECT_EQ(&one.value(), &b);
    one.reset();
    EXPECT_FALSE(one);
    EXPECT_EQ(one, std::nullopt);
}

} // namespace
