// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The wakers of children in a runtime whose clock stands still: nobody is polled for ever, and nobody is
// forgotten.

#include <rouse/combine/join.hpp>
#include <rouse/combine/select.hpp>
#include <rouse/sync/oneshot.hpp>
#include <rouse/task/task.hpp>
#include <rouse/task/yield_now.hpp>
#include <rouse/time/interval.hpp>
#include <rouse/time/timeout.hpp>

#include "support/waiting.hpp"
#include "time/paused.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using rouse::join;
using rouse::now;
using rouse::select;
using rouse::sleep;
using rouse::Task;
using rouse_test::Place;
using rouse_test::Registers;
using rouse_test::run_paused;
using rouse_test::Waiting;

TEST(Slots, children_that_drop_their_waker_before_they_clone_the_new_one_make_no_storm) {
    run_paused([]() -> Task<> {
        Place a, b, c;
        auto first =
            co_await select(Waiting(a, Registers::drop_then_clone), Waiting(b, Registers::drop_then_clone),
                            Waiting(c, Registers::each_poll), sleep(1h));
        EXPECT_EQ(first.index(), 3u);
        EXPECT_LE(a.polls(), 4);
        EXPECT_LE(b.polls(), 4);
        EXPECT_LE(c.polls(), 4);
    });
}

TEST(Slots, nor_do_they_with_a_sibling_that_ticks) {
    run_paused([]() -> Task<> {
        constexpr int count = 1000;
        Place a, b;
        auto tick = [&]() -> Task<> {
            rouse::Interval ticks = rouse::interval(1ms);
            for (int i = 0; i < count; ++i) (void)co_await ticks.tick();
            a.complete();
            b.complete();
        };
        (void)co_await join(Waiting(a, Registers::drop_then_clone), Waiting(b, Registers::drop_then_clone),
                            tick());
        EXPECT_LE(a.polls(), 2 * count);
        EXPECT_LE(b.polls(), 2 * count);
    });
}

TEST(Slots, nor_do_they_when_combinators_are_nested) {
    run_paused([]() -> Task<> {
        Place a, b;
        auto inner = join(Waiting(a, Registers::drop_then_clone), Waiting(b, Registers::drop_then_clone));
        auto late = co_await rouse::timeout(1h, select(std::move(inner), sleep(2h)));
        EXPECT_FALSE(late.has_value());
        EXPECT_LE(a.polls(), 4);
        EXPECT_LE(b.polls(), 4);
    });
}

// Two children share a place for one waker: each of them drops the other's.
TEST(Slots, nor_do_children_that_displace_each_other) {
    run_paused([]() -> Task<> {
        Place shared;
        auto first = co_await select(Waiting(shared, Registers::drop_then_clone),
                                     Waiting(shared, Registers::drop_then_clone), sleep(1h));
        EXPECT_EQ(first.index(), 2u);
        EXPECT_LE(shared.polls(), 8);
    });
}

TEST(Slots, a_waker_of_an_earlier_select_still_wakes_the_later_one) {
    run_paused([]() -> Task<> {
        Place place;
        Waiting kept(place, Registers::once); // registers in the first select, and never again
        for (int i = 0; i < 3; ++i) {
            auto first = co_await select(kept, sleep(1s));
            EXPECT_EQ(first.index(), 1u);
        }
        auto finish = [&]() -> Task<> {
            co_await sleep(1s);
            place.complete();
        };
        auto other = rouse::spawn(finish);
        const auto start = now();
        auto last = co_await select(kept, sleep(1h));
        EXPECT_EQ(last.index(), 0u);
        EXPECT_EQ(now() - start, 1s) << "it was the place that woke it";
        co_await other;
    });
}

TEST(Slots, a_waker_of_an_earlier_select_keeps_the_task_from_being_lost) {
    run_paused([]() -> Task<> {
        Place place;
        Waiting kept(place, Registers::once);
        auto first = co_await select(kept, rouse::ready());
        EXPECT_EQ(first.index(), 1u);
        auto finish = [&]() -> Task<> {
            co_await sleep(1s);
            place.complete();
        };
        auto other = rouse::spawn(finish);
        EXPECT_EQ(co_await kept, place.polls()); // outside of any combinator
        co_await other;
    });
}

TEST(Slots, a_waker_of_an_earlier_join_wakes_from_another_thread) {
    rouse::run([]() -> Task<> {
        for (int i = 0; i < 200; ++i) {
            auto [tx, rx] = rouse::oneshot::channel<int>();
            auto first = co_await select(rx, rouse::ready());
            if (first.index() == 0) ADD_FAILURE();
            const std::jthread other([sender = std::move(tx)]() mutable { (void)std::move(sender).send(3); });
            auto [value] = co_await join(rx);
            EXPECT_EQ(value, 3);
        }
    });
}

TEST(Slots, a_future_may_go_from_one_combinator_to_another_and_out_again) {
    run_paused([]() -> Task<> {
        const auto start = now();
        auto timer = sleep(10s);
        auto in_select = co_await select(timer, sleep(1s));
        EXPECT_EQ(in_select.index(), 1u);
        auto in_timeout = co_await rouse::timeout(1s, timer);
        EXPECT_FALSE(in_timeout.has_value());
        auto in_both = co_await rouse::timeout(1s, join(timer, sleep(1ms)));
        EXPECT_FALSE(in_both.has_value());
        EXPECT_EQ(now() - start, 3s);
        co_await timer;
        EXPECT_EQ(now() - start, 10s);
    });
}

TEST(Slots, many_selects_over_one_future_leave_one_waker) {
    run_paused([]() -> Task<> {
        Place place;
        Waiting kept(place);
        for (int i = 0; i < 1000; ++i) {
            auto first = co_await select(kept, rouse::yield_now());
            EXPECT_EQ(first.index(), 1u);
        }
        EXPECT_EQ(place.wakers(), 1u);
        const rouse::RuntimeDump dump = rouse::Handle::current().dump();
        EXPECT_LE(dump.tasks.at(0).wakers, 1u);
        co_return;
    });
}

TEST(Slots, a_child_is_woken_from_another_thread_however_deep) {
    rouse::run([]() -> Task<> {
        for (int i = 0; i < 200; ++i) {
            auto [tx, rx] = rouse::oneshot::channel<int>();
            const std::jthread other([sender = std::move(tx)]() mutable { (void)std::move(sender).send(3); });
            auto inner = join(std::move(rx), rouse::ready(1));
            auto middle = select(std::move(inner), rouse::never());
            auto outer = co_await rouse::timeout(1h, std::move(middle));
            EXPECT_EQ(std::get<0>(std::get<0>(outer.value())), 3);
        }
    });
}

} // namespace
