// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/io/signal_claim.hpp"

#include "rouse/base/atomic.hpp"

#include <csignal>

namespace rouse::detail {
namespace {

constinit Atomic<bool> claimed[NSIG]{};
constinit Atomic<int> listeners[NSIG]{};

} // namespace

void claim_signal(int signal) noexcept { claimed[signal].store(true, memory_order_release); }
void count_signal_listeners(int signal, int change) noexcept {
    listeners[signal].fetch_add(change, memory_order_acq_rel);
}
bool is_quiet_signal(int signal) noexcept {
    return claimed[signal].load(memory_order_acquire) && listeners[signal].load(memory_order_acquire) == 0;
}

} // namespace rouse::detail
