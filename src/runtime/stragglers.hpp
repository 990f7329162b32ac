// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/atomic.hpp"

#include <thread>

namespace rouse::detail {

/// Threads that have left a mutex with one thing still to do to what it protects: to wake a sleeper there,
/// who would only run into the mutex if they did it inside.
///
/// [G1] enter: under the mutex. [G2] leave: release, the last that such a thread does there. [G3] wait: by
/// who is about to free it all, and has taken the mutex after the last one of them came; what it then finds
/// at 0 (acquire) stays there.
class Stragglers {
public:
    void enter() noexcept { count_.fetch_add(1, memory_order_relaxed); }
    void leave() noexcept { count_.fetch_sub(1, memory_order_release); }
    void wait() const noexcept {
        while (count_.load(memory_order_acquire) != 0) std::this_thread::yield();
    }

private:
    Atomic<unsigned> count_{0};
};

} // namespace rouse::detail
