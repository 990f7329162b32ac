// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/io/blocking.hpp"
#include "rouse/runtime/metrics.hpp"

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <pthread.h>

namespace rouse::detail {

/// The threads of a runtime for calls that block. One is started when a job comes and none is idle, up to a
/// bound; one that was idle for long ends. The threads share the pool, so that one whose call outlives the
/// runtime has it until it ends.
class ThreadPool final : public BlockingPool, public std::enable_shared_from_this<ThreadPool> {
public:
    ThreadPool(std::string name, unsigned max_threads, std::chrono::milliseconds keep_alive)
        : name_(std::move(name)), max_threads_(max_threads ? max_threads : 1), keep_alive_(keep_alive) {}

    void submit(BlockingJob& job) noexcept override;
    bool take_back(BlockingJob& job) noexcept override;

    /// Refuses all that has not begun and all that comes, and waits for what runs.
    void shutdown(std::chrono::milliseconds patience) noexcept;
    [[nodiscard]] bool is_busy() const noexcept { return jobs_.load(memory_order_acquire) != 0; }

    [[nodiscard]] BlockingMetrics metrics() noexcept;

    /// For the proof of quiescence: a thread of a pool that has no job, and so will wake nobody.
    static bool is_resting(long thread_id) noexcept;

private:
    static void* thread_main(void* pool) noexcept;
    void work();
    int start_thread() noexcept;
    void refuse_queued(std::unique_lock<std::mutex>& lock, std::error_code why) noexcept;

    const std::string name_;
    const unsigned max_threads_;
    const std::chrono::milliseconds keep_alive_;

    Atomic<std::size_t> jobs_{0}; // that wait or run
    std::mutex mutex_;            // for what follows
    std::condition_variable wake_;
    std::condition_variable ended_;
    IntrusiveList<BlockingJob> queue_;
    std::size_t queued_ = 0;
    unsigned threads_ = 0;
    unsigned idle_ = 0; // that wait in `wake_`, or are on their way out of it
    unsigned started_ = 0;
    std::uint64_t ran_ = 0; // calls that were taken up
    bool closed_ = false;
    bool abandoned_ = false;                // nobody joins the threads
    std::optional<pthread_t> to_be_joined_; // the last that ended
};

} // namespace rouse::detail
