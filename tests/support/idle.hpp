// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/core/waker.hpp>

#include <thread>

namespace rouse_test {

/// Waits, on another thread, until the poll in which `waker` was made has ended and its task sleeps.
inline void wait_until_idle(const rouse::Waker& waker) {
    const rouse::detail::TaskState* task = rouse::detail::task_of(waker);
    while (task->load() & rouse::detail::TaskState::active) std::this_thread::yield();
}

} // namespace rouse_test
