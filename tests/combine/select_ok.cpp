// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/combine/select_ok.hpp>
#include <rouse/task/task.hpp>
#include <rouse/time/sleep.hpp>

#include "support/by_hand.hpp"
#include "time/paused.hpp"

#include <gtest/gtest.h>

#include <expected>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using rouse::Task;
using rouse_test::run_paused;
using Number = std::expected<int, std::string>;

Task<Number> number_after(rouse::Duration time, Number value) {
    co_await rouse::sleep(time);
    co_return value;
}
Number failed(std::string why) { return Number(std::unexpect, std::move(why)); }

TEST(SelectOk, gives_the_first_value_and_those_that_are_not_over) {
    run_paused([]() -> Task<> {
        std::vector<Task<Number>> tasks;
        tasks.push_back(number_after(1s, failed("first")));
        tasks.push_back(number_after(2s, 7));
        tasks.push_back(number_after(3s, 8));
        auto first = co_await rouse::select_ok(std::move(tasks));
        EXPECT_TRUE(first.has_value());
        EXPECT_EQ(first->value, 7);
        EXPECT_EQ(first->index, 1u);
        EXPECT_EQ(first->rest.size(), 1u) << "the one that failed is gone";
        const auto start = rouse::now();
        auto second = co_await rouse::select_ok(std::move(first->rest));
        EXPECT_EQ(second->value, 8);
        EXPECT_EQ(rouse::now() - start, 1s);
    });
}

TEST(SelectOk, gives_the_last_error_when_there_is_no_value) {
    run_paused([]() -> Task<> {
        std::vector<Task<Number>> tasks;
        tasks.push_back(number_after(3s, failed("last")));
        tasks.push_back(number_after(1s, failed("first")));
        auto none = co_await rouse::select_ok(std::move(tasks));
        EXPECT_EQ(none.error(), "last");
        EXPECT_EQ(rouse_test::timers_set(), 0u);
    });
}

TEST(SelectOk, of_nothing_but_success) {
    run_paused([]() -> Task<> {
        using Nothing = std::expected<void, int>;
        std::vector<Task<Nothing>> tasks;
        const auto make = [](Nothing value) -> Task<Nothing> { co_return value; };
        tasks.push_back(make(Nothing(std::unexpect, 1)));
        tasks.push_back(make(Nothing()));
        const auto done = co_await rouse::select_ok(std::move(tasks));
        EXPECT_TRUE(done.has_value());
        EXPECT_EQ(done->index, 1u);
    });
}

TEST(SelectOk, what_a_future_throws_is_thrown_and_the_others_are_dropped) {
    run_paused([]() -> Task<> {
        const auto throws = []() -> Task<Number> {
            co_await rouse::sleep(1s);
            throw std::runtime_error("as it is meant");
        };
        std::vector<Task<Number>> tasks;
        tasks.push_back(number_after(9s, 1));
        tasks.push_back(throws());
        EXPECT_THROW((void)co_await rouse::select_ok(std::move(tasks)), std::runtime_error);
        EXPECT_EQ(rouse_test::timers_set(), 0u);
    });
}

TEST(SelectOkDeathTest, of_an_empty_range_stops) {
    EXPECT_DEATH((void)rouse::select_ok(std::vector<Task<Number>>()), "select_ok of an empty range");
}

} // namespace
