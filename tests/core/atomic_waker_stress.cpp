// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/base/parker.hpp>
#include <rouse/core/atomic_waker.hpp>
#include <rouse/core/waker_from.hpp>
#include <rouse/testing/harness.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <memory>
#include <thread>

#include <support/stress_rounds.hpp>

namespace {

using rouse::AtomicWaker;
using rouse::Waker;
using rouse::detail::Parker;
using rouse_test::StressRounds;
using namespace std::chrono_literals;

/// A thread that waits as a future does: registers, looks, sleeps. A lost wake shows as a sleep without end.
class Consumer {
public:
    explicit Consumer(AtomicWaker& place) : place_(place) {}

    /// False: it slept for ever, which means for thirty seconds.
    template <class Look>
    bool wait_until(Look look) {
        for (;;) {
            place_.register_by_ref(waker_);
            if (look()) return true;
            if (!parker_->park(std::chrono::steady_clock::now() + 30s)) return look();
        }
    }

private:
    AtomicWaker& place_;
    std::shared_ptr<Parker> parker_ = std::make_shared<Parker>();
    Waker waker_ = rouse::waker_from([parker = parker_] { parker->unpark(); });
};

TEST(AtomicWakerStress, no_wake_is_lost_between_one_producer_and_the_consumer) {
    AtomicWaker place;
    Consumer consumer(place);
    std::atomic<std::size_t> produced{0}, consumed{0};
    std::atomic<bool> stop{false};
    std::jthread producer([&] {
        while (!stop.load()) {
            if (produced.load(std::memory_order_relaxed) != consumed.load(std::memory_order_acquire)) {
                std::this_thread::yield();
                continue;
            }
            produced.fetch_add(1, std::memory_order_release);
            place.wake();
        }
    });
    StressRounds rounds(100'000);
    std::size_t wanted = 0;
    while (rounds.take() != 0) {
        ++wanted;
        if (!consumer.wait_until([&] { return produced.load(std::memory_order_acquire) >= wanted; })) {
            ADD_FAILURE() << "lost at " << wanted;
            break;
        }
        consumed.store(wanted, std::memory_order_release);
    }
    stop = true;
}

TEST(AtomicWakerStress, no_wake_is_lost_among_many_producers) {
    AtomicWaker place;
    Consumer consumer(place);
    const std::size_t each = rouse_test::scaled(50'000);
    std::atomic<std::size_t> produced{0};
    std::vector<std::jthread> producers;
    for (int i = 0; i < 3; ++i) {
        producers.emplace_back([&] {
            for (std::size_t n = 0; n < each; ++n) {
                produced.fetch_add(1, std::memory_order_release);
                place.wake();
            }
        });
    }
    for (std::size_t seen = 0; seen != 3 * each;) {
        if (!consumer.wait_until([&] { return produced.load(std::memory_order_acquire) > seen; })) {
            ADD_FAILURE() << "lost at " << seen;
            break;
        }
        seen = produced.load(std::memory_order_acquire);
    }
}

// Two wakers in turn, so that each register replaces one; threads that take and wake meanwhile. Every clone
// is accounted for, and afterwards the place works as a new one does.
TEST(AtomicWakerStress, clones_are_neither_lost_nor_doubled) {
    rouse::testing::CountingWaker first, second;
    const std::size_t count = rouse_test::scaled(200'000);
    {
        AtomicWaker place;
        std::atomic<bool> stop{false};
        std::latch started(2);
        const auto steal = [&] {
            started.count_down();
            while (!stop.load(std::memory_order_relaxed)) {
                place.wake();
                { const Waker taken = place.take(); }
            }
        };
        std::jthread one(steal), two(steal);
        started.wait();
        for (std::size_t i = 0; i < count; ++i) place.register_by_ref(i % 2 ? first.waker() : second.waker());
        stop = true;
        one.join();
        two.join();
        (void)place.take();
        const auto before = first.wakes();
        place.register_by_ref(first.waker());
        place.wake();
        EXPECT_EQ(first.wakes(), before + 1);
    }
    EXPECT_EQ(first.clones_alive(), 0u);
    EXPECT_EQ(second.clones_alive(), 0u);
}

} // namespace
