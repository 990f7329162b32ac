// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/core/atomic_waker.hpp>
#include <rouse/core/waker_from.hpp>
#include <rouse/testing/harness.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <utility>

namespace {

using rouse::AtomicWaker;
using rouse::RawWaker;
using rouse::RawWakerVTable;
using rouse::Waker;
using rouse::testing::CountingWaker;

TEST(AtomicWaker, wakes_what_is_registered_once) {
    CountingWaker waker;
    AtomicWaker place;
    place.register_by_ref(waker.waker());
    EXPECT_EQ(waker.clones_alive(), 1u);
    place.wake();
    EXPECT_EQ(waker.wakes(), 1u);
    EXPECT_EQ(waker.clones_alive(), 0u);
    place.wake();
    EXPECT_EQ(waker.wakes(), 1u);
}

TEST(AtomicWaker, without_a_waker_wakes_nobody) {
    AtomicWaker place;
    place.wake();
    EXPECT_FALSE(place.take());
    CountingWaker waker; // and that wake is not remembered: the consumer looks after it has registered
    place.register_by_ref(waker.waker());
    EXPECT_EQ(waker.wakes(), 0u);
}

TEST(AtomicWaker, registering_the_same_again_clones_nothing) {
    CountingWaker waker;
    AtomicWaker place;
    place.register_by_ref(waker.waker());
    const Waker taken = place.take();
    place.register_by_ref(taken);
    place.register_by_ref(taken);
    EXPECT_EQ(waker.clones_alive(), 2u); // `taken`, and one clone of it
    place.wake();
    EXPECT_EQ(waker.wakes(), 1u);
}

TEST(AtomicWaker, a_new_waker_replaces_the_old_one) {
    CountingWaker first, second;
    AtomicWaker place;
    place.register_by_ref(first.waker());
    place.register_by_ref(second.waker());
    EXPECT_EQ(first.clones_alive(), 0u);
    place.wake();
    EXPECT_EQ(first.wakes(), 0u);
    EXPECT_EQ(second.wakes(), 1u);
}

TEST(AtomicWaker, take_hands_the_waker_out) {
    CountingWaker waker;
    AtomicWaker place;
    place.register_by_ref(waker.waker());
    Waker taken = place.take();
    EXPECT_TRUE(taken);
    EXPECT_EQ(waker.wakes(), 0u);
    EXPECT_FALSE(place.take());
    std::move(taken).wake();
    EXPECT_EQ(waker.wakes(), 1u);
}

TEST(AtomicWaker, destroying_it_drops_the_waker) {
    CountingWaker waker;
    {
        AtomicWaker place;
        place.register_by_ref(waker.waker());
    }
    EXPECT_EQ(waker.clones_alive(), 0u);
    EXPECT_EQ(waker.wakes(), 0u);
}

/// A waker whose functions do as a test says: what runs inside of the AtomicWaker's steps.
struct Hooks {
    std::function<void()> on_clone = [] {};
    std::function<void()> on_wake = [] {};
    std::function<void()> on_drop = [] {};
    int wakes = 0;
    int alive = 1;
};
Hooks& hooks(void* data) { return *static_cast<Hooks*>(data); }
extern const RawWakerVTable hooked;
constexpr RawWakerVTable hooked(
    [](void* data) {
        ++hooks(data).alive;
        hooks(data).on_clone();
        return RawWaker(data, &hooked);
    },
    [](void* data) {
        ++hooks(data).wakes;
        --hooks(data).alive;
        hooks(data).on_wake();
    },
    [](void* data) { ++hooks(data).wakes; },
    [](void* data) {
        --hooks(data).alive;
        hooks(data).on_drop();
    });

// The clone is made while the registrar has the right to the place: a wake then finds `registering`.
TEST(AtomicWaker, wake_during_register_wakes_the_new_waker) {
    AtomicWaker place;
    Hooks state;
    {
        const Waker waker = Waker::from_raw(RawWaker(&state, &hooked));
        state.on_clone = [&] { place.wake(); };
        place.register_by_ref(waker);
        EXPECT_EQ(state.wakes, 1);
        EXPECT_EQ(state.alive, 1); // the clone was consumed
        EXPECT_FALSE(place.take());
    }
    EXPECT_EQ(state.alive, 0);
}

TEST(AtomicWaker, take_during_register_leaves_the_wake_to_the_registrar) {
    AtomicWaker place;
    Hooks state;
    const Waker waker = Waker::from_raw(RawWaker(&state, &hooked));
    bool was_empty = false;
    state.on_clone = [&] { was_empty = !place.take(); };
    place.register_by_ref(waker);
    EXPECT_TRUE(was_empty);
    EXPECT_EQ(state.wakes, 1);
}

TEST(AtomicWaker, wake_during_register_also_drops_the_one_before) {
    AtomicWaker place;
    CountingWaker before;
    place.register_by_ref(before.waker());
    Hooks state;
    const Waker waker = Waker::from_raw(RawWaker(&state, &hooked));
    state.on_clone = [&] { place.wake(); };
    place.register_by_ref(waker);
    EXPECT_EQ(before.clones_alive(), 0u);
    EXPECT_EQ(before.wakes(), 0u);
    EXPECT_EQ(state.wakes, 1);
}

// User code runs in wakes and drops: it may use the place again, so neither may run inside of a step.
TEST(AtomicWaker, a_wake_may_register_again) {
    AtomicWaker place;
    CountingWaker next;
    Hooks state;
    const Waker waker = Waker::from_raw(RawWaker(&state, &hooked));
    state.on_wake = [&] { place.register_by_ref(next.waker()); };
    place.register_by_ref(waker);
    place.wake();
    EXPECT_EQ(state.wakes, 1);
    EXPECT_EQ(next.clones_alive(), 1u);
    place.wake();
    EXPECT_EQ(next.wakes(), 1u);
}

TEST(AtomicWaker, the_drop_of_the_old_waker_may_wake) {
    AtomicWaker place;
    CountingWaker next;
    Hooks state;
    {
        const Waker waker = Waker::from_raw(RawWaker(&state, &hooked));
        place.register_by_ref(waker);
    }
    state.on_drop = [&] { place.wake(); };
    place.register_by_ref(next.waker()); // drops the old one, which wakes the new one
    EXPECT_EQ(next.wakes(), 1u);
    EXPECT_EQ(state.alive, 0);
}

} // namespace
