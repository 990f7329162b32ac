// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/blocking_pool.hpp"

#include "runtime/worker.hpp"

#include <algorithm>
#include <vector>

#include <unistd.h>

namespace rouse::detail {
namespace {

// Every thread of every pool, by its id.
class Registry {
public:
    void add(long id, const ThreadPool& pool) {
        const std::lock_guard lock(mutex_);
        threads_.emplace_back(id, &pool);
    }
    void remove(long id) noexcept {
        const std::lock_guard lock(mutex_);
        std::erase_if(threads_, [&](const auto& thread) { return thread.first == id; });
    }
    bool is_resting(long id) noexcept {
        const std::lock_guard lock(mutex_);
        const auto found = std::ranges::find(threads_, id, [](const auto& thread) { return thread.first; });
        return found != threads_.end() && !found->second->is_busy();
    }
    static Registry& instance() {
        static Registry& registry = *new Registry; // threads may end after the statics
        return registry;
    }

private:
    std::mutex mutex_;
    std::vector<std::pair<long, const ThreadPool*>> threads_;
};

} // namespace

bool ThreadPool::is_resting(long thread_id) noexcept { return Registry::instance().is_resting(thread_id); }

void ThreadPool::submit(BlockingJob& job) noexcept {
    std::unique_lock lock(mutex_);
    if (closed_) {
        lock.unlock();
        return job.refuse(make_error_code(IoError::runtime_ended));
    }
    jobs_.fetch_add(1, memory_order_relaxed);
    queue_.push_back(job);
    if (++queued_ <= idle_) {
        lock.unlock(); // it would only run into it; and the job, which the caller has, keeps the pool
        wake_.notify_one();
        return;
    }
    if (threads_ == max_threads_) return;
    const int error = start_thread();
    if (error == 0 || threads_ != 0) return; // with fewer threads it takes longer
    refuse_queued(lock, std::error_code(error, std::system_category()));
}

bool ThreadPool::take_back(BlockingJob& job) noexcept {
    {
        const std::lock_guard lock(mutex_);
        if (!job.linked()) return false;
        job.unlink();
        --queued_;
    }
    jobs_.fetch_sub(1, memory_order_release);
    return true;
}

BlockingMetrics ThreadPool::metrics() noexcept {
    const std::lock_guard lock(mutex_);
    BlockingMetrics metrics;
    metrics.threads = threads_;
    metrics.idle = idle_;
    metrics.queued = queued_;
    metrics.ran = ran_;
    return metrics;
}

/// Each is taken out under the mutex, as a thread would: others may take theirs back meanwhile, and so may
/// what a refused one owned.
void ThreadPool::refuse_queued(std::unique_lock<std::mutex>& lock, std::error_code why) noexcept {
    while (BlockingJob* job = queue_.pop_front()) {
        --queued_;
        lock.unlock();
        job->refuse(why);
        jobs_.fetch_sub(1, memory_order_release);
        lock.lock();
    }
}

void ThreadPool::shutdown(std::chrono::milliseconds patience) noexcept {
    std::unique_lock lock(mutex_);
    if (closed_) return;
    closed_ = true; // nobody begins another
    wake_.notify_all();
    refuse_queued(lock, make_error_code(IoError::runtime_ended));
    const auto all_ended = [this] { return threads_ == 0; };
    if (!ended_.wait_for(lock, patience, all_ended)) abandoned_ = true;
    const auto last = std::exchange(to_be_joined_, std::nullopt);
    lock.unlock();
    if (last) pthread_join(*last, nullptr);
}

// ---- its threads ----

/// Under the mutex.
int ThreadPool::start_thread() noexcept {
    auto* const self = new std::shared_ptr<ThreadPool>(shared_from_this());
    pthread_t thread;
    const int error = pthread_create(&thread, nullptr, &thread_main, self);
    if (error != 0) {
        delete self;
        return error;
    }
    ++threads_;
    return 0;
}

void* ThreadPool::thread_main(void* pool) noexcept {
    const std::unique_ptr<std::shared_ptr<ThreadPool>> self(static_cast<std::shared_ptr<ThreadPool>*>(pool));
    (*self)->work();
    return nullptr;
}

void ThreadPool::work() {
    const long id = gettid();
    Registry::instance().add(id, *this);
    const std::shared_ptr<BlockingPool> self = shared_from_this();
    BlockingPool::set_current(&self);
    std::unique_lock lock(mutex_);
    const std::string name = name_ + "-b" + std::to_string(started_++);
    pthread_setname_np(pthread_self(), name.substr(0, 15).c_str()); // the kernel keeps so many
    for (;;) {
        if (BlockingJob* job = closed_ ? nullptr : queue_.pop_front()) {
            --queued_;
            ++ran_;
            lock.unlock();
            job->run();
            jobs_.fetch_sub(1, memory_order_release); // it woke whom it had to: who sees this sees that
            lock.lock();
            continue;
        }
        if (closed_) break;
        ++idle_;
        const bool called = wake_.wait_for(lock, keep_alive_, [this] { return queued_ != 0 || closed_; });
        --idle_;
        if (!called) break;
    }
    Registry::instance().remove(id);
    // Each thread joins the one that ended before it; the end of the pool joins the last.
    std::optional<pthread_t> before;
    if (abandoned_) pthread_detach(pthread_self());
    else before = std::exchange(to_be_joined_, pthread_self());
    if (--threads_ == 0) ended_.notify_all();
    lock.unlock();
    if (before) pthread_join(*before, nullptr);
    BlockingPool::set_current(nullptr);
}

// ---- of a runtime ----

std::shared_ptr<BlockingPool> Shared::blocking_pool() {
    const std::lock_guard lock(pool_mutex_);
    if (!pool_)
        pool_ = std::make_shared<ThreadPool>(options.name, options.max_blocking_threads,
                                             options.blocking_keep_alive);
    return pool_;
}

BlockingMetrics Shared::blocking_metrics() const noexcept {
    const std::lock_guard lock(pool_mutex_);
    return pool_ ? pool_->metrics() : BlockingMetrics();
}

bool Shared::is_blocking() noexcept {
    const std::lock_guard lock(pool_mutex_);
    return pool_ && pool_->is_busy();
}

void Shared::end_blocking() noexcept {
    (void)blocking_pool(); // who comes later finds one that refuses
    pool_->shutdown(options.blocking_patience);
}

} // namespace rouse::detail
