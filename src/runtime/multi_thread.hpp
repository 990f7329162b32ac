// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/crew.hpp"

namespace rouse::detail {

/// The runtime of several threads: a crew of workers, which run from its beginning to its end.
class MultiThread final : public RuntimeCore,
                          public DeadlockTeller,
                          public std::enable_shared_from_this<MultiThread> {
public:
    explicit MultiThread(RuntimeOptions options);
    void start() { crew_.start(shared_from_this()); }

    void spawn(Cell& cell) override;
    void drive(Cell& root) override;
    Result<int> poll_descriptor() override;
    std::optional<Duration> run_once() override;
    void shutdown() noexcept override;
    RuntimeDump dump() override;
    std::size_t alive_tasks() const noexcept override;
    RuntimeMetrics metrics() const override;
    std::shared_ptr<BlockingPool> blocking_pool() override { return shared_.blocking_pool(); }
    bool is_here() const noexcept override;
    void pause_clock() override { no_pause(); }
    void resume_clock() override { no_pause(); }
    void advance_clock(Duration) override { no_pause(); }

    // DeadlockTeller
    std::vector<long> waiting_threads() override;
    QuiescenceReport pending_tasks() override;
    void deadlock(QuiescenceReport report) override;

private:
    class Waiter;
    class Pause;
    [[noreturn]] static void no_pause();
    [[noreturn]] static void no_run_once();
    bool look_into(std::size_t first, RuntimeDump& dump);

    Shared shared_;
    Crew crew_;
    std::mutex dump_mutex_;
    std::mutex waiters_mutex_;
    std::vector<Waiter*> waiters_; // the calls of block_on
};

} // namespace rouse::detail
