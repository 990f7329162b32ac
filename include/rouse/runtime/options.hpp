// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/hang.hpp"
#include "rouse/diag/reports.hpp"
#include "rouse/io/backend.hpp"

#include <chrono>
#include <functional>
#include <string>

namespace rouse {

/// How a runtime behaves. Hooks are called on the thread that drives the runtime (the long-poll hook: on the
/// watchdog's), outside every lock of the library; what they throw is ignored. With several workers each
/// calls them, also at the same time. An empty hook means the default: to print the report to stderr.
class RuntimeOptions {
public:
    RuntimeOptions() = default;

    /// For dumps.
    std::string name = "rouse";

    /// Of `Runtime::multi_thread`: the threads that poll tasks; 0: one for each processor that the program
    /// may use.
    unsigned worker_threads = 0;
    /// Of `Runtime::multi_thread`: called on each of its threads, before its first poll and after its last.
    std::function<void()> on_thread_start;
    std::function<void()> on_thread_stop;

    /// The threads for `spawn_blocking`, `fs` and `lookup_host`: made when they are needed, at most so many,
    /// and gone when they had nothing to do for so long.
    unsigned max_blocking_threads = 512;
    std::chrono::milliseconds blocking_keep_alive{10'000};
    /// How long the end of the runtime waits for blocking calls that have begun. Those that take longer go on
    /// alone, and their threads end after them.
    std::chrono::milliseconds blocking_patience{10'000};

    /// What it watches descriptors with. `RuntimeMetrics` says what it has become.
    io::Backend io_backend = io::Backend::automatic;

    /// What is done with a task that nobody can wake.
    HangPolicy hang_policy = HangPolicy::throw_error;
    /// Told of each hang whose await site is new; of a site that is known already, at its 10th, 100th, ...
    /// time.
    std::function<void(const HangReport&)> on_hang;
    /// Told of a task that ended with an exception and has no JoinHandle. Not of one that failed because of a
    /// hang which was reported.
    std::function<void(const UnhandledReport&)> on_unhandled;

    /// A poll that runs longer is reported while it still runs; zero switches the watchdog off.
    std::chrono::milliseconds long_poll_threshold{1000};
    /// It runs while the poll goes on: it must not wait for that task, nor for the end of `block_on`.
    std::function<void(const LongPollReport&)> on_long_poll;

    /// CPU time that a task may burn by waking itself in every poll before it is reported; zero switches it
    /// off.
    std::chrono::milliseconds self_wake_threshold{1000};
    std::function<void(const SelfWakeReport&)> on_self_wake;

    /// Told of a deadlock of tasks that wait for each other's locks or ends, when it closes; else it is
    /// printed.
    std::function<void(const LockCycle&)> on_lock_cycle;

    /// How long nothing may happen before a deadlock is looked for; zero switches it off.
    std::chrono::milliseconds deadlock_grace{1000};
    /// Opt-in: told when nothing is runnable, no timer is set and tasks are pending, but somebody outside
    /// might still wake one.
    std::function<void(const QuiescenceReport&)> on_suspicion;

    /// Logs every poll to stderr; the environment variable ROUSE_POLL_LOG=1 does the same.
    bool poll_log = false;
    /// Gets the lines of the poll log instead of stderr.
    std::function<void(const std::string& line)> on_poll;

    /// Counts how long polls take, for `RuntimeMetrics::poll_times`; two looks at the clock for each poll.
    bool poll_times = false;

    /// The clock stands still, and jumps to the next timer when nothing is runnable: for tests of time.
    bool paused_clock = false;

    /// A signal (SIGUSR1, say) at which the runtime writes its dump to stderr; 0: none.
    int dump_signal = 0;
};

} // namespace rouse
