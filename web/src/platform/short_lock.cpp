// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/base/short_lock.hpp"

#include "rouse/base/stop.hpp"

namespace rouse::detail {

// One thread: a lock that is held is held by whoever wants it, up the stack.

void ShortLock::lock_slow() noexcept { stop("a lock was taken twice by the one thread there is"); }
void ShortLock::wake_one() noexcept {}

} // namespace rouse::detail
