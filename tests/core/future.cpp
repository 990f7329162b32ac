// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/core/box_future.hpp>
#include <rouse/core/future.hpp>
#include <rouse/testing/harness.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

#include <support/by_hand.hpp>
#include <support/drop_log.hpp>

namespace {

using rouse::Context;
using rouse::Pending;
using rouse::Poll;
using rouse::Ready;
using rouse::Waker;
using rouse::testing::Harness;
using rouse_test::ByHand;
using rouse_test::ByHandSource;

class NoOutput {
public:
    Poll<int> poll(Context&) { return Pending; }
};
class WrongResult {
public:
    using Output = int;
    Poll<long> poll(Context&) { return Pending; }
};
class BarePoll {
public:
    using Output = bool;
    bool poll(Context&) { return false; }
};

TEST(Future, is_output_and_poll) {
    static_assert(rouse::Future<ByHand<int>>);
    static_assert(std::same_as<rouse::OutputOf<ByHand<int>>, int>);
    static_assert(rouse::Future<rouse::ReadyFuture<void>>);
    static_assert(!rouse::Future<int>);
    static_assert(!rouse::Future<NoOutput>);
    static_assert(!rouse::Future<WrongResult>);
    static_assert(!rouse::Future<BarePoll>);
    static_assert(!rouse::Future<const ByHand<int>>); // a poll changes it
}

TEST(ReadyFuture, is_ready_at_its_first_poll_and_keeps_no_waker) {
    Harness test(rouse::ready(std::make_unique<int>(5)));
    EXPECT_EQ(*test.poll().value(), 5);
    EXPECT_EQ(test.clones_alive(), 0u);
    EXPECT_EQ(test.wakes(), 0u);
    EXPECT_TRUE(Harness(rouse::ready()).poll().is_ready());
}

TEST(ReadyFuture, copies_an_lvalue) {
    const std::string text = "a text that is too long for the small buffer";
    auto future = rouse::ready(text);
    static_assert(std::same_as<rouse::OutputOf<decltype(future)>, std::string>);
    EXPECT_EQ(Harness(std::move(future)).poll().value(), text);
}

TEST(Never, is_pending_and_holds_a_counted_waker) {
    Harness test(rouse::never<int>());
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(test.poll().is_pending());
    EXPECT_EQ(test.clones_alive(), 1u);
    EXPECT_EQ(test.wakes(), 0u);
    test.drop();
    EXPECT_EQ(test.clones_alive(), 0u);
}

TEST(Never, holds_the_waker_of_the_last_poll) {
    rouse::testing::CountingWaker first, second;
    auto never = rouse::never();
    Context cx(first.waker()), other(second.waker());
    EXPECT_TRUE(never.poll(cx).is_pending());
    EXPECT_TRUE(never.poll(other).is_pending());
    EXPECT_EQ(first.clones_alive(), 0u);
    EXPECT_EQ(second.clones_alive(), 1u);
}

TEST(PollFn, polls_the_function) {
    auto count = [n = 0](Context& cx) mutable -> Poll<int> {
        if (++n == 3) return Ready(n);
        cx.waker().wake_by_ref();
        return Pending;
    };
    Harness test(rouse::poll_fn(std::move(count)));
    EXPECT_EQ(test.poll_while_woken().value(), 3);
    EXPECT_EQ(test.polls(), 3u);
}

TEST(PollFn, of_void_and_of_a_reference) {
    int object = 1;
    Harness nothing(rouse::poll_fn([](Context&) -> Poll<> { return Ready(); }));
    EXPECT_TRUE(nothing.poll().is_ready());
    Harness reference(rouse::poll_fn([&](Context&) -> Poll<int&> { return Ready<int&>(object); }));
    EXPECT_EQ(&reference.poll().value(), &object);
}

TEST(BoxFuture, is_the_future_inside) {
    ByHandSource<std::string> source;
    Harness test(rouse::boxed(ByHand(source)));
    EXPECT_TRUE(test.poll().is_pending());
    EXPECT_EQ(test.clones_alive(), 1u);
    source.complete("done");
    EXPECT_EQ(test.take_wakes(), 1u);
    EXPECT_EQ(test.poll().value(), "done");
    EXPECT_EQ(source.polls(), 2);
}

TEST(BoxFuture, holds_several_types_in_one) {
    std::vector<rouse::BoxFuture<int>> futures;
    futures.push_back(rouse::boxed(rouse::ready(1)));
    futures.push_back(rouse::boxed(rouse::poll_fn([](Context&) -> Poll<int> { return Ready(2); })));
    futures.push_back(rouse::boxed(rouse::boxed(rouse::ready(3)))); // a box in a box is still a box
    static_assert(std::same_as<decltype(rouse::boxed(rouse::boxed(rouse::ready(3)))), rouse::BoxFuture<int>>);
    int sum = 0;
    const Waker noop = Waker::noop();
    Context cx(noop);
    for (auto& future : futures) sum += future.poll(cx).value();
    EXPECT_EQ(sum, 6);
}

TEST(BoxFuture, may_be_moved_between_polls_and_destroys_what_is_inside_once) {
    ByHandSource<int> source;
    rouse::testing::CountingWaker waker;
    Context cx(waker.waker());
    int alive = 0;
    {
        auto inner = [future = ByHand(source), counted = rouse_test::Alive(alive)](Context& c) mutable {
            return future.poll(c);
        };
        auto box = rouse::boxed(rouse::poll_fn(std::move(inner)));
        EXPECT_TRUE(box.poll(cx).is_pending());
        auto moved = std::move(box);
        source.complete(9);
        EXPECT_EQ(moved.poll(cx).value(), 9);
    }
    EXPECT_EQ(alive, 0);
    EXPECT_EQ(waker.clones_alive(), 0u);
}

TEST(BoxFuture, lets_an_exception_through) {
    auto box = rouse::boxed(
        rouse::poll_fn([](Context&) -> Poll<int> { throw std::runtime_error("from the inside"); }));
    const Waker noop = Waker::noop();
    Context cx(noop);
    EXPECT_THROW((void)box.poll(cx), std::runtime_error);
}

TEST(Context, lends_the_waker_of_the_poll) {
    rouse::testing::CountingWaker waker;
    const Context cx(waker.waker());
    EXPECT_EQ(&cx.waker(), &waker.waker());
    EXPECT_EQ(waker.clones_alive(), 0u);
    static_assert(!std::is_copy_constructible_v<Context>);
}

class PollAfterReady : public testing::Test {
protected:
    PollAfterReady() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
    template <class F>
    static void poll_twice(F future) {
        const Waker noop = Waker::noop();
        Context cx(noop);
        (void)future.poll(cx);
        (void)future.poll(cx);
    }
};

TEST_F(PollAfterReady, of_a_ready_future_stops) {
    EXPECT_DEATH(poll_twice(rouse::ready(1)), "ReadyFuture was polled after it had returned Ready");
    EXPECT_DEATH(poll_twice(rouse::ready()), "ReadyFuture was polled after it had returned Ready");
}

TEST_F(PollAfterReady, of_a_boxed_future_stops) {
    EXPECT_DEATH(poll_twice(rouse::boxed(rouse::ready(1))), "was polled after it had returned Ready");
}

TEST_F(PollAfterReady, of_a_box_that_was_moved_from_stops) {
    EXPECT_DEATH(
        {
            auto box = rouse::boxed(rouse::ready(1));
            auto moved = std::move(box);
            poll_twice(std::move(box));
        },
        "BoxFuture was polled after it had been moved from");
}

} // namespace
