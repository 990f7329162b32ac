// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/atomic.hpp"

#include <cstddef>

namespace rouse::detail {

class Cell;

/// Frames that took the room behind a task cell without being the task: `spawn` called a function that made
/// one coroutine, and returned another. Such a frame keeps the cell's memory alive until it is destroyed.
/// Hardly any program has one; looking for them costs the rest a load.
class StrayFrames {
public:
    static void add(void* frame, Cell& cell) noexcept;
    [[nodiscard]] static bool at(void* frame) noexcept {
        return count_.load(memory_order_relaxed) != 0 && find(frame);
    }
    /// True when `frame` was one: its memory is the cell's.
    [[nodiscard]] static bool remove(void* frame) noexcept {
        return count_.load(memory_order_relaxed) != 0 && take(frame);
    }

private:
    static bool find(void* frame) noexcept;
    static bool take(void* frame) noexcept;
    static constinit Atomic<std::size_t> count_;
};

} // namespace rouse::detail
