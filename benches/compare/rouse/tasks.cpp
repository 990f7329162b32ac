// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "stand_ins.hpp"
#include "workloads.hpp"

#include <array>
#include <vector>

namespace compare {
namespace {

Task<> empty() { co_return; }

Task<> end_in(Group& group) {
    group.end_one();
    co_return;
}

Task<std::uint64_t> yields(std::uint64_t n) {
    std::uint64_t count = 0;
    for (std::uint64_t i = 0; i < n; ++i) {
        co_await rouse::yield_now();
        ++count;
    }
    co_return count;
}

Task<std::uint64_t> leaf(std::uint64_t number) { co_return number; }

Task<std::uint64_t> node(std::uint64_t first, std::uint64_t leaves) {
    const std::uint64_t each = leaves / 10;
    const auto child = [&](std::uint64_t i) {
        return each == 1 ? rouse::spawn(leaf, first + i) : rouse::spawn(node, first + i * each, each);
    };
    std::array children = {child(0), child(1), child(2), child(3), child(4),
                           child(5), child(6), child(7), child(8), child(9)};
    std::uint64_t sum = 0;
    for (auto& handle : children) sum += co_await handle;
    co_return sum;
}

} // namespace

/// Spawns n empty tasks, keeps their handles, then awaits all of them.
Task<bench_round> spawn_all(std::uint64_t n) {
    std::vector<rouse::JoinHandle<>> handles;
    handles.reserve(n);
    std::uint64_t joined = 0;
    const bench_watch watch = bench_start();
    for (std::uint64_t i = 0; i < n; ++i) handles.push_back(rouse::spawn(empty));
    for (rouse::JoinHandle<>& handle : handles) {
        co_await handle;
        ++joined;
    }
    handles = std::vector<rouse::JoinHandle<>>(); // frees the memory, as the peers do
    co_return bench_stop(watch, joined);
}

/// The same without handles: the last task to end tells.
Task<bench_round> spawn_group(std::uint64_t n) {
    Group group(n);
    const bench_watch watch = bench_start();
    for (std::uint64_t i = 0; i < n; ++i) rouse::spawn(end_in, std::ref(group)).detach();
    (void)co_await group.all_ended();
    co_return bench_stop(watch, n - group.left());
}

/// Spawns an empty task and awaits it, n times.
Task<bench_round> spawn_await(std::uint64_t n) {
    std::uint64_t joined = 0;
    const bench_watch watch = bench_start();
    for (std::uint64_t i = 0; i < n; ++i) {
        co_await rouse::spawn(empty);
        ++joined;
    }
    co_return bench_stop(watch, joined);
}

/// One task yields n times.
Task<bench_round> yield_1(std::uint64_t n) {
    const bench_watch watch = bench_start();
    const std::uint64_t count = co_await yields(n);
    co_return bench_stop(watch, count);
}

/// 1000 tasks yield n / 1000 times each.
Task<bench_round> yield_1000(std::uint64_t n) {
    std::vector<rouse::JoinHandle<std::uint64_t>> handles;
    handles.reserve(1000);
    std::uint64_t sum = 0;
    const bench_watch watch = bench_start();
    for (int i = 0; i < 1000; ++i) handles.push_back(rouse::spawn(yields, n / 1000));
    for (auto& handle : handles) sum += co_await handle;
    co_return bench_stop(watch, sum);
}

/// A tree of tasks with ten children each and n leaves, which are tasks too; a leaf returns its number, the
/// others the sum of their children's.
Task<bench_round> skynet(std::uint64_t n) {
    const bench_watch watch = bench_start();
    const std::uint64_t sum = co_await rouse::spawn(node, std::uint64_t(0), n);
    co_return bench_stop(watch, sum);
}

} // namespace compare
