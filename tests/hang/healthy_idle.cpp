// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Idle runtimes that somebody outside still may wake: nothing is proven, so nothing is thrown, however long
// it takes. What wakes them is the suspicion itself, so the test waits for nothing else.

#include <rouse/sync/oneshot.hpp>
#include <rouse/task/task.hpp>
#include <rouse/task/yield_now.hpp>
#include <rouse/time/sleep.hpp>

#include "support/quiet_runtime.hpp"
#include "support/stress_rounds.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <latch>
#include <optional>
#include <thread>

namespace {

using namespace std::chrono_literals;
using rouse::spawn;
using rouse::Task;
using rouse_test::quiet_options;

Task<int> receive(rouse::oneshot::Receiver<int> from) { co_return (co_await from).value_or(-1); }

TEST(healthy_idle, the_last_sender_is_in_the_hands_of_a_plain_thread) {
    std::latch suspected(1);
    int suspicions = 0;
    auto options = quiet_options();
    options.deadlock_grace = 20ms;
    options.on_suspicion = [&](const rouse::QuiescenceReport& report) {
        ++suspicions;
        EXPECT_FALSE(report.proven);
        EXPECT_EQ(report.tasks.size(), 2u);
        EXPECT_FALSE(report.why_not_proven.empty());
        suspected.count_down();
    };
    auto runtime = rouse::Runtime::current_thread(std::move(options));
    auto [tx, rx] = rouse::oneshot::channel<int>();
    std::thread holder([&suspected, to = std::move(tx)]() mutable {
        suspected.wait();
        (void)std::move(to).send(8);
    });
    auto handle = runtime.spawn(receive, std::move(rx));
    EXPECT_EQ(runtime.block_on(handle), 8);
    EXPECT_EQ(suspicions, 1);
    holder.join();
}

TEST(healthy_idle, the_last_sender_is_dropped_by_a_plain_thread_late) {
    std::latch suspected(1);
    auto options = quiet_options();
    options.deadlock_grace = 10ms;
    options.on_suspicion = [&](const rouse::QuiescenceReport&) { suspected.count_down(); };
    auto runtime = rouse::Runtime::current_thread(std::move(options));
    auto [tx, rx] = rouse::oneshot::channel<int>();
    std::thread holder([&suspected, to = std::move(tx)]() mutable {
        suspected.wait();
        { auto dropped = std::move(to); }
    });
    EXPECT_EQ(runtime.block_on(receive(std::move(rx))), -1);
    holder.join();
}

std::optional<rouse::oneshot::Sender<int>> in_the_handler;
void on_signal(int) {
    if (in_the_handler) (void)std::move(*in_the_handler).send(9);
    in_the_handler.reset();
}

TEST(healthy_idle, the_last_sender_is_in_the_hands_of_a_signal_handler) {
    auto options = quiet_options();
    options.deadlock_grace = 20ms;
    int suspicions = 0;
    options.on_suspicion = [&](const rouse::QuiescenceReport& report) {
        ++suspicions;
        EXPECT_FALSE(report.proven);
        std::raise(SIGUSR2); // the runtime sleeps, or is here: in no call that the handler may not meet
    };
    struct sigaction action{};
    struct sigaction before{};
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    ASSERT_EQ(sigaction(SIGUSR2, &action, &before), 0);
    {
        auto runtime = rouse::Runtime::current_thread(std::move(options));
        auto [tx, rx] = rouse::oneshot::channel<int>();
        in_the_handler.emplace(std::move(tx));
        EXPECT_EQ(runtime.block_on(receive(std::move(rx))), 9);
    }
    EXPECT_EQ(suspicions, 1);
    EXPECT_EQ(sigaction(SIGUSR2, &before, nullptr), 0);
}

TEST(healthy_idle, a_runtime_that_sleeps_until_a_timer_is_never_suspected) {
    rouse::RuntimeOptions options;
    options.deadlock_grace = 1ms;
    options.on_suspicion = [](const rouse::QuiescenceReport&) { ADD_FAILURE(); };
    rouse::run([]() -> Task<> { co_await rouse::sleep(50ms); }, std::move(options));
}

/// Waits for a thread, and says that it waits for nothing.
class SaysNever {
public:
    using Output = void;
    explicit SaysNever(std::thread& thread, std::chrono::milliseconds time) noexcept
        : thread_(&thread), time_(time) {}
    rouse::Poll<> poll(rouse::Context& cx) {
        if (thread_->joinable()) return rouse::Ready();
        *thread_ = std::thread([time = time_, waker = cx.waker().clone()]() mutable {
            const auto until = std::chrono::steady_clock::now() + time;
            while (std::chrono::steady_clock::now() < until) std::this_thread::yield();
            std::move(waker).wake();
        });
        return rouse::Pending;
    }
    void inspect(rouse::Inspector& to) const { to.waits_for(rouse::WaitKind::never, this, "nothing"); }

private:
    std::thread* thread_;
    std::chrono::milliseconds time_;
};

TEST(healthy_idle, tasks_in_never_are_not_suspected) {
    auto options = quiet_options();
    options.deadlock_grace = 2ms;
    options.on_suspicion = [](const rouse::QuiescenceReport& report) {
        ADD_FAILURE() << rouse::format_report(report);
    };
    std::thread other;
    rouse::run(
        [&]() -> Task<> {
            spawn(rouse::never<int>()).detach();
            co_await SaysNever(other, 20ms); // time for a few looks
        },
        std::move(options));
    other.join();
}

TEST(healthy_idle, ten_million_yields_are_no_storm) {
    auto options = quiet_options();
    options.self_wake_threshold = 1ms;
    const std::size_t yields = rouse_test::scaled(10'000'000);
    std::size_t done = 0;
    rouse::run(
        [&]() -> Task<> {
            for (; done < yields; ++done) co_await rouse::yield_now();
        },
        std::move(options));
    EXPECT_EQ(done, yields);
}

TEST(healthy_idle, a_ping_pong_of_two_tasks_is_no_storm) {
    auto options = quiet_options();
    options.self_wake_threshold = 1ms;
    const std::size_t rounds = rouse_test::scaled(200'000);
    rouse::run(
        [&]() -> Task<> {
            for (std::size_t i = 0; i < rounds; ++i) {
                auto [tx, rx] = rouse::oneshot::channel<int>();
                auto sends = [](rouse::oneshot::Sender<int> to) -> Task<> {
                    (void)std::move(to).send(1);
                    co_return;
                };
                spawn(sends, std::move(tx)).detach();
                (void)co_await rx;
            }
        },
        std::move(options));
}

TEST(healthy_idle, a_long_chain_of_ready_futures_that_gives_way_by_budget_is_no_storm) {
    auto options = quiet_options();
    options.self_wake_threshold = 1ms;
    const std::size_t awaits = rouse_test::scaled(5'000'000);
    rouse::run(
        [&]() -> Task<> {
            for (std::size_t i = 0; i < awaits; ++i) co_await rouse::ready();
        },
        std::move(options));
}

} // namespace
