// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What is found on the thread itself: long polls, tasks that wake themselves, quiescence.

#include <rouse/rouse.hpp>

#include "support/scene.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <semaphore>
#include <thread>

namespace {

using namespace rouse;
using namespace std::chrono_literals;

class WakesItself {
public:
    using Output = void;
    explicit WakesItself(const bool& stop) : stop_(stop) {}
    Poll<void> poll(Context& cx) {
        if (stop_) return Ready();
        cx.waker().wake_by_ref();
        return Pending;
    }

private:
    const bool& stop_;
};

/// Blocks in async code: the hook, told while this poll runs, lets it go on. Again, if it was told of a poll
/// that a loaded machine held up elsewhere.
Task<> blocks_until(std::counting_semaphore<>& reported, const std::atomic<bool>& found) {
    do {
        co_await yield_now();
        reported.acquire();
    } while (!found.load());
}

TEST(LongPoll, is_reported_while_it_still_runs) {
    std::counting_semaphore<> reported(0);
    std::atomic<bool> is_found{false};
    LongPollReport found;
    RuntimeOptions options;
    options.long_poll_threshold = 20ms;
    options.on_long_poll = [&](const LongPollReport& report) {
        if (report.task_id == 1 && (ROUSE_TSAN || report.stack.size() == 2) && !is_found.load()) {
            found = report;
            is_found.store(true);
        }
        reported.release();
    };
    const auto main = [&]() -> Task<> {
        auto bad =
            TaskBuilder("blocker").spawn([&]() -> Task<> { co_await blocks_until(reported, is_found); });
        co_await bad;
    };
    run(main, std::move(options)); // without the report it would never end
    EXPECT_GE(found.running, 20ms);
    EXPECT_EQ(found.task_id, 1u);
#if !ROUSE_TSAN // there the signal waits until the thread makes a call that the sanitizer knows
    EXPECT_EQ(found.task_name, "blocker");
    EXPECT_FALSE(found.native_stack.empty());
    ASSERT_FALSE(found.stack.empty());
    EXPECT_NE(std::string(found.stack[0].file_name()).find("watching.cpp"), std::string::npos);
#endif
    EXPECT_NE(format_report(found).find("blocking: task 1"), std::string::npos);
}

TEST(SelfWake, is_reported_once_with_its_rate) {
    std::vector<SelfWakeReport> found;
    bool stop = false;
    RuntimeOptions options;
    options.self_wake_threshold = 20ms;
    options.on_self_wake = [&](const SelfWakeReport& report) {
        found.push_back(report);
        stop = true;
    };
    const auto main = [&stop]() -> Task<> {
        auto busy = TaskBuilder("busy").spawn([&stop]() -> Task<> { co_await WakesItself(stop); });
        co_await busy;
    };
    run(main, std::move(options));
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].task_name, "busy");
    EXPECT_GT(found[0].polls, 100u);
    EXPECT_GE(found[0].cpu, 20ms);
    EXPECT_GT(found[0].polls_per_second(), 1000.0);
    EXPECT_NE(found[0].future_type.find("WakesItself"), std::string::npos);
    ASSERT_FALSE(found[0].stack.empty());
    EXPECT_NE(format_report(found[0]).find("wakes itself"), std::string::npos);
}

TEST(SelfWake, does_not_see_a_program_that_yields) {
    int reports = 0;
    RuntimeOptions options;
    options.self_wake_threshold = 1ms;
    options.on_self_wake = [&](const SelfWakeReport&) { ++reports; };
    const auto main = []() -> Task<> {
        for (int i = 0; i < 200'000; ++i) co_await yield_now();
        for (int i = 0; i < 500'000; ++i) co_await ready(); // the budget gives way for it
    };
    run(main, std::move(options));
    EXPECT_EQ(reports, 0);
}

// In a process of its own, without other threads: only there it can be proven. Ends with 0 when all is as it
// should be.
int deadlock_is_proven() {
    RuntimeOptions options;
    options.deadlock_grace = 40ms;
    auto runtime = Runtime::current_thread(std::move(options));
    auto [tx, rx] = oneshot::channel<int>();
    auto parked = runtime.spawn([]() -> Task<> { co_await never(); });
    auto stuck = runtime.spawn([](oneshot::Receiver<int> from) -> Task<int> { co_return *co_await from; },
                               std::move(rx));
    const auto main = [&stuck]() -> Task<int> { co_return co_await stuck; };
    try {
        (void)runtime.block_on(main);
        return 1;
    } catch (const rouse::RuntimeDeadlock& deadlock) {
        if (deadlock.report().tasks.size() != 2 || !deadlock.report().proven) return 2;
        if (std::string(deadlock.what()).find("oneshot") == std::string::npos) return 3;
    }
    // The tasks were left as they are: with the value they go on.
    if (runtime.alive_tasks() != 2 || stuck.is_finished()) return 4;
    (void)std::move(tx).send(6);
    if (runtime.block_on(stuck) != 6) return 5;
    parked.abort();
    return 0;
}

TEST(Quiescence, throws_deadlock_when_it_is_proven) {
    if (ROUSE_TSAN) GTEST_SKIP() << "the thread sanitizer has a thread of its own: nothing can be proven";
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    EXPECT_EXIT(std::_Exit(deadlock_is_proven()), testing::ExitedWithCode(0), "");
}

TEST(Quiescence, goes_to_the_suspicion_hook_when_a_thread_might_wake) {
    std::vector<QuiescenceReport> suspicions;
    auto [tx, rx] = oneshot::channel<int>();
    std::latch suspected(1);
    std::thread holder([&suspected, to = std::move(tx)]() mutable {
        suspected.wait();
        (void)std::move(to).send(8);
    });
    RuntimeOptions options;
    options.deadlock_grace = 10ms;
    options.on_suspicion = [&](const QuiescenceReport& report) {
        suspicions.push_back(report);
        suspected.count_down();
    };
    EXPECT_EQ(*Runtime::current_thread(std::move(options)).block_on(rx), 8);
    holder.join();
    ASSERT_EQ(suspicions.size(), 1u);
    EXPECT_FALSE(suspicions[0].proven);
    EXPECT_FALSE(suspicions[0].why_not_proven.empty());
    EXPECT_EQ(suspicions[0].tasks.size(), 1u);
}

} // namespace
