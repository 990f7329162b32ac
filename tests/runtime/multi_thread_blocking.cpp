// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Code that blocks a worker where one does not look for it.

#include <rouse/core/block_on.hpp>
#include <rouse/rouse.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <latch>
#include <thread>

namespace {

using namespace std::chrono_literals;
using rouse::Runtime;
using rouse::RuntimeOptions;
using rouse::Task;

RuntimeOptions crew_of(unsigned count) {
    RuntimeOptions options;
    options.worker_threads = count;
    options.long_poll_threshold = 0ms;
    return options;
}

/// Blocks this thread. False: nothing came in half a minute, and the test is to go on all the same.
bool wait_for(const std::latch& latch) {
    for (const auto until = std::chrono::steady_clock::now() + 30s; !latch.try_wait();
         std::this_thread::yield())
        if (std::chrono::steady_clock::now() > until) return false;
    return true;
}

class BlocksAtEnd {
public:
    BlocksAtEnd(std::latch& blocked, const std::latch& freed) noexcept : blocked_(&blocked), freed_(&freed) {}
    BlocksAtEnd(BlocksAtEnd&& other) noexcept
        : blocked_(std::exchange(other.blocked_, nullptr)), freed_(other.freed_) {}
    BlocksAtEnd& operator=(BlocksAtEnd&&) = delete;
    ~BlocksAtEnd() {
        if (!blocked_) return;
        blocked_->count_down();
        EXPECT_TRUE(wait_for(*freed_));
    }

private:
    std::latch* blocked_;
    const std::latch* freed_;
};

// What a task owns dies on the worker too, after its last poll.
TEST(multi_thread_blocking, when_destructors_block_all_workers_a_spare_one_goes_on) {
    auto runtime = Runtime::multi_thread(crew_of(2));
    std::latch blocked(2), freed(1), polled(1);
    // One ends by itself, and its closure blocks; the other is aborted, and its frame does.
    auto ends = runtime.handle().spawn([guard = BlocksAtEnd(blocked, freed)]() -> Task<> { co_return; });
    auto waits = [&]() -> Task<> {
        const BlocksAtEnd guard(blocked, freed);
        polled.count_down();
        co_await rouse::never<>();
    };
    auto aborted = runtime.handle().spawn(waits);
    polled.wait();
    aborted.abort();
    ASSERT_TRUE(wait_for(blocked));
    auto frees = [&]() -> Task<> {
        co_await rouse::sleep(1ms);
        freed.count_down();
    };
    runtime.block_on(frees);
    rouse::block_on(std::move(ends));
    (void)rouse::block_on(std::move(aborted).into_result());
}

// The monitor rests when all workers idle; the spare ones are none of these.
TEST(multi_thread_blocking, a_spare_worker_that_is_blocked_holds_up_nobody_elses_timer) {
    auto runtime = Runtime::multi_thread(crew_of(2));
    std::latch blocked(2), freed(1), fired(1);
    auto blocks = [&]() -> Task<> {
        blocked.count_down();
        EXPECT_TRUE(wait_for(freed));
        co_return;
    };
    auto first = runtime.handle().spawn(blocks);
    auto second = runtime.handle().spawn(blocks);
    ASSERT_TRUE(wait_for(blocked));
    const auto main = [&]() -> Task<> { // on a spare one
        auto sleeps = [&]() -> Task<> {
            co_await rouse::sleep(500ms); // by then the monitor would rest
            fired.count_down();
        };
        auto timer = rouse::spawn(sleeps);
        co_await rouse::yield_now(); // it is set in this worker's wheel
        freed.count_down();
        EXPECT_TRUE(wait_for(fired)) << "the timers of a blocked spare worker were forgotten";
        co_await timer;
    };
    runtime.block_on(main);
    rouse::block_on(std::move(first));
    rouse::block_on(std::move(second));
}

TEST(multi_thread_blocking, a_sleep_of_the_very_poll_that_blocks_fires) {
    auto runtime = Runtime::multi_thread(crew_of(2));
    std::latch fired(1);
    auto main = [&]() -> Task<> {
        auto timer = rouse::sleep(1ms);
        const rouse::Waker waker = rouse::waker_from([&] { fired.count_down(); });
        rouse::Context cx(waker);
        const auto start = std::chrono::steady_clock::now();
        EXPECT_TRUE(timer.poll(cx).is_pending());
        fired.wait(); // this worker reads no clock before it is let go
        EXPECT_GE(std::chrono::steady_clock::now() - start, 1ms);
        EXPECT_GE(timer.deadline() - start, 1ms);
        EXPECT_TRUE(timer.poll(cx).is_ready());
        co_return;
    };
    rouse::block_on(runtime.handle().spawn(main));
}

// Those that are queued behind it are not polled any more. They would take two seconds; how many come to run
// before the end says so is up to the machine.
TEST(multi_thread_blocking, the_end_of_the_runtime_waits_for_the_poll_that_runs_and_for_no_other) {
    constexpr int queued = 40; // less than a worker polls without a look at anything else
    std::atomic<bool> ending{false};
    std::atomic<int> polls{0};
    std::latch started(1);
    auto takes_its_time = [&]() -> Task<> {
        polls.fetch_add(1);
        const auto until = std::chrono::steady_clock::now() + 50ms;
        while (std::chrono::steady_clock::now() < until) std::this_thread::yield();
        co_return;
    };
    auto first = [&]() -> Task<> {
        co_await rouse::yield_now(); // the look behind the first poll of all is done
        for (int i = 0; i < queued; ++i) rouse::spawn(takes_its_time).detach();
        started.count_down();
        while (!ending.load()) std::this_thread::yield();
        co_await takes_its_time();
    };
    {
        auto runtime = Runtime::multi_thread(crew_of(1));
        runtime.handle().spawn(first).detach();
        started.wait();
        ending.store(true);
    }
    EXPECT_GE(polls.load(), 1);
    EXPECT_LT(polls.load(), queued);
    std::printf("%d of %d were polled\n", polls.load() - 1, queued);
}

} // namespace
