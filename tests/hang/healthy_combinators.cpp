// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Healthy children of combinators. What is hard about them: a child's first poll may register nothing,
// because the child refers to a future that was polled before, or is a fresh coroutine that awaits such a
// one.

#include <rouse/combine/join.hpp>
#include <rouse/combine/select.hpp>
#include <rouse/sync/oneshot.hpp>
#include <rouse/task/task.hpp>
#include <rouse/time/interval.hpp>
#include <rouse/time/timeout.hpp>

#include "support/quiet_runtime.hpp"
#include "support/scene.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace {

using namespace std::chrono_literals;
using rouse::spawn;
using rouse::Task;
using rouse_test::give_turns;
using rouse_test::Place;
using rouse_test::Registers;
using rouse_test::run_quietly;
using rouse_test::Scene;
using rouse_test::Waiting;

TEST(healthy_combinators, a_pinned_sleep_by_reference_in_every_turn_of_a_select_loop) {
    run_quietly([]() -> Task<> {
        rouse::Sleep deadline = rouse::sleep(100ms);
        int turns = 0;
        for (;;) {
            auto first = co_await rouse::select(deadline, rouse::sleep(1ms));
            if (first.index() == 0) break;
            ++turns;
        }
        EXPECT_GE(turns, 98);
        EXPECT_LE(turns, 100);
    });
}

TEST(healthy_combinators, a_pinned_sleep_through_a_fresh_coroutine_in_every_turn_of_a_select_loop) {
    run_quietly([]() -> Task<> {
        rouse::Sleep deadline = rouse::sleep(100ms);
        auto wait = [&]() -> Task<> { co_await deadline; };
        int turns = 0;
        for (;;) {
            auto first = co_await rouse::select(wait(), rouse::sleep(1ms));
            if (first.index() == 0) break;
            ++turns;
        }
        EXPECT_GE(turns, 98);
    });
}

TEST(healthy_combinators, a_pinned_sleep_in_every_turn_of_a_timeout_loop) {
    run_quietly([]() -> Task<> {
        rouse::Sleep deadline = rouse::sleep(100ms);
        auto wait = [&]() -> Task<> { co_await deadline; };
        int turns = 0;
        while (!(co_await rouse::timeout(1ms, deadline))) ++turns;
        EXPECT_GE(turns, 98);
        deadline.reset(rouse::now() + 100ms);
        turns = 0;
        while (!(co_await rouse::timeout(1ms, wait()))) ++turns;
        EXPECT_GE(turns, 98);
    });
}

/// In each turn: by reference, or through a fresh coroutine; in a select, or in a timeout.
void registers_once_in_a_loop(bool through_coroutine, bool in_select) {
    run_quietly([=]() -> Task<> {
        Place place;
        Waiting pinned(place, Registers::once);
        auto fresh = [&]() -> Task<int> { co_return co_await pinned; };
        auto completes = [&]() -> Task<> {
            co_await rouse::sleep(50500us);
            place.complete();
        };
        auto completer = spawn(completes);
        int turns = 0;
        for (bool done = false; !done;) {
            if (in_select && through_coroutine) {
                auto first = co_await rouse::select(fresh(), rouse::sleep(1ms));
                done = first.index() == 0;
            } else if (in_select) {
                auto first = co_await rouse::select(pinned, rouse::sleep(1ms));
                done = first.index() == 0;
            } else if (through_coroutine) {
                done = (co_await rouse::timeout(1ms, fresh())).has_value();
            } else {
                done = (co_await rouse::timeout(1ms, pinned)).has_value();
            }
            turns += done ? 0 : 1;
        }
        EXPECT_EQ(turns, 50) << "its one waker, of the first turn, wakes the last one";
        co_await completer;
    });
}

TEST(healthy_combinators, registers_once_by_reference_in_every_turn_of_a_select_loop) {
    registers_once_in_a_loop(false, true);
}
TEST(healthy_combinators, registers_once_through_a_fresh_coroutine_in_every_turn_of_a_select_loop) {
    registers_once_in_a_loop(true, true);
}
TEST(healthy_combinators, registers_once_by_reference_in_every_turn_of_a_timeout_loop) {
    registers_once_in_a_loop(false, false);
}
TEST(healthy_combinators, registers_once_through_a_fresh_coroutine_in_every_turn_of_a_timeout_loop) {
    registers_once_in_a_loop(true, false);
}

// It was polled in another combinator of the same task, nested otherwise.
TEST(healthy_combinators, registers_once_and_moves_between_nestings) {
    run_quietly([]() -> Task<> {
        Place place;
        Waiting pinned(place, Registers::once);
        (void)co_await rouse::timeout(1ms, pinned);
        (void)co_await rouse::select(rouse::timeout(1ms, pinned), rouse::sleep(1h));
        (void)co_await rouse::timeout(1ms, rouse::join(pinned, rouse::sleep(1h)));
        auto completes = [&]() -> Task<> {
            co_await rouse::sleep(5ms);
            place.complete();
        };
        auto completer = spawn(completes);
        auto result = co_await rouse::timeout(1h, rouse::join(pinned, completer));
        EXPECT_TRUE(result.has_value());
    });
}

TEST(healthy_combinators, drop_first_then_clone_on_each_poll_does_not_storm) {
    Scene scene;
    Place one;
    Place two;
    scene.run([&]() -> Task<> {
        auto body = [&]() -> Task<int> {
            auto [a, b] = co_await rouse::join(Waiting(one, Registers::drop_then_clone),
                                               Waiting(two, Registers::drop_then_clone));
            co_return a + b;
        };
        auto handle = spawn(body);
        co_await give_turns(1000);
        EXPECT_EQ(one.polls(), 1);
        EXPECT_EQ(two.polls(), 1);
        for (int i = 0; i < 10; ++i) {
            for (rouse::Waker& waker : one.take()) std::move(waker).wake();
            co_await give_turns(10);
        }
        EXPECT_EQ(one.polls(), 11);
        EXPECT_EQ(two.polls(), 11);
        one.complete();
        two.complete();
        (void)co_await handle;
    });
    EXPECT_TRUE(scene.is_quiet());
}

TEST(healthy_combinators, a_child_woken_by_another_thread_is_polled_at_most_once_more_than_needed) {
    Scene scene;
    Place one;
    Place two;
    constexpr int wakes = 200;
    scene.run([&]() -> Task<> {
        auto body = [&]() -> Task<int> {
            auto [a, b] = co_await rouse::join(Waiting(one), Waiting(two));
            co_return a + b;
        };
        auto handle = spawn(body);
        co_await give_turns(2);
        for (int i = 0; i < wakes; ++i) {
            std::thread([wakers = one.take()]() mutable {
                for (rouse::Waker& waker : wakers) std::move(waker).wake();
            }).join();
            co_await give_turns(4);
            EXPECT_EQ(one.wakers(), 1u);
        }
        one.complete();
        two.complete();
        (void)co_await handle;
    });
    EXPECT_TRUE(scene.is_quiet());
    EXPECT_LE(one.polls(), 2 * wakes + 4);
}

TEST(healthy_combinators, never_as_a_child) {
    run_quietly([]() -> Task<> {
        auto result = co_await rouse::timeout(1ms, rouse::never<int>());
        EXPECT_FALSE(result.has_value());
        auto first = co_await rouse::select(rouse::never<int>(), rouse::sleep(1ms), rouse::never<>());
        EXPECT_EQ(first.index(), 1u);
        auto pair = co_await rouse::timeout(1ms, rouse::join(rouse::never<int>(), rouse::sleep(1us)));
        EXPECT_FALSE(pair.has_value());
    });
}

TEST(healthy_combinators, one_waker_shared_by_two_children) {
    // The second child registers nothing of its own: it looks at what the first one waits for.
    Scene scene;
    Place place;
    scene.run([&]() -> Task<> {
        auto body = [&]() -> Task<> {
            Waiting shared(place, Registers::once);
            bool seen = false;
            auto looks = [&](rouse::Context& cx) -> rouse::Poll<> {
                if (seen || shared.poll(cx).is_ready()) {
                    seen = true;
                    return rouse::Ready();
                }
                return rouse::Pending;
            };
            co_await rouse::join(rouse::poll_fn(looks), rouse::poll_fn(looks));
        };
        auto handle = spawn(body);
        co_await give_turns(20);
        place.complete();
        try {
            co_await handle;
        } catch (const rouse::LostWaker&) {
            // The second child has no waker, and the first one's is its own: by the contract it is lost. What
            // must not happen is that it is found only sometimes.
        }
    });
    EXPECT_EQ(scene.hangs().size(), 1u);
}

TEST(healthy_combinators, a_join_handle_as_a_child) {
    Scene scene;
    Place place;
    scene.run([&]() -> Task<> {
        auto work = [&]() -> Task<int> { co_return co_await Waiting(place); };
        auto body = [&]() -> Task<int> {
            auto first = spawn(work);
            auto [a, b] = co_await rouse::join(first, rouse::yield_now());
            co_return a;
        };
        auto handle = spawn(body);
        co_await give_turns(100);
        place.complete();
        EXPECT_EQ(co_await handle, 2);
    });
    EXPECT_TRUE(scene.is_quiet());
}

TEST(healthy_combinators, an_interval_and_a_channel_in_a_select_loop) {
    run_quietly([]() -> Task<> {
        auto [tx, rx] = rouse::oneshot::channel<int>();
        auto sends = [](rouse::oneshot::Sender<int> to) -> Task<> {
            co_await rouse::sleep(95ms);
            (void)std::move(to).send(1);
        };
        auto sender = spawn(sends, std::move(tx));
        auto ticks = rouse::interval(10ms);
        int count = 0;
        for (;;) {
            auto first = co_await rouse::select(ticks.tick(), rx);
            if (first.index() == 1) break;
            ++count;
        }
        EXPECT_EQ(count, 10);
        co_await sender;
    });
}

TEST(healthy_combinators, a_hundred_thousand_turns_around_a_pinned_future_leave_nothing_behind) {
    Scene scene;
    Place place;
    scene.run([&]() -> Task<> {
        auto body = [&]() -> Task<> {
            Waiting pinned(place, Registers::once);
            for (;;) {
                auto first = co_await rouse::select(pinned, rouse::yield_now());
                if (first.index() == 0) break;
            }
        };
        auto handle = spawn(body);
        co_await give_turns(10'000);
        const auto dump = rouse::Handle::current().dump();
        for (const rouse::TaskDump& task : dump.tasks) EXPECT_LE(task.wakers, 4u) << task.name;
        place.complete();
        co_await handle;
    });
    EXPECT_TRUE(scene.is_quiet());
}

} // namespace
