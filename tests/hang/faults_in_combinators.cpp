// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Seeded faults in children of join, select, timeout and their like, in a runtime whose clock stands still:
// what is found was found by its waker, not by the time.

#include <rouse/combine/futures_unordered.hpp>
#include <rouse/combine/join.hpp>
#include <rouse/combine/poll_immediate.hpp>
#include <rouse/combine/select.hpp>
#include <rouse/core/box_future.hpp>
#include <rouse/stream/buffered.hpp>
#include <rouse/stream/channels.hpp>
#include <rouse/stream/chunks.hpp>
#include <rouse/stream/filter.hpp>
#include <rouse/stream/map.hpp>
#include <rouse/stream/merge.hpp>
#include <rouse/stream/peekable.hpp>
#include <rouse/stream/sources.hpp>
#include <rouse/sync/cancellation_token.hpp>
#include <rouse/sync/mpmc.hpp>
#include <rouse/sync/mpsc.hpp>
#include <rouse/task/task.hpp>
#include <rouse/time/timeout.hpp>

#include "support/by_hand.hpp"
#include "support/scene.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace {

using namespace std::chrono_literals;
using rouse::HangCause;
using rouse::spawn;
using rouse::Task;
using rouse_test::Forgetful;
using rouse_test::give_turns;
using rouse_test::Place;
using rouse_test::Registers;
using rouse_test::Scene;
using rouse_test::Waiting;

/// Spawns `body`, whose fault is there from its first poll; true when it was lost within two turns.
template <class F>
void expect_lost_at_once(Scene& scene, F body) {
    scene.run([&]() -> Task<> {
        const int spawned_at = scene.turns();
        auto handle = spawn(std::move(body));
        auto result = co_await std::move(handle).into_result();
        EXPECT_FALSE(result.has_value());
        if (!result.has_value()) {
            EXPECT_TRUE(result.error().is_lost()) << result.error().what();
        }
        EXPECT_LE(scene.turns() - spawned_at, 4);
    });
    ASSERT_EQ(scene.hangs().size(), 1u);
}

Task<int> forgetful_coroutine() { co_return co_await Forgetful(); }

TEST(faults_in_combinators, a_child_of_timeout_at_once) {
    Scene scene;
    auto body = []() -> Task<int> { co_return (co_await rouse::timeout(5s, Forgetful())).value_or(-1); };
    expect_lost_at_once(scene, body);
    EXPECT_EQ(scene.hangs()[0].child_role, "future in timeout");
    EXPECT_EQ(scene.hangs()[0].cause, HangCause::never_registered);
}

TEST(faults_in_combinators, a_coroutine_in_timeout_throws_at_its_own_await) {
    Scene scene;
    scene.run([&]() -> Task<> {
        auto catches = []() -> Task<int> {
            try {
                co_return co_await Forgetful();
            } catch (const rouse::LostWaker&) {
                co_return 5;
            }
        };
        auto result = co_await rouse::timeout(5s, catches());
        EXPECT_EQ(result.value(), 5);
    });
    ASSERT_EQ(scene.hangs().size(), 1u);
    EXPECT_EQ(scene.hangs()[0].stack.size(), 2u) << "its own await, then that of the timeout";
}

TEST(faults_in_combinators, a_child_of_timeout_loses_its_waker_to_another_thread) {
    Scene scene;
    Place place;
    scene.run([&]() -> Task<> {
        auto body = [&]() -> Task<int> {
            co_return (co_await rouse::timeout(5s, Waiting(place, Registers::once))).value_or(-1);
        };
        auto handle = spawn(body);
        co_await give_turns(2);
        EXPECT_EQ(place.wakers(), 1u);
        const int dropped_at = scene.turns();
        std::thread([wakers = place.take()]() mutable { wakers.clear(); }).join();
        auto result = co_await std::move(handle).into_result();
        EXPECT_TRUE(result.error().is_lost());
        EXPECT_LE(scene.found_at() - dropped_at, 2);
    });
    ASSERT_EQ(scene.hangs().size(), 1u);
    EXPECT_EQ(scene.hangs()[0].cause, HangCause::last_waker_dropped);
    EXPECT_LE(place.polls(), 2);
}

TEST(faults_in_combinators, a_child_of_timeout_loses_its_waker_to_another_thread_within_each_poll) {
    Scene scene;
    auto body = []() -> Task<int> {
        auto drops_elsewhere = [](rouse::Context& cx) -> rouse::Poll<int> {
            std::thread([waker = cx.waker().clone()]() mutable { waker = rouse::Waker(); }).join();
            return rouse::Pending;
        };
        auto child = rouse::poll_fn(drops_elsewhere);
        co_return (co_await rouse::timeout(5s, std::move(child))).value_or(-1);
    };
    expect_lost_at_once(scene, body);
    EXPECT_EQ(scene.hangs()[0].child_role, "future in timeout");
}

TEST(faults_in_combinators, a_child_of_timeout_forgets_to_register_after_a_wake) {
    Scene scene;
    Place place;
    scene.run([&]() -> Task<> {
        auto body = [&]() -> Task<int> {
            co_return (co_await rouse::timeout(5s, Waiting(place, Registers::once))).value_or(-1);
        };
        auto handle = spawn(body);
        co_await give_turns(2);
        for (rouse::Waker& waker : place.take()) std::move(waker).wake();
        auto result = co_await std::move(handle).into_result();
        EXPECT_TRUE(result.error().is_lost());
    });
    ASSERT_EQ(scene.hangs().size(), 1u);
    EXPECT_EQ(scene.hangs()[0].cause, HangCause::never_registered);
}

TEST(faults_in_combinators, a_child_of_run_until_cancelled_at_once) {
    Scene scene;
    const rouse::CancellationToken token;
    auto body = [token]() -> Task<int> {
        co_return (co_await token.run_until_cancelled(forgetful_coroutine())).value_or(-1);
    };
    expect_lost_at_once(scene, body);
    EXPECT_EQ(scene.hangs()[0].stack.size(), 2u) << "its own await, then the one around it";
}

TEST(faults_in_combinators, a_child_of_run_until_cancelled_loses_its_waker_to_another_thread) {
    Scene scene;
    Place place;
    const rouse::CancellationToken token;
    scene.run([&]() -> Task<> {
        auto body = [&]() -> Task<int> {
            co_return (co_await token.run_until_cancelled(Waiting(place, Registers::once))).value_or(-1);
        };
        auto handle = spawn(body);
        co_await give_turns(2);
        EXPECT_EQ(place.wakers(), 1u);
        std::thread([wakers = place.take()]() mutable { wakers.clear(); }).join();
        auto result = co_await std::move(handle).into_result();
        EXPECT_TRUE(result.error().is_lost());
    });
    ASSERT_EQ(scene.hangs().size(), 1u);
    EXPECT_EQ(scene.hangs()[0].child_role, "future of run_until_cancelled");
}

TEST(faults_in_combinators, a_child_of_join_at_once) {
    for (int faulty = 0; faulty < 3; ++faulty) {
        Scene scene;
        Place healthy;
        Place never;
        auto body = [&]() -> Task<int> {
            const auto kind = [&](int i) { return i == faulty ? Registers::never : Registers::once; };
            const auto place = [&](int i) -> Place& { return i == faulty ? never : healthy; };
            auto all = rouse::join(Waiting(place(0), kind(0)), Waiting(place(1), kind(1)),
                                   Waiting(place(2), kind(2)));
            auto [a, b, c] = co_await all;
            co_return a + b + c;
        };
        expect_lost_at_once(scene, body);
        EXPECT_EQ(scene.hangs()[0].child_role, "child " + std::to_string(faulty + 1) + " of join");
        EXPECT_EQ(never.polls(), 1);
        healthy.complete(); // wakes nobody: it was cancelled
    }
}

TEST(faults_in_combinators, a_child_of_join_at_the_latest_when_its_siblings_have_ended) {
    Scene scene;
    Place elsewhere; // its waker is of nobody's slot: for the child it means "cannot tell"
    Place never;
    scene.run([&]() -> Task<> {
        auto body = [&]() -> Task<int> {
            Waiting before(elsewhere, Registers::once);
            auto poll_it = [&](rouse::Context& cx) -> rouse::Poll<> {
                EXPECT_TRUE(before.poll(cx).is_pending());
                return rouse::Ready();
            };
            co_await rouse::poll_fn(poll_it);
            auto [a, b] = co_await rouse::join(Waiting(never, Registers::never), before);
            co_return a + b;
        };
        auto handle = spawn(body);
        co_await give_turns(20);
        EXPECT_TRUE(scene.is_quiet()) << "the waker of `before` might be the child's";
        const int completed_at = scene.turns();
        elsewhere.complete();
        auto result = co_await std::move(handle).into_result();
        EXPECT_TRUE(result.error().is_lost());
        EXPECT_LE(scene.found_at() - completed_at, 2);
    });
    ASSERT_EQ(scene.hangs().size(), 1u);
}

TEST(faults_in_combinators, two_children_of_join_lose_their_wakers_to_two_threads) {
    Scene scene;
    Place first;
    Place second;
    scene.run([&]() -> Task<> {
        auto child = [](Place& place) -> Task<int> {
            try {
                co_return co_await Waiting(place, Registers::once);
            } catch (const rouse::LostWaker&) {
                co_return 100;
            }
        };
        auto body = [&]() -> Task<int> {
            auto [a, b] = co_await rouse::join(child(first), child(second));
            co_return a + b;
        };
        auto handle = spawn(body);
        co_await give_turns(2);
        std::thread one([wakers = first.take()]() mutable { wakers.clear(); });
        std::thread two([wakers = second.take()]() mutable { wakers.clear(); });
        one.join();
        two.join();
        EXPECT_EQ(co_await handle, 200);
    });
}

TEST(faults_in_combinators, an_arm_of_select_is_reported_and_the_others_go_on) {
    Scene scene;
    Place healthy;
    scene.run([&]() -> Task<> {
        auto body = [&]() -> Task<int> {
            auto first = co_await rouse::select(Forgetful(), Waiting(healthy));
            co_return static_cast<int>(first.index());
        };
        auto handle = spawn(body);
        const int spawned_at = scene.turns();
        co_await give_turns(20);
        EXPECT_LE(scene.found_at() - spawned_at, 2);
        EXPECT_FALSE(handle.is_finished());
        healthy.complete();
        EXPECT_EQ(co_await handle, 1);
    });
    ASSERT_EQ(scene.hangs().size(), 1u);
    EXPECT_EQ(scene.hangs()[0].child_role, "arm 1 of select");
    EXPECT_EQ(scene.hangs()[0].policy, rouse::HangPolicy::report);
}

TEST(faults_in_combinators, the_last_arm_of_select_that_is_lost_fails_the_await) {
    Scene scene;
    Place place;
    scene.run([&]() -> Task<> {
        bool caught = false;
        auto body = [&]() -> Task<int> {
            try {
                (void)co_await rouse::select(Forgetful(), Waiting(place, Registers::once));
            } catch (const rouse::LostWaker&) {
                caught = true;
            }
            co_return 1;
        };
        auto handle = spawn(body);
        co_await give_turns(5);
        EXPECT_FALSE(caught);
        place.forget();
        EXPECT_EQ(co_await handle, 1);
        EXPECT_TRUE(caught);
    });
    EXPECT_GE(scene.hangs().size(), 2u); // the arms, then the task
}

TEST(faults_in_combinators, a_boxed_child) {
    Scene scene;
    auto body = []() -> Task<int> {
        co_return (co_await rouse::timeout(5s, rouse::boxed(Forgetful()))).value_or(-1);
    };
    expect_lost_at_once(scene, body);
    EXPECT_NE(scene.hangs()[0].future_type.find("Forgetful"), std::string::npos)
        << scene.hangs()[0].future_type;
}

TEST(faults_in_combinators, inside_join_inside_timeout_inside_select) {
    Scene scene;
    Place healthy;
    scene.run([&]() -> Task<> {
        auto body = [&]() -> Task<std::size_t> {
            Place sibling;
            auto pair = rouse::join(forgetful_coroutine(), Waiting(sibling));
            auto first = co_await rouse::select(rouse::timeout(5s, std::move(pair)), Waiting(healthy));
            co_return first.index();
        };
        auto handle = spawn(body);
        const int spawned_at = scene.turns();
        auto result = co_await std::move(handle).into_result();
        EXPECT_LE(scene.found_at() - spawned_at, 2);
        EXPECT_FALSE(result.has_value()); // join and timeout throw, and what an arm throws select throws
        if (!result.has_value()) {
            EXPECT_TRUE(result.error().is_lost());
        }
    });
    ASSERT_EQ(scene.hangs().size(), 1u);
    EXPECT_EQ(scene.hangs()[0].child_role, "child 1 of join");
    healthy.complete();
}

TEST(faults_in_combinators, a_nested_child_loses_its_waker_to_another_thread) {
    Scene scene;
    Place place;
    Place healthy;
    scene.run([&]() -> Task<> {
        auto body = [&]() -> Task<int> {
            auto pair = rouse::join(Waiting(healthy), Waiting(place, Registers::once));
            auto result = co_await rouse::timeout(5s, std::move(pair));
            co_return result ? 1 : 0;
        };
        auto handle = spawn(body);
        co_await give_turns(2);
        std::thread([wakers = place.take()]() mutable { wakers.clear(); }).join();
        const int dropped_at = scene.turns();
        auto result = co_await std::move(handle).into_result();
        EXPECT_TRUE(result.error().is_lost());
        EXPECT_LE(scene.found_at() - dropped_at, 2);
    });
    ASSERT_EQ(scene.hangs().size(), 1u);
    EXPECT_EQ(scene.hangs()[0].child_role, "child 2 of join");
    EXPECT_EQ(scene.hangs()[0].cause, HangCause::last_waker_dropped);
}

TEST(faults_in_combinators, a_timeout_that_cannot_tell_says_so_when_it_ends) {
    rouse::RuntimeOptions options;
    options.paused_clock = true;
    rouse::run(
        []() -> Task<> {
            Place elsewhere;
            Waiting before(elsewhere, Registers::once);
            auto poll_it = [&](rouse::Context& cx) -> rouse::Poll<> {
                EXPECT_TRUE(before.poll(cx).is_pending());
                return rouse::Ready();
            };
            co_await rouse::poll_fn(poll_it);
            auto result = co_await rouse::timeout(5s, Forgetful());
            EXPECT_FALSE(result.has_value());
            EXPECT_TRUE(result.error().had_no_waker());
            auto healthy = co_await rouse::timeout(5s, rouse::never<int>());
            EXPECT_FALSE(healthy.error().had_no_waker());
        },
        std::move(options));
}

// ---- streams ----

/// Waits for an item of what `make` makes, gives up, and is lost with the stream still there.
template <class Make>
void expect_found_beside(const char* what, Make make) {
    SCOPED_TRACE(what);
    Scene scene;
    auto body = [make]() -> Task<int> {
        auto of = make();
        const auto at_once = co_await rouse::poll_immediate(rouse::stream::next(of));
        EXPECT_FALSE(at_once.has_value());
        co_return co_await Forgetful();
    };
    expect_lost_at_once(scene, std::move(body));
}

TEST(faults_in_combinators, a_stream_whose_next_was_dropped_hides_nothing) {
    namespace stream = rouse::stream;
    static auto one = rouse::mpsc::channel<int>(1);
    const auto received = [] {
        one = rouse::mpsc::channel<int>(1);
        return stream::from(std::move(one.second));
    };
    expect_found_beside("mpsc", received);
    static auto any = rouse::mpmc::channel<int>(1);
    expect_found_beside("mpmc", [] { return stream::from(any.second); });
    static auto all = rouse::broadcast::channel<int>(1);
    expect_found_beside("broadcast", [] { return stream::from(all.second); });
    static auto last = rouse::watch::channel(1);
    expect_found_beside("watch", [] { return stream::from_changes(last.second); });
    expect_found_beside("never", [] { return stream::never<int>(); });
    expect_found_beside("adaptors", [received] {
        return received() | stream::filter([](int n) { return n > 1; }) |
               stream::map([](int n) { return n + 1; }) | stream::chunks(2) | stream::boxed();
    });
    expect_found_beside("merge", [received] { return stream::merge(received(), stream::never<int>()); });
    expect_found_beside("zip", [received] { return stream::zip(received(), stream::never<int>()); });
    expect_found_beside("buffered", [received] {
        return received() | stream::map([](int) { return rouse::never<int>(); }) | stream::buffered(2);
    });
    expect_found_beside("FuturesUnordered", [] {
        rouse::FuturesUnordered<rouse::Never<int>> set;
        set.push(rouse::never<int>());
        return set;
    });
}

TEST(faults_in_combinators, a_stream_whose_next_was_dropped_waits_anew) {
    namespace stream = rouse::stream;
    Scene scene;
    scene.run([]() -> Task<> {
        auto [tx, rx] = rouse::mpsc::channel<int>(1);
        auto of = stream::merge(stream::from(std::move(rx)), stream::never<int>());
        for (int i = 0; i < 3; ++i) {
            const auto at_once = co_await rouse::poll_immediate(stream::next(of));
            EXPECT_FALSE(at_once.has_value());
            auto sends = [](rouse::mpsc::Sender<int> to, int n) -> Task<> { (void)co_await to.send(n); };
            auto sending = spawn(sends, tx, i);
            const auto item = co_await stream::next(of);
            EXPECT_EQ(item, i);
            co_await sending;
        }
    });
    EXPECT_TRUE(scene.hangs().empty());
}

} // namespace
