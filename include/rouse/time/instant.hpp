// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <chrono>

namespace rouse {

/// A point on the monotonic clock. Of a runtime with a paused clock: a point on that one.
using Instant = std::chrono::steady_clock::time_point;
using Duration = std::chrono::nanoseconds;

/// The time by the clock of the runtime that drives this thread, or the monotonic clock outside of one.
[[nodiscard]] Instant now() noexcept;

} // namespace rouse
