// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/atomic.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace rouse::detail {

/// Something else that a thread can sleep in than a futex: a driver of I/O.
class ParkDevice {
public:
    using TimePoint = std::chrono::steady_clock::time_point;
    /// Sleeps until `unpark`, the deadline, or an event of its own. One thread at a time.
    virtual void wait(std::optional<TimePoint> deadline) noexcept = 0;
    /// Ends the `wait` that runs, or else the next one. Any thread; safe in a signal handler.
    virtual void unpark() noexcept = 0;

protected:
    ~ParkDevice() = default;
};

/// Puts one thread to sleep until another unparks it. A token: an `unpark` before the `park` makes that park
/// return at once, and several count as one. Sleeps in a futex, or in a device; `unpark` is safe in a signal
/// handler and makes a system call only when somebody sleeps.
class Parker {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    /// Sleeps until `unpark` or `deadline`. True when it was unparked.
    bool park(std::optional<TimePoint> deadline = std::nullopt) noexcept;
    /// The same, asleep in `device`, so that an event of the device ends it too. The device outlives every
    /// `unpark` that may meet this park.
    bool park_in(ParkDevice& device, std::optional<TimePoint> deadline) noexcept;
    /// The same in two halves, for a thread that sleeps in some other way which the device ends: after
    /// `lie_down` an unpark unparks the device. False: there was an unpark already, which `stand_up` takes.
    bool lie_down(ParkDevice& device) noexcept;
    /// True: it was unparked.
    bool stand_up() noexcept { return state_.exchange(empty, memory_order_acquire) == token; }
    void unpark() noexcept;
    /// Takes the token if it is there, without sleeping.
    bool try_take() noexcept { return state_.exchange(empty, memory_order_acquire) == token; }

private:
    static constexpr std::uint32_t empty = 0;
    static constexpr std::uint32_t token = 1;
    static constexpr std::uint32_t asleep = 2;
    static constexpr std::uint32_t in_device = 3;
    Atomic<std::uint32_t> state_{empty};
    Atomic<ParkDevice*> device_{nullptr}; // with `in_device`
};

} // namespace rouse::detail
