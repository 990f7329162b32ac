// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/atomic.hpp"
#include "rouse/base/threads.hpp"

namespace rouse::detail {

/// A mutex under which code of the user's is polled, and which that code may meet again: by a dump that it
/// asks for, which looks at the other half of what is being polled. So whoever only looks does `try_lock`.
class PollLock {
public:
    PollLock() noexcept = default;
    PollLock(const PollLock&) = delete;
    PollLock& operator=(const PollLock&) = delete;

    void lock() {
        mutex_.lock();
        held_.store(true, memory_order_relaxed);
    }
    /// False: it is held, maybe by this very thread.
    bool try_lock() {
        // A thread always sees what it has stored itself, so it does not ask a mutex that it holds: that is
        // undefined, and says yes where there are no threads.
        if (held_.load(memory_order_relaxed) || !mutex_.try_lock()) return false;
        held_.store(true, memory_order_relaxed);
        return true;
    }
    void unlock() {
        held_.store(false, memory_order_relaxed);
        mutex_.unlock();
    }

private:
    ThreadMutex mutex_;
    Atomic<bool> held_{false}; // under the mutex, but for the look of try_lock
};

} // namespace rouse::detail
