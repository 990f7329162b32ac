// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/atomic.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace rouse::detail {

/// Puts one thread to sleep until another unparks it. A token: an `unpark` before the `park` makes that park
/// return at once, and several count as one. Sleeps in a futex; `unpark` is safe in a signal handler and
/// makes a system call only when somebody sleeps.
class Parker {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    /// Sleeps until `unpark` or `deadline`. True when it was unparked.
    bool park(std::optional<TimePoint> deadline = std::nullopt) noexcept;
    void unpark() noexcept;
    /// Takes the token if it is there, without sleeping.
    bool try_take() noexcept { return state_.exchange(empty, memory_order_acquire) == token; }

private:
    static constexpr std::uint32_t empty = 0;
    static constexpr std::uint32_t token = 1;
    static constexpr std::uint32_t asleep = 2;
    Atomic<std::uint32_t> state_{empty};
};

} // namespace rouse::detail
