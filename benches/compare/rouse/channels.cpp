// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "workloads.hpp"

#include <cstdlib>
#include <utility>
#include <vector>

namespace compare {
namespace {

namespace broadcast = rouse::broadcast;
namespace mpsc = rouse::mpsc;
using Sender = rouse::oneshot::Sender<std::uint64_t>;

class Request {
public:
    Request(std::uint64_t value, Sender reply) : value(value), reply(std::move(reply)) {}
    std::uint64_t value;
    Sender reply;
};

Task<> answer_pings(mpsc::Receiver<std::uint64_t> pings, mpsc::Sender<std::uint64_t> pongs) {
    while (const auto ping = co_await pings.recv()) {
        const auto sent = co_await pongs.send(*ping + 1);
        if (!sent) std::abort();
    }
}

Task<> answer_requests(mpsc::Receiver<Request> requests) {
    while (auto request = co_await requests.recv())
        if (!std::move(request->reply).send(request->value + 1)) std::abort();
}

Task<> send_numbers(mpsc::Sender<std::uint64_t> numbers, std::uint64_t count) {
    for (std::uint64_t i = 1; i <= count; ++i) {
        const auto sent = co_await numbers.send(i);
        if (!sent) std::abort();
    }
}

constexpr std::uint64_t at_once = 100;

Task<> send_at_once(mpsc::UnboundedSender<std::uint64_t> numbers, std::uint64_t count) {
    for (std::uint64_t i = 1; i <= count; ++i) {
        if (!numbers.send(i)) std::abort();
        if (i % at_once == 0) co_await rouse::yield_now();
    }
}

constexpr std::uint64_t broadcast_batch = 500; // half of what fits: nobody lags

/// Tells of each batch that it has received all of it.
Task<std::uint64_t> listen(broadcast::Receiver<std::uint64_t> numbers, mpsc::Sender<std::uint64_t> received,
                           std::uint64_t count) {
    std::uint64_t sum = 0;
    for (std::uint64_t i = 1; i <= count; ++i) {
        const auto number = co_await numbers.recv();
        sum += number.value();
        if (i % broadcast_batch != 0) continue;
        const auto sent = co_await received.send(i);
        if (!sent) std::abort();
    }
    co_return sum;
}

} // namespace

/// Two tasks and two channels with room for one: n times there and back.
Task<bench_round> ping_pong(std::uint64_t n) {
    auto [ping, pinged] = mpsc::channel<std::uint64_t>(1);
    auto [pong, ponged] = mpsc::channel<std::uint64_t>(1);
    auto other = rouse::spawn(answer_pings, std::move(pinged), std::move(pong));
    std::uint64_t sum = 0;
    const bench_watch watch = bench_start();
    for (std::uint64_t i = 0; i < n; ++i) {
        const auto sent = co_await ping.send(i);
        if (!sent) std::abort();
        const auto answer = co_await ponged.recv();
        sum += answer.value();
    }
    const bench_round round = bench_stop(watch, sum);
    { const auto gone = std::move(ping); }
    co_await other;
    co_return round;
}

/// n requests through a channel with room for one, each with a oneshot of its own for the reply.
Task<bench_round> oneshot_request(std::uint64_t n) {
    auto [requests, requested] = mpsc::channel<Request>(1);
    auto server = rouse::spawn(answer_requests, std::move(requested));
    std::uint64_t sum = 0;
    const bench_watch watch = bench_start();
    for (std::uint64_t i = 0; i < n; ++i) {
        auto [tx, rx] = rouse::oneshot::channel<std::uint64_t>();
        const auto sent = co_await requests.send(Request(i, std::move(tx)));
        if (!sent) std::abort();
        const auto reply = co_await rx;
        sum += reply.value();
    }
    const bench_round round = bench_stop(watch, sum);
    { const auto gone = std::move(requests); }
    co_await server;
    co_return round;
}

/// 4 tasks send n / 4 numbers each to this one, through a channel with room for 1024.
Task<bench_round> mpsc_producers(std::uint64_t n) {
    auto [numbers, received] = mpsc::channel<std::uint64_t>(1024);
    const bench_watch watch = bench_start();
    for (int i = 0; i < 4; ++i) rouse::spawn(send_numbers, numbers, n / 4).detach();
    { const auto gone = std::move(numbers); }
    std::uint64_t sum = 0;
    while (const auto number = co_await received.recv()) sum += *number;
    co_return bench_stop(watch, sum);
}

/// The same through a channel without a bound: nobody waits for room, and each gives way after 100.
Task<bench_round> unbounded_producers(std::uint64_t n) {
    auto [numbers, received] = mpsc::unbounded_channel<std::uint64_t>();
    const bench_watch watch = bench_start();
    for (int i = 0; i < 4; ++i) rouse::spawn(send_at_once, numbers, n / 4).detach();
    { const auto gone = std::move(numbers); }
    std::uint64_t sum = 0;
    while (const auto number = co_await received.recv()) sum += *number;
    co_return bench_stop(watch, sum);
}

/// n numbers from this task to each of 8 others, by 500: the next ones are sent when all have received those.
Task<bench_round> broadcast_8(std::uint64_t n) {
    constexpr std::uint64_t listeners = 8;
    auto [numbers, first] = broadcast::channel<std::uint64_t>(1024);
    auto [received, told] = mpsc::channel<std::uint64_t>(listeners);
    std::vector<rouse::JoinHandle<std::uint64_t>> sums;
    for (std::uint64_t i = 0; i < listeners; ++i)
        sums.push_back(rouse::spawn(listen, numbers.subscribe(), received, n));
    { const auto gone = std::move(first); }
    const bench_watch watch = bench_start();
    for (std::uint64_t i = 1; i <= n; ++i) {
        (void)numbers.send(i);
        if (i % broadcast_batch != 0) continue;
        for (std::uint64_t one = 0; one < listeners; ++one) {
            const auto batch = co_await told.recv();
            if (batch != i) std::abort();
        }
    }
    std::uint64_t sum = 0;
    for (auto& each : sums) sum += co_await each;
    co_return bench_stop(watch, sum);
}

} // namespace compare
