// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/combine/child.hpp"

#include "rouse/base/readable.hpp"
#include "rouse/task/cell.hpp"
#include "rouse/task/strand.hpp"
#include "task/cell_report.hpp"

namespace rouse::detail {

/// In the first poll; or when the combinator was polled by another task before: what is registered there
/// stays there.
Slot* ChildBase::another_slot(Context& cx, ChildSet& set) {
    finish_end();
    TaskState* const root = root_of(cx.waker());
    // Else somebody's own executor, or a set that wakes its children apart.
    if (!root || root != turn.current) return nullptr;
    slot_ = Slot::make(root, Slot::of(cx.waker()), &set);
    set.add(*slot_);
    return slot_;
}

void ChildBase::finish_end() noexcept {
    if (Slot* slot = std::exchange(slot_, nullptr)) {
        slot->unlink();
        slot->retire();
    }
}

HangReport ChildBase::report_of(std::string_view role, std::string_view type,
                                const AwaitFrames& child) const {
    HangReport report = report_of_child(role, type, child);
    if (lost_between_) report.cause = HangCause::last_waker_dropped;
    return report;
}

HangReport report_of_child(std::string_view role, std::string_view type, const AwaitFrames& child) {
    HangReport report;
    report.child_role = role;
    report.future_type = child.type.empty() ? type : child.type;
    report.stack = child.frames;
    for (const PollScope* scope = turn.scope; scope; scope = scope->outer) {
        for (PromiseBase* promise = scope->strand->top(); promise;) {
            if (promise->await_at()) report.stack.push_back(promise->await_at());
            PromiseBase::Await* await = promise->awaiting();
            promise = await ? await->parent : nullptr;
        }
    }
    if (Cell* cell = running_cell()) {
        report.task_id = cell->id();
        report.task_name = name_of(*cell, report.stack);
        report.spawned_at = cell->spawned_at();
        report.waiters = waiters_of(*cell);
    } else if (!report.stack.empty()) {
        report.task_name = readable_name(report.stack.back().function_name());
    }
    return report;
}

} // namespace rouse::detail
