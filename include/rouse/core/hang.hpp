// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/source_location.hpp"

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace rouse {

/// What is done about a task that nobody can wake.
enum class HangPolicy : std::uint8_t {
    throw_error, ///< Its await throws `LostWaker` (the default).
    report,      ///< The hook is told, and the task is left to hang as it would anywhere else.
    abort,       ///< The hook is told, and the program stops.
};

/// How the last chance to be woken went.
enum class HangCause : std::uint8_t {
    never_registered,   ///< The poll returned Pending, and no waker was left when it did.
    last_waker_dropped, ///< There was a waker; it was dropped unwoken after the poll.
};

/// A task that waits, in the end, for the one that hangs.
class HangWaiter {
public:
    HangWaiter(std::uint64_t task_id, std::string task_name, SourceLocation where)
        : task_id(task_id), task_name(std::move(task_name)), where(where) {}
    std::uint64_t task_id;
    std::string task_name;
    SourceLocation where; ///< It awaits. Of one that another worker polls just then: where it was spawned.
};

/// The diagnosis of one hang, as data. `format_report` (diag) makes the text of it.
class HangReport {
public:
    HangReport() = default;

    std::uint64_t id = 0;      ///< Counts the hangs of this process.
    std::uint64_t task_id = 0; ///< 0: the future of `block_on`.
    std::string task_name;     ///< As given, or else the function of its outermost coroutine; may be empty.
    std::string future_type;   ///< What was awaited.
    HangCause cause = HangCause::never_registered;
    std::string dropped_by; ///< With `last_waker_dropped`: the thread, and the task that it was polling.
    std::string child_role; ///< "child of join", "arm of select", ...: it is not the task as a whole that
                            ///< hangs. Empty otherwise.
    std::vector<SourceLocation> stack; ///< The await that hangs, then the awaits around it, innermost first.
                                       ///< Empty for a future that is no coroutine.
    SourceLocation spawned_at;         ///< Or the place of the `block_on`.
    /// The tasks of this runtime that wait for this one, by JoinHandles, nearest first.
    std::vector<HangWaiter> waiters;
    std::uint64_t count_at_site = 1; ///< How often this await has hung by now.
    HangPolicy policy = HangPolicy::throw_error;

    /// The await site, by which reports are told apart; the spawn site where there is no coroutine.
    [[nodiscard]] SourceLocation site() const noexcept { return stack.empty() ? spawned_at : stack.front(); }
};

/// A promise of a future was broken: it returned Pending, and nobody is left who could wake its task. Thrown
/// at the `co_await` that would have slept for ever, out of `block_on`, and by the JoinHandle of the task.
class LostWaker : public std::exception {
public:
    explicit LostWaker(std::shared_ptr<const HangReport> report);
    [[nodiscard]] const char* what() const noexcept override { return what_->c_str(); }
    [[nodiscard]] const HangReport& report() const noexcept { return *report_; }

private:
    std::shared_ptr<const HangReport> report_;
    std::shared_ptr<const std::string> what_;
};

class LockCycle;

namespace detail {

/// Whoever drives tasks on a thread hears of their hangs through this.
class Diagnosis {
public:
    [[nodiscard]] virtual HangPolicy hang_policy() const noexcept = 0;
    /// Gives the report its id, prints or hands it out as the user chose, and stops the program where the
    /// policy says so.
    virtual void hang(HangReport& report) = 0;
    /// Prints a deadlock, by the words that `text` makes of it, or hands it out.
    virtual void cycle(const LockCycle& cycle, std::string (&text)(const LockCycle&)) = 0;

protected:
    ~Diagnosis() = default;
};

/// The diagnosis of the executor that drives on this thread, or of the process.
Diagnosis& current_diagnosis() noexcept;
/// Installs it for the extent of a drive.
class DiagnosisScope {
public:
    explicit DiagnosisScope(Diagnosis& diagnosis) noexcept;
    ~DiagnosisScope();
    DiagnosisScope(const DiagnosisScope&) = delete;
    DiagnosisScope& operator=(const DiagnosisScope&) = delete;

private:
    Diagnosis* before_;
};

/// Hook point: the process's own diagnosis, for `block_on` without a runtime. Defined by the diag layer.
Diagnosis& process_diagnosis() noexcept;

/// Reports, whatever the policy, and lets the task go on; stops the program where the policy is to abort.
void report_hang(HangReport report);

/// Reports; then the exception to be thrown, or null where the policy says to leave the task as it is.
std::exception_ptr diagnose_hang(HangReport report);

/// "thread 4711", or "thread 4711, in the poll of task 3": who is running, for `HangReport::dropped_by`.
std::string describe_this_thread();

} // namespace detail
} // namespace rouse
