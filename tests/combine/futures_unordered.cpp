// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include <rouse/combine/futures_unordered.hpp>
#include <rouse/combine/join.hpp>
#include <rouse/combine/select.hpp>
#include <rouse/core/box_future.hpp>
#include <rouse/sync/mutex.hpp>
#include <rouse/sync/oneshot.hpp>
#include <rouse/task/task.hpp>
#include <rouse/task/yield_now.hpp>
#include <rouse/testing/harness.hpp>
#include <rouse/time/sleep.hpp>

#include "support/by_hand.hpp"
#include "support/drop_log.hpp"
#include "support/waiting.hpp"
#include "time/paused.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using rouse::FuturesUnordered;
using rouse::sleep;
using rouse::Task;
using rouse::testing::Harness;
using rouse_test::ByHand;
using rouse_test::ByHandSource;
using rouse_test::Forgetful;
using rouse_test::Place;
using rouse_test::run_paused;
using rouse_test::SelfWaking;
using rouse_test::Waiting;

using Numbers = FuturesUnordered<ByHand<int>>;
using Next = Harness<Numbers::Next>;

TEST(FuturesUnordered, gives_its_values_in_the_order_of_the_wakes_and_then_nothing) {
    std::deque<ByHandSource<int>> sources(3);
    Numbers set;
    for (auto& source : sources) set.push(ByHand<int>(source));
    EXPECT_EQ(set.len(), 3u);
    Next waits(set.next());
    EXPECT_TRUE(waits.poll().is_pending());
    EXPECT_EQ(waits.clones_alive(), 1u);
    sources[2].complete(2);
    sources[0].complete(0);
    EXPECT_EQ(waits.take_wakes(), 1u) << "two wakes are one";
    EXPECT_EQ(waits.poll().value(), 2);
    EXPECT_EQ(waits.clones_alive(), 0u);
    EXPECT_EQ(Next(set.next()).poll().value(), 0);
    EXPECT_EQ(set.len(), 1u);
    Next last(set.next());
    EXPECT_TRUE(last.poll().is_pending());
    sources[1].complete(1);
    EXPECT_EQ(last.poll().value(), 1);
    EXPECT_TRUE(set.is_empty());
    EXPECT_EQ(Next(set.next()).poll().value(), std::nullopt);
}

TEST(FuturesUnordered, polls_only_what_was_woken) {
    constexpr std::size_t count = 10'000;
    std::deque<ByHandSource<int>> sources(count);
    Numbers set;
    for (auto& source : sources) set.push(ByHand<int>(source));
    for (std::size_t i = 0; i < count; ++i) {
        Next waits(set.next());
        EXPECT_TRUE(waits.poll().is_pending());
        sources[count - 1 - i].complete(static_cast<int>(i));
        EXPECT_EQ(waits.poll().value(), static_cast<int>(i));
    }
    for (auto& source : sources) EXPECT_EQ(source.polls(), 2);
}

TEST(FuturesUnordered, a_push_wakes_who_waits) {
    ByHandSource<int> first, second;
    Numbers set;
    set.push(ByHand<int>(first));
    Next waits(set.next());
    EXPECT_TRUE(waits.poll().is_pending());
    set.push(ByHand<int>(second));
    EXPECT_EQ(waits.take_wakes(), 1u);
    EXPECT_TRUE(waits.poll().is_pending());
    second.complete(2);
    EXPECT_EQ(waits.take_wakes(), 1u);
    EXPECT_EQ(waits.poll().value(), 2);
}

TEST(FuturesUnordered, a_dropped_next_loses_nothing_and_leaves_no_waker) {
    ByHandSource<int> source;
    Numbers set;
    set.push(ByHand<int>(source));
    {
        Next dropped(set.next());
        EXPECT_TRUE(dropped.poll().is_pending());
        dropped.drop();
        EXPECT_EQ(dropped.clones_alive(), 0u);
    }
    Next waits(set.next());
    EXPECT_TRUE(waits.poll().is_pending());
    source.complete(1);
    EXPECT_EQ(waits.take_wakes(), 1u);
    waits.drop(); // between the wake and the poll
    EXPECT_EQ(waits.clones_alive(), 0u);
    EXPECT_EQ(Next(set.next()).poll().value(), 1);
}

TEST(FuturesUnordered, one_that_is_destroyed_leaves_wakers_that_do_nothing) {
    ByHandSource<int> source, other;
    {
        Numbers set;
        set.push(ByHand<int>(source));
        set.push(ByHand<int>(other));
        Numbers moved(std::move(set));
        EXPECT_TRUE(set.is_empty());
        Next waits(moved.next());
        EXPECT_TRUE(waits.poll().is_pending());
        other.complete(1); // woken, and not polled any more
    }
    EXPECT_TRUE(source.has_waker());
    source.complete(1);
    source.drop_waker();
    EXPECT_EQ(source.polls(), 1);
}

TEST(FuturesUnordered, clear_destroys_all_and_leaves_it_usable) {
    std::deque<ByHandSource<int>> sources(3);
    Numbers set;
    for (auto& source : sources) set.push(ByHand<int>(source));
    Next waits(set.next());
    EXPECT_TRUE(waits.poll().is_pending());
    sources[1].complete(1);
    set.clear();
    EXPECT_TRUE(set.is_empty());
    EXPECT_EQ(waits.clones_alive(), 0u);
    sources[0].complete(0);
    EXPECT_EQ(Next(set.next()).poll().value(), std::nullopt);
    ByHandSource<int> source;
    set.push(ByHand<int>(source));
    Next again(set.next());
    EXPECT_TRUE(again.poll().is_pending());
    source.complete(7);
    EXPECT_EQ(again.poll().value(), 7);
}

TEST(FuturesUnordered, what_is_pushed_by_those_that_it_destroys_is_destroyed_with_it) {
    int alive = 0;
    class Pushes {
    public:
        Pushes(FuturesUnordered<Task<>>& set, int& alive, int more)
            : set_(set), counted_(alive), alive_(alive), more_(more) {}
        ~Pushes() {
            if (more_ == 0) return;
            auto next = [](std::unique_ptr<Pushes>) -> Task<> { co_return; };
            set_.push(next(std::make_unique<Pushes>(set_, alive_, more_ - 1)));
        }

    private:
        FuturesUnordered<Task<>>& set_;
        rouse_test::Alive counted_;
        int& alive_;
        int more_;
    };
    auto forever = [](std::unique_ptr<Pushes>) -> Task<> { co_await rouse::never<>(); };
    {
        FuturesUnordered<Task<>> set;
        set.push(forever(std::make_unique<Pushes>(set, alive, 2)));
        Harness waits(set.next());
        EXPECT_TRUE(waits.poll().is_pending());
        EXPECT_EQ(alive, 1);
    }
    EXPECT_EQ(alive, 0);
    FuturesUnordered<Task<>> cleared;
    cleared.push(forever(std::make_unique<Pushes>(cleared, alive, 1)));
    cleared.clear();
    EXPECT_EQ(cleared.len(), 1u) << "pushed after all that were there";
    EXPECT_EQ(alive, 1);
}

TEST(FuturesUnordered, one_that_wakes_itself_is_polled_once_in_a_turn) {
    FuturesUnordered<rouse::BoxFuture<int>> set;
    set.push(rouse::boxed(SelfWaking(100)));
    set.push(rouse::boxed(SelfWaking(2)));
    Harness waits(set.next());
    int turns = 0;
    for (auto poll = waits.poll(); poll.is_pending(); poll = waits.poll()) {
        EXPECT_EQ(waits.take_wakes(), 1u);
        ++turns;
    }
    EXPECT_EQ(turns, 2);
    EXPECT_EQ(set.len(), 1u);
    // However many there are beside it that sleep.
    FuturesUnordered<rouse::BoxFuture<int>> many;
    for (int i = 0; i < 100; ++i) many.push(rouse::boxed(rouse::never<int>()));
    many.push(rouse::boxed(SelfWaking(3)));
    Harness last(many.next());
    for (int turn = 0; turn < 3; ++turn) {
        EXPECT_TRUE(last.poll().is_pending());
        EXPECT_EQ(last.take_wakes(), 1u);
    }
    EXPECT_TRUE(last.poll().is_ready());
}

TEST(FuturesUnordered, an_exception_takes_its_future_along_and_no_other) {
    auto fails = []() -> Task<int> {
        co_await rouse::yield_now();
        throw std::runtime_error("as it is meant");
    };
    ByHandSource<int> source;
    FuturesUnordered<rouse::BoxFuture<int>> set;
    set.push(rouse::boxed(ByHand<int>(source)));
    set.push(rouse::boxed(fails()));
    Harness first(set.next());
    EXPECT_TRUE(first.poll().is_pending());
    EXPECT_THROW((void)first.poll(), std::runtime_error);
    EXPECT_EQ(first.clones_alive(), 0u);
    EXPECT_EQ(set.len(), 1u);
    Harness second(set.next());
    EXPECT_TRUE(second.poll().is_pending());
    source.complete(1);
    EXPECT_EQ(second.poll().value(), 1);
}

// ---- lost wakers ----

/// A runtime in which it is meant that something hangs.
template <class F>
void run_set_with_faults(F body) {
    rouse::RuntimeOptions options = rouse_test::paused_clock();
    options.on_hang = [](const rouse::HangReport&) {};
    rouse::run(std::move(body), std::move(options));
}

Task<int> forgets_its_waker() { co_return co_await Forgetful(); }
Task<int> catches() {
    try {
        co_return co_await Forgetful();
    } catch (const rouse::LostWaker& lost) {
        EXPECT_NE(lost.report().child_role.find("FuturesUnordered"), std::string::npos);
        EXPECT_GE(lost.report().stack.size(), 2u) << "its own await, and that of `next`";
        co_return -1;
    }
}

TEST(FuturesUnordered, a_child_without_a_waker_throws_at_its_own_await) {
    run_set_with_faults([]() -> Task<> {
        FuturesUnordered<Task<int>> set;
        auto slow = []() -> Task<int> {
            co_await sleep(1h);
            co_return 1;
        };
        set.push(slow());
        set.push(catches());
        set.push(forgets_its_waker());
        const auto start = rouse::now();
        auto first = co_await set.next();
        EXPECT_EQ(first, -1);
        EXPECT_THROW((void)co_await set.next(), rouse::LostWaker);
        EXPECT_EQ(rouse::now() - start, 0s);
        auto last = co_await set.next();
        EXPECT_EQ(last, 1);
    });
}

TEST(FuturesUnordered, a_child_that_is_no_coroutine_is_thrown_by_next) {
    run_set_with_faults([]() -> Task<> {
        FuturesUnordered<rouse::BoxFuture<int>> set;
        set.push(rouse::boxed(rouse::never<int>()));
        set.push(rouse::boxed(Forgetful()));
        EXPECT_THROW((void)co_await set.next(), rouse::LostWaker);
        EXPECT_EQ(set.len(), 1u);
    });
}

TEST(FuturesUnordered, a_child_whose_last_waker_is_dropped_by_another_thread_throws) {
    run_set_with_faults([]() -> Task<> {
        ByHandSource<int> source;
        auto wait = [&]() -> Task<int> { co_return co_await ByHand<int>(source); };
        FuturesUnordered<Task<int>> set;
        set.push(wait());
        auto drop = [&]() -> Task<> {
            std::thread([waker = source.take_waker()] {}).join();
            co_return;
        };
        auto dropped = rouse::spawn(drop);
        try {
            (void)co_await set.next();
            ADD_FAILURE();
        } catch (const rouse::LostWaker& lost) {
            EXPECT_EQ(lost.report().cause, rouse::HangCause::last_waker_dropped);
            EXPECT_NE(lost.report().dropped_by.find("thread"), std::string::npos);
        }
        co_await dropped;
    });
}

TEST(FuturesUnordered, a_combinator_in_a_child_finds_its_own_lost_children) {
    run_set_with_faults([]() -> Task<> {
        auto both = []() -> Task<int> {
            (void)co_await rouse::join(forgets_its_waker(), sleep(1h));
            co_return 1;
        };
        FuturesUnordered<Task<int>> set;
        set.push(both());
        const auto start = rouse::now();
        EXPECT_THROW((void)co_await set.next(), rouse::LostWaker);
        EXPECT_EQ(rouse::now() - start, 0s);
    });
}

// ---- in a runtime ----

TEST(FuturesUnordered, waits_for_timers_handles_and_locks) {
    run_paused([]() -> Task<> {
        rouse::Mutex<int> mutex{0};
        FuturesUnordered<rouse::BoxFuture<int>> set;
        auto timed = [](int i) -> Task<int> {
            co_await sleep(i * 1s);
            co_return i;
        };
        auto locks = [&](int i) -> Task<int> {
            auto guard = co_await mutex.lock();
            co_await sleep(100ms);
            *guard += i;
            co_return i;
        };
        int sum = 0;
        for (int i = 1; i <= 3; ++i) {
            set.push(rouse::boxed(timed(i)));
            set.push(rouse::boxed(rouse::spawn(timed, i)));
            set.push(rouse::boxed(locks(i)));
        }
        const auto start = rouse::now();
        while (auto value = co_await set.next()) sum += *value;
        EXPECT_EQ(sum, 18);
        EXPECT_EQ(rouse::now() - start, 3s);
        auto guard = co_await mutex.lock();
        EXPECT_EQ(*guard, 6);
    });
}

TEST(FuturesUnordered, may_be_an_arm_of_select) {
    run_paused([]() -> Task<> {
        FuturesUnordered<rouse::Sleep> set;
        set.push(sleep(3s));
        set.push(sleep(5s));
        int ticks = 0;
        while (!set.is_empty()) {
            auto first = co_await rouse::select(set.next(), sleep(1s));
            ticks += first.index() == 1;
        }
        EXPECT_GE(ticks, 3);
    });
}

TEST(FuturesUnordered, a_set_in_a_set) {
    run_paused([]() -> Task<> {
        auto sum_of = [](int from) -> Task<int> {
            FuturesUnordered<Task<int>> inner;
            auto value = [](int i) -> Task<int> {
                co_await sleep(i * 1ms);
                co_return i;
            };
            for (int i = from; i < from + 10; ++i) inner.push(value(i));
            int sum = 0;
            while (auto one = co_await inner.next()) sum += *one;
            co_return sum;
        };
        FuturesUnordered<Task<int>> outer;
        for (int i = 0; i < 10; ++i) outer.push(sum_of(i * 10));
        int sum = 0;
        while (auto one = co_await outer.next()) sum += *one;
        EXPECT_EQ(sum, 4950);
    });
}

TEST(FuturesUnordered, shows_what_its_futures_wait_for) {
    run_paused([]() -> Task<> {
        auto waits = []() -> Task<> {
            FuturesUnordered<rouse::Sleep> set;
            for (int i = 1; i <= 20; ++i) set.push(sleep(i * 1s));
            while (co_await set.next()) {}
        };
        auto task = rouse::spawn(waits);
        co_await sleep(1ms);
        const rouse::RuntimeDump dump = rouse::Handle::current().dump();
        const auto& children = dump.tasks.at(1).await.children;
        EXPECT_EQ(children.size(), 17u);
        EXPECT_EQ(children.at(0).role, "future 1 of FuturesUnordered");
        EXPECT_EQ(children.at(16).role, "4 more of FuturesUnordered");
        co_await task;
    });
}

} // namespace
