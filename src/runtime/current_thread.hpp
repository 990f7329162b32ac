// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/quiescence.hpp"
#include "runtime/worker.hpp"

namespace rouse::detail {

/// The runtime of one thread: a worker that whoever calls `block_on` drives.
class CurrentThread final : public RuntimeCore, public std::enable_shared_from_this<CurrentThread> {
public:
    explicit CurrentThread(RuntimeOptions options);

    void spawn(Cell& cell) override;
    void drive(Cell& root) override;
    Result<int> poll_descriptor() override;
    std::optional<Duration> run_once() override;
    void shutdown() noexcept override;
    RuntimeDump dump() override;
    std::size_t alive_tasks() const noexcept override { return worker_.alive(); }
    RuntimeMetrics metrics() const override;
    std::shared_ptr<BlockingPool> blocking_pool() override { return shared_.blocking_pool(); }
    bool is_here() const noexcept override { return worker_.is_here(); }
    void pause_clock() override { worker_.pause(); }
    void resume_clock() override { worker_.resume(); }
    void advance_clock(Duration by) override { worker_.advance_to(worker_.now() + by); }

private:
    /// False: it is proven that nothing can ever run again.
    bool idle(QuiescenceWatch& quiet);
    [[noreturn]] static void throw_deadlock(QuiescenceReport report);

    Shared shared_;
    Worker worker_;
    std::uint64_t quiet_turns_ = 0;
};

} // namespace rouse::detail
