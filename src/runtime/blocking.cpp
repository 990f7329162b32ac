// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/runtime/blocking.hpp"

#include "runtime/worker.hpp"

namespace rouse::detail {
namespace {

Worker* worker_here() noexcept {
    return turn.runtime ? static_cast<Worker*>(static_cast<Executor*>(turn.runtime)) : nullptr;
}

} // namespace

BlockInPlace::BlockInPlace() {
    Worker* const worker = worker_here();
    if (worker && !worker->begin_blocking()) [[unlikely]]
        stop(
            "block_in_place on a current_thread runtime, which has no other thread to go on: use spawn_blocking");
}

BlockInPlace::~BlockInPlace() {
    if (Worker* const worker = worker_here()) worker->end_blocking();
}

} // namespace rouse::detail
