// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "workloads.hpp"

#include <utility>

#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace compare {
namespace {

Task<> empty() { co_return; }

Task<std::uint64_t> yields(std::uint64_t n) {
    std::uint64_t count = 0;
    for (std::uint64_t i = 0; i < n; ++i) {
        co_await asio::post(asio::deferred);
        ++count;
    }
    co_return count;
}

Task<std::uint64_t> leaf(std::uint64_t number) { co_return number; }

Task<std::uint64_t> node(std::uint64_t first, std::uint64_t leaves) {
    const Executor executor = co_await asio::this_coro::executor;
    const std::uint64_t each = leaves / 10;
    const auto child = [&](std::uint64_t i) {
        Task<std::uint64_t> task = each == 1 ? leaf(first + i) : node(first + i * each, each);
        return asio::co_spawn(executor, std::move(task), asio::deferred);
    };
    std::vector<decltype(child(0))> children;
    children.reserve(10);
    for (std::uint64_t i = 0; i < 10; ++i) children.push_back(child(i));
    const auto [order, errors, numbers] =
        co_await asio::experimental::make_parallel_group(std::move(children))
            .async_wait(asio::experimental::wait_for_all(), asio::deferred);
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < 10; ++i) {
        if (errors[i]) std::rethrow_exception(errors[i]);
        sum += numbers[i];
    }
    co_return sum;
}

} // namespace

/// Spawns n empty coroutines, all alive at once; the last one to end tells.
Task<bench_round> spawn_group(std::uint64_t n) {
    const Executor executor = co_await asio::this_coro::executor;
    Group group(executor, n);
    const bench_watch watch = bench_start();
    for (std::uint64_t i = 0; i < n; ++i) asio::co_spawn(executor, empty(), group.on_end());
    co_await group.all_ended();
    co_return bench_stop(watch, n - group.left());
}

/// Spawns an empty coroutine and awaits it, n times.
Task<bench_round> spawn_await(std::uint64_t n) {
    const Executor executor = co_await asio::this_coro::executor;
    std::uint64_t joined = 0;
    const bench_watch watch = bench_start();
    for (std::uint64_t i = 0; i < n; ++i) {
        co_await asio::co_spawn(executor, empty(), asio::deferred);
        ++joined;
    }
    co_return bench_stop(watch, joined);
}

/// One coroutine goes to the end of the queue n times.
Task<bench_round> yield_1(std::uint64_t n) {
    const bench_watch watch = bench_start();
    const std::uint64_t count = co_await yields(n);
    co_return bench_stop(watch, count);
}

/// 1000 coroutines yield n / 1000 times each.
Task<bench_round> yield_1000(std::uint64_t n) {
    const Executor executor = co_await asio::this_coro::executor;
    constexpr std::uint64_t tasks = 1000;
    const auto counts = std::make_shared<Channel<true, std::uint64_t>>(executor, tasks);
    const bench_watch watch = bench_start();
    for (std::uint64_t i = 0; i < tasks; ++i)
        asio::co_spawn(executor, yields(n / tasks),
                       [counts](const std::exception_ptr& error, std::uint64_t count) {
                           if (error) std::rethrow_exception(error);
                           counts->try_send(boost::system::error_code(), count);
                       });
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < tasks; ++i) sum += co_await counts->async_receive(asio::deferred);
    co_return bench_stop(watch, sum);
}

/// A tree of coroutines with ten children each and n leaves, which are spawned too; a leaf returns its
/// number, the others the sum of their children's.
Task<bench_round> skynet(std::uint64_t n) {
    const Executor executor = co_await asio::this_coro::executor;
    const bench_watch watch = bench_start();
    // `deferred` does not compile here: Asio of Boost 1.81 cannot await (exception_ptr, T) that way.
    const std::uint64_t sum =
        co_await asio::co_spawn(executor, node(0, n), asio::use_awaitable_t<Executor>());
    co_return bench_stop(watch, sum);
}

} // namespace compare
