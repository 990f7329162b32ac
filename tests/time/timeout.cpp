// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/sync/oneshot.hpp>
#include <rouse/task/task.hpp>
#include <rouse/testing/harness.hpp>
#include <rouse/time/timeout.hpp>

#include "support/drop_log.hpp"
#include "support/waiting.hpp"
#include "time/paused.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace {

using namespace std::chrono_literals;
using rouse::Instant;
using rouse::now;
using rouse::sleep;
using rouse::Task;
using rouse::timeout;
using rouse_test::DropLog;
using rouse_test::Dropped;
using rouse_test::Place;
using rouse_test::Registers;
using rouse_test::run_paused;
using rouse_test::timers_set;
using rouse_test::Waiting;

Task<int> value_after(rouse::Duration length, int value) {
    co_await sleep(length);
    co_return value;
}

TEST(Timeout, gives_the_value_that_comes_in_time) {
    run_paused([]() -> Task<> {
        const Instant start = now();
        auto result = co_await timeout(2s, value_after(1s, 7));
        EXPECT_EQ(result.value(), 7);
        EXPECT_EQ(now() - start, 1s);
        EXPECT_EQ(timers_set(), 0u);
    });
}

TEST(Timeout, gives_the_error_when_the_time_is_over) {
    run_paused([]() -> Task<> {
        const Instant start = now();
        auto result = co_await timeout(1s, value_after(2s, 7));
        EXPECT_FALSE(result.has_value());
        EXPECT_FALSE(result.error().had_no_waker());
        EXPECT_STREQ(result.error().what(), "timed out");
        EXPECT_EQ(now() - start, 1s);
        EXPECT_EQ(timers_set(), 0u);
    });
}

TEST(Timeout, a_value_that_is_there_wins_over_a_time_that_is_over) {
    run_paused([]() -> Task<> {
        auto at_once = co_await timeout(-1s, rouse::ready(3));
        EXPECT_EQ(at_once.value(), 3);
        auto together = co_await timeout(1s, value_after(1s, 4));
        EXPECT_EQ(together.value(), 4);
    });
}

TEST(Timeout, of_zero_polls_the_future_once) {
    run_paused([]() -> Task<> {
        Place place;
        auto result = co_await timeout(0s, Waiting(place));
        EXPECT_FALSE(result.has_value());
        EXPECT_EQ(place.polls(), 1);
    });
}

TEST(Timeout, destroys_the_future_before_its_error_is_seen) {
    run_paused([]() -> Task<> {
        DropLog log;
        auto body = [&]() -> Task<> {
            const Dropped local(log, "local");
            co_await sleep(1h);
        };
        auto late = timeout(1s, body());
        auto result = co_await late;
        EXPECT_FALSE(result.has_value());
        EXPECT_EQ(log, DropLog{"local"}) << "though the timeout itself still is there";
    });
}

TEST(Timeout, an_lvalue_future_stays_usable) {
    run_paused([]() -> Task<> {
        auto task = value_after(10s, 5);
        int elapsed = 0;
        for (;;) {
            auto result = co_await timeout(3s, task);
            if (result) {
                EXPECT_EQ(*result, 5);
                break;
            }
            ++elapsed;
        }
        EXPECT_EQ(elapsed, 3);

        auto [tx, rx] = rouse::oneshot::channel<std::string>();
        auto nothing = co_await timeout(1s, rx);
        EXPECT_FALSE(nothing.has_value());
        (void)std::move(tx).send("late");
        auto text = co_await rx;
        EXPECT_EQ(text.value(), "late");
    });
}

TEST(Timeout, of_a_future_without_a_value) {
    run_paused([]() -> Task<> {
        auto in_time = co_await timeout(2s, sleep(1s));
        EXPECT_TRUE(in_time.has_value());
        auto late = co_await timeout(1s, sleep(2s));
        EXPECT_FALSE(late.has_value());
    });
}

TEST(Timeout, of_a_move_only_value) {
    run_paused([]() -> Task<> {
        auto result = co_await timeout(1s, rouse::ready(std::make_unique<int>(9)));
        EXPECT_EQ(**result, 9);
    });
}

TEST(Timeout, lets_an_exception_through) {
    run_paused([]() -> Task<> {
        auto body = []() -> Task<int> {
            co_await sleep(1s);
            throw std::runtime_error("mine");
        };
        std::string what;
        try {
            (void)co_await timeout(2s, body());
        } catch (const std::runtime_error& error) {
            what = error.what();
        }
        EXPECT_EQ(what, "mine");
        EXPECT_EQ(timers_set(), 0u);
    });
}

TEST(Timeout, at_a_point_in_time) {
    run_paused([]() -> Task<> {
        const Instant deadline = now() + 5s;
        auto first = co_await rouse::timeout_at(deadline, value_after(3s, 1));
        EXPECT_EQ(first.value(), 1);
        auto second = co_await rouse::timeout_at(deadline, value_after(3s, 2));
        EXPECT_FALSE(second.has_value());
        EXPECT_EQ(now(), deadline);
    });
}

TEST(Timeout, the_shorter_of_two_nested_ones_says_so) {
    run_paused([]() -> Task<> {
        auto inner = co_await timeout(2s, timeout(1s, value_after(3s, 1)));
        EXPECT_TRUE(inner.has_value());
        EXPECT_FALSE(inner->has_value());
        auto outer = co_await timeout(1s, timeout(2s, value_after(3s, 1)));
        EXPECT_FALSE(outer.has_value());
        auto neither = co_await timeout(5s, timeout(4s, value_after(3s, 1)));
        EXPECT_EQ(neither->value(), 1);
        EXPECT_EQ(timers_set(), 0u);
    });
}

TEST(Timeout, is_cancelled_with_its_task) {
    run_paused([]() -> Task<> {
        DropLog log;
        auto body = [&]() -> Task<> {
            const Dropped local(log, "local");
            co_await sleep(1h);
        };
        auto outer = [&]() -> Task<> { (void)co_await timeout(2h, body()); };
        auto handle = rouse::spawn(outer);
        co_await sleep(1s);
        EXPECT_EQ(timers_set(), 2u);
        handle.abort();
        auto result = co_await std::move(handle).into_result();
        EXPECT_TRUE(result.error().is_cancelled());
        EXPECT_EQ(log, DropLog{"local"});
        EXPECT_EQ(timers_set(), 0u);
    });
}

// `before` was polled by the task itself: its waker belongs to no child, so nothing can be proven of the one
// that has none. When the time is over the error says at least that.
TEST(Timeout, tells_when_the_future_had_no_waker_of_its_own) {
    run_paused([]() -> Task<> {
        Place elsewhere, never;
        Waiting before(elsewhere, Registers::once);
        auto poll_it = [&](rouse::Context& cx) -> rouse::Poll<> {
            EXPECT_TRUE(before.poll(cx).is_pending());
            return rouse::Ready();
        };
        auto once = rouse::poll_fn(poll_it);
        co_await once;
        auto result = co_await timeout(1s, Waiting(never, Registers::never));
        EXPECT_TRUE(result.error().had_no_waker());
        EXPECT_STREQ(result.error().what(),
                     "timed out; the future had no waker of its own, and may have hung");
        EXPECT_EQ(never.polls(), 2);
    });
}

TEST(Timeout, polls_its_future_only_when_the_task_is_woken) {
    run_paused([]() -> Task<> {
        Place place;
        auto result = co_await timeout(1h, Waiting(place, Registers::drop_then_clone));
        EXPECT_FALSE(result.has_value());
        EXPECT_LE(place.polls(), 3);
    });
}

TEST(Timeout, works_with_a_waker_of_somebody_elses) {
    run_paused([]() -> Task<> {
        Place place;
        rouse::testing::Harness test(timeout(1s, Waiting(place)));
        EXPECT_TRUE(test.poll().is_pending());
        EXPECT_EQ(test.clones_alive(), 2u);
        place.complete();
        EXPECT_EQ(test.take_wakes(), 1u);
        EXPECT_TRUE(test.poll().value().has_value());
        EXPECT_EQ(test.clones_alive(), 0u);

        Place other;
        rouse::testing::Harness late(timeout(1s, Waiting(other, Registers::never)));
        EXPECT_TRUE(late.poll().is_pending());
        co_await sleep(2s);
        EXPECT_FALSE(late.poll().value().has_value());
    });
}

} // namespace
