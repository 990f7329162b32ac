// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include <rouse/combine/abortable.hpp>
#include <rouse/combine/capture.hpp>
#include <rouse/combine/either.hpp>
#include <rouse/combine/join_all.hpp>
#include <rouse/combine/map.hpp>
#include <rouse/combine/poll_immediate.hpp>
#include <rouse/combine/race.hpp>
#include <rouse/combine/select_all.hpp>
#include <rouse/combine/try_join.hpp>
#include <rouse/core/box_future.hpp>
#include <rouse/task/task.hpp>
#include <rouse/testing/harness.hpp>
#include <rouse/time/sleep.hpp>

#include "support/by_hand.hpp"
#include "time/paused.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using rouse::Task;
using rouse::testing::Harness;
using rouse_test::ByHand;
using rouse_test::ByHandSource;
using rouse_test::Forgetful;
using rouse_test::run_paused;

template <class T>
using Result = std::expected<T, std::string>;

Task<int> after(rouse::Duration time, int value) {
    co_await rouse::sleep(time);
    co_return value;
}
Task<Result<int>> result_after(rouse::Duration time, Result<int> value) {
    co_await rouse::sleep(time);
    co_return value;
}
Task<int> throws_after(rouse::Duration time) {
    co_await rouse::sleep(time);
    throw std::runtime_error("as it is meant");
}
Task<int> forgets() { co_return co_await Forgetful(); }

/// A runtime in which it is meant that something hangs.
template <class F>
void run_with_faults(F body) {
    rouse::RuntimeOptions options = rouse_test::paused_clock();
    options.on_hang = [](const rouse::HangReport&) {};
    rouse::run(std::move(body), std::move(options));
}

// ---- try_join ----

TEST(TryJoin, gives_all_values_or_the_first_error_at_once) {
    run_paused([]() -> Task<> {
        auto both = co_await rouse::try_join(result_after(1s, 1), after(2s, 2), rouse::sleep(1s));
        static_assert(std::same_as<decltype(both), Result<std::tuple<int, int, rouse::Unit>>>);
        EXPECT_EQ(std::get<0>(both.value()), 1);
        EXPECT_EQ(std::get<1>(both.value()), 2);
        const auto start = rouse::now();
        auto failed = co_await rouse::try_join(result_after(1h, 1),
                                               result_after(1s, std::unexpected(std::string("no"))));
        EXPECT_EQ(failed.error(), "no");
        EXPECT_EQ(rouse::now() - start, 1s);
        EXPECT_EQ(rouse_test::timers_set(), 0u) << "the rest is cancelled";
    });
}

TEST(TryJoin, of_plain_values_is_a_join_and_an_exception_cancels_the_rest) {
    run_paused([]() -> Task<> {
        auto [one, two] = co_await rouse::try_join(after(1s, 1), after(1s, 2));
        EXPECT_EQ(one + two, 3);
        const auto start = rouse::now();
        EXPECT_THROW((void)co_await rouse::try_join(result_after(1h, 1), throws_after(1s)),
                     std::runtime_error);
        EXPECT_EQ(rouse::now() - start, 1s);
        EXPECT_EQ(rouse_test::timers_set(), 0u);
    });
}

TEST(TryJoin, a_lost_child_throws_at_once) {
    run_with_faults([]() -> Task<> {
        const auto start = rouse::now();
        EXPECT_THROW((void)co_await rouse::try_join(result_after(1h, 1), forgets()), rouse::LostWaker);
        EXPECT_EQ(rouse::now() - start, 0s);
    });
}

// ---- race ----

TEST(Race, gives_the_first_value_and_drops_the_others) {
    run_paused([]() -> Task<> {
        auto first = co_await rouse::race(after(3s, 3), after(1s, 1), after(2s, 2));
        static_assert(std::same_as<decltype(first), int>);
        EXPECT_EQ(first, 1);
        co_await rouse::race(rouse::sleep(1s), rouse::sleep(1h));
        auto either = co_await rouse::race(after(1h, 1), rouse::sleep(1s), rouse::sleep(2s));
        static_assert(std::same_as<decltype(either), std::variant<int, rouse::Unit>>);
        EXPECT_TRUE(std::holds_alternative<rouse::Unit>(either));
        EXPECT_EQ(rouse_test::timers_set(), 0u);
    });
}

TEST(Race, is_fair_unless_it_is_biased) {
    int wins[2] = {0, 0};
    for (int i = 0; i < 100; ++i) {
        auto race = rouse::race(rouse::ready(0), rouse::ready(1));
        ++wins[Harness(std::move(race)).poll().value()];
        EXPECT_EQ(Harness(rouse::race_biased(rouse::ready(0), rouse::ready(1))).poll().value(), 0);
    }
    EXPECT_NEAR(wins[0], 50, 30);
}

// ---- join_all, try_join_all ----

TEST(JoinAll, gives_the_values_in_the_order_of_the_range) {
    run_paused([]() -> Task<> {
        std::vector<Task<int>> tasks;
        for (int i = 0; i < 10; ++i) tasks.push_back(after((10 - i) * 1s, i));
        const auto start = rouse::now();
        const std::vector<int> values = co_await rouse::join_all(std::move(tasks));
        EXPECT_EQ(values, (std::vector{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
        EXPECT_EQ(rouse::now() - start, 10s);
        auto none = co_await rouse::join_all(std::vector<Task<int>>());
        EXPECT_TRUE(none.empty());
    });
}

TEST(JoinAll, polls_only_what_was_woken) {
    std::deque<ByHandSource<int>> sources(1000);
    std::vector<ByHand<int>> futures;
    for (auto& source : sources) futures.emplace_back(source);
    Harness test(rouse::join_all(std::move(futures)));
    for (auto& source : sources) {
        EXPECT_TRUE(test.poll().is_pending());
        source.complete(1);
    }
    EXPECT_EQ(test.poll().value().size(), 1000u);
    for (auto& source : sources) EXPECT_EQ(source.polls(), 2);
}

TEST(JoinAll, an_exception_cancels_the_rest) {
    run_paused([]() -> Task<> {
        std::vector<Task<int>> tasks;
        tasks.push_back(after(1h, 1));
        tasks.push_back(throws_after(1s));
        tasks.push_back(after(1h, 1));
        auto all = rouse::join_all(std::move(tasks));
        EXPECT_THROW((void)co_await all, std::runtime_error);
        EXPECT_EQ(rouse_test::timers_set(), 0u);
    });
}

TEST(JoinAll, a_lost_one_throws_at_once) {
    run_with_faults([]() -> Task<> {
        std::vector<Task<int>> tasks;
        tasks.push_back(after(1h, 1));
        tasks.push_back(forgets());
        const auto start = rouse::now();
        EXPECT_THROW((void)co_await rouse::join_all(std::move(tasks)), rouse::LostWaker);
        EXPECT_EQ(rouse::now() - start, 0s);
    });
}

TEST(TryJoinAll, gives_all_values_or_the_first_error_that_comes) {
    run_paused([]() -> Task<> {
        std::vector<Task<Result<int>>> tasks;
        for (int i = 0; i < 3; ++i) tasks.push_back(result_after(1s, i));
        auto values = co_await rouse::try_join_all(std::move(tasks));
        EXPECT_EQ(values.value(), (std::vector{0, 1, 2}));
        tasks.clear();
        tasks.push_back(result_after(1h, 1));
        tasks.push_back(result_after(2s, std::unexpected(std::string("late"))));
        tasks.push_back(result_after(1s, std::unexpected(std::string("first"))));
        auto failed = co_await rouse::try_join_all(std::move(tasks));
        EXPECT_EQ(failed.error(), "first");
        EXPECT_EQ(rouse_test::timers_set(), 0u);
    });
}

// ---- select_all ----

TEST(SelectAll, gives_value_index_and_the_rest_back) {
    run_paused([]() -> Task<> {
        std::vector<Task<int>> tasks;
        for (int i = 0; i < 3; ++i) tasks.push_back(after((3 - i) * 1s, i));
        auto first = co_await rouse::select_all(std::move(tasks));
        EXPECT_EQ(first.value, 2);
        EXPECT_EQ(first.index, 2u);
        EXPECT_EQ(first.rest.size(), 2u);
        const auto start = rouse::now();
        auto second = co_await rouse::select_all(std::move(first.rest));
        EXPECT_EQ(second.value, 1);
        EXPECT_EQ(second.index, 1u);
        EXPECT_EQ(rouse::now() - start, 1s) << "they went on where they were";
        EXPECT_EQ(co_await second.rest.at(0), 0);
    });
}

TEST(SelectAll, takes_futures_that_do_not_move_once_they_were_polled) {
    run_paused([]() -> Task<> {
        std::vector<rouse::Sleep> sleeps;
        for (int i = 1; i <= 3; ++i) sleeps.push_back(rouse::sleep(i * 1s));
        auto first = co_await rouse::select_all(std::move(sleeps));
        EXPECT_EQ(first.index, 0u);
        auto second = co_await rouse::select_all_biased(std::move(first.rest));
        EXPECT_EQ(second.rest.size(), 1u);
        co_await second.rest.front();
    });
}

// ---- one future and what becomes of it ----

TEST(Map, a_function_of_the_value) {
    run_paused([]() -> Task<> {
        auto text = co_await rouse::map(after(1s, 7), [](int n) { return std::to_string(n); });
        EXPECT_EQ(text, "7");
        bool called = false;
        const auto note = [&] { called = true; };
        co_await rouse::map(rouse::sleep(1s), note);
        EXPECT_TRUE(called);
        int seen = 0;
        const auto look = [&](const int& n) { seen = n; };
        EXPECT_EQ(co_await rouse::inspect(after(1s, 5), look), 5);
        EXPECT_EQ(seen, 5);
    });
}

TEST(Map, the_future_is_gone_before_the_function_sees_the_value) {
    std::vector<int> dropped;
    struct Bomb {
        explicit Bomb(std::vector<int>& log) : log(&log) {}
        Bomb(Bomb&& other) noexcept : log(std::exchange(other.log, nullptr)) {}
        ~Bomb() {
            if (log) log->push_back(1);
        }
        std::vector<int>* log;
    };
    auto future = rouse::poll_fn(
        [bomb = Bomb(dropped)](rouse::Context&) -> rouse::Poll<int> { return rouse::Ready(1); });
    const auto count = [&](int) { return dropped.size(); };
    Harness test(rouse::map(std::move(future), count));
    EXPECT_EQ(test.poll().value(), 1u);
}

TEST(Then, a_future_of_the_value) {
    run_paused([]() -> Task<> {
        const auto again = [](int n) { return after(1s, n + 1); };
        const auto start = rouse::now();
        EXPECT_EQ(co_await rouse::then(after(1s, 1), again), 2);
        EXPECT_EQ(rouse::now() - start, 2s);
        auto piped =
            after(1s, 1) | rouse::then(again) | rouse::then(again) | rouse::map([](int n) { return n * 10; });
        EXPECT_EQ(co_await std::move(piped), 30);
    });
}

TEST(AndThen, goes_on_with_a_value_and_passes_an_error_by) {
    run_paused([]() -> Task<> {
        const auto half = [](int n) -> Result<int> {
            if (n % 2) return std::unexpected(std::string("odd"));
            return n / 2;
        };
        const auto later = [](int n) { return result_after(1s, n + 1); };
        auto good = co_await (result_after(1s, 8) | rouse::and_then(half) | rouse::and_then(later));
        EXPECT_EQ(good, 5);
        auto bad = co_await (result_after(1s, 7) | rouse::and_then(half) | rouse::and_then(later));
        EXPECT_EQ(bad.error(), "odd");
        const auto size = [](const std::string& text) { return text.size(); };
        auto mapped = co_await (result_after(1s, 7) | rouse::and_then(half) | rouse::map_err(size));
        EXPECT_EQ(mapped.error(), 3u);
        auto ok = co_await (result_after(1s, 7) | rouse::map_ok([](int n) { return n * 2.5; }));
        EXPECT_EQ(ok, 17.5);
        const auto mend = [](const std::string&) { return result_after(1s, 0); };
        auto mended = co_await (result_after(1s, 7) | rouse::and_then(half) | rouse::or_else(mend));
        EXPECT_EQ(mended, 0);
    });
}

TEST(Then, a_hang_in_either_half_is_thrown) {
    run_with_faults([]() -> Task<> {
        const auto hang = [](int) { return forgets(); };
        EXPECT_THROW((void)co_await rouse::then(after(1s, 1), hang), rouse::LostWaker);
        EXPECT_THROW((void)co_await rouse::map(forgets(), [](int n) { return n; }), rouse::LostWaker);
    });
}

TEST(Either, is_one_of_two) {
    using Number = rouse::Either<rouse::ReadyFuture<int>, Task<int>>;
    run_paused([]() -> Task<> {
        auto left = Number::left(rouse::ready(1));
        EXPECT_TRUE(left.is_left());
        EXPECT_EQ(co_await std::move(left), 1);
        EXPECT_EQ(co_await Number::right(after(1s, 2)), 2);
    });
}

TEST(Capture, an_exception_is_a_value_and_the_siblings_go_on) {
    run_paused([]() -> Task<> {
        auto [bad, good] =
            co_await rouse::join(rouse::capture(throws_after(1s)), rouse::capture(after(2s, 2)));
        EXPECT_FALSE(bad.has_value());
        EXPECT_THROW(std::rethrow_exception(bad.error()), std::runtime_error);
        EXPECT_EQ(good.value(), 2);
    });
}

TEST(Capture, a_hang_is_one_too_whatever_hangs) {
    run_with_faults([]() -> Task<> {
        auto in_a_task = co_await rouse::capture(forgets());
        EXPECT_THROW(std::rethrow_exception(in_a_task.error()), rouse::LostWaker);
        auto by_itself = co_await rouse::capture(Forgetful());
        EXPECT_THROW(std::rethrow_exception(by_itself.error()), rouse::LostWaker);
    });
}

TEST(PollImmediate, polls_once_and_leaves_an_lvalue_as_it_is) {
    run_paused([]() -> Task<> {
        EXPECT_EQ(co_await rouse::poll_immediate(rouse::ready(1)), 1);
        EXPECT_EQ(co_await rouse::poll_immediate(after(1s, 1)), std::nullopt);
        EXPECT_EQ(rouse_test::timers_set(), 0u);
        auto kept = after(1s, 2);
        EXPECT_EQ(co_await rouse::poll_immediate(kept), std::nullopt);
        EXPECT_EQ(co_await kept, 2);
    });
}

// ---- abortable ----

TEST(Abortable, completes_with_the_value_or_with_aborted) {
    run_paused([]() -> Task<> {
        auto [runs, unused] = rouse::abortable(after(1s, 1));
        auto value = co_await runs;
        EXPECT_EQ(value, 1);
        EXPECT_FALSE(unused.is_aborted());
        auto [stops, handle] = rouse::abortable(after(1h, 1));
        auto abort = [handle = handle]() -> Task<> {
            co_await rouse::sleep(1s);
            handle.abort();
        };
        auto aborting = rouse::spawn(abort);
        const auto start = rouse::now();
        auto aborted = co_await stops;
        EXPECT_EQ(aborted, std::unexpected(rouse::Aborted()));
        EXPECT_EQ(rouse::now() - start, 1s);
        EXPECT_EQ(rouse_test::timers_set(), 0u);
        EXPECT_TRUE(handle.is_aborted());
        co_await aborting;
    });
}

TEST(Abortable, one_that_was_aborted_before_is_never_polled) {
    ByHandSource<int> source;
    auto [handle, registration] = rouse::abort_pair();
    handle.abort();
    Harness test(rouse::abortable(ByHand<int>(source), std::move(registration)));
    EXPECT_EQ(test.poll().value(), std::unexpected(rouse::Aborted()));
    EXPECT_EQ(source.polls(), 0);
    EXPECT_EQ(test.clones_alive(), 0u);
}

TEST(Abortable, keeps_no_waker_for_handles_that_are_gone) {
    ByHandSource<int> source;
    auto pair =
        std::make_unique<std::pair<rouse::FutureAbortHandle, rouse::AbortRegistration>>(rouse::abort_pair());
    Harness test(rouse::abortable(ByHand<int>(source), std::move(pair->second)));
    EXPECT_TRUE(test.poll().is_pending());
    EXPECT_EQ(test.clones_alive(), 2u);
    pair.reset();
    EXPECT_EQ(test.clones_alive(), 1u);
    EXPECT_TRUE(test.poll().is_pending());
    EXPECT_EQ(test.clones_alive(), 1u);
    source.complete(3);
    EXPECT_EQ(test.poll().value(), 3);
}

TEST(Abortable, a_lost_future_throws_at_once_though_it_might_be_aborted) {
    run_with_faults([]() -> Task<> {
        auto [future, handle] = rouse::abortable(forgets());
        EXPECT_THROW((void)co_await future, rouse::LostWaker);
    });
}

} // namespace
