// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

/// Stands for any library that one cannot change and that knows nothing of futures: it has a thread of its
/// own, and calls back from there.
class SlowService {
public:
    using Callback = std::move_only_function<void(std::string)>;

    static SlowService& instance() {
        static SlowService service;
        return service;
    }

    /// Calls `done` with the data after `ms` milliseconds, on the service's thread.
    void fetch(unsigned ms, Callback done) {
        const auto due = std::chrono::steady_clock::now() + std::chrono::milliseconds(ms);
        const std::lock_guard lock(mutex_);
        queue_.emplace(due, Request(ms, std::move(done)));
        changed_.notify_one();
    }

private:
    using Request = std::pair<unsigned, Callback>;

    SlowService() : thread_([this](const std::stop_token& stop) { run(stop); }) {}

    void run(const std::stop_token& stop) {
        std::unique_lock lock(mutex_);
        while (!stop.stop_requested()) {
            if (queue_.empty()) {
                changed_.wait(lock, stop, [this] { return !queue_.empty(); });
                continue;
            }
            const auto due = queue_.begin()->first;
            if (std::chrono::steady_clock::now() < due) {
                changed_.wait_until(lock, stop, due, [&] { return queue_.begin()->first < due; });
                continue;
            }
            auto request = queue_.extract(queue_.begin());
            lock.unlock(); // never call back under a lock
            auto& [ms, done] = request.mapped();
            done("the data that took " + std::to_string(ms) + " ms");
            request = {};
            lock.lock();
        }
    }

    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::multimap<std::chrono::steady_clock::time_point, Request> queue_;
    std::jthread thread_; // the last member: it starts when the others are there, and ends before they go
};

/// The service as a plain function.
inline void fetch_with_callback(unsigned ms, SlowService::Callback done) {
    SlowService::instance().fetch(ms, std::move(done));
}
