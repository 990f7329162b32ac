// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/atomic.hpp"
#include "rouse/base/config.hpp"

#include <chrono>
#include <mutex>
#include <thread>
#include <utility>

namespace rouse::detail {

/// Lets a thread own data without locking it, and others in now and then. The owner is inside while it polls
/// tasks, and outside while it sleeps; between two polls it looks whether anybody waits. A visitor is alone
/// with the data for the time of its call, after waiting for the poll that runs.
class Gate {
public:
    void enter() {
        mutex_.lock();
        before_ = std::exchange(inside_, this);
    }
    void leave() {
        inside_ = before_;
        mutex_.unlock();
    }
    /// The owner, between two polls. One load when nobody waits.
    void make_way() {
        if (visitors_.load(memory_order_acquire) == 0) [[likely]]
            return;
        leave();
        while (visitors_.load(memory_order_acquire) != 0) std::this_thread::yield();
        enter();
    }
    /// Any thread but the owner's. One that is inside of a gate of its own steps out while it waits: two
    /// owners that visit each other would wait for ever.
    template <class Fn>
    void visit(Fn&& fn) {
        const StepOut out;
        visitors_.fetch_add(1, memory_order_acq_rel);
        {
            const std::lock_guard lock(mutex_);
            fn();
        }
        visitors_.fetch_sub(1, memory_order_acq_rel);
    }
    /// The same, but gives up after `patience`: the poll that runs is a long one. False: `fn` was not called.
    template <class Fn>
    bool try_visit(std::chrono::milliseconds patience, Fn&& fn) {
        const StepOut out;
        visitors_.fetch_add(1, memory_order_acq_rel);
        const auto until = std::chrono::steady_clock::now() + patience;
        bool in = mutex_.try_lock();
        while (!in && std::chrono::steady_clock::now() < until) {
            std::this_thread::sleep_for(std::chrono::microseconds(100));
            in = mutex_.try_lock();
        }
        if (in) {
            fn();
            mutex_.unlock();
        }
        visitors_.fetch_sub(1, memory_order_acq_rel);
        return in;
    }

private:
    class StepOut {
    public:
        StepOut() : mine_(inside_) {
            if (mine_) mine_->leave();
        }
        ~StepOut() {
            if (mine_) mine_->enter();
        }
        StepOut(const StepOut&) = delete;
        StepOut& operator=(const StepOut&) = delete;

    private:
        Gate* mine_;
    };
    static inline thread_local constinit Gate* inside_ ROUSE_TLS = nullptr;

    std::mutex mutex_;
    Gate* before_ = nullptr; // of the owner: a runtime may end inside a task of another
    Atomic<int> visitors_{0};
};

} // namespace rouse::detail
