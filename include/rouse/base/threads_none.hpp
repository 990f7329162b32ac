// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <mutex> // std::lock_guard, which is there without threads too

namespace rouse::detail {

/// The program has one thread: nobody is there to be kept out, or to be waited for.
class ThreadMutex {
public:
    constexpr ThreadMutex() noexcept = default;
    ThreadMutex(const ThreadMutex&) = delete;
    ThreadMutex& operator=(const ThreadMutex&) = delete;
    void lock() noexcept {}
    bool try_lock() noexcept { return true; }
    void unlock() noexcept {}
};

inline void yield_thread() noexcept {}

} // namespace rouse::detail
