// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <atomic>

namespace rouse {

/// The only door to `std::atomic`: a model checker or an instrumented build replaces these names here, and
/// nowhere else.
template <class T>
using Atomic = std::atomic<T>;

using std::memory_order_acq_rel;
using std::memory_order_acquire;
using std::memory_order_relaxed;
using std::memory_order_release;
using std::memory_order_seq_cst;

/// Keeps the compiler from moving accesses across.
inline void signal_fence() noexcept { std::atomic_signal_fence(std::memory_order_seq_cst); }
/// The same for the processor.
inline void thread_fence() noexcept { std::atomic_thread_fence(std::memory_order_seq_cst); }

} // namespace rouse
