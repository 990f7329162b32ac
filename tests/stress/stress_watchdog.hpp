// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <stop_token>
#include <thread>

namespace rouse_test {

/// Stops the program with a message when a round takes longer than a minute: something waits for a wake that
/// was lost.
class StressWatchdog {
public:
    explicit StressWatchdog(const char* what)
        : what_(what), thread_([this](const std::stop_token& stop) { run(stop); }) {}
    StressWatchdog(const StressWatchdog&) = delete;
    StressWatchdog& operator=(const StressWatchdog&) = delete;

    /// A round is over.
    void progress() {
        const std::lock_guard lock(mutex_);
        since_ = std::chrono::steady_clock::now();
    }

private:
    void run(const std::stop_token& stop) {
        std::unique_lock lock(mutex_);
        while (!stop.stop_requested()) {
            changed_.wait_until(lock, stop, since_ + std::chrono::seconds(60), [] { return false; });
            if (stop.stop_requested()) return;
            if (std::chrono::steady_clock::now() - since_ < std::chrono::seconds(60)) continue;
            std::fprintf(stderr, "%s: nothing happens for 60 s; a wake was lost\n", what_);
            std::abort();
        }
    }

    const char* what_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
    std::jthread thread_;
};

} // namespace rouse_test
