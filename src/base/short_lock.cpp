// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/base/short_lock.hpp"

namespace rouse::detail {

void ShortLock::lock_slow() noexcept {
    constexpr int patience = 40; // the holder is through in less, unless it lost its processor
    for (int i = 0; i < patience; ++i) {
        std::uint32_t expected = 0;
        if (word_.load(memory_order_relaxed) == 0 &&
            word_.compare_exchange_weak(expected, 1, memory_order_acquire, memory_order_relaxed))
            return;
        pause_processor();
    }
    while (word_.exchange(2, memory_order_acquire) != 0) word_.wait(2, memory_order_relaxed); // [L1]
}

void ShortLock::wake_one() noexcept { word_.notify_one(); }

} // namespace rouse::detail
