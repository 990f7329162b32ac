// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/runtime/runtime.hpp>

#include <cstddef>
#include <utility>

namespace rouse_test {

inline rouse::RuntimeOptions paused_clock() {
    rouse::RuntimeOptions options;
    options.paused_clock = true;
    return options;
}

/// Runs `body` on a runtime whose clock stands still, and jumps when nothing is runnable.
template <class F>
auto run_paused(F body) {
    return rouse::run(std::move(body), paused_clock());
}

/// Timers that are set in the runtime that drives this thread.
inline std::size_t timers_set() { return rouse::Handle::current().dump().timers; }

} // namespace rouse_test
