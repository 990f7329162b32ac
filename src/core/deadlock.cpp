// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/core/deadlock.hpp"

#include "rouse/base/config.hpp"
#include "rouse/base/readable.hpp"
#include "rouse/base/stop.hpp"
#include "rouse/core/task_title.hpp"

namespace rouse {
namespace {

std::string summary(const LockCycle& cycle) {
    detail::Text text("deadlock: ");
    const LockCycleTask& first = cycle.tasks.front();
    for (const LockCycleTask& task : cycle.tasks) {
        if (&task != &first) text << (task.is_joined ? ", which" : ", which is held by ");
        if (&task == &first || !task.is_joined) detail::add_task_title(text, task.task_id, task.task_name);
        if (&task != &first && !task.is_joined) text << ", which";
        text << " waits for " << task.waits_for;
        if (task.waits_at) text << " (" << readable_place(task.waits_at) << ")";
    }
    if (!first.is_joined) {
        text << ", which is held by ";
        detail::add_task_title(text, first.task_id, first.task_name);
    }
    return std::move(text).take();
}

} // namespace

LockDeadlock::LockDeadlock(std::shared_ptr<const LockCycle> cycle)
    : Deadlock(summary(*cycle)), cycle_(std::move(cycle)) {}

std::exception_ptr detail::diagnose_cycle(LockCycle cycle) {
    Diagnosis& diagnosis = current_diagnosis();
    cycle.policy = diagnosis.hang_policy();
    diagnosis.cycle(cycle, cycle_text);
    if (cycle.policy == HangPolicy::abort) stop("tasks wait for each other, and the hang policy is abort");
    if (cycle.policy == HangPolicy::report) return nullptr;
#if ROUSE_EXCEPTIONS
    return std::make_exception_ptr(LockDeadlock(std::make_shared<const LockCycle>(std::move(cycle))));
#else
    stop("tasks wait for each other, and there are no exceptions to say so");
#endif
}

} // namespace rouse
