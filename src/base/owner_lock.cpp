// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/base/owner_lock.hpp"

#include "rouse/base/stop.hpp"

#include <thread>

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace rouse::detail {
namespace {

bool ask_for_membarrier() noexcept {
    return syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}

} // namespace

constinit bool OwnerLock::heavy_fence_works_ = false;

// Asked before any lock is in use, whatever the order in which static objects are made: an owner and a
// visitor that did not agree would both be in.
OwnerLock::OwnerLock() noexcept {
    [[maybe_unused]] static const bool asked = heavy_fence_works_ = !ROUSE_TSAN && ask_for_membarrier();
}

void OwnerLock::begin_visit() noexcept {
    visitors_.store(true, memory_order_seq_cst);
    thread_fence();
    if (heavy_fence_works_ && syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) != 0)
        stop("membarrier(2) was there and is not any more: was the process put into a stricter sandbox?");
    while (inside_.load(memory_order_seq_cst)) std::this_thread::yield(); // [O2]
}

void OwnerLock::enter_after_visitor() noexcept {
    inside_.store(false, memory_order_release);
    mutex_.lock();
    by_mutex_ = true;
}

void OwnerLock::leave_mutex() noexcept {
    by_mutex_ = false;
    mutex_.unlock();
}

} // namespace rouse::detail
