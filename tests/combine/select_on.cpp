// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include <rouse/combine/select_on.hpp>
#include <rouse/task/task.hpp>
#include <rouse/testing/harness.hpp>
#include <rouse/time/sleep.hpp>

#include "support/by_hand.hpp"
#include "time/paused.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace {

using namespace std::chrono_literals;
using rouse::on;
using rouse::otherwise;
using rouse::select_on;
using rouse::select_on_biased;
using rouse::sleep;
using rouse::Task;
using rouse::testing::Harness;
using rouse_test::ByHand;
using rouse_test::ByHandSource;
using rouse_test::Forgetful;
using rouse_test::run_paused;

Task<int> comes_after(rouse::Duration time, int value) {
    co_await sleep(time);
    co_return value;
}

TEST(SelectOn, calls_the_handler_of_the_first_and_gives_what_it_returns) {
    run_paused([]() -> Task<> {
        int expired = 0;
        auto text = co_await select_on(on(comes_after(1s, 7), [&](int n) { return std::to_string(n); }),
                                       on(sleep(2s), [&] {
                                           ++expired;
                                           return std::string("late");
                                       }));
        EXPECT_EQ(text, "7");
        EXPECT_EQ(expired, 0);
        co_await select_on(on(sleep(1s), [&] { ++expired; }),
                           on(comes_after(2s, 1), [&](int n) { expired += n * 10; }));
        EXPECT_EQ(expired, 1);
        EXPECT_EQ(rouse_test::timers_set(), 0u);
    });
}

TEST(SelectOn, waits_for_a_handler_that_is_a_coroutine_when_the_losers_are_gone) {
    run_paused([]() -> Task<> {
        const auto handler = [](int n) -> Task<int> {
            EXPECT_EQ(rouse_test::timers_set(), 0u);
            co_await sleep(5s);
            co_return n + 1;
        };
        const auto plain = [](int) { return -1; };
        const auto start = rouse::now();
        auto value = co_await select_on(on(comes_after(1s, 1), handler), on(comes_after(1h, 2), plain));
        EXPECT_EQ(value, 2);
        EXPECT_EQ(rouse::now() - start, 6s);
    });
}

TEST(SelectOn, an_arm_that_is_not_enabled_is_not_polled) {
    ByHandSource<int> off, live;
    const auto give = [](int n) { return n; };
    Harness test(select_on(on(ByHand<int>(off), give).when(false), on(ByHand<int>(live), give).when(true)));
    EXPECT_TRUE(test.poll().is_pending());
    EXPECT_EQ(off.polls(), 0);
    live.complete(3);
    EXPECT_EQ(test.poll().value(), 3);
}

TEST(SelectOn, calls_otherwise_when_no_arm_is_enabled) {
    run_paused([]() -> Task<> {
        const auto give = [](int n) { return n; };
        const auto fallback = [] { return comes_after(1s, -1); };
        auto none = co_await select_on(on(comes_after(1s, 1), give).when(false), otherwise(fallback));
        EXPECT_EQ(none, -1);
        auto one = co_await select_on(on(comes_after(1s, 1), give), otherwise(fallback));
        EXPECT_EQ(one, 1);
    });
}

TEST(SelectOn, without_otherwise_it_waits_to_be_cancelled) {
    const auto give = [](int n) { return n; };
    Harness test(select_on(on(rouse::ready(1), give).when(false)));
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(test.poll().is_pending());
    EXPECT_EQ(test.clones_alive(), 1u);
    test.drop();
    EXPECT_EQ(test.clones_alive(), 0u);
}

TEST(SelectOn, is_fair_unless_it_is_biased) {
    int wins[2] = {0, 0};
    const auto give = [](int n) { return n; };
    for (int i = 0; i < 100; ++i) {
        auto fair = select_on(on(rouse::ready(0), give), on(rouse::ready(1), give));
        ++wins[Harness(std::move(fair)).poll().value()];
        auto biased = select_on_biased(on(rouse::ready(0), give), on(rouse::ready(1), give));
        EXPECT_EQ(Harness(std::move(biased)).poll().value(), 0);
    }
    EXPECT_NEAR(wins[0], 50, 30);
}

TEST(SelectOn, an_lvalue_stays_and_goes_on_in_the_next_turn) {
    run_paused([]() -> Task<> {
        auto deadline = sleep(10s);
        const auto start = rouse::now();
        int ticks = 0;
        for (bool over = false; !over;)
            over = co_await select_on_biased(on(deadline, [] { return true; }), on(sleep(3s), [&] {
                                                 ++ticks;
                                                 return false;
                                             }));
        EXPECT_EQ(ticks, 3);
        EXPECT_EQ(rouse::now() - start, 10s);
    });
}

TEST(SelectOn, what_a_handler_throws_is_thrown) {
    run_paused([]() -> Task<> {
        const auto fail = [] { throw std::runtime_error("as it is meant"); };
        const auto later = []() -> Task<> {
            co_await sleep(1s);
            throw std::runtime_error("as it is meant");
        };
        EXPECT_THROW((co_await select_on(on(sleep(1s), fail))), std::runtime_error);
        EXPECT_THROW((co_await select_on(on(sleep(1s), later))), std::runtime_error);
    });
}

TEST(SelectOn, a_handler_that_hangs_throws_and_an_arm_that_hangs_is_told_of) {
    rouse::RuntimeOptions options = rouse_test::paused_clock();
    int reports = 0;
    options.on_hang = [&](const rouse::HangReport&) { ++reports; };
    const auto body = []() -> Task<> {
        const auto hang = []() -> Task<int> { co_return co_await Forgetful(); };
        EXPECT_THROW((void)co_await select_on(on(sleep(1s), hang)), rouse::LostWaker);
        // A lost arm is told of, and the others go on.
        const auto give = [](int n) { return n; };
        auto value = co_await select_on(on(Forgetful(), give), on(comes_after(1s, 4), give));
        EXPECT_EQ(value, 4);
    };
    rouse::run(body, std::move(options));
    EXPECT_EQ(reports, 2);
}

} // namespace
