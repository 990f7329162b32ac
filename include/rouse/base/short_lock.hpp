// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/atomic.hpp"

#include <cstdint>

namespace rouse::detail {

/// In a loop that waits for another processor's next few instructions.
inline void pause_processor() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("isb");
#endif
}

/// A mutex of four bytes for sections of a few instructions, in which no code of the user's runs: one RMW to
/// enter, one to leave, a sleep in the kernel when the holder lost its processor.
///
///     0  free    1  held    2  held, and somebody may sleep
///
/// [L1] lock: 0 -> 1; else exchange 2 until that finds 0, sleeping while it is 2. [L2] unlock: exchange 0;
/// that is the last it does to the memory of the lock (a wake-up in the kernel goes by the address, and reads
/// nothing), so that whoever locks next may free it. If L2 found 2 it wakes one sleeper, who then holds it as
/// 2: so nobody who slept behind that one is forgotten.
class ShortLock {
public:
    ShortLock() noexcept = default;
    ShortLock(const ShortLock&) = delete;
    ShortLock& operator=(const ShortLock&) = delete;

    void lock() noexcept {
        std::uint32_t expected = 0;
        if (!word_.compare_exchange_strong(expected, 1, memory_order_acquire, memory_order_relaxed))
            [[unlikely]]
            lock_slow();
    }
    void unlock() noexcept {
        if (word_.exchange(0, memory_order_release) == 2) [[unlikely]]
            wake_one();
    }

private:
    void lock_slow() noexcept;
    void wake_one() noexcept;

    Atomic<std::uint32_t> word_{0};
};

} // namespace rouse::detail
