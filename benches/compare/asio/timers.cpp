// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "workloads.hpp"

#include <chrono>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/experimental/parallel_group.hpp>

namespace compare {
namespace {

using Clock = std::chrono::steady_clock;
using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;
using std::chrono::microseconds;
using std::chrono::seconds;

Task<> sleep_for(microseconds duration) {
    Timer timer(co_await asio::this_coro::executor, duration);
    co_await timer.async_wait(asio::deferred);
}

} // namespace

/// n coroutines without handles sleep for 1 to 2 seconds each, all at once; the last one tells.
Task<bench_round> sleeps(std::uint64_t n) {
    const Executor executor = co_await asio::this_coro::executor;
    Group group(executor, n);
    const bench_watch watch = bench_start();
    for (std::uint64_t i = 0; i < n; ++i)
        asio::co_spawn(executor, sleep_for(seconds(1) + microseconds(bench_scattered(i, n))), group.on_end());
    co_await group.all_ended();
    const bench_round round = bench_stop(watch, n - group.left());
    if (round.nanoseconds < 1000000000) std::abort();
    co_return round;
}

/// A timeout of a minute around a yield, n times.
Task<bench_round> timeouts(std::uint64_t n) {
    const Executor executor = co_await asio::this_coro::executor;
    std::uint64_t in_time = 0;
    const bench_watch watch = bench_start();
    for (std::uint64_t i = 0; i < n; ++i) {
        Timer timer(executor, seconds(60));
        const auto [order, error] =
            co_await asio::experimental::make_parallel_group(asio::post(executor, asio::deferred),
                                                             timer.async_wait(asio::deferred))
                .async_wait(asio::experimental::wait_for_one(), asio::deferred);
        in_time += order[0] == 0 && error == asio::error::operation_aborted;
    }
    co_return bench_stop(watch, in_time);
}

/// Sets n timers for 60 to 61 seconds, all at once, then cancels them.
Task<bench_round> create_and_cancel(std::uint64_t n) {
    const Executor executor = co_await asio::this_coro::executor;
    std::vector<Timer> timers;
    timers.reserve(n);
    std::atomic<std::uint64_t> cancelled = 0;
    const bench_watch watch = bench_start();
    for (std::uint64_t i = 0; i < n; ++i) {
        timers.emplace_back(executor, seconds(60) + microseconds(bench_scattered(i, n)));
        timers.back().async_wait([&cancelled](const boost::system::error_code& error) {
            if (error) cancelled.fetch_add(1, std::memory_order_relaxed);
        });
    }
    timers.clear(); // a timer that is destroyed is cancelled
    while (cancelled.load(std::memory_order_relaxed) < n) co_await asio::post(asio::deferred);
    co_return bench_stop(watch, cancelled.load());
}

} // namespace compare
