// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A runtime and a plain thread wait for each other in turn: one lost wake, and all stands still.

#include <rouse/core/atomic_waker.hpp>
#include <rouse/core/block_on.hpp>
#include <rouse/runtime/runtime.hpp>
#include <rouse/sync/oneshot.hpp>
#include <rouse/task/yield_now.hpp>

#include "stress/many_hands.hpp"
#include "stress/stress_watchdog.hpp"
#include "support/stress_rounds.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>
#include <vector>

namespace {

using rouse::Task;
using rouse_test::Counted;
using rouse_test::StressRounds;
using rouse_test::StressWatchdog;

/// A number that only grows; who waits for it is woken each time.
class Counter {
public:
    void raise() {
        value_.fetch_add(1, std::memory_order_release);
        waker_.wake();
    }
    rouse::Poll<> poll(std::size_t wanted, rouse::Context& cx) {
        waker_.register_by_ref(cx.waker());
        if (value_.load(std::memory_order_acquire) < wanted) return rouse::Pending;
        return rouse::Ready();
    }
    Task<> reaches(std::size_t wanted) {
        auto poll_it = [this, wanted](rouse::Context& cx) { return poll(wanted, cx); };
        co_await rouse::poll_fn(poll_it);
    }

private:
    rouse::AtomicWaker waker_;
    std::atomic<std::size_t> value_{0};
};

TEST(stress_ping_pong, by_atomic_wakers) {
    StressWatchdog watchdog("by_atomic_wakers");
    StressRounds rounds(20'000);
    while (const std::size_t count = rounds.take(1'000)) {
        Counter here;
        Counter there;
        std::jthread thread([&] {
            auto main = [&]() -> Task<> {
                for (std::size_t i = 1; i <= count; ++i) {
                    co_await there.reaches(i);
                    here.raise();
                }
            };
            rouse::block_on(main());
        });
        auto main = [&]() -> Task<> {
            for (std::size_t i = 1; i <= count; ++i) {
                there.raise();
                co_await here.reaches(i);
            }
        };
        rouse::run(std::move(main));
        watchdog.progress();
    }
}

// Several tasks of one runtime, each with a thread of its own that raises without waiting for an answer.
TEST(stress_ping_pong, wakes_that_come_while_the_task_registers) {
    StressWatchdog watchdog("wakes_that_come_while_the_task_registers");
    StressRounds rounds(50'000);
    while (const std::size_t count = rounds.take(5'000)) {
        std::array<Counter, 3> counters;
        std::vector<std::jthread> threads;
        auto main = [&]() -> Task<> {
            std::vector<rouse::JoinHandle<>> tasks;
            for (Counter& counter : counters) {
                tasks.push_back(rouse::spawn([&counter, count]() -> Task<> {
                    for (std::size_t i = 1; i <= count; ++i) co_await counter.reaches(i);
                }));
                threads.emplace_back([&counter, count] {
                    for (std::size_t i = 0; i < count; ++i) counter.raise();
                });
            }
            for (auto& task : tasks) co_await task;
        };
        rouse::run(std::move(main));
        threads.clear();
        watchdog.progress();
    }
}

TEST(stress_ping_pong, by_oneshots) {
    using Channel = decltype(rouse::oneshot::channel<std::size_t>());
    StressWatchdog watchdog("by_oneshots");
    StressRounds rounds(20'000);
    while (const std::size_t count = rounds.take(1'000)) {
        std::vector<Channel> there;
        std::vector<Channel> back;
        for (std::size_t i = 0; i < count; ++i) {
            there.push_back(rouse::oneshot::channel<std::size_t>());
            back.push_back(rouse::oneshot::channel<std::size_t>());
        }
        std::jthread thread([&] {
            for (std::size_t i = 0; i < count; ++i) {
                const auto ball = rouse::block_on(std::move(there[i].second));
                auto sender = std::move(back[i].first);
                if (!ball) continue; // the answer to a sender that was dropped is a sender that is dropped
                EXPECT_EQ(*ball, i);
                (void)std::move(sender).send(i + 1);
            }
        });
        auto main = [&]() -> Task<> {
            for (std::size_t i = 0; i < count; ++i) {
                const bool sends = i % 5 != 0;
                auto sender = std::move(there[i].first);
                if (sends) (void)std::move(sender).send(i);
                else auto dropped = std::move(sender);
                const auto ball = co_await back[i].second;
                EXPECT_EQ(ball.has_value(), sends);
                if (ball) {
                    EXPECT_EQ(*ball, i + 1);
                }
            }
        };
        rouse::run(std::move(main));
        thread.join();
        ASSERT_FALSE(HasFailure());
        watchdog.progress();
    }
}

// The value goes back to the sender or dies with the receiver: once.
TEST(stress_ping_pong, a_oneshot_send_races_the_drop_of_the_receiver) {
    StressWatchdog watchdog("a_oneshot_send_races_the_drop_of_the_receiver");
    StressRounds rounds(50'000);
    std::atomic<long> alive{0};
    auto runtime = rouse::Runtime::current_thread();
    while (const std::size_t count = rounds.take(1'000)) {
        std::vector<rouse::oneshot::Sender<Counted>> senders;
        std::vector<rouse::JoinHandle<>> tasks;
        std::atomic<std::size_t> received{0};
        std::size_t accepted = 0;
        auto main = [&]() -> Task<> {
            auto receive = [&](rouse::oneshot::Receiver<Counted> receiver) -> Task<> {
                const auto value = co_await receiver;
                if (value) ++received;
            };
            for (std::size_t i = 0; i < count; ++i) {
                auto [sender, receiver] = rouse::oneshot::channel<Counted>();
                senders.push_back(std::move(sender));
                tasks.push_back(rouse::spawn(receive(std::move(receiver))));
            }
            co_await rouse::yield_now();
            std::jthread thread([&] {
                for (auto& sender : senders)
                    if (std::move(sender).send(alive)) ++accepted;
            });
            for (std::size_t i = 0; i < count; ++i) {
                tasks[i].abort();
                if (i % 16 == 0) co_await rouse::yield_now();
            }
            for (auto& task : tasks) {
                const auto result = co_await std::move(task).into_result();
                EXPECT_TRUE(result.has_value() || result.error().is_cancelled());
            }
            thread.join();
        };
        runtime.block_on(std::move(main));
        EXPECT_LE(received, accepted);
        EXPECT_EQ(alive, 0);
        ASSERT_FALSE(HasFailure());
        watchdog.progress();
    }
}

} // namespace
