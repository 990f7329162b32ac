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
        if (held_here()) return fn(); // by this thread, further out
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
        if (held_here()) return false; // in the middle of a poll
        const StepOut out;
        visitors_.fetch_add(1, memory_order_acq_rel);
        const auto until = std::chrono::steady_clock::now() + patience;
        bool in = mutex_.try_lock();
        while (!in && std::chrono::steady_clock::now() < until) {
            std::this_thread::sleep_for(std::chrono::microseconds(100));
            in = mutex_.try_lock();
        }
        if (in && mid_poll_) { // the owner only stepped out
            mutex_.unlock();
            in = false;
        }
        if (in) {
            fn();
            mutex_.unlock();
        }
        visitors_.fetch_sub(1, memory_order_acq_rel);
        return in;
    }

private:
    /// While a thread waits for a gate it is in none of its own, however they nest.
    class StepOut {
    public:
        StepOut() : mine_(inside_) {
            for (Gate* gate = mine_; gate; gate = gate->before_) {
                gate->mid_poll_ = true;
                gate->mutex_.unlock();
            }
            inside_ = nullptr;
        }
        ~StepOut() {
            back_in(mine_);
            inside_ = mine_;
        }
        StepOut(const StepOut&) = delete;
        StepOut& operator=(const StepOut&) = delete;

    private:
        static void back_in(Gate* gate) { // the outermost first
            if (!gate) return;
            back_in(gate->before_);
            gate->mutex_.lock();
            gate->mid_poll_ = false;
        }
        Gate* mine_;
    };
    [[nodiscard]] bool held_here() const noexcept {
        for (const Gate* gate = inside_; gate; gate = gate->before_)
            if (gate == this) return true;
        return false;
    }
    static inline thread_local constinit Gate* inside_ ROUSE_TLS = nullptr;

    std::mutex mutex_;
    bool mid_poll_ = false; // the owner stepped out in the middle of a poll: of its tasks nothing may be read
    Gate* before_ = nullptr; // of the owner: a runtime may end inside a task of another
    Atomic<int> visitors_{0};
};

} // namespace rouse::detail
