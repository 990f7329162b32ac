// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/readable.hpp"
#include "rouse/core/deadlock.hpp"
#include "rouse/diag/task_dump.hpp"

#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <vector>

namespace rouse {

/// A poll that has been running for longer than the threshold, and still is: blocking code in a task. Made by
/// the watchdog's thread.
class LongPollReport {
public:
    std::uint64_t task_id = 0;
    std::string task_name;
    std::chrono::milliseconds running{0};  ///< So far; the poll goes on.
    std::vector<SourceLocation> stack;     ///< The awaits around the code that runs, innermost first.
    std::vector<std::string> native_stack; ///< Where the thread is; empty where it could not be had.
    SourceLocation spawned_at;
};

/// A task that burns a core by waking itself in every poll.
class SelfWakeReport {
public:
    std::uint64_t task_id = 0;
    std::string task_name;
    std::uint64_t polls = 0;
    std::chrono::nanoseconds cpu{0}; ///< That its polls took, by their share of all polls meanwhile.
    std::string future_type;
    std::vector<SourceLocation> stack;
    SourceLocation spawned_at;

    [[nodiscard]] double polls_per_second() const {
        return cpu.count() > 0 ? static_cast<double>(polls) * 1e9 / static_cast<double>(cpu.count()) : 0.0;
    }
};

/// A task ended with an exception, and nobody holds its JoinHandle.
class UnhandledReport {
public:
    std::uint64_t task_id = 0;
    std::string task_name;
    SourceLocation spawned_at;
    std::exception_ptr error;
};

/// Nothing is runnable, no timer is set, and tasks are pending. Proven or suspected: see `RuntimeDeadlock`,
/// and `RuntimeOptions::on_suspicion`.
class QuiescenceReport {
public:
    std::vector<TaskDump> tasks; ///< Those that are pending, without those that wait for nothing (`never`).
    bool proven = false;
    std::string why_not_proven; ///< "thread 4711 (name) might wake one", ...
};

/// Thrown by `Runtime::block_on` when it is proven that no task of the runtime can ever run again. The tasks
/// are left as they are.
class RuntimeDeadlock final : public Deadlock {
public:
    explicit RuntimeDeadlock(QuiescenceReport report);
    [[nodiscard]] const QuiescenceReport& report() const noexcept { return *report_; }

private:
    std::shared_ptr<const QuiescenceReport> report_;
};

/// The texts that the default hooks print, each ending in a newline.
[[nodiscard]] std::string format_report(const HangReport& report);
[[nodiscard]] std::string format_report(const LongPollReport& report);
[[nodiscard]] std::string format_report(const SelfWakeReport& report);
[[nodiscard]] std::string format_report(const UnhandledReport& report);
[[nodiscard]] std::string format_report(const QuiescenceReport& report);
[[nodiscard]] std::string format_report(const LockCycle& cycle);

} // namespace rouse
