// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "workloads.hpp"

#include <functional>
#include <vector>

namespace compare {
namespace {

constexpr std::uint64_t tasks = 100;

Task<> count_alone(rouse::Mutex<std::uint64_t>& counter, std::uint64_t times) {
    for (std::uint64_t i = 0; i < times; ++i) {
        const auto guard = co_await counter.lock();
        co_await rouse::yield_now();
        ++*guard;
    }
}

Task<std::uint64_t> use_permits(rouse::Semaphore& permits, std::uint64_t times) {
    std::uint64_t used = 0;
    for (std::uint64_t i = 0; i < times; ++i) {
        const auto permit = co_await permits.acquire();
        co_await rouse::yield_now();
        used += permit.has_value();
    }
    co_return used;
}

Task<> answer_notifications(rouse::Notify& asked, rouse::Notify& answered, std::uint64_t times) {
    for (std::uint64_t i = 0; i < times; ++i) {
        co_await asked.notified();
        answered.notify_one();
    }
}

} // namespace

/// One task locks a mutex n times that nobody else wants.
Task<bench_round> mutex_free(std::uint64_t n) {
    rouse::Mutex<std::uint64_t> counter(0);
    const bench_watch watch = bench_start();
    for (std::uint64_t i = 0; i < n; ++i) {
        const auto guard = co_await counter.lock();
        ++*guard;
    }
    co_return bench_stop(watch, counter.get_mut());
}

/// 100 tasks lock one mutex n / 100 times each, and go to the end of the run queue while they have it.
Task<bench_round> mutex_100(std::uint64_t n) {
    rouse::Mutex<std::uint64_t> counter(0);
    std::vector<rouse::JoinHandle<>> handles;
    handles.reserve(tasks);
    const bench_watch watch = bench_start();
    for (std::uint64_t i = 0; i < tasks; ++i)
        handles.push_back(rouse::spawn(count_alone, std::ref(counter), n / tasks));
    for (auto& handle : handles) co_await handle;
    co_return bench_stop(watch, counter.get_mut());
}

/// 100 tasks take one of 10 permits n / 100 times each, and go to the end of the run queue with it.
Task<bench_round> semaphore(std::uint64_t n) {
    rouse::Semaphore permits(10);
    std::vector<rouse::JoinHandle<std::uint64_t>> handles;
    handles.reserve(tasks);
    std::uint64_t used = 0;
    const bench_watch watch = bench_start();
    for (std::uint64_t i = 0; i < tasks; ++i)
        handles.push_back(rouse::spawn(use_permits, std::ref(permits), n / tasks));
    for (auto& handle : handles) used += co_await handle;
    co_return bench_stop(watch, used);
}

/// Two tasks notify each other, n times there and back.
Task<bench_round> notify(std::uint64_t n) {
    rouse::Notify asked;
    rouse::Notify answered;
    auto other = rouse::spawn(answer_notifications, std::ref(asked), std::ref(answered), n);
    std::uint64_t count = 0;
    const bench_watch watch = bench_start();
    for (std::uint64_t i = 0; i < n; ++i) {
        asked.notify_one();
        co_await answered.notified();
        ++count;
    }
    const bench_round round = bench_stop(watch, count);
    co_await other;
    co_return round;
}

} // namespace compare
