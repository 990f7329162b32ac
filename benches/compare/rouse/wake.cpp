// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "stand_ins.hpp"
#include "workloads.hpp"

#include <chrono>
#include <thread>
#include <vector>

namespace compare {

/// A foreign thread wakes a task n times, 200 µs after it went to sleep: from just before the wake until the
/// task runs.
Task<bench_round> wake_foreign(std::uint64_t n) {
    Mailbox<std::uint64_t> wakes; // when each was sent
    std::atomic<std::uint64_t> seen = 0;
    std::vector<std::uint64_t> latencies;
    latencies.reserve(n);
    const bench_watch watch = bench_start();
    std::thread foreign([&] {
        for (std::uint64_t i = 0; i < n; ++i) {
            while (seen.load(std::memory_order_acquire) < i) std::this_thread::yield();
            std::this_thread::sleep_for(std::chrono::microseconds(200)); // it is parked by then
            wakes.put(bench_now());
        }
    });
    for (std::uint64_t i = 0; i < n; ++i) {
        const std::uint64_t sent = co_await wakes.take();
        latencies.push_back(bench_now() - sent);
        seen.store(i + 1, std::memory_order_release);
    }
    bench_round round = bench_stop(watch, latencies.size());
    foreign.join();
    bench_add_latencies(&round, latencies.data(), latencies.size());
    co_return round;
}

} // namespace compare
