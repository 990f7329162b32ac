// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/rouse.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string_view>

namespace micro {

using Nanoseconds = std::chrono::nanoseconds;

/// From its making to `elapsed`.
class Stopwatch {
public:
    [[nodiscard]] Nanoseconds elapsed() const { return std::chrono::steady_clock::now() - start_; }

private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// What the workloads compute is compared, so that none of it can be left out.
inline void check(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "rouse_micro: wrong result: %s\n", what);
    std::abort();
}

/// A value that the optimiser must take for unknown.
template <class T>
T opaque(T value) {
    asm volatile("" : "+r"(value));
    return value;
}

/// A workload takes its own time inside of the runtime, so entering that is not measured.
class Workload {
public:
    using Round = Nanoseconds (*)(rouse::Runtime&, std::uint64_t ops);

    std::string_view name;
    double ops; // in a round, at scale 1
    Round round;
};

/// In the future given to `block_on`.
template <auto workload>
Nanoseconds in_root(rouse::Runtime& runtime, std::uint64_t ops) {
    return runtime.block_on(workload(ops));
}

/// In a spawned task.
template <auto workload>
Nanoseconds in_task(rouse::Runtime& runtime, std::uint64_t ops) {
    const auto root = [ops]() -> rouse::Task<Nanoseconds> { co_return co_await rouse::spawn(workload, ops); };
    return runtime.block_on(root());
}

std::span<const Workload> task_workloads(); // spawn, yield, await
std::span<const Workload> sync_workloads(); // oneshot, sleep

} // namespace micro
