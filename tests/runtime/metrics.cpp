// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <rouse/rouse.hpp>

#include <gtest/gtest.h>

#include <latch>
#include <numeric>
#include <thread>

namespace {

using namespace std::chrono_literals;
using rouse::Task;

class Metrics : public testing::TestWithParam<unsigned> {
protected:
    /// 0: current_thread.
    static rouse::Runtime make(rouse::RuntimeOptions options = rouse::RuntimeOptions()) {
        options.worker_threads = GetParam();
        options.on_hang = [](const rouse::HangReport&) {};
        return GetParam() == 0 ? rouse::Runtime::current_thread(std::move(options))
                               : rouse::Runtime::multi_thread(std::move(options));
    }
};
INSTANTIATE_TEST_SUITE_P(Workers, Metrics, testing::Values(0u, 1u, 2u));

std::uint64_t polls(const rouse::RuntimeMetrics& metrics) {
    std::uint64_t sum = 0;
    for (const rouse::WorkerMetrics& worker : metrics.workers) sum += worker.polls;
    return sum;
}

TEST_P(Metrics, count_tasks_timers_and_descriptors) {
    auto runtime = make();
    EXPECT_EQ(runtime.metrics().workers.size(), std::max(1u, GetParam()));
    const auto main = []() -> Task<rouse::RuntimeMetrics> {
        auto sleeps = []() -> Task<> { co_await rouse::sleep(1h); };
        std::vector<rouse::JoinHandle<>> handles;
        for (int i = 0; i < 10; ++i) handles.push_back(rouse::spawn(sleeps));
        auto ends = rouse::or_throw(rouse::io::pipe());
        rouse::RuntimeMetrics metrics;
        do {
            co_await rouse::yield_now();
            metrics = rouse::Handle::current().metrics();
        } while (metrics.timers < 10);
        for (auto& handle : handles) handle.abort();
        for (auto& handle : handles) (void)co_await std::move(handle).into_result();
        co_return metrics;
    };
    const rouse::RuntimeMetrics within = runtime.block_on(main);
    EXPECT_EQ(within.tasks_alive, 11u);
    EXPECT_EQ(within.tasks_spawned, 11u);
    EXPECT_EQ(within.timers, 10u);
    EXPECT_EQ(within.descriptors, 2u);
    EXPECT_EQ(within.tasks_lost, 0u);
    const rouse::RuntimeMetrics after = runtime.metrics();
    EXPECT_EQ(after.tasks_alive, 0u);
    EXPECT_EQ(after.timers, 0u);
    EXPECT_EQ(after.descriptors, 0u);
}

TEST_P(Metrics, count_the_tasks_that_were_lost) {
    auto runtime = make();
    const auto hangs = []() -> Task<> {
        auto forgets = [](rouse::Context&) -> rouse::Poll<> { return rouse::Pending; };
        co_await rouse::poll_fn(forgets);
    };
    for (int i = 0; i < 3; ++i) EXPECT_THROW(runtime.block_on(hangs), rouse::LostWaker);
    EXPECT_EQ(runtime.metrics().tasks_lost, 3u);
}

TEST_P(Metrics, say_how_busy_a_worker_was_and_how_long_polls_took) {
    rouse::RuntimeOptions options;
    options.poll_times = true;
    auto runtime = make(std::move(options));
    const auto main = []() -> Task<> {
        std::this_thread::sleep_for(20ms); // bad, and seen
        co_await rouse::sleep(1ms);
    };
    runtime.block_on(main);
    const rouse::RuntimeMetrics metrics = runtime.metrics();
    const auto busy =
        std::accumulate(metrics.workers.begin(), metrics.workers.end(), std::chrono::nanoseconds(0),
                        [](auto sum, const rouse::WorkerMetrics& worker) { return sum + worker.busy; });
    EXPECT_GE(busy, 20ms);
    // 20 ms lie between 2^14 and 2^15 microseconds; a loaded machine may make more of them, and of the polls.
    EXPECT_GE(std::accumulate(metrics.poll_times.begin() + 15, metrics.poll_times.end(), std::uint64_t{0}),
              1u);
    EXPECT_GE(std::accumulate(metrics.poll_times.begin(), metrics.poll_times.end(), std::uint64_t{0}), 2u);
}

TEST_P(Metrics, count_blocking_calls_and_the_threads_for_them) {
    rouse::RuntimeOptions options;
    options.max_blocking_threads = 1;
    auto runtime = make(std::move(options));
    const auto none = runtime.metrics().blocking;
    EXPECT_EQ(none.threads, 0u);
    EXPECT_EQ(none.ran, 0u);
    std::latch begun(1), freed(1);
    auto waits = runtime.handle().spawn_blocking([&] {
        begun.count_down();
        freed.wait();
    });
    begun.wait();
    auto second = runtime.handle().spawn_blocking([] {});
    auto third = runtime.handle().spawn_blocking([] {});
    const auto busy = runtime.metrics().blocking;
    EXPECT_EQ(busy.threads, 1u);
    EXPECT_EQ(busy.idle, 0u);
    EXPECT_EQ(busy.queued, 2u);
    EXPECT_EQ(busy.ran, 1u);
    third.abort();
    EXPECT_EQ(runtime.metrics().blocking.queued, 1u);
    freed.count_down();
    runtime.block_on(second);
    runtime.block_on(waits);
    while (runtime.metrics().blocking.idle != 1) std::this_thread::yield(); // it is on its way to rest
    const auto after = runtime.metrics().blocking;
    EXPECT_EQ(after.threads, 1u);
    EXPECT_EQ(after.queued, 0u);
    EXPECT_EQ(after.ran, 2u) << "the one that was aborted never ran";
}

TEST_P(Metrics, count_polls) {
    auto runtime = make();
    const auto main = []() -> Task<> {
        for (int i = 0; i < 1000; ++i) co_await rouse::yield_now();
    };
    runtime.block_on(main);
    while (GetParam() != 0 && polls(runtime.metrics()) < 1001) std::this_thread::yield(); // until it sleeps
    EXPECT_EQ(polls(runtime.metrics()), 1001u);
}

} // namespace
