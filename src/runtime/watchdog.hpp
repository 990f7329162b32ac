// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/atomic.hpp"
#include "rouse/runtime/options.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

namespace rouse::detail {

/// A thread that polls tasks, as the watchdog sees it. The thread writes two words a poll, and reads no
/// clock: a poll that the watchdog finds running at each of its looks for the length of the threshold is a
/// long one.
class WatchedThread {
public:
    WatchedThread(std::chrono::milliseconds threshold, std::function<void(const LongPollReport&)> hook);
    ~WatchedThread();
    WatchedThread(const WatchedThread&) = delete;
    WatchedThread& operator=(const WatchedThread&) = delete;

    /// This thread begins and ceases to drive.
    void begin_drive();
    void end_drive() noexcept;

    /// `number` counts the polls of this thread.
    void begin_poll(std::uint64_t number, std::uint64_t task) noexcept {
        task_.store(task, memory_order_relaxed);
        poll_.store(2 * number + 1, memory_order_relaxed); // odd: a poll runs
    }
    void end_poll() noexcept { poll_.store(0, memory_order_relaxed); }
    /// The poll that runs has said that it blocks: no report of it until this is taken back.
    void allow_long_poll(bool allowed) noexcept { allowed_.store(allowed, memory_order_relaxed); }

    /// Odd: a poll runs, and it is this one. Any thread may ask.
    [[nodiscard]] std::uint64_t current_poll() const noexcept { return poll_.load(memory_order_relaxed); }
    /// The task that is being polled, as any thread may ask.
    [[nodiscard]] std::uint64_t polled_task() const noexcept {
        return poll_.load(memory_order_relaxed) & 1 ? task_.load(memory_order_relaxed) : 0;
    }

private:
    friend class Watchdog;
    /// How long its poll runs by now, if that is to be reported.
    std::optional<std::chrono::milliseconds> look(std::chrono::steady_clock::time_point now);
    LongPollReport make_report(std::chrono::milliseconds running);
    void tell(const LongPollReport& report) noexcept;

    Atomic<std::uint64_t> poll_{0};
    Atomic<std::uint64_t> task_{0};
    Atomic<bool> allowed_{false};

    std::chrono::milliseconds threshold_;
    std::function<void(const LongPollReport&)> hook_;
    // Of the watchdog:
    long thread_id_ = 0;
    std::uint64_t seen_ = 0;
    std::chrono::steady_clock::time_point since_{};
    bool reported_ = false;
};

/// The watchdog's thread, and nothing else, may be alive beside this one: for the proof of quiescence. 0: it
/// does not run.
long watchdog_thread_id() noexcept;
/// It runs a hook of the user's, which may wake anybody.
bool watchdog_tells() noexcept;
/// The signal by which the watchdog asks a thread for its stack.
int watchdog_signal() noexcept;

} // namespace rouse::detail
