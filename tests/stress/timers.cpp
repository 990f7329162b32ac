// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Timers of a runtime that other threads drop and set anew while they fire.

#include <rouse/core/waker_from.hpp>
#include <rouse/runtime/runtime.hpp>
#include <rouse/task/yield_now.hpp>
#include <rouse/time/sleep.hpp>

#include "stress/many_hands.hpp"
#include "stress/stress_watchdog.hpp"
#include "support/delivery.hpp"
#include "support/stress_rounds.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <latch>
#include <optional>
#include <thread>

namespace {

using rouse::Sleep;
using rouse::Task;
using rouse_test::Delivery;
using rouse_test::Random;
using rouse_test::StressRounds;
using rouse_test::StressWatchdog;

using namespace std::chrono_literals;

using Sleeps = std::deque<std::optional<Sleep>>;

/// Sets all of them on the runtime that drives this thread, for the next 200 us.
Task<> set_all(Sleeps& sleeps, std::size_t count, unsigned spread, Random& random) {
    const auto start = rouse::now() + 100us;
    for (std::size_t i = 0; i < count; ++i)
        sleeps.emplace_back(std::in_place, start + std::chrono::microseconds(random() % spread));
    auto set = [&](rouse::Context& cx) -> rouse::Poll<> {
        for (auto& sleep : sleeps) EXPECT_FALSE(sleep->poll_ready(cx));
        return rouse::Ready();
    };
    co_await rouse::poll_fn(set);
}

/// Where the firing and the other thread meet: the first waker that is woken lets it in, and waits for it.
class Meeting {
public:
    void come() {
        while (!firing_.load()) std::this_thread::yield();
        come_.store(true);
    }
    void join(Sleeps& sleeps) {
        const auto slow = [this] {
            if (firing_.exchange(true)) return;
            while (!come_.load()) std::this_thread::yield();
            const auto until = rouse::now() + 50us;
            while (rouse::now() < until) {}
        };
        const rouse::Waker waker = rouse::waker_from(slow);
        rouse::Context cx(waker);
        for (auto& sleep : sleeps) (void)sleep->poll_ready(cx);
    }

private:
    std::atomic<bool> firing_{false};
    std::atomic<bool> come_{false};
};

// A timer that has fired, or is about to, is set for a time that never comes: it must not be ready at its
// next poll.
TEST(stress_timers, reset_races_the_firing) {
    StressWatchdog watchdog("reset_races_the_firing");
    StressRounds rounds(300);
    Random random(1);
    auto runtime = rouse::Runtime::current_thread();
    while (rounds.take() != 0) {
        Sleeps sleeps;
        Meeting meeting;
        const Delivery<int> through;
        auto round = [&]() -> Task<> {
            co_await set_all(sleeps, 64, 1, random);
            meeting.join(sleeps);
            std::jthread thread([&] {
                const auto late = rouse::far_future();
                meeting.come();
                for (auto sleep = sleeps.rbegin(); sleep != sleeps.rend(); ++sleep) (*sleep)->reset(late);
                through.deliver(1);
            });
            co_await through.arrival();
            auto look = [&](rouse::Context& cx) -> rouse::Poll<> {
                for (auto& sleep : sleeps) {
                    EXPECT_FALSE(sleep->is_elapsed());
                    EXPECT_FALSE(sleep->poll_ready(cx)) << "ready before its deadline";
                }
                return rouse::Ready();
            };
            co_await rouse::poll_fn(look);
            sleeps.clear();
        };
        runtime.block_on(std::move(round));
        ASSERT_FALSE(HasFailure());
        watchdog.progress();
    }
}

TEST(stress_timers, drops_and_resets_race_the_firing) {
    StressWatchdog watchdog("drops_and_resets_race_the_firing");
    StressRounds rounds(300);
    Random seeds(2);
    auto runtime = rouse::Runtime::current_thread();
    while (rounds.take() != 0) {
        std::array<Sleeps, 3> sleeps;
        std::array<Delivery<int>, 3> through;
        auto round = [&]() -> Task<> {
            for (Sleeps& some : sleeps) co_await set_all(some, 32, 100, seeds);
            std::vector<std::jthread> threads;
            for (std::size_t me = 0; me < 3; ++me) {
                threads.emplace_back([&, me, random = Random(static_cast<unsigned>(seeds()))]() mutable {
                    for (auto& sleep : sleeps[me]) {
                        if (random() % 3 == 0)
                            sleep->reset(rouse::now() + std::chrono::microseconds(random() % 100));
                        if (random() % 2 == 0) sleep.reset();
                    }
                    through[me].deliver(1);
                });
            }
            for (auto& one : through) co_await one.arrival();
            for (Sleeps& some : sleeps) // none that was set is forgotten
                for (auto& sleep : some)
                    if (sleep) co_await *sleep;
        };
        runtime.block_on(std::move(round));
        ASSERT_FALSE(HasFailure());
        watchdog.progress();
    }
}

TEST(stress_timers, drops_and_resets_race_the_end_of_the_runtime) {
    StressWatchdog watchdog("drops_and_resets_race_the_end_of_the_runtime");
    StressRounds rounds(300);
    Random random(3);
    while (rounds.take() != 0) {
        Sleeps sleeps;
        std::latch go(2);
        std::jthread thread;
        {
            auto runtime = rouse::Runtime::current_thread();
            runtime.block_on(set_all(sleeps, 64, 100, random));
            thread = std::jthread([&] {
                go.arrive_and_wait();
                for (std::size_t i = 0; i < sleeps.size(); ++i) {
                    if (i % 2 == 0) sleeps[i].reset();
                    else sleeps[i]->reset(rouse::far_future());
                }
            });
            go.arrive_and_wait();
        }
        thread.join();
        std::size_t closed = 0;
        auto later = [&]() -> Task<> { // on another runtime: closed, or set there
            auto look = [&](rouse::Context& cx) -> rouse::Poll<> {
                for (auto& sleep : sleeps) {
                    if (!sleep) continue;
                    if (!sleep->poll_ready(cx)) continue;
                    EXPECT_THROW(sleep->take_ready(), rouse::TimerClosed);
                    ++closed;
                }
                return rouse::Ready();
            };
            co_await rouse::poll_fn(look);
        };
        rouse::run(std::move(later));
        EXPECT_LE(closed, 32u);
        ASSERT_FALSE(HasFailure());
        watchdog.progress();
    }
}

// Each runtime's thread drops, in its polls, what is set in the other.
TEST(stress_timers, two_runtimes_drop_each_others_timers) {
    StressWatchdog watchdog("two_runtimes_drop_each_others_timers");
    StressRounds rounds(200);
    Random random(4);
    while (rounds.take() != 0) {
        std::array<Sleeps, 2> sleeps;
        std::array<Delivery<int>, 2> set;
        std::array<Random, 2> randoms{Random(static_cast<unsigned>(random())),
                                      Random(static_cast<unsigned>(random()))};
        const auto life = [&](std::size_t me) {
            auto main = [&, me]() -> Task<> {
                co_await set_all(sleeps[me], 64, 100, randoms[me]);
                set[me].deliver(1);
                co_await set[1 - me].arrival();
                for (auto& sleep : sleeps[1 - me]) {
                    if (randoms[me]() % 2 == 0) sleep->reset(rouse::now() + 50us);
                    sleep.reset();
                    if (randoms[me]() % 4 == 0) co_await rouse::yield_now();
                }
            };
            rouse::run(std::move(main));
        };
        std::jthread other([&] { life(1); });
        life(0);
        other.join();
        watchdog.progress();
    }
}

} // namespace
