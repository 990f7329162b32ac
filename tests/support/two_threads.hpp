// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <barrier>
#include <cstddef>
#include <exception>
#include <thread>

namespace rouse_test {

/// Runs `mine(i)` on this thread and `other(i)` on a second one, both for i in [0, count), starting at the
/// same time: two that walk over one array meet at most of its elements. Returns when both are through.
class TwoThreads {
public:
    template <class Mine, class Other>
    static void walk(std::size_t count, Mine mine, Other other) {
        std::barrier start(2);
        std::jthread second([&] {
            start.arrive_and_wait();
            for (std::size_t i = 0; i < count; ++i) other(i);
        });
        start.arrive_and_wait();
        for (std::size_t i = 0; i < count; ++i) mine(i);
    }
};

} // namespace rouse_test
