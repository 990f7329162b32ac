// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/atomic.hpp"
#include "rouse/base/config.hpp"

namespace rouse::detail {

/// Two threads that each store a flag and then look at the other's need a full fence in between: else both
/// may miss. Here one side, which does it all the time, pays next to nothing, and the other, which does it
/// now and then, runs the fence of both: membarrier(2) puts one into whatever every thread of the process is
/// doing. Where that cannot be had (an old kernel, a strict sandbox) the frequent side has a real fence too.
///
/// TSan knows nothing of fences: under it the stores are to be read-modify-writes.
class AsymmetricFence {
public:
    /// To be called before the first use, by whoever makes an object that relies on it: all must agree.
    static void prepare() noexcept;
    /// Stores `value`, then the fence of the frequent side.
    template <class T>
    static void store_and_fence(Atomic<T>& flag, T value) noexcept {
        if constexpr (ROUSE_TSAN) {
            flag.exchange(value, memory_order_seq_cst);
        } else {
            flag.store(value, memory_order_relaxed);
            if (heavy_works_) [[likely]]
                signal_fence();
            else thread_fence();
        }
    }
    /// The fence of the rare side, between its store and its load. A few microseconds.
    static void heavy() noexcept;

private:
    static bool heavy_works_; // set by the first `prepare`
};

} // namespace rouse::detail
