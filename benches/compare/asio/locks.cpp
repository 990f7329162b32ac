// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "workloads.hpp"

// Asio has neither mutex nor semaphore for coroutines: a channel with so much room is what is used for them.
// Nor has it a Notify: a channel with room for one keeps one notification.

namespace compare {
namespace {

using boost::system::error_code;

constexpr std::uint64_t tasks = 100;

template <bool concurrent>
class Permits {
public:
    Permits(const Executor& executor, std::size_t count) : taken_(executor, count) {}
    auto acquire() { return taken_.async_send(error_code(), 0, asio::deferred); }
    void release() {
        if (!taken_.try_receive([](error_code, int) {})) std::abort();
    }

private:
    Channel<concurrent, int> taken_;
};

template <bool concurrent>
Task<> count_alone(Permits<concurrent>& mutex, std::uint64_t& counter, std::uint64_t times) {
    for (std::uint64_t i = 0; i < times; ++i) {
        co_await mutex.acquire();
        co_await asio::post(asio::deferred);
        ++counter;
        mutex.release();
    }
}

template <bool concurrent>
Task<> use_permits(Permits<concurrent>& permits, std::atomic<std::uint64_t>& sum, std::uint64_t times) {
    std::uint64_t used = 0;
    for (std::uint64_t i = 0; i < times; ++i) {
        co_await permits.acquire();
        co_await asio::post(asio::deferred);
        ++used;
        permits.release();
    }
    sum.fetch_add(used, std::memory_order_relaxed);
}

template <bool concurrent>
Task<> answer_notifications(Channel<concurrent, int>& asked, Channel<concurrent, int>& answered,
                            std::uint64_t times) {
    for (std::uint64_t i = 0; i < times; ++i) {
        co_await asked.async_receive(asio::deferred);
        answered.try_send(error_code(), 0);
    }
}

} // namespace

/// One coroutine locks a mutex n times that nobody else wants.
template <bool concurrent>
Task<bench_round> mutex_free(std::uint64_t n) {
    Permits<concurrent> mutex(co_await asio::this_coro::executor, 1);
    std::uint64_t counter = 0;
    const bench_watch watch = bench_start();
    for (std::uint64_t i = 0; i < n; ++i) {
        co_await mutex.acquire();
        ++counter;
        mutex.release();
    }
    co_return bench_stop(watch, counter);
}

/// 100 coroutines lock one mutex n / 100 times each, and go to the end of the queue while they have it.
template <bool concurrent>
Task<bench_round> mutex_100(std::uint64_t n) {
    const Executor executor = co_await asio::this_coro::executor;
    Permits<concurrent> mutex(executor, 1);
    Group all(executor, tasks);
    std::uint64_t counter = 0;
    const bench_watch watch = bench_start();
    for (std::uint64_t i = 0; i < tasks; ++i)
        asio::co_spawn(executor, count_alone<concurrent>(mutex, counter, n / tasks), all.on_end());
    co_await all.all_ended();
    co_return bench_stop(watch, counter);
}

/// 100 coroutines take one of 10 permits n / 100 times each, and go to the end of the queue with it.
template <bool concurrent>
Task<bench_round> semaphore(std::uint64_t n) {
    const Executor executor = co_await asio::this_coro::executor;
    Permits<concurrent> permits(executor, 10);
    Group all(executor, tasks);
    std::atomic<std::uint64_t> used = 0;
    const bench_watch watch = bench_start();
    for (std::uint64_t i = 0; i < tasks; ++i)
        asio::co_spawn(executor, use_permits<concurrent>(permits, used, n / tasks), all.on_end());
    co_await all.all_ended();
    co_return bench_stop(watch, used.load());
}

/// Two coroutines notify each other, n times there and back.
template <bool concurrent>
Task<bench_round> notify(std::uint64_t n) {
    const Executor executor = co_await asio::this_coro::executor;
    Channel<concurrent, int> asked(executor, 1);
    Channel<concurrent, int> answered(executor, 1);
    Group other(executor, 1);
    asio::co_spawn(executor, answer_notifications<concurrent>(asked, answered, n), other.on_end());
    std::uint64_t count = 0;
    const bench_watch watch = bench_start();
    for (std::uint64_t i = 0; i < n; ++i) {
        asked.try_send(error_code(), 0);
        co_await answered.async_receive(asio::deferred);
        ++count;
    }
    const bench_round round = bench_stop(watch, count);
    co_await other.all_ended();
    co_return round;
}

template Task<bench_round> mutex_free<false>(std::uint64_t);
template Task<bench_round> mutex_free<true>(std::uint64_t);
template Task<bench_round> mutex_100<false>(std::uint64_t);
template Task<bench_round> mutex_100<true>(std::uint64_t);
template Task<bench_round> semaphore<false>(std::uint64_t);
template Task<bench_round> semaphore<true>(std::uint64_t);
template Task<bench_round> notify<false>(std::uint64_t);
template Task<bench_round> notify<true>(std::uint64_t);

} // namespace compare
