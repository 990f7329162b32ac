// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <atomic>
#include <cstddef>
#include <thread>

namespace rouse_test {

/// Runs `mine(i)` on this thread and `other(i)` on a second one, for each i in [0, count), both for one i at
/// the same time as far as the machine allows: each waits for the other before its step, but not for long,
/// since the other may have lost its core; and then each for a few nanoseconds more or less, so that their
/// steps meet in every way. Returns when both are through.
class TwoThreads {
public:
    template <class Mine, class Other>
    static void walk(std::size_t count, Mine mine, Other other) {
        Place here, there;
        std::jthread second([&] {
            for (std::size_t i = 0; i < count; ++i) {
                meet(there, here, i, i * 0x9e3779b97f4a7c15u);
                other(i);
            }
        });
        for (std::size_t i = 0; i < count; ++i) {
            meet(here, there, i, i * 0xd1b54a32d192ed03u);
            mine(i);
        }
    }

private:
    struct alignas(64) Place {
        std::atomic<std::size_t> arrived{0};
    };
    static void meet(Place& own, const Place& others, std::size_t i, std::size_t random) {
        constexpr int patience = 1'000;
        own.arrived.store(i + 1, std::memory_order_release);
        for (int n = 0; n < patience && others.arrived.load(std::memory_order_acquire) <= i; ++n) {}
        for (std::size_t n = random >> 56; n > 0; --n) std::atomic_signal_fence(std::memory_order_seq_cst);
    }
};

} // namespace rouse_test
