// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/rouse.hpp>

namespace compare {

/// The most threads that rouse has a runtime for. (Runtime::multi_thread is not there yet: the rows with two
/// threads end with "not there".)
inline constexpr unsigned most_threads = 1;

/// A runtime with the options that a user gets.
inline rouse::Runtime make_runtime([[maybe_unused]] unsigned threads) {
    return rouse::Runtime::current_thread();
}

} // namespace compare
