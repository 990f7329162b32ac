// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/base/owner_lock.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

#include <support/stress_rounds.hpp>

namespace {

using rouse::detail::OwnerLock;

TEST(OwnerLock, lets_a_visitor_in_while_the_owner_is_outside) {
    OwnerLock lock;
    lock.enter();
    lock.leave();
    bool visited = false;
    std::thread([&] { lock.visit([&] { visited = true; }); }).join();
    EXPECT_TRUE(visited);
    const OwnerLock::Scope again(lock);
}

TEST(OwnerLock, a_visitor_waits_for_the_owner_to_leave) {
    OwnerLock lock;
    std::atomic<bool> started{false};
    int order = 0; // plain: the lock orders it
    lock.enter();
    std::jthread visitor([&] {
        started.store(true);
        lock.visit([&] { EXPECT_EQ(std::exchange(order, 2), 1); });
    });
    while (!started.load()) std::this_thread::yield();
    for (int i = 0; i < 100; ++i) std::this_thread::yield();
    order = 1;
    lock.leave();
    visitor.join();
    EXPECT_EQ(order, 2);
}

// The owner's side is as short as it can be, so that the two often meet at its first instruction.
TEST(OwnerLock, owner_and_visitors_never_are_inside_together) {
    const std::size_t visits = rouse_test::scaled(20'000);
    OwnerLock lock;
    std::size_t inside = 0; // plain: TSan sees who does not keep to the lock
    std::size_t by_owner = 0;
    std::size_t by_visitors = 0;
    std::atomic<int> working{2};
    std::atomic<std::size_t> met{0};
    std::latch started(3);
    const auto visit = [&] {
        started.arrive_and_wait();
        for (std::size_t i = 0; i < visits; ++i) {
            lock.visit([&] {
                if (++inside != 1) met.fetch_add(1);
                ++by_visitors;
                --inside;
            });
        }
        working.fetch_sub(1);
    };
    {
        std::jthread first(visit), second(visit);
        started.arrive_and_wait();
        do { // at least once, for the visitors may be done before this thread runs again
            lock.enter();
            if (++inside != 1) met.fetch_add(1);
            ++by_owner;
            --inside;
            lock.leave();
        } while (working.load(std::memory_order_relaxed) != 0);
    }
    EXPECT_EQ(met.load(), 0u);
    EXPECT_EQ(by_visitors, 2 * visits);
    EXPECT_GT(by_owner, 0u);
    EXPECT_EQ(inside, 0u);
}

// An update lost on either side shows in the sum.
TEST(OwnerLock, no_update_is_lost) {
    const std::size_t rounds = rouse_test::scaled(100'000);
    OwnerLock lock;
    volatile std::size_t sum = 0;
    std::jthread visitor([&] {
        for (std::size_t i = 0; i < rounds; ++i) lock.visit([&] { sum = sum + 1; });
    });
    std::size_t mine = 0;
    for (; mine < rounds; ++mine) {
        const OwnerLock::Scope scope(lock);
        sum = sum + 1;
    }
    visitor.join();
    EXPECT_EQ(sum, 2 * rounds);
}

} // namespace
