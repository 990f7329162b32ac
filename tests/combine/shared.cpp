// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include <rouse/combine/futures_ordered.hpp>
#include <rouse/combine/join.hpp>
#include <rouse/combine/shared.hpp>
#include <rouse/core/block_on.hpp>
#include <rouse/core/box_future.hpp>
#include <rouse/sync/oneshot.hpp>
#include <rouse/task/task.hpp>
#include <rouse/testing/harness.hpp>
#include <rouse/time/sleep.hpp>

#include "support/by_hand.hpp"
#include "time/paused.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

namespace {

using namespace std::chrono_literals;
using rouse::sleep;
using rouse::Task;
using rouse::testing::Harness;
using rouse_test::ByHand;
using rouse_test::ByHandSource;
using rouse_test::Forgetful;
using rouse_test::run_paused;

template <class F>
rouse::Shared<F> copy_of(const rouse::Shared<F>& handle) {
    return handle;
}

TEST(Shared, gives_each_who_awaits_a_copy) {
    ByHandSource<std::string> source;
    auto first = rouse::shared(ByHand<std::string>(source));
    Harness one(copy_of(first)), two(copy_of(first));
    EXPECT_TRUE(one.poll().is_pending());
    EXPECT_TRUE(two.poll().is_pending());
    EXPECT_EQ(source.polls(), 1) << "one poll is enough for both";
    EXPECT_EQ(first.peek(), nullptr);
    source.complete("a value");
    EXPECT_EQ(one.take_wakes(), 1u);
    EXPECT_EQ(two.take_wakes(), 1u);
    EXPECT_EQ(two.poll().value(), "a value");
    EXPECT_EQ(one.poll().value(), "a value");
    EXPECT_EQ(one.clones_alive() + two.clones_alive(), 0u);
    EXPECT_EQ(*first.peek(), "a value");
    Harness late(std::move(first));
    EXPECT_EQ(late.poll().value(), "a value");
    EXPECT_EQ(source.polls(), 2);
}

TEST(Shared, goes_on_without_the_one_that_polled_it_first) {
    ByHandSource<int> source;
    auto kept = rouse::shared(ByHand<int>(source));
    Harness one(copy_of(kept)), two(copy_of(kept));
    EXPECT_TRUE(one.poll().is_pending());
    EXPECT_TRUE(two.poll().is_pending());
    one.drop();
    EXPECT_EQ(one.clones_alive(), 0u);
    source.complete(1);
    EXPECT_EQ(two.take_wakes(), 1u);
    EXPECT_EQ(two.poll().value(), 1);
}

TEST(Shared, goes_on_without_one_that_was_woken_and_is_not_polled) {
    ByHandSource<int> source;
    auto kept = rouse::shared(ByHand<int>(source));
    Harness one(copy_of(kept)), two(copy_of(kept));
    EXPECT_TRUE(one.poll().is_pending());
    EXPECT_TRUE(two.poll().is_pending());
    source.complete(1);
    EXPECT_EQ(two.poll().value(), 1);
    EXPECT_EQ(one.wakes(), 1u);
}

TEST(Shared, the_last_handle_destroys_the_future) {
    ByHandSource<int> source;
    auto alive = std::make_shared<int>(1);
    auto waits = [](std::shared_ptr<int>, ByHandSource<int>& from) -> Task<int> {
        co_return co_await ByHand<int>(from);
    };
    {
        auto kept = rouse::shared(waits(alive, source));
        Harness one(copy_of(kept));
        EXPECT_TRUE(one.poll().is_pending());
        EXPECT_EQ(alive.use_count(), 2);
    }
    EXPECT_EQ(alive.use_count(), 1);
    source.complete(1); // its waker does nothing now
}

TEST(Shared, an_exception_reaches_all) {
    run_paused([]() -> Task<> {
        auto fails = []() -> Task<int> {
            co_await sleep(1s);
            throw std::runtime_error("as it is meant");
        };
        auto one = rouse::shared(fails());
        auto two = one;
        EXPECT_THROW((void)co_await one, std::runtime_error);
        EXPECT_THROW((void)co_await two, std::runtime_error);
        EXPECT_EQ(two.peek(), nullptr);
    });
}

TEST(Shared, a_hang_reaches_all_who_await_at_once) {
    rouse::RuntimeOptions options = rouse_test::paused_clock();
    int reports = 0;
    options.on_hang = [&](const rouse::HangReport& report) {
        ++reports;
        EXPECT_EQ(report.child_role, "shared future");
        EXPECT_EQ(report.cause, rouse::HangCause::last_waker_dropped);
    };
    const auto body = []() -> Task<> {
        ByHandSource<int> source;
        auto waits = [&]() -> Task<int> { co_return co_await ByHand<int>(source); };
        auto shared = rouse::shared(waits());
        auto expects = [](rouse::Shared<Task<int>> handle) -> Task<> {
            EXPECT_THROW((void)co_await handle, rouse::LostWaker);
        };
        auto one = rouse::spawn(expects, shared);
        auto two = rouse::spawn(expects, shared);
        const auto start = rouse::now();
        co_await sleep(1s);
        source.drop_waker();
        co_await one;
        co_await two;
        EXPECT_EQ(rouse::now() - start, 1s);
    };
    rouse::run(body, std::move(options));
    EXPECT_EQ(reports, 1);
}

TEST(Shared, of_a_leaf_that_never_registered) {
    rouse::RuntimeOptions options = rouse_test::paused_clock();
    options.on_hang = [](const rouse::HangReport&) {};
    const auto body = []() -> Task<> {
        auto one = rouse::shared(Forgetful());
        auto two = one;
        EXPECT_THROW((void)co_await one, rouse::LostWaker);
        EXPECT_THROW((void)co_await two, rouse::LostWaker);
    };
    rouse::run(body, std::move(options));
}

TEST(Shared, is_awaited_by_tasks_and_shows_what_it_waits_for) {
    run_paused([]() -> Task<> {
        auto slow = []() -> Task<int> {
            for (int i = 0; i < 10; ++i) co_await sleep(1s);
            co_return 7;
        };
        auto shared = rouse::shared(slow());
        auto reads = [](rouse::Shared<Task<int>> handle) -> Task<int> { co_return co_await handle; };
        auto one = rouse::spawn(reads, shared);
        auto two = rouse::spawn(reads, shared);
        co_await sleep(1ms);
        const rouse::RuntimeDump dump = rouse::Handle::current().dump();
        EXPECT_EQ(dump.tasks.at(2).await.children.at(0).role, "shared future");
        EXPECT_EQ(dump.tasks.at(2).await.children.at(0).waits.at(0).kind, rouse::WaitKind::timer);
        EXPECT_EQ(co_await one + co_await two, 14);
    });
}

// ---- FuturesOrdered ----

TEST(FuturesOrdered, gives_its_values_in_the_order_of_the_pushes) {
    std::deque<ByHandSource<int>> sources(4);
    rouse::FuturesOrdered<ByHand<int>> queue;
    for (int i = 1; i < 4; ++i) queue.push_back(ByHand<int>(sources[i]));
    queue.push_front(ByHand<int>(sources[0]));
    EXPECT_EQ(queue.len(), 4u);
    Harness next(queue.next());
    EXPECT_TRUE(next.poll().is_pending());
    for (int i = 3; i >= 0; --i) {
        sources[i].complete(i * 10);
        EXPECT_EQ(next.take_wakes(), 1u);
        if (i) {
            EXPECT_TRUE(next.poll().is_pending());
        }
    }
    EXPECT_EQ(next.poll().value(), 0);
    EXPECT_EQ(next.clones_alive(), 0u);
    for (int i = 1; i < 4; ++i) EXPECT_EQ(Harness(queue.next()).poll().value(), i * 10);
    EXPECT_EQ(Harness(queue.next()).poll().value(), std::nullopt);
    for (auto& source : sources) EXPECT_EQ(source.polls(), 2);
}

TEST(FuturesOrdered, throws_an_error_in_its_turn) {
    run_paused([]() -> Task<> {
        auto after = [](int seconds) -> Task<int> {
            co_await sleep(seconds * 1s);
            if (seconds == 1) throw std::runtime_error("as it is meant");
            co_return seconds;
        };
        rouse::FuturesOrdered<Task<int>> queue;
        for (const int seconds : {3, 1, 2}) queue.push_back(after(seconds));
        EXPECT_EQ(co_await queue.next(), 3);
        EXPECT_THROW((void)co_await queue.next(), std::runtime_error);
        EXPECT_EQ(co_await queue.next(), 2);
        EXPECT_EQ(co_await queue.next(), std::nullopt);
    });
}

/// A value whose `at`-th move throws.
class ThrowsWhenMoved {
public:
    explicit ThrowsWhenMoved(int& left) : left_(&left) {}
    ThrowsWhenMoved(ThrowsWhenMoved&& other) : left_(other.left_) {
        if (--*left_ == 0) throw std::runtime_error("in a move");
    }

private:
    int* left_;
};
TEST(FuturesOrdered, a_value_whose_move_throws_is_an_error_in_its_turn) {
    using Value = ThrowsWhenMoved;
    for (int at = 1; at <= 10; ++at) {
        int left = at;
        int never = 0;
        const auto ready = [](int& moves) {
            return rouse::boxed(rouse::poll_fn(
                [&moves](rouse::Context&) { return rouse::Poll<Value>(std::in_place, moves); }));
        };
        rouse::FuturesOrdered<rouse::BoxFuture<Value>> queue;
        queue.push_back(ready(left));
        queue.push_back(ready(never));
        int thrown = 0;
        try {
            EXPECT_TRUE(Harness(queue.next()).poll().is_ready());
        } catch (const std::runtime_error&) {
            ++thrown;
        }
        EXPECT_EQ(thrown, left <= 0 ? 1 : 0) << at;
        EXPECT_EQ(queue.len(), 1u) << at;
        EXPECT_TRUE(Harness(queue.next()).poll().value().has_value()) << at;
        EXPECT_FALSE(Harness(queue.next()).poll().value().has_value()) << at;
        queue.push_front(ready(never));
        EXPECT_TRUE(Harness(queue.next()).poll().value().has_value()) << at;
    }
}

TEST(FuturesOrdered, a_push_that_throws_has_added_nothing) {
    class Refuses {
    public:
        using Output = int;
        Refuses(int value, bool refuses) noexcept : value_(value), refuses_(refuses) {}
        Refuses(Refuses&& other) : value_(other.value_), refuses_(other.refuses_) {
            if (refuses_) throw std::bad_alloc();
        }
        rouse::Poll<int> poll(rouse::Context&) { return rouse::Ready(value_); }

    private:
        int value_;
        bool refuses_;
    };
    rouse::FuturesOrdered<Refuses> queue;
    queue.push_back(Refuses(1, false));
    EXPECT_THROW(queue.push_back(Refuses(2, true)), std::bad_alloc);
    EXPECT_THROW(queue.push_front(Refuses(0, true)), std::bad_alloc);
    queue.push_front(Refuses(0, false));
    queue.push_back(Refuses(2, false));
    EXPECT_EQ(queue.len(), 3u);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(Harness(queue.next()).poll().value(), i);
    EXPECT_EQ(Harness(queue.next()).poll().value(), std::nullopt);
}

TEST(FuturesOrdered, the_destructor_of_a_future_may_clear_it_and_push) {
    class Ends {
    public:
        using Output = int;
        Ends(int value, std::function<void()>* then) noexcept : value_(value), then_(then) {}
        Ends(Ends&& other) noexcept : value_(other.value_), then_(std::exchange(other.then_, nullptr)) {}
        ~Ends() {
            if (then_) (*std::exchange(then_, nullptr))();
        }
        rouse::Poll<int> poll(rouse::Context&) { return rouse::Ready(value_); }

    private:
        int value_;
        std::function<void()>* then_;
    };
    std::function<void()> then;
    rouse::FuturesOrdered<Ends> queue;
    then = [&] {
        queue.clear();
        queue.push_back(Ends(3, nullptr));
    };
    queue.push_back(Ends(1, &then));
    queue.push_back(Ends(2, nullptr));
    EXPECT_EQ(Harness(queue.next()).poll().value(), 3) << "its own value was cleared too";
    EXPECT_TRUE(queue.is_empty());
    then = [&] { queue.push_front(Ends(4, nullptr)); };
    queue.push_back(Ends(1, &then));
    queue.clear();
    EXPECT_EQ(queue.len(), 1u) << "pushed after all that were there";
    EXPECT_EQ(Harness(queue.next()).poll().value(), 4);
    {
        rouse::FuturesOrdered<Ends> ending;
        then = [&] { ending.push_back(Ends(5, nullptr)); };
        ending.push_back(Ends(1, &then));
    }
}

} // namespace
