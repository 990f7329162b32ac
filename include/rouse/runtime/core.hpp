// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/hang.hpp"
#include "rouse/diag/task_dump.hpp"
#include "rouse/io/result.hpp"
#include "rouse/runtime/metrics.hpp"
#include "rouse/task/typed_cell.hpp"
#include "rouse/time/instant.hpp"

#include <memory>
#include <optional>
#include <string>

namespace rouse::detail {

class BlockingPool;

/// A runtime behind its public face: Runtime owns it, Handles share it.
class RuntimeCore {
public:
    virtual ~RuntimeCore() = default;
    /// Takes a new cell in, from any thread. After the end of the runtime the task is cancelled at once.
    virtual void spawn(Cell& cell) = 0;
    /// Drives the runtime on this thread until `root`, spawned before, is done. Throws RuntimeDeadlock.
    virtual void drive(Cell& root) = 0;
    /// See Runtime::poll_descriptor and Runtime::run_once.
    virtual Result<int> poll_descriptor() = 0;
    virtual std::optional<Duration> run_once() = 0;
    virtual void shutdown() noexcept = 0;
    virtual RuntimeDump dump() = 0;
    virtual std::size_t alive_tasks() const noexcept = 0;
    virtual RuntimeMetrics metrics() const = 0;
    virtual std::shared_ptr<BlockingPool> blocking_pool() = 0;
    [[nodiscard]] virtual bool is_here() const noexcept = 0;

    virtual void pause_clock() = 0;
    virtual void resume_clock() = 0;
    virtual void advance_clock(Duration by) = 0;

    /// The runtime that is driven on this thread; `what` is what was tried where there is none.
    static const std::shared_ptr<RuntimeCore>& current(std::string_view what);
    static const std::shared_ptr<RuntimeCore>* current_if_any() noexcept;
};

} // namespace rouse::detail
