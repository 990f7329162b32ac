// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "stand_ins.hpp"
#include "workloads.hpp"

namespace compare {
namespace {

using Sender = rouse::oneshot::Sender<std::uint64_t>;

class Request {
public:
    Request(std::uint64_t value, Sender reply) : value(value), reply(std::move(reply)) {}
    std::uint64_t value;
    Sender reply;
};

Task<> answer_pings(Mailbox<std::uint64_t>& pings, Mailbox<std::uint64_t>& pongs, std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) pongs.put(co_await pings.take() + 1);
}

Task<> answer_requests(Mailbox<Request>& requests, std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
        Request request = co_await requests.take();
        if (!std::move(request.reply).send(request.value + 1)) std::abort();
    }
}

} // namespace

/// Two tasks and two places for one value each: n times there and back.
Task<bench_round> ping_pong(std::uint64_t n) {
    Mailbox<std::uint64_t> pings;
    Mailbox<std::uint64_t> pongs;
    auto other = rouse::spawn(answer_pings, std::ref(pings), std::ref(pongs), n);
    std::uint64_t sum = 0;
    const bench_watch watch = bench_start();
    for (std::uint64_t i = 0; i < n; ++i) {
        pings.put(i);
        sum += co_await pongs.take();
    }
    const bench_round round = bench_stop(watch, sum);
    co_await other;
    co_return round;
}

/// n requests through a place for one, each with a oneshot of its own for the reply.
Task<bench_round> oneshot_request(std::uint64_t n) {
    Mailbox<Request> requests;
    auto server = rouse::spawn(answer_requests, std::ref(requests), n);
    std::uint64_t sum = 0;
    const bench_watch watch = bench_start();
    for (std::uint64_t i = 0; i < n; ++i) {
        auto [tx, rx] = rouse::oneshot::channel<std::uint64_t>();
        requests.put(Request(i, std::move(tx)));
        const auto reply = co_await rx;
        sum += reply.value();
    }
    const bench_round round = bench_stop(watch, sum);
    co_await server;
    co_return round;
}

} // namespace compare
