// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/base/owner_lock.hpp"

namespace rouse::detail {

void OwnerLock::begin_visit() noexcept {
    visitors_.store(true, memory_order_seq_cst);
    AsymmetricFence::heavy();
    while (inside_.load(memory_order_seq_cst)) yield_thread(); // [O2]
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
