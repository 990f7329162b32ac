// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/rouse.hpp>

#include "../common/bench.h"

#include <cstdint>
#include <span>

namespace compare {

using rouse::Task;

// tasks.cpp
Task<bench_round> spawn_all(std::uint64_t n);
Task<bench_round> spawn_group(std::uint64_t n);
Task<bench_round> spawn_await(std::uint64_t n);
Task<bench_round> yield_1(std::uint64_t n);
Task<bench_round> yield_1000(std::uint64_t n);
Task<bench_round> skynet(std::uint64_t n);

// channels.cpp
Task<bench_round> ping_pong(std::uint64_t n);
Task<bench_round> oneshot_request(std::uint64_t n);
Task<bench_round> mpsc_producers(std::uint64_t n);
Task<bench_round> unbounded_producers(std::uint64_t n);
Task<bench_round> broadcast_8(std::uint64_t n);

// locks.cpp
Task<bench_round> mutex_free(std::uint64_t n);
Task<bench_round> mutex_100(std::uint64_t n);
Task<bench_round> semaphore(std::uint64_t n);
Task<bench_round> notify(std::uint64_t n);

// combine.cpp
Task<bench_round> select_2(std::uint64_t n);
Task<bench_round> select_16(std::uint64_t n);
Task<bench_round> futures_unordered(std::uint64_t n);
Task<bench_round> stream_5(std::uint64_t n);

// timers.cpp
Task<bench_round> sleeps(std::uint64_t n);
Task<bench_round> timeouts(std::uint64_t n);
Task<bench_round> create_and_cancel(std::uint64_t n);

// memory.cpp
Task<bench_round> idle_bytes(std::uint64_t n);

// wake.cpp
Task<bench_round> wake_foreign(std::uint64_t n);

// servers.cpp
std::span<const bench_entry> servers();

} // namespace compare
