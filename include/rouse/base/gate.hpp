// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/atomic.hpp"

#include <chrono>
#include <mutex>
#include <thread>

namespace rouse::detail {

/// Lets a thread own data without locking it, and others in now and then. The owner is inside while it polls
/// tasks, and outside while it sleeps; between two polls it looks whether anybody waits. A visitor is alone
/// with the data for the time of its call, after waiting for the poll that runs.
class Gate {
public:
    void enter() { mutex_.lock(); }
    void leave() { mutex_.unlock(); }
    /// The owner, between two polls. One load when nobody waits.
    void make_way() {
        if (visitors_.load(memory_order_acquire) == 0) [[likely]]
            return;
        leave();
        while (visitors_.load(memory_order_acquire) != 0) std::this_thread::yield();
        enter();
    }
    /// Any thread but the owner's.
    template <class Fn>
    void visit(Fn&& fn) {
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
    std::mutex mutex_;
    Atomic<int> visitors_{0};
};

} // namespace rouse::detail
