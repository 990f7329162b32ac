// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// An executor for many tasks, written by a user on the public contract alone: a queue, a waker for each task,
// and a thread that parks when nothing is runnable. Then the same tasks on the runtime.

#include <rouse/rouse.hpp>

#include "support/console.hpp"
#include "support/slow_service.hpp"

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>

class MiniExecutor {
    /// What is shared with the wakers, which may be woken from any thread.
    class Queue;

    class Job : public std::enable_shared_from_this<Job> {
    public:
        Job(rouse::BoxFuture<> future, Queue& queue) : future(std::move(future)), queue(queue) {}
        /// Called by the wakers. Several wakes before the next poll are one.
        void wake() { queue.push(shared_from_this()); }

        rouse::BoxFuture<> future;
        Queue& queue;
        bool queued = false; // under the queue's mutex
    };

    class Queue {
    public:
        void push(std::shared_ptr<Job> job) {
            const std::lock_guard lock(mutex_);
            if (std::exchange(job->queued, true)) return;
            jobs_.push_back(std::move(job));
            changed_.notify_one();
        }
        /// The next runnable job; sleeps until there is one.
        std::shared_ptr<Job> pop() {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return !jobs_.empty(); });
            std::shared_ptr<Job> job = std::move(jobs_.front());
            jobs_.pop_front();
            job->queued = false; // before the poll: a wake during the poll leads to another poll
            return job;
        }

    private:
        std::mutex mutex_;
        std::condition_variable changed_;
        std::deque<std::shared_ptr<Job>> jobs_;
    };

public:
    template <rouse::Future F>
    void spawn(F future) {
        ++alive_;
        queue_.push(std::make_shared<Job>(rouse::boxed(std::move(future)), queue_));
    }

    /// Polls until all jobs have ended. The number of polls.
    int run() {
        int polls = 0;
        while (alive_ > 0) {
            const std::shared_ptr<Job> job = queue_.pop();
            const rouse::Waker waker = rouse::waker_from(job); // wakes by `job->wake()`
            rouse::Context cx(waker);
            ++polls;
            if (job->future.poll(cx).is_ready()) --alive_;
        }
        return polls;
    }

private:
    Queue queue_;
    int alive_ = 0;
};

// The tasks. Channels and yields of rouse need nothing but the contract, so they run on any executor.

rouse::Task<> count_to_three(std::string name) {
    for (int i = 1; i <= 3; ++i) {
        say("  {}: {}", name, i);
        co_await rouse::yield_now();
    }
}

rouse::Task<> wait_for_data(rouse::oneshot::Receiver<std::string> data) {
    const auto received = co_await data;
    say("  received {}", received.value());
}

rouse::oneshot::Receiver<std::string> request(unsigned ms) {
    auto [tx, rx] = rouse::oneshot::channel<std::string>();
    fetch_with_callback(ms, [tx = std::move(tx)](std::string data) mutable {
        (void)std::move(tx).send(
            std::move(data)); // from another thread; whoever gave up waiting does not want it
    });
    return std::move(rx);
}

rouse::Task<> on_the_runtime() {
    auto first = rouse::spawn(count_to_three("A"));
    auto second = rouse::spawn(count_to_three("B"));
    auto third = rouse::spawn(wait_for_data(request(500)));
    co_await first;
    co_await second;
    co_await third;
}

int main() {
    say("MiniExecutor");
    MiniExecutor executor;
    executor.spawn(count_to_three("A"));
    executor.spawn(count_to_three("B"));
    executor.spawn(wait_for_data(request(500)));
    const Stopwatch watch;
    const int polls = executor.run();
    say("{} polls, {:.1f} ms, {:.1f} ms of CPU", polls, watch.wall_ms(), watch.cpu_ms());

    say("The runtime of rouse");
    rouse::run(on_the_runtime());

    note(
        "Two counters take turns, a third task sleeps until another thread wakes it: 4 + 4 + 2 polls, and no CPU "
        "while all wait. The runtime does the same, and keeps handles, timers, and a count of each task's wakers.");
}
