// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/base/config.hpp"
#include "rouse/base/readable.hpp"
#include "rouse/base/stop.hpp"
#include "rouse/core/deadlock.hpp"

namespace rouse {
namespace {

std::string summary(const HangReport& report) {
    std::string text =
        report.task_id ? "task " + std::to_string(report.task_id) : std::string("the main task");
    if (!report.task_name.empty()) text += " `" + report.task_name + "`";
    if (!report.child_role.empty()) text += ": its " + report.child_role;
    text += " can never be woken again: " + report.future_type;
    text += report.cause == HangCause::never_registered ? " returned Pending and kept no waker"
                                                        : " lost its last waker, unwoken";
    if (const SourceLocation site = report.site()) text += " (" + readable_place(site) + ")";
    return text;
}

std::string title(const LockCycleTask& task) {
    std::string text = task.task_id ? "task " + std::to_string(task.task_id) : std::string("the main task");
    if (!task.task_name.empty()) text += " `" + task.task_name + "`";
    return text;
}

std::string summary(const LockCycle& cycle) {
    std::string text = "deadlock: ";
    const LockCycleTask& first = cycle.tasks.front();
    for (const LockCycleTask& task : cycle.tasks) {
        if (&task == &first) text += title(task);
        else text += task.is_joined ? ", which" : ", which is held by " + title(task) + ", which";
        text += " waits for " + task.waits_for;
        if (task.waits_at) text += " (" + readable_place(task.waits_at) + ")";
    }
    return first.is_joined ? text : text + ", which is held by " + title(first);
}

thread_local detail::Diagnosis* current = nullptr;

} // namespace

LockDeadlock::LockDeadlock(std::shared_ptr<const LockCycle> cycle)
    : Deadlock(summary(*cycle)), cycle_(std::move(cycle)) {}

LostWaker::LostWaker(std::shared_ptr<const HangReport> report)
    : report_(std::move(report)), what_(std::make_shared<const std::string>(summary(*report_))) {}

namespace detail {

Diagnosis& current_diagnosis() noexcept { return current ? *current : process_diagnosis(); }

DiagnosisScope::DiagnosisScope(Diagnosis& diagnosis) noexcept : before_(std::exchange(current, &diagnosis)) {}
DiagnosisScope::~DiagnosisScope() { current = before_; }

void report_hang(HangReport report) {
    Diagnosis& diagnosis = current_diagnosis();
    report.future_type = readable_type(report.future_type);
    report.policy = HangPolicy::report;
    diagnosis.hang(report);
    if (diagnosis.hang_policy() == HangPolicy::abort) stop("a task hangs, and the hang policy is abort");
}

std::exception_ptr diagnose_hang(HangReport report) {
    Diagnosis& diagnosis = current_diagnosis();
    report.future_type = readable_type(report.future_type);
    report.policy = diagnosis.hang_policy();
    diagnosis.hang(report);
    if (report.policy == HangPolicy::abort) stop("a task hangs, and the hang policy is abort");
    if (report.policy == HangPolicy::report) return nullptr;
#if ROUSE_EXCEPTIONS
    return std::make_exception_ptr(LostWaker(std::make_shared<const HangReport>(std::move(report))));
#else
    stop("a task hangs, and there are no exceptions to say so");
#endif
}

std::exception_ptr diagnose_cycle(LockCycle cycle) {
    Diagnosis& diagnosis = current_diagnosis();
    cycle.policy = diagnosis.hang_policy();
    diagnosis.cycle(cycle);
    if (cycle.policy == HangPolicy::abort) stop("tasks wait for each other, and the hang policy is abort");
    if (cycle.policy == HangPolicy::report) return nullptr;
#if ROUSE_EXCEPTIONS
    return std::make_exception_ptr(LockDeadlock(std::make_shared<const LockCycle>(std::move(cycle))));
#else
    stop("tasks wait for each other, and there are no exceptions to say so");
#endif
}

} // namespace detail
} // namespace rouse
