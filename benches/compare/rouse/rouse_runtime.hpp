// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/rouse.hpp>

namespace compare {

inline constexpr unsigned most_threads = 64;

/// A runtime with the options that a user gets.
inline rouse::Runtime make_runtime(unsigned threads) {
    if (threads == 1) return rouse::Runtime::current_thread();
    rouse::RuntimeOptions options;
    options.worker_threads = threads;
    return rouse::Runtime::multi_thread(std::move(options));
}

} // namespace compare
