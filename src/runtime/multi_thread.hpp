// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/crew.hpp"

namespace rouse::detail {

/// The runtime of several threads: a crew of workers, which run from its beginning to its end.
class MultiThread final : public RuntimeCore, public std::enable_shared_from_this<MultiThread> {
public:
    explicit MultiThread(RuntimeOptions options);
    void start() { crew_.start(shared_from_this()); }

    void spawn(Cell& cell) override;
    void drive(Cell& root) override;
    void shutdown() noexcept override;
    RuntimeDump dump() override;
    std::size_t alive_tasks() const noexcept override;
    std::shared_ptr<BlockingPool> blocking_pool() override { return shared_.blocking_pool(); }
    bool is_here() const noexcept override;
    void pause_clock() override { no_pause(); }
    void resume_clock() override { no_pause(); }
    void advance_clock(Duration) override { no_pause(); }

private:
    [[noreturn]] static void no_pause();
    bool look_into(std::size_t first, RuntimeDump& dump);

    Shared shared_;
    Crew crew_;
};

} // namespace rouse::detail
