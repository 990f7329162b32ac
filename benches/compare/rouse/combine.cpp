// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "workloads.hpp"

#include <array>
#include <cstdlib>
#include <ranges>
#include <utility>
#include <variant>
#include <vector>

namespace compare {
namespace {

namespace mpsc = rouse::mpsc;
namespace oneshot = rouse::oneshot;
namespace stream = rouse::stream;

template <std::size_t arms>
using Senders = std::array<mpsc::Sender<std::uint64_t>, arms>;

/// The next number goes through another channel, when the one before was answered.
template <std::size_t arms>
Task<> send_in_turn(Senders<arms> numbers, mpsc::Receiver<std::uint64_t> answers, std::uint64_t n) {
    for (std::uint64_t i = 1; i <= n; ++i) {
        const auto sent = co_await numbers[i % arms].send(i);
        if (!sent) std::abort();
        const auto answer = co_await answers.recv();
        if (answer != i) std::abort();
    }
}

template <std::size_t... I>
Task<bench_round> select_of(std::uint64_t n, std::index_sequence<I...>) {
    constexpr std::size_t arms = sizeof...(I);
    std::array channels{(static_cast<void>(I), mpsc::channel<std::uint64_t>(1))...};
    auto [answers, answered] = mpsc::channel<std::uint64_t>(1);
    Senders<arms> numbers{std::move(channels[I].first)...};
    auto sender = rouse::spawn(send_in_turn<arms>, std::move(numbers), std::move(answered), n);
    std::uint64_t sum = 0;
    const bench_watch watch = bench_start();
    for (std::uint64_t i = 0; i < n; ++i) {
        const auto first = co_await rouse::select(channels[I].second.recv()...);
        const std::uint64_t number = std::visit([](const auto& received) { return received.value(); }, first);
        sum += number;
        const auto sent = co_await answers.send(number);
        if (!sent) std::abort();
    }
    const bench_round round = bench_stop(watch, sum);
    co_await sender;
    co_return round;
}

Task<std::uint64_t> receive(oneshot::Receiver<std::uint64_t> number) {
    const auto received = co_await number;
    co_return received.value();
}

using Numbers = std::vector<oneshot::Sender<std::uint64_t>>;

/// In no order, and all at once.
Task<> send_scattered(mpsc::Receiver<Numbers> batches) {
    std::uint64_t number = 0;
    while (auto batch = co_await batches.recv())
        for (std::size_t i = 0; i < batch->size(); ++i)
            if (!std::move((*batch)[i * 7919 % batch->size()]).send(++number)) std::abort();
}

} // namespace

/// n times the first of 2 channels that has a number; the others are asked in vain.
Task<bench_round> select_2(std::uint64_t n) { return select_of(n, std::make_index_sequence<2>()); }
/// The same with 16.
Task<bench_round> select_16(std::uint64_t n) { return select_of(n, std::make_index_sequence<16>()); }

/// A set of 10,000 futures, each of a oneshot of its own, whose values are taken as they come; n / 10,000
/// times.
Task<bench_round> futures_unordered(std::uint64_t n) {
    constexpr std::uint64_t size = 10000;
    auto [batches, received] = mpsc::channel<Numbers>(1);
    auto sender = rouse::spawn(send_scattered, std::move(received));
    std::uint64_t sum = 0;
    const bench_watch watch = bench_start();
    for (std::uint64_t i = 0; i < n / size; ++i) {
        rouse::FuturesUnordered<Task<std::uint64_t>> set;
        Numbers batch;
        batch.reserve(size);
        for (std::uint64_t one = 0; one < size; ++one) {
            auto [tx, rx] = oneshot::channel<std::uint64_t>();
            batch.push_back(std::move(tx));
            set.push(receive(std::move(rx)));
        }
        const auto sent = co_await batches.send(std::move(batch));
        if (!sent) std::abort();
        for (;;) {
            const auto number = co_await set.next();
            if (!number) break;
            sum += *number;
        }
    }
    const bench_round round = bench_stop(watch, sum);
    { const auto gone = std::move(batches); }
    co_await sender;
    co_return round;
}

/// n numbers through five adaptors, and their sum.
Task<bench_round> stream_5(std::uint64_t n) {
    const auto triple = [](std::uint64_t i) { return i * 3; };
    const auto even = [](std::uint64_t i) { return i % 2 == 0; };
    const auto in_range = [n](const auto& pair) { return pair.second < 3 * n; };
    const auto add = [](std::uint64_t sum, const auto& chunk) {
        for (const auto& [index, number] : chunk) sum += index ^ number;
        return sum;
    };
    const bench_watch watch = bench_start();
    auto numbers = stream::iter(std::views::iota(std::uint64_t(0), n)) | stream::map(triple) |
                   stream::filter(even) | stream::enumerate() | stream::take_while(in_range) |
                   stream::chunks(64);
    const std::uint64_t sum = co_await stream::fold(std::move(numbers), std::uint64_t(0), add);
    co_return bench_stop(watch, sum);
}

} // namespace compare
