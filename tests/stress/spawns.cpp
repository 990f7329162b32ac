// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Tasks that foreign threads spawn, wake and abort, while their runtime runs and while it ends.

#include <rouse/core/block_on.hpp>
#include <rouse/runtime/runtime.hpp>
#include <rouse/task/yield_now.hpp>

#include "stress/many_hands.hpp"
#include "stress/stress_watchdog.hpp"
#include "support/delivery.hpp"
#include "support/stress_rounds.hpp"

#include <gtest/gtest.h>

#include <barrier>
#include <deque>
#include <memory>
#include <thread>

namespace {

using rouse::JoinHandle;
using rouse::Task;
using rouse_test::await_hands;
using rouse_test::Counted;
using rouse_test::Delivery;
using rouse_test::ManyHands;
using rouse_test::Random;
using rouse_test::StressRounds;
using rouse_test::StressWatchdog;

rouse::RuntimeOptions quiet() {
    rouse::RuntimeOptions options;
    options.on_hang = [](const rouse::HangReport&) {};
    options.on_unhandled = [](const rouse::UnhandledReport& report) { ADD_FAILURE() << report.task_id; };
    return options;
}

TEST(stress_spawns, four_threads_spawn_and_await_the_results) {
    StressWatchdog watchdog("four_threads_spawn_and_await_the_results");
    StressRounds rounds(4'000);
    std::atomic<long> alive{0};
    while (const std::size_t count = rounds.take(500)) {
        auto runtime = rouse::Runtime::current_thread(quiet());
        const rouse::Handle handle = runtime.handle();
        const Delivery<int> all_through;
        std::barrier through(4, [&]() noexcept { all_through.deliver(1); });
        std::vector<std::jthread> threads;
        for (int me = 0; me < 4; ++me) {
            threads.emplace_back([&, me] {
                std::vector<JoinHandle<int>> kept;
                long sum = 0;
                long expected = 0;
                const auto spawn_one = [&](int i) {
                    return handle.spawn([i, guard = Counted(alive)]() -> Task<int> {
                        if (i % 2 == 0) co_await rouse::yield_now();
                        co_return i;
                    });
                };
                for (int i = 0; i < static_cast<int>(count); ++i) {
                    auto spawned = spawn_one(i);
                    switch ((i + me) % 3) {
                    case 0:
                        sum += rouse::block_on(std::move(spawned));
                        expected += i;
                        break;
                    case 1:
                        kept.push_back(std::move(spawned));
                        expected += i;
                        break;
                    default:
                        break; // detached
                    }
                }
                for (auto& task : kept) sum += rouse::block_on(std::move(task));
                EXPECT_EQ(sum, expected);
                through.arrive_and_drop();
            });
        }
        EXPECT_EQ(runtime.block_on(all_through.arrival()), 1);
        threads.clear();
        // What was detached is older than this task.
        runtime.block_on([]() -> Task<> { co_await rouse::yield_now(); });
        while (runtime.alive_tasks() != 0) runtime.block_on(rouse::yield_now());
        EXPECT_EQ(alive, 0);
        watchdog.progress();
    }
}

/// What foreign threads have of one runtime.
class Foreigners {
public:
    Foreigners() {
        for (std::size_t i = 0; i < 16; ++i) hands.emplace_back();
    }
    Task<> spawn_waiters() {
        for (ManyHands& one : hands) {
            one.keep();
            handles.push_back(rouse::spawn(await_hands(one, ++seed_, Counted(alive))));
        }
        co_await rouse::yield_now();
    }
    /// Steps until `stop`; tells how many were made.
    void work(int me, rouse::Handle handle) {
        Random random(static_cast<unsigned>(me) + 17);
        std::vector<JoinHandle<int>> mine;
        while (!stop.load()) {
            ManyHands& one = hands[random() % hands.size()];
            if (rouse::Waker waker = one.take()) one.step(std::move(waker), random);
            if (random() % 4 == 0) {
                const int value = static_cast<int>(random() % 100);
                mine.push_back(handle.spawn([value, guard = Counted(alive)]() -> Task<int> {
                    co_await rouse::yield_now();
                    co_return value;
                }));
            }
            if (random() % 8 == 0) handles[random() % handles.size()].abort();
            if (random() % 8 == 0 && !mine.empty())
                mine.erase(mine.begin() + static_cast<long>(random() % mine.size()));
            if (random() % 8 == 0 && !mine.empty()) mine.back().abort();
            if (mine.size() > 64) mine.clear();
            steps.fetch_add(1);
        }
        for (auto& task : mine) { // the runtime is gone: each has its end
            EXPECT_TRUE(task.is_finished());
            const auto result = rouse::block_on(std::move(task).into_result());
            EXPECT_TRUE(result.has_value() || result.error().is_cancelled());
        }
    }
    Task<> until(std::size_t wanted) {
        while (steps.load() < wanted) co_await rouse::yield_now();
    }

    std::deque<ManyHands> hands;
    std::vector<JoinHandle<int>> handles;
    std::atomic<long> alive{0};
    std::atomic<std::size_t> steps{0};
    std::atomic<bool> stop{false};

private:
    unsigned seed_ = 0;
};

TEST(stress_spawns, a_runtime_ends_while_other_threads_use_it) {
    StressWatchdog watchdog("a_runtime_ends_while_other_threads_use_it");
    StressRounds rounds(50);
    while (rounds.take() != 0) {
        Foreigners foreigners;
        std::vector<std::jthread> threads;
        {
            auto runtime = rouse::Runtime::current_thread(quiet());
            runtime.block_on(foreigners.spawn_waiters());
            for (int i = 0; i < 3; ++i)
                threads.emplace_back([&, i, handle = runtime.handle()] { foreigners.work(i, handle); });
            runtime.block_on(foreigners.until(100));
        }
        const std::size_t steps = foreigners.steps;
        while (foreigners.steps < steps + 50) std::this_thread::yield(); // some of it after the end
        foreigners.stop = true;
        threads.clear();
        for (auto& task : foreigners.handles) {
            EXPECT_TRUE(task.is_finished());
            const auto result = rouse::block_on(std::move(task).into_result());
            EXPECT_FALSE(result.has_value());
        }
        for (ManyHands& hands : foreigners.hands) {
            for (rouse::Waker& waker : hands.close()) hands.wake(std::move(waker));
            if (rouse::Waker keeper = hands.take_keeper()) hands.drop(std::move(keeper));
        }
        EXPECT_EQ(foreigners.alive, 0);
        ASSERT_FALSE(HasFailure());
        watchdog.progress();
    }
}

// The wakers of each go to a thread that uses them when their runtime is gone, and the next one is there: it
// may have the index, and the address, of the first.
TEST(stress_spawns, wakers_and_handles_outlive_many_runtimes) {
    StressWatchdog watchdog("wakers_and_handles_outlive_many_runtimes");
    StressRounds rounds(500);
    std::atomic<long> alive{0};
    std::deque<std::unique_ptr<ManyHands>> older;
    while (rounds.take() != 0) {
        std::vector<JoinHandle<int>> handles;
        std::vector<rouse::AbortHandle> aborts;
        std::jthread foreign;
        {
            auto runtime = rouse::Runtime::current_thread(quiet());
            auto spawn_all = [&]() -> Task<> {
                for (unsigned i = 0; i < 8; ++i) {
                    older.push_back(std::make_unique<ManyHands>());
                    older.back()->keep();
                    handles.push_back(rouse::spawn(await_hands(*older.back(), i, Counted(alive))));
                    aborts.push_back(handles.back().abort_handle());
                }
                co_await rouse::yield_now();
            };
            runtime.block_on(std::move(spawn_all));
            EXPECT_EQ(alive, 8);
            foreign = std::jthread([&, random = Random(3)]() mutable {
                for (auto& hands : older) {
                    if (rouse::Waker waker = hands->take()) hands->step(std::move(waker), random);
                    if (random() % 16 == 0) aborts[random() % aborts.size()].abort();
                }
            });
        }
        foreign.join();
        EXPECT_EQ(alive, 0);
        for (auto& task : handles) {
            const auto result = rouse::block_on(std::move(task).into_result());
            EXPECT_TRUE(!result.has_value() && result.error().is_cancelled());
        }
        while (older.size() > 32) {
            for (rouse::Waker& waker : older.front()->close()) older.front()->wake(std::move(waker));
            older.pop_front();
        }
        ASSERT_FALSE(HasFailure());
        watchdog.progress();
    }
}

} // namespace
