// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <mutex>
#include <thread>

namespace rouse::detail {

using ThreadMutex = std::mutex;

inline void yield_thread() noexcept { std::this_thread::yield(); }

} // namespace rouse::detail
