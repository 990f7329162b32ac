// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "workload.hpp"

#include <vector>

namespace micro {
namespace {

using rouse::Task;

Task<> nothing() { co_return; }

/// All alive at once, each with its handle. The handles' vector is reserved before, but its pages are first
/// touched here.
Task<Nanoseconds> spawn_join(std::uint64_t n) {
    std::vector<rouse::JoinHandle<>> handles;
    handles.reserve(n);
    const Stopwatch watch;
    for (std::uint64_t i = 0; i < n; ++i) handles.push_back(rouse::spawn(nothing));
    for (rouse::JoinHandle<>& handle : handles) co_await handle;
    handles = std::vector<rouse::JoinHandle<>>(); // frees the memory, as the peer's loop does
    co_return watch.elapsed();
}

Task<Nanoseconds> spawn_await(std::uint64_t n) {
    const Stopwatch watch;
    for (std::uint64_t i = 0; i < n; ++i) co_await rouse::spawn(nothing);
    co_return watch.elapsed();
}

/// At the bottom of `depth` coroutines.
Task<Nanoseconds> yield_below(unsigned depth, std::uint64_t n) {
    if (depth > 1) co_return co_await yield_below(depth - 1, n);
    const Stopwatch watch;
    for (std::uint64_t i = 0; i < n; ++i) co_await rouse::yield_now();
    co_return watch.elapsed();
}
Task<Nanoseconds> yield_depth1(std::uint64_t n) { return yield_below(1, n); }
Task<Nanoseconds> yield_depth100(std::uint64_t n) { return yield_below(100, n); }

/// A future as a user writes it, that wakes itself and is Pending once.
class WakeSelf {
public:
    using Output = void;
    WakeSelf() noexcept = default;
    rouse::Poll<void> poll(rouse::Context& cx) {
        if (std::exchange(woken_, true)) return rouse::Ready();
        cx.waker().wake_by_ref();
        return rouse::Pending;
    }

private:
    bool woken_ = false;
};

/// To compare with `yield_now`: the same way round the scheduler, watched for burning a core.
Task<Nanoseconds> yield_wake(std::uint64_t n) {
    const Stopwatch watch;
    for (std::uint64_t i = 0; i < n; ++i) co_await WakeSelf();
    co_return watch.elapsed();
}

// Not inlined, or the compiler might see the frame's whole life.
[[gnu::noinline]] Task<std::uint64_t> ready(std::uint64_t value) { co_return opaque(value); }

Task<Nanoseconds> await_ready(std::uint64_t n) {
    std::uint64_t sum = 0;
    const Stopwatch watch;
    for (std::uint64_t i = 0; i < n; ++i) sum += co_await ready(i);
    const Nanoseconds elapsed = watch.elapsed();
    check(sum == n * (n - 1) / 2, "await_ready");
    co_return elapsed;
}

constexpr double million = 1e6;
constexpr Workload workloads[] = {
    {"spawn_join_1m", million, in_root<spawn_join>},
    {"spawn_await", million, in_root<spawn_await>},
    {"spawn_await_spawned", million, in_task<spawn_await>},
    {"yield_depth1", 10 * million, in_root<yield_depth1>},
    {"yield_depth1_spawned", 10 * million, in_task<yield_depth1>},
    {"yield_wake_spawned", 10 * million, in_task<yield_wake>},
    {"yield_depth100", 10 * million, in_root<yield_depth100>},
    {"await_ready", 10 * million, in_root<await_ready>},
};

} // namespace

std::span<const Workload> task_workloads() { return workloads; }

} // namespace micro
