// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "workloads.hpp"

#include <deque>
#include <limits>

namespace compare {
namespace {

using boost::system::error_code;

/// Ends when the channel is closed.
template <bool concurrent>
Task<> answer_pings(Channel<concurrent, std::uint64_t>& pings, Channel<concurrent, std::uint64_t>& pongs) {
    try {
        for (;;) {
            const std::uint64_t value = co_await pings.async_receive(asio::deferred);
            co_await pongs.async_send(error_code(), value + 1, asio::deferred);
        }
    } catch (const boost::system::system_error&) {}
}

/// Where a reply goes. With several threads the requester may have the reply, and drop its end, before the
/// other is through with the channel, so both own it; with one thread it is the requester's.
template <bool concurrent>
class ReplyChannel {
    using Replies = Channel<concurrent, std::uint64_t>;

public:
    using Handle = std::conditional_t<concurrent, std::shared_ptr<Replies>, Replies*>;
    explicit ReplyChannel(const Executor& executor) {
        if constexpr (concurrent) replies_ = std::make_shared<Replies>(executor, 1);
        else replies_.emplace(executor, 1);
    }
    [[nodiscard]] Handle handle() {
        if constexpr (concurrent) return replies_;
        else return &*replies_;
    }
    auto receive() { return replies_->async_receive(asio::deferred); }

private:
    std::conditional_t<concurrent, std::shared_ptr<Replies>, std::optional<Replies>> replies_;
};

template <bool concurrent>
class Request {
public:
    std::uint64_t value = 0;
    typename ReplyChannel<concurrent>::Handle reply = nullptr;
};

template <bool concurrent>
Task<> answer_requests(Channel<concurrent, Request<concurrent>>& requests) {
    try {
        for (;;) {
            const Request<concurrent> request = co_await requests.async_receive(asio::deferred);
            request.reply->try_send(error_code(), request.value + 1);
        }
    } catch (const boost::system::system_error&) {}
}

template <bool concurrent>
Task<> produce(Channel<concurrent, std::uint64_t>& numbers, std::uint64_t n) {
    for (std::uint64_t i = 1; i <= n; ++i) co_await numbers.async_send(error_code(), i, asio::deferred);
}

constexpr std::uint64_t at_once = 100;

template <bool concurrent>
Task<> send_at_once(Channel<concurrent, std::uint64_t>& numbers, std::uint64_t n) {
    for (std::uint64_t i = 1; i <= n; ++i) {
        if (!numbers.try_send(error_code(), i)) std::abort();
        if (i % at_once == 0) co_await asio::post(asio::deferred);
    }
}

constexpr std::uint64_t broadcast_batch = 500;

/// Tells of each batch that it has received all of it, and in the end what the sum is.
template <bool concurrent>
Task<> listen(Channel<concurrent, std::uint64_t>& numbers, Channel<concurrent, std::uint64_t>& received,
              Channel<concurrent, std::uint64_t>& sums, std::uint64_t count) {
    std::uint64_t sum = 0;
    for (std::uint64_t i = 1; i <= count; ++i) {
        sum += co_await numbers.async_receive(asio::deferred);
        if (i % broadcast_batch == 0) co_await received.async_send(error_code(), i, asio::deferred);
    }
    co_await sums.async_send(error_code(), sum, asio::deferred);
}

} // namespace

/// Two coroutines and two channels with room for one: n times there and back.
template <bool concurrent>
Task<bench_round> ping_pong(std::uint64_t n) {
    const Executor executor = co_await asio::this_coro::executor;
    Channel<concurrent, std::uint64_t> pings(executor, 1);
    Channel<concurrent, std::uint64_t> pongs(executor, 1);
    Group other(executor, 1);
    asio::co_spawn(executor, answer_pings<concurrent>(pings, pongs), other.on_end());
    std::uint64_t sum = 0;
    const bench_watch watch = bench_start();
    for (std::uint64_t i = 0; i < n; ++i) {
        co_await pings.async_send(error_code(), i, asio::deferred);
        sum += co_await pongs.async_receive(asio::deferred);
    }
    const bench_round round = bench_stop(watch, sum);
    pings.close();
    co_await other.all_ended();
    co_return round;
}

/// n requests through a channel with room for one, each with a channel of its own for the reply.
template <bool concurrent>
Task<bench_round> oneshot(std::uint64_t n) {
    const Executor executor = co_await asio::this_coro::executor;
    Channel<concurrent, Request<concurrent>> requests(executor, 1);
    Group server(executor, 1);
    asio::co_spawn(executor, answer_requests<concurrent>(requests), server.on_end());
    std::uint64_t sum = 0;
    const bench_watch watch = bench_start();
    for (std::uint64_t i = 0; i < n; ++i) {
        ReplyChannel<concurrent> reply(executor);
        Request<concurrent> request;
        request.value = i;
        request.reply = reply.handle();
        co_await requests.async_send(error_code(), request, asio::deferred);
        sum += co_await reply.receive();
    }
    const bench_round round = bench_stop(watch, sum);
    requests.close();
    co_await server.all_ended();
    co_return round;
}

/// 4 coroutines send n / 4 numbers each to this one, through a channel with room for 1024.
template <bool concurrent>
Task<bench_round> mpsc(std::uint64_t n) {
    const Executor executor = co_await asio::this_coro::executor;
    Channel<concurrent, std::uint64_t> numbers(executor, 1024);
    Group producers(executor, 4);
    const bench_watch watch = bench_start();
    for (int i = 0; i < 4; ++i)
        asio::co_spawn(executor, produce<concurrent>(numbers, n / 4), producers.on_end());
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < n / 4 * 4; ++i) sum += co_await numbers.async_receive(asio::deferred);
    const bench_round round = bench_stop(watch, sum);
    co_await producers.all_ended();
    co_return round;
}

/// The same through a channel without a bound: nobody waits for room, and each gives way after 100.
template <bool concurrent>
Task<bench_round> unbounded(std::uint64_t n) {
    const Executor executor = co_await asio::this_coro::executor;
    Channel<concurrent, std::uint64_t> numbers(executor, std::numeric_limits<std::size_t>::max());
    Group producers(executor, 4);
    const bench_watch watch = bench_start();
    for (int i = 0; i < 4; ++i)
        asio::co_spawn(executor, send_at_once<concurrent>(numbers, n / 4), producers.on_end());
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < n / 4 * 4; ++i) sum += co_await numbers.async_receive(asio::deferred);
    const bench_round round = bench_stop(watch, sum);
    co_await producers.all_ended();
    co_return round;
}

/// n numbers from this coroutine to each of 8 others, by 500: the next ones are sent when all have received
/// those. A channel is for one receiver: each has its own.
template <bool concurrent>
Task<bench_round> broadcast_8(std::uint64_t n) {
    using Numbers = Channel<concurrent, std::uint64_t>;
    constexpr std::size_t listeners = 8;
    const Executor executor = co_await asio::this_coro::executor;
    std::deque<Numbers> numbers;
    Numbers received(executor, listeners);
    Numbers sums(executor, listeners);
    Group all(executor, listeners);
    for (std::size_t i = 0; i < listeners; ++i) {
        numbers.emplace_back(executor, 1024);
        asio::co_spawn(executor, listen<concurrent>(numbers.back(), received, sums, n), all.on_end());
    }
    const bench_watch watch = bench_start();
    for (std::uint64_t i = 1; i <= n; ++i) {
        for (Numbers& each : numbers)
            if (!each.try_send(error_code(), i)) std::abort();
        if (i % broadcast_batch != 0) continue;
        for (std::size_t one = 0; one < listeners; ++one)
            if (co_await received.async_receive(asio::deferred) != i) std::abort();
    }
    std::uint64_t sum = 0;
    for (std::size_t one = 0; one < listeners; ++one) sum += co_await sums.async_receive(asio::deferred);
    const bench_round round = bench_stop(watch, sum);
    co_await all.all_ended();
    co_return round;
}

namespace {

template <bool concurrent>
Task<> wait_for_message(Channel<concurrent, std::uint64_t>& channel, std::atomic<std::uint64_t>& waiting,
                        std::atomic<std::uint64_t>& sum) {
    waiting.fetch_add(1, std::memory_order_relaxed);
    sum.fetch_add(co_await channel.async_receive(asio::deferred), std::memory_order_relaxed);
}

} // namespace

/// n coroutines without handles wait for a message of their own each; the channels are there before. How much
/// the resident memory grows by the coroutines.
template <bool concurrent>
Task<bench_round> idle_bytes(std::uint64_t n) {
    const Executor executor = co_await asio::this_coro::executor;
    std::deque<Channel<concurrent, std::uint64_t>> channels;
    for (std::uint64_t i = 0; i < n; ++i) channels.emplace_back(executor, 1);
    std::atomic<std::uint64_t> waiting = 0;
    std::atomic<std::uint64_t> sum = 0;
    const std::uint64_t before = bench_resident_bytes();
    const bench_watch watch = bench_start();
    std::uint64_t spawned = 0;
    for (auto& channel : channels) {
        asio::co_spawn(executor, wait_for_message<concurrent>(channel, waiting, sum), asio::detached);
        // The run queue is not to be counted: they are let in by the thousand.
        if (++spawned % 1000 == 0) co_await asio::post(asio::deferred);
    }
    while (waiting.load(std::memory_order_relaxed) < n) co_await asio::post(asio::deferred);
    const std::uint64_t after = bench_resident_bytes();
    for (auto& channel : channels) channel.try_send(error_code(), 1);
    while (sum.load(std::memory_order_relaxed) < n) co_await asio::post(asio::deferred);
    bench_round round = bench_stop(watch, sum.load());
    round.has_bytes = 1;
    round.bytes = after > before ? after - before : 0;
    co_return round;
}

/// A foreign thread wakes a coroutine n times, 200 µs after it went to sleep: from just before the wake until
/// it runs.
Task<bench_round> wake_foreign(std::uint64_t n) {
    const Executor executor = co_await asio::this_coro::executor;
    Channel<true, std::uint64_t> wakes(executor, 1);
    std::atomic<std::uint64_t> seen = 0;
    std::vector<std::uint64_t> latencies;
    latencies.reserve(n);
    const bench_watch watch = bench_start();
    const std::jthread foreign([&] {
        for (std::uint64_t i = 0; i < n; ++i) {
            while (seen.load(std::memory_order_acquire) < i) std::this_thread::yield();
            std::this_thread::sleep_for(std::chrono::microseconds(200)); // it is parked by then
            wakes.try_send(error_code(), bench_now());
        }
    });
    for (std::uint64_t i = 0; i < n; ++i) {
        const std::uint64_t sent = co_await wakes.async_receive(asio::deferred);
        latencies.push_back(bench_now() - sent);
        seen.store(i + 1, std::memory_order_release);
    }
    bench_round round = bench_stop(watch, latencies.size());
    bench_add_latencies(&round, latencies.data(), latencies.size());
    co_return round;
}

template Task<bench_round> ping_pong<false>(std::uint64_t);
template Task<bench_round> ping_pong<true>(std::uint64_t);
template Task<bench_round> oneshot<false>(std::uint64_t);
template Task<bench_round> oneshot<true>(std::uint64_t);
template Task<bench_round> mpsc<false>(std::uint64_t);
template Task<bench_round> mpsc<true>(std::uint64_t);
template Task<bench_round> unbounded<false>(std::uint64_t);
template Task<bench_round> unbounded<true>(std::uint64_t);
template Task<bench_round> broadcast_8<false>(std::uint64_t);
template Task<bench_round> broadcast_8<true>(std::uint64_t);
template Task<bench_round> idle_bytes<false>(std::uint64_t);
template Task<bench_round> idle_bytes<true>(std::uint64_t);

} // namespace compare
