// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What holds for every future of sync: it lets go of its wakers, and whatever it was given and did not take
// goes to the next.

#include "sync/each_future.hpp"

#include "support/drop_anywhere.hpp"

#include <gtest/gtest.h>

#include <concepts>
#include <optional>
#include <type_traits>
#include <utility>

namespace {

using namespace rouse_test::futures;
using rouse::testing::CountingWaker;

template <class Case>
class EachFuture : public ::testing::Test {};

using Cases =
    ::testing::Types<Acquire<1>, Acquire<3>, AcquireOwned, Lock, LockOwned, Read, Write, NotifyOne, NotifyAll,
                     EventSet, BarrierMet, CellValue, Send, Reserve, ReserveMany, ReserveOwned, Recv,
                     RecvMany, RecvUnbounded, ReceiverClosed, SendToMany, RecvOfMany, WatchChanged,
                     WatchClosed, BroadcastRecv, TokenCancelled, TrackerEmpty>;
TYPED_TEST_SUITE(EachFuture, Cases);

template <class Case>
concept Destroyable = requires(Case& one) { one.destroy(); };

TYPED_TEST(EachFuture, keeps_one_waker_while_it_waits_and_none_after_ready) {
    TypeParam one;
    Harness test(one.make());
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(test.poll().is_pending());
        EXPECT_EQ(test.clones_alive(), 1u);
    }
    one.fire();
    EXPECT_EQ(test.take_wakes(), 1u);
    EXPECT_EQ(test.clones_alive(), 0u);
    EXPECT_TRUE(test.poll().is_ready());
    EXPECT_EQ(test.clones_alive(), 0u);
    EXPECT_TRUE(one.conserved());
    test.drop();
    EXPECT_EQ(test.wakes(), 1u);
}

TYPED_TEST(EachFuture, may_be_moved_when_it_is_over) {
    TypeParam one;
    auto future = one.make();
    const CountingWaker waker;
    rouse::Context cx(waker.waker());
    EXPECT_TRUE(future.poll(cx).is_pending());
    one.fire();
    EXPECT_TRUE(future.poll(cx).is_ready());
    { const auto moved = std::move(future); }
    EXPECT_TRUE(one.conserved());
}

TYPED_TEST(EachFuture, wakes_the_waker_of_its_last_poll) {
    TypeParam one;
    const CountingWaker first, second;
    rouse::Context with_first(first.waker()), with_second(second.waker());
    auto future = one.make();
    EXPECT_TRUE(future.poll(with_first).is_pending());
    EXPECT_TRUE(future.poll(with_second).is_pending());
    EXPECT_EQ(first.clones_alive(), 0u);
    EXPECT_EQ(second.clones_alive(), 1u);
    one.fire();
    EXPECT_EQ(first.wakes(), 0u);
    EXPECT_EQ(second.wakes(), 1u);
    EXPECT_TRUE(future.poll(with_first).is_ready());
    EXPECT_EQ(first.clones_alive() + second.clones_alive(), 0u);
}

TYPED_TEST(EachFuture, dropped_unpolled_it_was_never_there) {
    TypeParam one;
    if constexpr (!TypeParam::single) {
        Harness gone(one.make());
        gone.drop();
    }
    Harness next(one.make());
    EXPECT_TRUE(next.poll().is_pending());
    one.fire();
    EXPECT_EQ(next.take_wakes(), 1u);
    EXPECT_TRUE(next.poll().is_ready());
    EXPECT_TRUE(one.conserved());
}

TYPED_TEST(EachFuture, dropped_while_it_waits_the_next_one_gets_it) {
    TypeParam one;
    Harness first(one.make());
    EXPECT_TRUE(first.poll().is_pending());
    if constexpr (TypeParam::single) first.drop();
    Harness second(one.make());
    EXPECT_TRUE(second.poll().is_pending());
    first.drop();
    EXPECT_EQ(first.clones_alive(), 0u);
    EXPECT_EQ(second.wakes(), 0u);
    one.fire();
    EXPECT_EQ(first.wakes(), 0u) << "a node was left in the list";
    EXPECT_EQ(second.take_wakes(), 1u);
    EXPECT_TRUE(second.poll().is_ready());
    EXPECT_EQ(second.clones_alive(), 0u);
    EXPECT_TRUE(one.conserved());
}

TYPED_TEST(EachFuture, dropped_between_the_wake_and_the_poll_the_next_one_gets_it) {
    TypeParam one;
    Harness first(one.make());
    EXPECT_TRUE(first.poll().is_pending());
    if constexpr (TypeParam::single) {
        one.fire();
        EXPECT_EQ(first.take_wakes(), 1u);
        first.drop();
        EXPECT_EQ(first.clones_alive(), 0u);
        Harness second(one.make());
        EXPECT_TRUE(second.poll().is_ready());
        EXPECT_TRUE(one.conserved());
    } else {
        Harness second(one.make());
        EXPECT_TRUE(second.poll().is_pending());
        one.fire();
        EXPECT_EQ(first.take_wakes(), 1u);
        first.drop();
        EXPECT_EQ(first.clones_alive(), 0u);
        EXPECT_EQ(second.take_wakes(), 1u);
        EXPECT_TRUE(second.poll().is_ready());
        EXPECT_EQ(second.clones_alive(), 0u);
        EXPECT_TRUE(one.conserved());
    }
}

/// One notification, and futures until one of them has it.
template <class One>
class DropCase {
public:
    auto make() { return done_ ? std::nullopt : std::optional(one_.make()); }
    template <class Output>
    void take(Output&&) {
        done_ = true;
    }
    void take() { done_ = true; }
    void go() {
        if (fired_) {
            EXPECT_FALSE(One::keeps) << "it was lost";
        }
        fired_ = true;
        one_.fire();
    }
    void check(std::size_t) { EXPECT_TRUE(one_.conserved()); }

private:
    One one_;
    bool fired_ = false;
    bool done_ = false;
};

TYPED_TEST(EachFuture, dropped_anywhere_it_keeps_no_waker_and_loses_nothing) {
    rouse_test::drop_anywhere<DropCase<TypeParam>>(rouse_test::DropPoint::while_it_waits);
    rouse_test::drop_anywhere<DropCase<TypeParam>>(rouse_test::DropPoint::after_the_wake);
}

TYPED_TEST(EachFuture, dropped_in_the_middle_of_a_queue_it_leaves_the_others_their_turn) {
    if constexpr (!TypeParam::single) {
        TypeParam one;
        Harness first(one.make());
        EXPECT_TRUE(first.poll().is_pending());
        {
            Harness middle(one.make());
            if constexpr (std::same_as<TypeParam, BarrierMet>) return; // three have met
            EXPECT_TRUE(middle.poll().is_pending());
            Harness last(one.make());
            EXPECT_TRUE(last.poll().is_pending());
            middle.drop();
            EXPECT_EQ(middle.clones_alive(), 0u);
        }
        one.fire();
        EXPECT_EQ(first.take_wakes(), 1u);
        EXPECT_TRUE(first.poll().is_ready());
        EXPECT_TRUE(one.conserved());
    }
}

TYPED_TEST(EachFuture, what_it_waits_for_is_destroyed_and_wakes_it) {
    if constexpr (Destroyable<TypeParam>) {
        TypeParam one;
        Harness test(one.make());
        EXPECT_TRUE(test.poll().is_pending());
        one.destroy();
        EXPECT_EQ(test.take_wakes(), 1u);
        EXPECT_EQ(test.clones_alive(), 0u);
        try {
            EXPECT_TRUE(test.poll().is_ready());
        } catch (const rouse::Abandoned& error) {
            EXPECT_NE(std::string(error.what()).find("destroyed"), std::string::npos);
        }
        EXPECT_EQ(test.clones_alive(), 0u);
    }
}

template <class Case>
class EachFutureDeath : public ::testing::Test {
protected:
    EachFutureDeath() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};
using DeathCases =
    ::testing::Types<Acquire<1>, Lock, Write, NotifyOne, EventSet, BarrierMet, CellValue, Send, Recv,
                     RecvOfMany, WatchChanged, BroadcastRecv, TokenCancelled, TrackerEmpty, OneshotValue>;
TYPED_TEST_SUITE(EachFutureDeath, DeathCases);

TYPED_TEST(EachFutureDeath, a_poll_after_ready_stops) {
    const auto act = [] {
        TypeParam one;
        Harness test(one.make());
        (void)test.poll();
        one.fire();
        (void)test.poll();
        (void)test.poll();
    };
    EXPECT_DEATH(act(), "was polled after it had returned Ready");
}

/// What a future tells of itself.
class Told : public rouse::Inspector {
public:
    void frame(const rouse::SourceLocation&) override {}
    void leaf(std::string_view) override {}
    void waits_for(rouse::WaitKind, const void* address, std::string_view text) override {
        ++count;
        EXPECT_NE(address, nullptr);
        EXPECT_FALSE(text.empty());
    }
    void begin_child(std::string_view) override {}
    void end_child() override {}
    int count = 0;
};

TYPED_TEST(EachFuture, says_what_it_waits_for) {
    TypeParam one;
    Harness test(one.make());
    EXPECT_TRUE(test.poll().is_pending());
    Told told;
    test.future().inspect(told);
    EXPECT_EQ(told.count, 1);
}

} // namespace
