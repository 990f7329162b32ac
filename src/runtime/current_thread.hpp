// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "diag/hang_log.hpp"
#include "rouse/base/parker.hpp"
#include "rouse/io/driver.hpp"
#include "rouse/runtime/core.hpp"
#include "rouse/runtime/options.hpp"
#include "rouse/time/driver.hpp"
#include "runtime/birth_log.hpp"
#include "runtime/dump_signal.hpp"
#include "runtime/poll_log.hpp"
#include "runtime/quiescence.hpp"
#include "runtime/self_wake.hpp"
#include "runtime/watchdog.hpp"

#include <mutex>
#include <optional>
#include <vector>

namespace rouse::detail {

/// The runtime of one thread.
///
/// A turn: take a task from the queue and poll it; settle the one before (see Turn). Between two polls come,
/// when they are due, tasks that other threads injected, visitors at the gate, timers. With an empty queue
/// the thread parks until the next timer or an `unpark`; in the driver of I/O, if any descriptor is
/// registered.
class CurrentThread final : public RuntimeCore,
                            public Executor,
                            public TimeDriver,
                            public IoHost,
                            public Diagnosis,
                            public std::enable_shared_from_this<CurrentThread> {
public:
    explicit CurrentThread(RuntimeOptions options);

    // RuntimeCore
    void spawn(Cell& cell) override;
    void drive(Cell& root) override;
    void shutdown() noexcept override;
    RuntimeDump dump() override;
    std::size_t alive_tasks() const noexcept override { return alive.load(memory_order_relaxed); }
    bool is_here() const noexcept override { return turn.runtime == static_cast<const Executor*>(this); }
    void pause_clock() override { TimeDriver::pause(); }
    void resume_clock() override { TimeDriver::resume(); }
    void advance_clock(Duration by) override { TimeDriver::advance_to(TimeDriver::now() + by); }

    // Executor
    void inject(Cell& cell) noexcept override;
    void schedule_lost(Cell& cell) noexcept override;
    void note_wake(Cell& cell) noexcept override;

    // TimeDriver
    void interrupt() noexcept override { parker_.unpark(); }

    // IoHost
    Result<std::shared_ptr<IoDriver>> io_driver() override;

    // Diagnosis
    HangPolicy hang_policy() const noexcept override { return options_.hang_policy; }
    void hang(HangReport& report) override;

    /// The dump goes to stderr at the next turn. Safe in a signal handler.
    void request_dump() noexcept {
        dump_requested_.store(true, memory_order_release);
        parker_.unpark();
    }

private:
    class DriveScope;
    /// Who dropped the last waker of a task, for the report.
    class LostNote {
    public:
        Cell* cell;
        std::string by;
    };

    bool accept(Cell& cell) noexcept;
    void take_injected();
    void poll(Cell& cell);
    void settle() noexcept;
    void end_task(Cell& cell, std::exception_ptr error, bool cancelled);
    void fail_task(Cell& cell, std::exception_ptr error);
    void publish_error(Cell& cell);
    bool publish(Cell& cell) noexcept;
    /// The error for a task that is lost; null: leave it.
    std::exception_ptr diagnose(Cell& cell);
    std::string take_lost_note(Cell& cell);
    void between_polls();
    void look_at_io();
    bool idle(QuiescenceWatch& quiet);
    bool park(std::optional<Instant> deadline);
    void maybe_dump();
    void report_self_wake(Cell& cell);
    [[noreturn]] static void throw_deadlock(QuiescenceReport report);
    QuiescenceReport pending_tasks();
    RuntimeDump dump_here();
    TaskDump dump_task(const Cell& cell) const;

    RuntimeOptions options_;
    Parker parker_;
    std::shared_ptr<IoDriver> io_; // made when it is needed first
    Instant io_looked_at_;
    HangLog hang_log_;
    PollLog poll_log_;
    std::optional<std::uint64_t> ending_; // with logs_wakes: the task whose end is being published
    SelfWakeWatch self_wake_;
    WatchedThread watched_;
    std::uint64_t turns_ = 0;
    const Cell* root_ = nullptr;
    Atomic<bool> driven_{false};
    Atomic<bool> dump_requested_{false};
    std::uint64_t quiet_turns_ = 0;
    std::uint64_t trimmed_at_ = 0;
    BirthLog births_;
    std::uint64_t births_at_ = 0;

    // ---- from other threads, under the mutex ----
    std::mutex injected_mutex_;
    std::vector<Cell*> injected_;
    std::vector<LostNote> lost_notes_;
    bool closed_ = false;
    // [I1] inject pushes under the mutex, then sets this, then unparks; [I2] the driver loads it, then takes
    // the list under the mutex. A driver that misses the store has not parked yet, and the parker's token
    // (K1/K2) keeps it from sleeping: it looks again.
    Atomic<bool> has_injected_{false};
};

} // namespace rouse::detail
