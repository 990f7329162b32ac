// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "workloads.hpp"

#include <array>
#include <tuple>
#include <utility>

#include <boost/asio/experimental/parallel_group.hpp>

namespace compare {
namespace {

using boost::system::error_code;
using Numbers = Channel<false, std::uint64_t>;

/// The next number goes through another channel, when the one before was answered.
template <std::size_t arms>
Task<> send_in_turn(std::array<Numbers, arms>& numbers, Numbers& answers, std::uint64_t n) {
    for (std::uint64_t i = 1; i <= n; ++i) {
        co_await numbers[i % arms].async_send(error_code(), i, asio::deferred);
        if (co_await answers.async_receive(asio::deferred) != i) std::abort();
    }
}

template <std::size_t... I>
Task<bench_round> select_of(std::uint64_t n, std::index_sequence<I...>) {
    constexpr std::size_t arms = sizeof...(I);
    const Executor executor = co_await asio::this_coro::executor;
    std::array<Numbers, arms> numbers{(static_cast<void>(I), Numbers(executor, 1))...};
    Numbers answers(executor, 1);
    Group sender(executor, 1);
    asio::co_spawn(executor, send_in_turn<arms>(numbers, answers, n), sender.on_end());
    std::uint64_t sum = 0;
    const bench_watch watch = bench_start();
    for (std::uint64_t i = 0; i < n; ++i) {
        const auto results =
            co_await asio::experimental::make_parallel_group(numbers[I].async_receive(asio::deferred)...)
                .async_wait(asio::experimental::wait_for_one(), asio::deferred);
        // The order of their ends; an error and a number of each.
        std::uint64_t number = 0;
        ((std::get<1 + 2 * I>(results) ? void() : void(number = std::get<2 + 2 * I>(results))), ...);
        sum += number;
        co_await answers.async_send(error_code(), number, asio::deferred);
    }
    const bench_round round = bench_stop(watch, sum);
    co_await sender.all_ended();
    co_return round;
}

} // namespace

/// n times the first of 2 channels that has a number; the others are asked in vain.
Task<bench_round> select_2(std::uint64_t n) { return select_of(n, std::make_index_sequence<2>()); }
/// The same with 16.
Task<bench_round> select_16(std::uint64_t n) { return select_of(n, std::make_index_sequence<16>()); }

} // namespace compare
