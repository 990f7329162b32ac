// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "workloads.hpp"

#include <atomic>
#include <vector>

namespace compare {
namespace {

using Receiver = rouse::oneshot::Receiver<std::uint64_t>;

class Counts {
public:
    std::atomic<std::uint64_t> waiting = 0;
    std::atomic<std::uint64_t> sum = 0;
};

Task<> wait_for_message(Counts& counts, Receiver rx) {
    counts.waiting.fetch_add(1, std::memory_order_relaxed);
    const auto message = co_await rx;
    counts.sum.fetch_add(message.value(), std::memory_order_relaxed);
}

} // namespace

/// n tasks without handles wait for a message of their own each; the channels are there before. How much the
/// resident memory grows by the tasks.
Task<bench_round> idle_bytes(std::uint64_t n) {
    std::vector<rouse::oneshot::Sender<std::uint64_t>> senders;
    std::vector<Receiver> receivers;
    senders.reserve(n);
    receivers.reserve(n);
    for (std::uint64_t i = 0; i < n; ++i) {
        auto [tx, rx] = rouse::oneshot::channel<std::uint64_t>();
        senders.push_back(std::move(tx));
        receivers.push_back(std::move(rx));
    }
    Counts counts;
    const std::uint64_t before = bench_resident_bytes();
    const bench_watch watch = bench_start();
    for (std::uint64_t i = 0; i < n; ++i) {
        rouse::spawn(wait_for_message, std::ref(counts), std::move(receivers[i])).detach();
        // The run queue is not to be counted: they are let in by the thousand.
        if (i % 1000 == 999) co_await rouse::yield_now();
    }
    while (counts.waiting.load(std::memory_order_relaxed) < n) co_await rouse::yield_now();
    const std::uint64_t after = bench_resident_bytes();
    for (auto& tx : senders)
        if (!std::move(tx).send(1)) std::abort();
    while (counts.sum.load(std::memory_order_relaxed) < n) co_await rouse::yield_now();
    bench_round round = bench_stop(watch, counts.sum.load());
    round.has_bytes = 1;
    round.bytes = after > before ? after - before : 0;
    co_return round;
}

} // namespace compare
