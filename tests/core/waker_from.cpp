// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/core/waker_from.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include <support/drop_log.hpp>

namespace {

using rouse::Waker;
using rouse::waker_from;

class Bell {
public:
    void wake() { ++rings; }
    std::atomic<int> rings{0};
};

TEST(WakerFrom, a_shared_object_is_woken) {
    auto bell = std::make_shared<Bell>();
    Waker waker = waker_from(bell);
    waker.wake_by_ref();
    EXPECT_EQ(bell->rings, 1);
    std::move(waker).wake();
    EXPECT_EQ(bell->rings, 2);
    EXPECT_EQ(bell.use_count(), 1);
}

TEST(WakerFrom, each_clone_shares_the_object) {
    auto bell = std::make_shared<Bell>();
    {
        const Waker waker = waker_from(bell);
        const Waker clone = waker.clone();
        EXPECT_EQ(bell.use_count(), 3);
        clone.wake_by_ref();
    }
    EXPECT_EQ(bell.use_count(), 1);
    EXPECT_EQ(bell->rings, 1);
}

TEST(WakerFrom, the_object_lives_until_the_last_waker_has_gone) {
    std::weak_ptr<Bell> watched;
    Waker clone;
    {
        auto bell = std::make_shared<Bell>();
        watched = bell;
        clone = waker_from(std::move(bell)).clone();
    }
    EXPECT_FALSE(watched.expired());
    std::move(clone).wake();
    EXPECT_TRUE(watched.expired());
}

TEST(WakerFrom, a_callback_is_called_at_each_wake) {
    int calls = 0;
    Waker waker = waker_from([&] { ++calls; });
    waker.wake_by_ref();
    waker.clone().wake();
    std::move(waker).wake();
    EXPECT_EQ(calls, 3);
}

TEST(WakerFrom, a_callback_dies_with_the_last_clone) {
    int alive = 0;
    {
        Waker clone;
        {
            auto callback = [counted = rouse_test::Alive(alive)] {};
            clone = waker_from(std::move(callback)).clone();
        }
        EXPECT_EQ(alive, 1);
        clone.wake_by_ref();
        EXPECT_EQ(alive, 1);
    }
    EXPECT_EQ(alive, 0);
}

TEST(WakerFrom, a_move_only_callback) {
    auto owned = std::make_unique<int>(0);
    int& count = *owned;
    const Waker waker = waker_from([owned = std::move(owned)] { ++*owned; });
    waker.wake_by_ref();
    EXPECT_EQ(count, 1);
}

// The object may go in its own wake: what it is called through must hold it.
TEST(WakerFrom, the_last_waker_may_be_dropped_inside_of_its_own_wake) {
    class Owner {
    public:
        void wake() {
            waker = Waker();
            ++woken; // still here
        }
        Waker waker;
        int woken = 0;
    };
    auto owner = std::make_shared<Owner>();
    std::weak_ptr<Owner> watched = owner;
    Waker last = waker_from(owner);
    owner->waker = last.clone();
    owner.reset();
    std::move(last).wake();
    EXPECT_TRUE(watched.expired());
}

TEST(WakerFrom, two_wakers_of_one_object_need_not_be_known_as_such) {
    auto bell = std::make_shared<Bell>();
    const Waker waker = waker_from(bell);
    EXPECT_TRUE(waker.will_wake(waker));
    Waker kept;
    kept.clone_from(waker);
    kept.wake_by_ref();
    EXPECT_EQ(bell->rings, 1);
}

TEST(WakerFrom, clones_go_to_other_threads) {
    auto bell = std::make_shared<Bell>();
    {
        const Waker waker = waker_from(bell);
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([clone = waker.clone()]() mutable {
                for (int n = 0; n < 100; ++n) clone.clone().wake();
                std::move(clone).wake();
            });
        }
    }
    EXPECT_EQ(bell->rings, 404);
    EXPECT_EQ(bell.use_count(), 1);
}

} // namespace
