// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace rouse {

/// What one worker (of `current_thread`: the thread that drives) has done since its beginning.
class WorkerMetrics {
public:
    std::uint64_t polls = 0;         ///< Of tasks; up to its last look round, some 60 polls ago at most.
    std::uint64_t parks = 0;         ///< How often it went to sleep.
    std::chrono::nanoseconds busy{}; ///< Time that it was not asleep.
    std::size_t queued = 0;          ///< Tasks in its queue, at its last look round.
    std::uint64_t shared = 0;        ///< Tasks that it gave to idle workers (what others call steals).
    std::uint64_t lifo_hits = 0;     ///< Polls of the task that the poll before had woken.
    std::uint64_t io_events = 0;     ///< Readiness events of descriptors that it has dispatched.
    const char* io_backend = ""; ///< "epoll" or "io_uring"; empty as long as it has watched no descriptor.
    bool spare = false;          ///< It only works while all others are stuck in long polls.
};

/// The pool for blocking calls: `spawn_blocking`, `fs`, `lookup_host`.
class BlockingMetrics {
public:
    unsigned threads = 0;   ///< That it has now; the first comes with the first call.
    unsigned idle = 0;      ///< Those of them that wait for a call.
    std::size_t queued = 0; ///< Calls that wait for a thread.
    std::uint64_t ran = 0;  ///< Calls that a thread has taken up since the beginning.
};

/// How many polls took how long: bucket 0 is below 1 µs, bucket n from 2^(n-1) up to below 2^n µs, the last
/// one anything longer.
using PollTimes = std::array<std::uint64_t, 24>;

/// A snapshot of a runtime's counters. They are read one after another while the runtime goes on, so two of
/// them may be of different instants.
class RuntimeMetrics {
public:
    std::vector<WorkerMetrics> workers;
    std::uint64_t tasks_spawned = 0;
    std::uint64_t tasks_alive = 0;
    std::uint64_t tasks_lost = 0; ///< Hangs found: reports, whether they were printed or only counted.
    std::size_t timers = 0;       ///< That are set.
    std::size_t descriptors = 0;  ///< That are watched for I/O.
    std::string io_fallback;      ///< Why epoll is used though io_uring was asked for; else empty.
    BlockingMetrics blocking;
    PollTimes poll_times{}; ///< Zero without `RuntimeOptions::poll_times`.
};

} // namespace rouse
