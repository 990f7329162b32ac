// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/fork.hpp"

#include "rouse/base/atomic.hpp"
#include "rouse/base/stop.hpp"

#include <pthread.h>

namespace rouse::detail {
namespace {

constinit Atomic<unsigned> forks{0}; // between this process and the first one that had a runtime

} // namespace

ProcessMark::ProcessMark() noexcept {
    static const int watching = pthread_atfork(
        nullptr, nullptr, [] { forks.store(forks.load(memory_order_relaxed) + 1, memory_order_relaxed); });
    (void)watching;
    forks_ = forks.load(memory_order_relaxed);
}

bool ProcessMark::is_fork() const noexcept { return forks.load(memory_order_relaxed) != forks_; }

void ProcessMark::refuse_fork() const noexcept {
    if (is_fork()) [[unlikely]]
        stop(
            "this process is a fork of the one that made the runtime, and has none of its threads: call exec or _exit in the child, or make a Runtime there");
}

} // namespace rouse::detail
