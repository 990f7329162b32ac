// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/rouse.hpp>

#include <gtest/gtest.h>

#include <latch>
#include <thread>

namespace {

using namespace std::chrono_literals;
using rouse::spawn;
using rouse::Task;

rouse::RuntimeOptions quick(unsigned workers) {
    rouse::RuntimeOptions options;
    options.worker_threads = workers;
    options.long_poll_threshold = 0ms;
    options.deadlock_grace = 20ms;
    return options;
}

/// Waits for what only it could send.
Task<> waits_for_itself() {
    auto [sender, receiver] = rouse::oneshot::channel<int>();
    const auto keeps = [](rouse::oneshot::Sender<int> mine, rouse::oneshot::Receiver<int> wanted) -> Task<> {
        (void)co_await std::move(wanted);
        (void)std::move(mine).send(1);
    };
    auto other = spawn(keeps, std::move(sender), std::move(receiver));
    co_await other;
}

class MultiThreadDeadlock : public testing::TestWithParam<unsigned> {};
INSTANTIATE_TEST_SUITE_P(Workers, MultiThreadDeadlock, testing::Values(1u, 3u));

TEST_P(MultiThreadDeadlock, is_thrown_by_block_on_with_every_task_that_is_pending) {
    if (ROUSE_TSAN) GTEST_SKIP() << "nothing is proven beside the sanitizer's own thread";
    auto runtime = rouse::Runtime::multi_thread(quick(GetParam()));
    try {
        runtime.block_on(waits_for_itself());
        FAIL() << "it returned";
    } catch (const rouse::RuntimeDeadlock& deadlock) {
        EXPECT_TRUE(deadlock.report().proven);
        EXPECT_EQ(deadlock.report().tasks.size(), 2u);
    }
    // The tasks are left as they are, but for the one of block_on; and the runtime goes on.
    EXPECT_EQ(runtime.alive_tasks(), 1u);
    EXPECT_EQ(runtime.block_on([]() -> Task<int> { co_return 7; }), 7);
}

TEST_P(MultiThreadDeadlock, is_not_found_where_another_thread_may_wake_a_task) {
    auto options = quick(GetParam());
    std::latch suspected(1);
    std::atomic<bool> was_proven{false};
    options.on_suspicion = [&](const rouse::QuiescenceReport& report) {
        was_proven.store(report.proven);
        suspected.count_down();
    };
    auto runtime = rouse::Runtime::multi_thread(std::move(options));
    auto [sender, receiver] = rouse::oneshot::channel<int>();
    std::jthread other([&suspected, mine = std::move(sender)]() mutable {
        suspected.wait(); // it is idle, and has been found so
        (void)std::move(mine).send(5);
    });
    auto waits = [](rouse::oneshot::Receiver<int> wanted) -> Task<int> {
        co_return (co_await std::move(wanted)).value();
    };
    EXPECT_EQ(runtime.block_on(waits(std::move(receiver))), 5);
    EXPECT_FALSE(was_proven.load());
}

TEST_P(MultiThreadDeadlock, is_not_found_where_a_timer_or_io_may_wake_a_task) {
    auto options = quick(GetParam());
    int suspicions = 0;
    options.on_suspicion = [&](const rouse::QuiescenceReport&) { ++suspicions; };
    auto runtime = rouse::Runtime::multi_thread(std::move(options));
    const auto main = []() -> Task<std::size_t> {
        auto [writer, reader] = rouse::or_throw(rouse::io::pipe());
        const auto writes_late = [](rouse::io::PipeSender end) -> Task<> {
            co_await rouse::sleep(150ms); // several times the grace
            (void)co_await rouse::io::write_all(end, rouse::io::bytes("x"));
        };
        auto other = spawn(writes_late, std::move(writer));
        std::array<char, 8> buffer;
        const std::size_t got = rouse::or_throw(co_await reader.read(rouse::io::room(buffer)));
        co_await other;
        co_return got;
    };
    EXPECT_EQ(runtime.block_on(main), 1u);
    EXPECT_EQ(suspicions, 0);
}

// The worker that took it in is only to let go of it, and is not woken for that.
TEST(MultiThreadDeadlockProof, is_found_though_a_sleeping_worker_was_sent_a_task_that_has_ended) {
    if (ROUSE_TSAN) GTEST_SKIP() << "nothing is proven beside the sanitizer's own thread";
    auto runtime = rouse::Runtime::multi_thread(quick(2));
    std::atomic<bool> elsewhere{false};
    const auto main = [&]() -> Task<> {
        auto ends_late = [&]() -> Task<> {
            elsewhere.store(true);
            const auto until = std::chrono::steady_clock::now() + 50ms; // the other worker goes to sleep
            while (std::chrono::steady_clock::now() < until) std::this_thread::yield();
            co_return;
        };
        spawn(ends_late).detach();
        while (!elsewhere.load()) std::this_thread::yield(); // until the monitor gives it to the other worker
        co_await waits_for_itself();
    };
    EXPECT_THROW(runtime.block_on(main), rouse::Deadlock);
}

TEST(MultiThreadDeadlockPolicy, report_tells_the_hook_and_leaves_the_tasks) {
    if (ROUSE_TSAN) GTEST_SKIP() << "nothing is proven beside the sanitizer's own thread";
    auto options = quick(2);
    options.hang_policy = rouse::HangPolicy::report;
    rouse::Handle* to_runtime = nullptr;
    std::atomic<int> told{0};
    rouse::AbortHandle* main_task = nullptr;
    options.on_suspicion = [&](const rouse::QuiescenceReport& report) {
        // A suspicion comes first if a loaded machine keeps the thread from falling asleep in block_on.
        if (!report.proven || told.fetch_add(1) != 0) return;
        main_task->abort();
    };
    auto runtime = rouse::Runtime::multi_thread(std::move(options));
    auto handle = runtime.handle();
    to_runtime = &handle;
    const auto main = [&]() -> Task<bool> {
        auto stuck = to_runtime->spawn(waits_for_itself);
        rouse::AbortHandle abort = stuck.abort_handle();
        main_task = &abort;
        co_return (co_await std::move(stuck).into_result()).has_value();
    };
    EXPECT_FALSE(runtime.block_on(main));
    EXPECT_GE(told.load(), 1);
}

} // namespace
