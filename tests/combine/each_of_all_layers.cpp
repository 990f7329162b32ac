// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What holds for every future of the library: it lets go of its wakers, and it is not polled after Ready.

#include <rouse/combine/join.hpp>
#include <rouse/combine/select.hpp>
#include <rouse/core/box_future.hpp>
#include <rouse/sync/oneshot.hpp>
#include <rouse/task/generator.hpp>
#include <rouse/task/task.hpp>
#include <rouse/task/task_local.hpp>
#include <rouse/task/yield_now.hpp>
#include <rouse/testing/harness.hpp>
#include <rouse/time/interval.hpp>
#include <rouse/time/timeout.hpp>

#include "time/paused.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using rouse::sleep;
using rouse::Task;
using rouse::testing::Harness;
using rouse_test::run_paused;

ROUSE_TASK_LOCAL(int, number);

Task<int> task() {
    co_await sleep(1ms);
    co_return 1;
}
rouse::Generator<int> generator() {
    for (int i = 0;; ++i) {
        co_await sleep(1ms);
        co_yield i;
    }
}
rouse::oneshot::Receiver<int> receiver() {
    auto [tx, rx] = rouse::oneshot::channel<int>();
    auto send = [sender = std::move(tx)]() mutable -> Task<> {
        co_await sleep(1ms);
        (void)std::move(sender).send(1);
    };
    rouse::spawn(std::move(send)).detach();
    return std::move(rx);
}

/// A future that borrows, with what it borrows.
template <class Owner, class F>
class Owning {
public:
    using Output = rouse::OutputOf<F>;
    template <class Borrow>
    Owning(Owner owner, Borrow borrow)
        : owner_(std::make_unique<Owner>(std::move(owner))), future_(borrow(*owner_)) {}
    rouse::Poll<Output> poll(rouse::Context& cx) { return future_.poll(cx); }

private:
    std::unique_ptr<Owner> owner_;
    F future_;
};
auto next() {
    using Numbers = rouse::Generator<int>;
    return Owning<Numbers, Numbers::Next>(generator(), [](Numbers& numbers) { return numbers.next(); });
}
auto tick() {
    using rouse::Interval;
    return Owning<Interval, Interval::Tick>(rouse::interval_at(rouse::now() + 1ms, 1h),
                                            [](Interval& ticks) { return ticks.tick(); });
}

/// Makes one future of each kind, in a runtime. Each completes after a millisecond, or earlier.
template <class Visit>
Task<> for_each_future(Visit visit) {
    co_await visit("ReadyFuture", [] { return rouse::ready(1); });
    co_await visit("ReadyFuture", [] { return rouse::ready(); });
    co_await visit("Sleep", [] { return sleep(1ms); });
    co_await visit("Interval::Tick", [] { return tick(); });
    co_await visit("Timeout", [] { return rouse::timeout(1h, sleep(1ms)); });
    co_await visit("Timeout", [] { return rouse::timeout(1ms, sleep(1h)); });
    co_await visit("oneshot::Receiver", [] { return receiver(); });
    co_await visit("Join", [] { return rouse::join(sleep(1ms), receiver(), task()); });
    co_await visit("Select", [] { return rouse::select(sleep(1ms), rouse::never(), task()); });
    co_await visit("JoinHandle", [] { return rouse::spawn(task()); });
    co_await visit("JoinHandle", [] { return rouse::spawn(task()).into_result(); });
    co_await visit("Task", [] { return task(); });
    co_await visit("Generator::Next", [] { return next(); });
    co_await visit("Sleep", [] { return rouse::boxed(sleep(1ms)); });
    co_await visit("Task", [] { return number.scope(3, task()); });
}

template <class Make>
Task<> expect_it_lets_go(std::string name, Make make) {
    {
        Harness test(make());
        auto poll = test.poll();
        if (poll.is_pending()) {
            EXPECT_GE(test.clones_alive(), 1u) << name;
            co_await sleep(10ms);
            EXPECT_GE(test.wakes(), 1u) << name;
            poll = test.poll_while_woken();
        }
        EXPECT_TRUE(poll.is_ready()) << name;
        EXPECT_EQ(test.clones_alive(), 0u) << name << " holds a waker after Ready";
        test.drop();
        EXPECT_EQ(test.clones_alive(), 0u) << name;
    }
    {
        Harness test(make());
        (void)test.poll();
        test.drop();
        EXPECT_EQ(test.clones_alive(), 0u) << name << " leaves a waker behind";
        co_await sleep(10ms);
        EXPECT_EQ(test.wakes(), 0u) << name << " woke after it was destroyed";
    }
    {
        Harness never_polled(make());
        never_polled.drop();
        EXPECT_EQ(never_polled.clones_alive(), 0u) << name;
    }
    co_await sleep(10ms); // what it spawned ends
}

TEST(EachFuture, hold_no_waker_after_ready_and_none_after_their_end) {
    int visited = 0;
    run_paused([&]() -> Task<> {
        auto visit = [&](std::string name, auto make) {
            ++visited;
            return expect_it_lets_go(std::move(name), make);
        };
        co_await for_each_future(visit);
        EXPECT_EQ(rouse_test::timers_set(), 0u);
    });
    EXPECT_EQ(visited, 15);
}

TEST(EachFuture, never_holds_its_waker_until_its_end) {
    Harness test(rouse::never());
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(test.poll().is_pending());
    EXPECT_EQ(test.clones_alive(), 1u);
    test.drop();
    EXPECT_EQ(test.clones_alive(), 0u);
    EXPECT_EQ(test.wakes(), 0u);
}

TEST(EachFuture, yield_now_wakes_itself_and_holds_nothing) {
    Harness test(rouse::yield_now());
    EXPECT_TRUE(test.poll().is_pending());
    EXPECT_EQ(test.take_wakes(), 1u);
    EXPECT_EQ(test.clones_alive(), 0u);
    EXPECT_TRUE(test.poll().is_ready());
}

// They borrow: what they wait for stays, with its waker, in the object that they belong to.
TEST(EachFuture, a_tick_and_a_next_leave_their_waker_with_their_owner) {
    run_paused([]() -> Task<> {
        auto numbers = generator();
        auto ticks = std::make_optional(rouse::interval_at(rouse::now() + 1h, 1h));
        Harness next(numbers.next());
        Harness tick(ticks->tick());
        EXPECT_TRUE(next.poll().is_pending());
        EXPECT_TRUE(tick.poll().is_pending());
        next.drop();
        tick.drop();
        {
            auto gone = std::move(numbers);
            ticks.reset();
        }
        EXPECT_EQ(next.clones_alive(), 0u);
        EXPECT_EQ(tick.clones_alive(), 0u);
        EXPECT_EQ(rouse_test::timers_set(), 0u);
        co_return;
    });
}

template <class Make>
Task<> poll_after_ready(Make make) {
    Harness test(make());
    if (test.poll().is_pending()) {
        co_await sleep(10ms);
        EXPECT_TRUE(test.poll_while_woken().is_ready());
    }
    (void)test.poll();
}

class EachFutureDeath : public testing::Test {
protected:
    EachFutureDeath() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(EachFutureDeath, a_poll_after_ready_stops_and_names_the_type) {
    std::vector<std::pair<std::string, std::function<void()>>> kinds;
    run_paused([&]() -> Task<> {
        auto visit = [&](std::string name, auto make) -> Task<> {
            auto act = [make] { run_paused([make] { return poll_after_ready(make); }); };
            kinds.emplace_back(std::move(name), act);
            co_return;
        };
        co_await for_each_future(visit);
    });
    ASSERT_EQ(kinds.size(), 15u);
    for (const auto& [name, act] : kinds)
        EXPECT_DEATH(act(), name + ".* was polled after it had returned Ready") << name;
}

} // namespace
