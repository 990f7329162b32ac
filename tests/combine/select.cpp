// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/combine/join.hpp>
#include <rouse/combine/select.hpp>
#include <rouse/task/task.hpp>
#include <rouse/task/yield_now.hpp>
#include <rouse/testing/harness.hpp>
#include <rouse/time/sleep.hpp>

#include "combine/drivers.hpp"
#include "support/by_hand.hpp"
#include "support/drop_log.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <variant>

namespace {

using rouse::join;
using rouse::select;
using rouse::select_biased;
using rouse::Task;
using rouse::Unit;
using rouse::testing::Harness;
using rouse_test::ByHand;
using rouse_test::ByHandSource;
using rouse_test::completes;
using rouse_test::DropLog;
using rouse_test::Dropped;
using rouse_test::Place;
using rouse_test::SelfWaking;
using rouse_test::Waiting;

template <class Driver>
class SelectUnder : public testing::Test {};
TYPED_TEST_SUITE(SelectUnder, rouse_test::Drivers);

TYPED_TEST(SelectUnder, gives_the_index_and_the_value_of_the_first) {
    auto body = []() -> Task<> {
        for (std::size_t winner = 0; winner < 3; ++winner) {
            std::array<Place, 3> places;
            auto wait = [&]() -> Task<std::size_t> {
                auto first = co_await select(Waiting(places[0]), Waiting(places[1]), Waiting(places[2]));
                co_return first.index();
            };
            auto [index, done] = co_await join(wait(), completes(places[winner]));
            EXPECT_EQ(index, winner);
        }
    };
    TypeParam::run(body());
}

TYPED_TEST(SelectUnder, arms_of_different_types) {
    auto body = []() -> Task<> {
        auto text = co_await select(rouse::never<int>(), rouse::ready(std::string("text")), rouse::never());
        static_assert(std::is_same_v<decltype(text), std::variant<int, std::string, Unit>>);
        EXPECT_EQ(std::get<1>(text), "text");
        auto nothing = co_await select(rouse::never<int>(), rouse::yield_now());
        EXPECT_EQ(std::get<1>(nothing), Unit());
        auto moved = co_await select(rouse::ready(std::make_unique<int>(4)));
        EXPECT_EQ(*std::get<0>(moved), 4);
    };
    TypeParam::run(body());
}

TYPED_TEST(SelectUnder, two_arms_of_one_type_are_told_apart) {
    auto body = []() -> Task<> {
        auto first = co_await select(rouse::never<int>(), rouse::ready(7));
        EXPECT_EQ(first.index(), 1u);
        EXPECT_EQ(std::get<1>(first), 7);
    };
    TypeParam::run(body());
}

TYPED_TEST(SelectUnder, the_losers_are_gone_before_the_result_is_seen) {
    DropLog log;
    auto body = [&]() -> Task<> {
        Place never;
        auto waits = [&](std::string name) -> Task<int> {
            const Dropped local(log, std::move(name));
            co_return co_await Waiting(never);
        };
        auto arms = select_biased(waits("a"), waits("b"), SelfWaking(1));
        auto first = co_await arms;
        EXPECT_EQ(first.index(), 2u);
        EXPECT_EQ(log, (DropLog{"a", "b"})) << "though the select itself still is there";
    };
    TypeParam::run(body());
    EXPECT_EQ(log.size(), 2u);
}

TYPED_TEST(SelectUnder, lvalue_arms_stay) {
    auto body = []() -> Task<> {
        Place place;
        Waiting kept(place);
        for (int i = 0; i < 5; ++i) {
            auto first = co_await select(kept, SelfWaking(1));
            EXPECT_EQ(first.index(), 1u);
        }
        auto done = completes(place);
        auto rest = co_await join(kept, done);
        EXPECT_GE(std::get<0>(rest), 7) << "one poll for each select at least, and two at the end";
    };
    TypeParam::run(body());
}

TYPED_TEST(SelectUnder, an_exception_of_an_arm_goes_on_and_cancels_the_others) {
    DropLog log;
    auto body = [&]() -> Task<> {
        Place never;
        auto waits = [&]() -> Task<int> {
            const Dropped local(log, "other");
            co_return co_await Waiting(never);
        };
        auto throws = []() -> Task<int> {
            co_await rouse::yield_now();
            throw std::runtime_error("an arm");
        };
        try {
            (void)co_await select(waits(), throws());
            ADD_FAILURE();
        } catch (const std::runtime_error& error) {
            EXPECT_STREQ(error.what(), "an arm");
            EXPECT_EQ(log, DropLog{"other"});
        }
    };
    TypeParam::run(body());
}

TYPED_TEST(SelectUnder, may_be_moved_before_its_first_poll) {
    auto body = []() -> Task<> {
        auto one = select(rouse::never<int>(), SelfWaking(2));
        auto other = std::move(one);
        auto first = co_await std::move(other);
        EXPECT_EQ(std::get<1>(first), 3);
    };
    TypeParam::run(body());
}

TEST(Select, looks_at_another_arm_first_each_time) {
    constexpr int rounds = 3000;
    std::array<int, 3> wins{};
    rouse::testing::CountingWaker counting;
    rouse::Context cx(counting.waker());
    for (int i = 0; i < rounds; ++i) {
        auto arms = select(rouse::ready(0), rouse::ready(1), rouse::ready(2));
        ++wins[arms.poll(cx).value().index()];
    }
    for (const int won : wins) EXPECT_GE(won, rounds / 6);
}

TEST(Select, a_ready_arm_does_not_starve_another_in_a_loop) {
    auto body = []() -> Task<> {
        std::array<int, 2> wins{};
        for (int i = 0; i < 2000; ++i) {
            auto first = co_await select(SelfWaking(0), SelfWaking(0));
            ++wins[first.index()];
        }
        EXPECT_GE(wins[0], 500);
        EXPECT_GE(wins[1], 500);
    };
    rouse_test::RuntimeDriver::run(body());
}

TEST(Select, biased_takes_the_leftmost_that_is_ready) {
    for (int i = 0; i < 100; ++i) {
        Harness all(select_biased(rouse::ready(0), rouse::ready(1), rouse::ready(2)));
        EXPECT_EQ(all.poll().value().index(), 0u);
        Harness last_two(select_biased(rouse::never<int>(), rouse::ready(1), rouse::ready(2)));
        EXPECT_EQ(last_two.poll().value().index(), 1u);
    }
}

TEST(Select, biased_polls_from_left_to_right) {
    std::string polled;
    const auto arm = [&](char name) {
        return rouse::poll_fn(
            [&polled, name, waker = rouse::Waker()](rouse::Context& cx) mutable -> rouse::Poll<> {
                polled += name;
                waker.clone_from(cx.waker());
                return rouse::Pending;
            });
    };
    Harness test(select_biased(arm('a'), arm('b'), arm('c')));
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(test.poll().is_pending());
    EXPECT_EQ(polled, "abcabcabc");
}

TEST(Select, a_fair_one_polls_every_arm_once_in_each_poll) {
    ByHandSource<int> a, b, c;
    Harness test(select(ByHand(a), ByHand(b), ByHand(c)));
    for (int i = 1; i <= 7; ++i) {
        EXPECT_TRUE(test.poll().is_pending());
        EXPECT_EQ(a.polls(), i);
        EXPECT_EQ(b.polls(), i);
        EXPECT_EQ(c.polls(), i);
    }
    EXPECT_EQ(test.clones_alive(), 3u);
    b.complete(5);
    EXPECT_EQ(test.take_wakes(), 1u);
    EXPECT_EQ(std::get<1>(test.poll().value()), 5);
    a.drop_waker(); // the test's end: a ByHand leaves its waker there
    c.drop_waker();
    EXPECT_EQ(test.clones_alive(), 0u);
}

// A counter that they share would give each of the two the same arm in every turn of the loop.
TEST(Select, a_fair_one_starves_no_arm_whatever_else_its_loop_selects) {
    for (int others = 0; others < 4; ++others) {
        int wins[3] = {0, 0, 0};
        for (int turn = 0; turn < 300; ++turn) {
            Harness test(select(rouse::ready(), rouse::ready(), rouse::ready()));
            ++wins[test.poll().value().index()];
            for (int i = 0; i < others; ++i) (void)Harness(select(rouse::ready(), rouse::ready())).poll();
        }
        for (const int won : wins) EXPECT_NEAR(won, 100, 60) << others;
    }
    int inner[3] = {0, 0, 0};
    for (int turn = 0; turn < 400; ++turn) {
        const auto first =
            Harness(select(select(rouse::ready(), rouse::ready()), rouse::ready())).poll().value();
        ++inner[first.index() == 1 ? 2 : std::get<0>(first).index()];
    }
    EXPECT_NEAR(inner[0], 100, 60);
    EXPECT_NEAR(inner[1], 100, 60);
    EXPECT_NEAR(inner[2], 200, 100);
}

TEST(Select, cancelled_it_destroys_the_arms_that_it_owns) {
    DropLog log;
    Place place;
    auto waits = [&](std::string name) -> Task<int> {
        const Dropped local(log, std::move(name));
        co_return co_await Waiting(place);
    };
    auto kept = waits("kept");
    {
        Harness test(select(kept, waits("owned")));
        EXPECT_TRUE(test.poll().is_pending());
        EXPECT_EQ(log, DropLog());
        test.drop();
        EXPECT_EQ(log, DropLog{"owned"});
    }
    place.complete();
    Harness rest(std::move(kept));
    EXPECT_TRUE(rest.poll().is_ready());
}

} // namespace
