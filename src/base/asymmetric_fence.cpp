// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/base/asymmetric_fence.hpp"

#include "rouse/base/stop.hpp"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace rouse::detail {
namespace {

bool ask_for_membarrier() noexcept {
    return syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}

} // namespace

constinit bool AsymmetricFence::heavy_works_ = false;

void AsymmetricFence::prepare() noexcept {
    [[maybe_unused]] static const bool asked = heavy_works_ = !ROUSE_TSAN && ask_for_membarrier();
}

void AsymmetricFence::heavy() noexcept {
    thread_fence();
    if (heavy_works_ && syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) != 0)
        stop("membarrier(2) was there and is not any more: was the process put into a stricter sandbox?");
}

} // namespace rouse::detail
