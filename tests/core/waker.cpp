// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/core/waker.hpp>

#include <gtest/gtest.h>

#include <type_traits>
#include <utility>

namespace {

using rouse::RawWaker;
using rouse::RawWakerVTable;
using rouse::Waker;

/// What a hand-made vtable was called for.
struct Calls {
    int clones = 0;
    int wakes = 0;
    int wakes_by_ref = 0;
    int drops = 0;
    [[nodiscard]] int alive() const { return 1 + clones - wakes - drops; }
};

Calls& calls(void* data) { return *static_cast<Calls*>(data); }
extern const RawWakerVTable counting;
constexpr RawWakerVTable counting(
    [](void* data) {
        ++calls(data).clones;
        return RawWaker(data, &counting);
    },
    [](void* data) { ++calls(data).wakes; }, [](void* data) { ++calls(data).wakes_by_ref; },
    [](void* data) { ++calls(data).drops; });

Waker waker_of(Calls& calls) { return Waker::from_raw(RawWaker(&calls, &counting)); }

TEST(Waker, drops_once) {
    Calls calls;
    {
        const Waker waker = waker_of(calls);
        EXPECT_TRUE(waker);
    }
    EXPECT_EQ(calls.drops, 1);
    EXPECT_EQ(calls.alive(), 0);
}

TEST(Waker, wake_consumes_it) {
    Calls calls;
    Waker waker = waker_of(calls);
    std::move(waker).wake();
    EXPECT_FALSE(waker);
    EXPECT_EQ(calls.wakes, 1);
    EXPECT_EQ(calls.drops, 0);
    std::move(waker).wake(); // wakes nobody
    EXPECT_EQ(calls.wakes, 1);
    EXPECT_EQ(calls.alive(), 0);
}

TEST(Waker, wake_by_ref_keeps_it) {
    Calls calls;
    {
        const Waker waker = waker_of(calls);
        waker.wake_by_ref();
        waker.wake_by_ref();
        EXPECT_TRUE(waker);
    }
    EXPECT_EQ(calls.wakes_by_ref, 2);
    EXPECT_EQ(calls.wakes, 0);
    EXPECT_EQ(calls.drops, 1);
}

TEST(Waker, clones_are_apart) {
    Calls calls;
    {
        const Waker waker = waker_of(calls);
        Waker first = waker.clone();
        const Waker second = first.clone();
        EXPECT_EQ(calls.clones, 2);
        std::move(first).wake();
        EXPECT_TRUE(second.will_wake(waker));
    }
    EXPECT_EQ(calls.wakes, 1);
    EXPECT_EQ(calls.drops, 2);
    EXPECT_EQ(calls.alive(), 0);
}

TEST(Waker, a_move_hands_it_over) {
    Calls calls;
    {
        Waker first = waker_of(calls);
        Waker second = std::move(first);
        EXPECT_FALSE(first);
        EXPECT_TRUE(second);
        Waker third;
        third = std::move(second);
        EXPECT_FALSE(second);
        EXPECT_TRUE(third);
        EXPECT_EQ(calls.drops, 0);
    }
    EXPECT_EQ(calls.drops, 1);
    EXPECT_EQ(calls.clones, 0);
}

TEST(Waker, assignment_drops_the_one_before) {
    Calls old_calls, new_calls;
    Waker waker = waker_of(old_calls);
    waker = waker_of(new_calls);
    EXPECT_EQ(old_calls.drops, 1);
    EXPECT_EQ(new_calls.drops, 0);
    waker = Waker();
    EXPECT_EQ(new_calls.drops, 1);
}

TEST(Waker, self_assignment_leaks_and_repeats_nothing) {
    Calls calls;
    {
        Waker waker = waker_of(calls);
        Waker& same = waker;
        waker = std::move(same);
    }
    EXPECT_EQ(calls.drops, 1);
}

TEST(Waker, will_wake_compares_data_and_vtable) {
    Calls one, other;
    const Waker waker = waker_of(one);
    const Waker clone = waker.clone();
    const Waker stranger = waker_of(other);
    EXPECT_TRUE(waker.will_wake(clone));
    EXPECT_TRUE(waker.will_wake(waker));
    EXPECT_FALSE(waker.will_wake(stranger));
    EXPECT_FALSE(waker.will_wake(Waker::noop()));
    EXPECT_FALSE(waker.will_wake(Waker()));
}

TEST(Waker, clone_from_clones_only_another) {
    Calls one, other;
    {
        const Waker waker = waker_of(one);
        const Waker stranger = waker_of(other);
        Waker kept;
        kept.clone_from(waker);
        kept.clone_from(waker);
        EXPECT_EQ(one.clones, 1);
        kept.clone_from(stranger);
        EXPECT_EQ(one.drops, 1);
        EXPECT_EQ(other.clones, 1);
        kept.clone_from(Waker());
        EXPECT_FALSE(kept);
        EXPECT_EQ(other.drops, 1);
    }
    EXPECT_EQ(one.alive(), 0);
    EXPECT_EQ(other.alive(), 0);
}

TEST(Waker, an_empty_one_does_nothing) {
    Waker empty;
    EXPECT_FALSE(empty);
    empty.wake_by_ref();
    EXPECT_FALSE(empty.clone());
    std::move(empty).wake();
    EXPECT_TRUE(Waker().will_wake(Waker()));
}

TEST(Waker, noop_is_a_waker_that_does_nothing) {
    Waker noop = Waker::noop();
    EXPECT_TRUE(noop);
    noop.wake_by_ref();
    Waker clone = noop.clone();
    EXPECT_TRUE(clone);
    EXPECT_TRUE(clone.will_wake(noop));
    std::move(noop).wake();
    EXPECT_FALSE(noop);
}

TEST(Waker, raw_and_back) {
    Calls calls;
    Waker waker = waker_of(calls);
    EXPECT_EQ(waker.as_raw().data(), &calls);
    EXPECT_EQ(waker.as_raw().vtable(), &counting);
    EXPECT_TRUE(waker);
    const RawWaker raw = std::move(waker).into_raw();
    EXPECT_FALSE(waker);
    EXPECT_EQ(calls.drops, 0); // it is owed now
    { const Waker again = Waker::from_raw(raw); }
    EXPECT_EQ(calls.drops, 1);
}

TEST(Waker, is_move_only_and_two_pointers) {
    static_assert(!std::is_copy_constructible_v<Waker>);
    static_assert(!std::is_copy_assignable_v<Waker>);
    static_assert(std::is_nothrow_move_constructible_v<Waker>);
    EXPECT_EQ(sizeof(Waker), 2 * sizeof(void*));
}

// A vtable may hand a different one out for its clones, as a waker does that is made at the first clone.
TEST(Waker, a_clone_may_have_another_vtable) {
    static Calls calls;
    calls = Calls();
    static constexpr RawWakerVTable lazy([](void*) { return RawWaker(&calls, &counting); }, [](void*) {},
                                         [](void*) {}, [](void*) {});
    {
        const Waker waker = Waker::from_raw(RawWaker(nullptr, &lazy));
        const Waker clone = waker.clone();
        EXPECT_FALSE(clone.will_wake(waker));
        clone.wake_by_ref();
    }
    EXPECT_EQ(calls.wakes_by_ref, 1);
    EXPECT_EQ(calls.drops, 1);
}

TEST(LentWaker, is_not_dropped) {
    Calls calls;
    {
        const rouse::detail::LentWaker lent(RawWaker(&calls, &counting));
        const Waker clone = lent.get().clone();
    }
    EXPECT_EQ(calls.clones, 1);
    EXPECT_EQ(calls.drops, 1);
}

} // namespace
