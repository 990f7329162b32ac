// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/combine/join.hpp>
#include <rouse/sync/oneshot.hpp>
#include <rouse/task/task.hpp>
#include <rouse/task/yield_now.hpp>
#include <rouse/testing/harness.hpp>

#include "combine/drivers.hpp"
#include "support/by_hand.hpp"
#include "support/drop_log.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>

namespace {

using rouse::join;
using rouse::Task;
using rouse::Unit;
using rouse::testing::Harness;
using rouse_test::ByHand;
using rouse_test::ByHandSource;
using rouse_test::completes;
using rouse_test::DropLog;
using rouse_test::Dropped;
using rouse_test::Place;
using rouse_test::Registers;
using rouse_test::SelfWaking;
using rouse_test::Waiting;

Task<int> after_turns(int turns, int value) {
    for (int i = 0; i < turns; ++i) co_await rouse::yield_now();
    co_return value;
}

template <class Driver>
class JoinUnder : public testing::Test {};
TYPED_TEST_SUITE(JoinUnder, rouse_test::Drivers);

TYPED_TEST(JoinUnder, gives_the_values_in_the_order_of_the_children) {
    auto body = []() -> Task<> {
        auto [a, b, c] = co_await join(after_turns(5, 1), after_turns(0, 2), after_turns(2, 3));
        EXPECT_EQ(std::tuple(a, b, c), std::tuple(1, 2, 3));
    };
    TypeParam::run(body());
}

TYPED_TEST(JoinUnder, nothing_becomes_unit) {
    auto body = []() -> Task<> {
        auto none = []() -> Task<> { co_await rouse::yield_now(); };
        const std::tuple<Unit, int, Unit> all = co_await join(none(), after_turns(1, 4), rouse::ready());
        EXPECT_EQ(std::get<1>(all), 4);
    };
    TypeParam::run(body());
}

TYPED_TEST(JoinUnder, of_no_child_is_ready) {
    auto body = []() -> Task<> {
        const std::tuple<> nothing = co_await join();
        EXPECT_EQ(nothing, std::tuple<>());
    };
    TypeParam::run(body());
}

TYPED_TEST(JoinUnder, of_one_child) {
    auto body = []() -> Task<> {
        const std::tuple<int> one = co_await join(after_turns(3, 9));
        EXPECT_EQ(std::get<0>(one), 9);
    };
    TypeParam::run(body());
}

TYPED_TEST(JoinUnder, of_many_children_that_wait_for_each_other) {
    auto body = []() -> Task<> {
        std::array<Place, 6> places;
        auto pass_on = [&](std::size_t i) -> Task<int> {
            (void)co_await Waiting(places[i]);
            if (i + 1 < places.size()) places[i + 1].complete();
            co_return static_cast<int>(i);
        };
        auto all = co_await join(pass_on(5), pass_on(4), pass_on(3), pass_on(2), pass_on(1), pass_on(0),
                                 completes(places[0]));
        EXPECT_EQ(all, std::tuple(5, 4, 3, 2, 1, 0, Unit()));
    };
    TypeParam::run(body());
}

TYPED_TEST(JoinUnder, a_move_only_value_and_one_without_default) {
    auto body = []() -> Task<> {
        auto [number, text] =
            co_await join(rouse::ready(std::make_unique<int>(3)), rouse::ready(std::string("x")));
        EXPECT_EQ(*number, 3);
        EXPECT_EQ(text, "x");
    };
    TypeParam::run(body());
}

TYPED_TEST(JoinUnder, an_lvalue_is_polled_where_it_is) {
    auto body = []() -> Task<> {
        Place place;
        Waiting here(place);
        auto task = after_turns(2, 8);
        auto [polls, value, done] = co_await join(here, task, completes(place));
        EXPECT_EQ(polls, place.polls());
        EXPECT_EQ(value, 8);
        EXPECT_FALSE(task.valid()) << "it has ended there";
    };
    TypeParam::run(body());
}

TYPED_TEST(JoinUnder, may_be_moved_before_its_first_poll) {
    auto body = []() -> Task<> {
        auto first = join(after_turns(1, 1), SelfWaking(2));
        auto second = std::move(first);
        auto [a, b] = co_await std::move(second);
        EXPECT_EQ(std::tuple(a, b), std::tuple(1, 3));
    };
    TypeParam::run(body());
}

TYPED_TEST(JoinUnder, an_exception_cancels_the_siblings_and_goes_on) {
    DropLog log;
    auto body = [&]() -> Task<> {
        std::array<Place, 3> places;
        auto waits = [&](Place& place, std::string name) -> Task<int> {
            const Dropped local(log, std::move(name));
            co_return co_await Waiting(place);
        };
        auto throws = [&]() -> Task<int> {
            const Dropped local(log, "thrower");
            (void)co_await Waiting(places[1]);
            throw std::runtime_error("the second");
        };
        auto all = join(waits(places[0], "first"), throws(), waits(places[2], "third"), completes(places[1]));
        std::string what;
        try {
            (void)co_await all;
        } catch (const std::runtime_error& error) {
            what = error.what();
            log.emplace_back("caught");
        }
        EXPECT_EQ(what, "the second");
        EXPECT_EQ(places[0].wakers(), 1u); // left behind by Waiting, and of no use to anybody
    };
    TypeParam::run(body());
    EXPECT_EQ(log, (DropLog{"thrower", "third", "first", "caught"}));
}

TYPED_TEST(JoinUnder, a_child_that_is_done_is_destroyed_and_not_polled_again) {
    DropLog log;
    auto body = [&]() -> Task<> {
        Place place;
        ByHandSource<int> early;
        auto soon = [&]() -> Task<int> {
            const Dropped local(log, "early");
            co_return co_await SelfWaking(1);
        };
        auto checks = [&]() -> Task<> {
            for (int i = 0; i < 5; ++i) co_await rouse::yield_now();
            EXPECT_EQ(log, DropLog{"early"});
            place.complete();
        };
        auto [polls, waited, checked] = co_await join(soon(), Waiting(place), checks());
        EXPECT_EQ(polls, 2);
    };
    TypeParam::run(body());
}

TEST(Join, polls_a_pending_child_at_most_once_for_each_wake) {
    ByHandSource<int> a, b, c;
    Harness test(join(ByHand(a), ByHand(b), ByHand(c)));
    EXPECT_TRUE(test.poll_while_woken().is_pending());
    EXPECT_EQ(std::tuple(a.polls(), b.polls(), c.polls()), std::tuple(1, 1, 1));
    b.complete(2);
    EXPECT_EQ(test.take_wakes(), 1u);
    EXPECT_TRUE(test.poll_while_woken().is_pending());
    EXPECT_EQ(std::tuple(a.polls(), b.polls(), c.polls()), std::tuple(2, 2, 2));
    a.complete(1);
    c.complete(3);
    EXPECT_EQ(test.poll_while_woken().value(), std::tuple(1, 2, 3));
    EXPECT_EQ(std::tuple(a.polls(), b.polls(), c.polls()), std::tuple(3, 2, 3));
}

TEST(Join, polls_of_waiting_children_are_bounded_in_a_task) {
    auto body = []() -> Task<> {
        Place first, second;
        auto finish = [&]() -> Task<> {
            for (int i = 0; i < 10; ++i) co_await rouse::yield_now();
            first.complete();
            for (int i = 0; i < 10; ++i) co_await rouse::yield_now();
            second.complete();
        };
        auto other = rouse::spawn(finish);
        (void)co_await join(Waiting(first), Waiting(second));
        EXPECT_LE(first.polls(), 2);
        EXPECT_LE(second.polls(), 3);
        co_await other;
    };
    rouse_test::RuntimeDriver::run(body());
}

TEST(Join, cancelled_it_destroys_its_children_last_to_first) {
    DropLog log;
    Place place;
    auto waits = [&](std::string name) -> Task<int> {
        const Dropped local(log, std::move(name));
        co_return co_await Waiting(place);
    };
    Harness test(join(waits("a"), waits("b"), waits("c")));
    EXPECT_TRUE(test.poll().is_pending());
    test.drop();
    EXPECT_EQ(log, (DropLog{"c", "b", "a"}));
}

TEST(Join, cancelled_it_leaves_its_lvalue_children) {
    ByHandSource<int> a;
    ByHand<int> kept(a);
    Harness test(join(kept, rouse::never<int>()));
    EXPECT_TRUE(test.poll().is_pending());
    test.drop();
    a.complete(3);
    Harness again(std::move(kept));
    EXPECT_EQ(again.poll().value(), 3);
}

TEST(Join, polls_on_after_one_child_failed_and_was_caught_inside) {
    ByHandSource<int> b;
    auto fails = []() -> Task<int> {
        try {
            co_await rouse::yield_now();
            throw std::runtime_error("caught");
        } catch (const std::runtime_error&) {
            co_return -1;
        }
    };
    Harness test(join(fails(), ByHand(b)));
    EXPECT_TRUE(test.poll_while_woken().is_pending());
    b.complete(1);
    EXPECT_EQ(test.poll().value(), std::tuple(-1, 1));
}

class JoinDeath : public testing::Test {
protected:
    JoinDeath() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(JoinDeath, a_poll_after_its_exception_stops) {
    auto fails = []() -> Task<int> {
        throw std::runtime_error("failed");
        co_return 1;
    };
    Harness test(join(fails(), rouse::never<int>()));
    EXPECT_THROW((void)test.poll(), std::runtime_error);
    EXPECT_DEATH((void)test.poll(), "Join was polled after it had returned Ready");
}

} // namespace
