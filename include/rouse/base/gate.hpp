// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/atomic.hpp"

#include <chrono>
#include <mutex>
#include <thread>

namespace rouse::detail {

/// Lets others read what a thread's polls write, between two of them. The owner is inside while it polls, and
/// outside while it sleeps; after a poll it looks whether anybody waits. A visitor is alone with the data for
/// the time of its call. It waits for the poll that runs, which may be long: so it has a limit to its
/// patience. For what must not wait for polls see OwnerLock.
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
    /// Any thread but the owner's. False: `fn` was not called, for the poll that runs is a long one.
    template <class Fn>
    bool try_visit(std::chrono::milliseconds patience, Fn&& fn) {
        const Visitor visitor(*this);
        const auto until = std::chrono::steady_clock::now() + patience;
        while (!mutex_.try_lock()) {
            if (std::chrono::steady_clock::now() >= until) return false;
            std::this_thread::sleep_for(std::chrono::microseconds(100));
        }
        const std::lock_guard lock(mutex_, std::adopt_lock);
        fn();
        return true;
    }

private:
    class Visitor {
    public:
        explicit Visitor(Gate& gate) noexcept : gate_(gate) {
            gate_.visitors_.fetch_add(1, memory_order_acq_rel);
        }
        ~Visitor() { gate_.visitors_.fetch_sub(1, memory_order_acq_rel); }
        Visitor(const Visitor&) = delete;
        Visitor& operator=(const Visitor&) = delete;

    private:
        Gate& gate_;
    };

    std::mutex mutex_;
    Atomic<int> visitors_{0};
};

} // namespace rouse::detail
