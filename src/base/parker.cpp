// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/base/parker.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <ctime>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace rouse::detail {
namespace {

// steady_clock is CLOCK_MONOTONIC, and FUTEX_WAIT_BITSET takes an absolute time of it: no drift when a wait
// is resumed.
long futex(Atomic<std::uint32_t>* word, int op, std::uint32_t value, const timespec* until) noexcept {
    return syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(word), op | FUTEX_PRIVATE_FLAG, value, until,
                   nullptr, FUTEX_BITSET_MATCH_ANY);
}

} // namespace

// [K1] park: empty -> asleep, and sleep while it is `asleep`; the kernel compares the word again under its
// own lock. [K2] unpark: exchange to `token`, and wake the sleeper only if it said `asleep`. One word, so
// either K2 sees `asleep` and wakes, or K1 sees `token` and does not sleep. acq_rel: what was done before
// unpark is seen after park.
bool Parker::park(std::optional<TimePoint> deadline) noexcept {
    std::uint32_t expected = empty;
    if (!state_.compare_exchange_strong(expected, asleep, memory_order_acq_rel)) {
        return state_.exchange(empty, memory_order_acquire) == token; // K2 came first
    }
    timespec until{};
    if (deadline) {
        const auto since_boot =
            std::chrono::duration_cast<std::chrono::nanoseconds>(deadline->time_since_epoch());
        const auto ns = std::max<std::int64_t>(since_boot.count(), 0); // the kernel refuses what is less
        until.tv_sec = static_cast<time_t>(ns / 1'000'000'000);
        until.tv_nsec = static_cast<long>(ns % 1'000'000'000);
    }
    while (state_.load(memory_order_acquire) == asleep) {
        const long result = futex(&state_, FUTEX_WAIT_BITSET, asleep, deadline ? &until : nullptr);
        if (result == -1 && errno == ETIMEDOUT) break;
    }
    return state_.exchange(empty, memory_order_acquire) == token;
}

// The same for a device: K1 is empty -> in_device, and K2 unparks the device if it finds that. The device
// keeps an `unpark` that comes before its `wait`. A K2 that was held up may unpark a later wait for nothing.
bool Parker::park_in(ParkDevice& device, std::optional<TimePoint> deadline) noexcept {
    if (lie_down(device)) device.wait(deadline);
    return stand_up();
}

bool Parker::lie_down(ParkDevice& device) noexcept {
    device_.store(&device, memory_order_relaxed); // published by the exchange below, to the K2 that reads it
    std::uint32_t expected = empty;
    return state_.compare_exchange_strong(expected, in_device, memory_order_acq_rel);
}

void Parker::unpark() noexcept {
    const std::uint32_t before = state_.exchange(token, memory_order_acq_rel);
    if (before == asleep) futex(&state_, FUTEX_WAKE, 1, nullptr);
    else if (before == in_device) device_.load(memory_order_relaxed)->unpark();
}

} // namespace rouse::detail
