// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The half of Worker that explains: reports and dumps.
#include "diag/print.hpp"
#include "runtime/crew.hpp"
#include "runtime/hook.hpp"
#include "runtime/worker.hpp"
#include "task/cell_report.hpp"

#include <algorithm>
#include <cstdio>

namespace rouse::detail {
namespace {

AwaitDump await_of(const Cell& cell) {
    AwaitDump await;
    AwaitCollector collector(await);
    cell.strand().inspect(collector);
    return await;
}

} // namespace

/// It lies where the task was taken in.
std::string Worker::take_lost_note(const Cell& cell) {
    return static_cast<Worker&>(cell.executor()).lost_notes_.take(cell);
}

std::exception_ptr Worker::diagnose(Cell& cell) {
    HangReport report;
    AwaitDump await = await_of(cell);
    report.task_id = cell.id();
    report.task_name = name_of(cell, await.frames);
    report.future_type = await.future_type;
    report.stack = std::move(await.frames);
    report.spawned_at = cell.spawned_at();
    report.dropped_by = take_lost_note(cell);
    report.cause = report.dropped_by.empty() ? HangCause::never_registered : HangCause::last_waker_dropped;
    report.waiters = waiters_of(cell);
    return diagnose_hang(std::move(report));
}

void Worker::hang(HangReport& report) {
    shared_.hangs.fetch_add(1, memory_order_relaxed);
    call_hook([&] { shared_.hang_log.add(report); });
}

void Worker::cycle(const LockCycle& cycle, std::string (&text)(const LockCycle&)) {
    call_hook([&] {
        if (shared_.options.on_lock_cycle) shared_.options.on_lock_cycle(cycle);
        else print_report(text(cycle));
    });
}

void Worker::report_self_wake(Cell& cell) {
    SelfWakeReport report;
    AwaitDump await = await_of(cell);
    report.task_id = cell.id();
    report.task_name = name_of(cell, await.frames);
    report.polls = self_wake_.found().polls;
    report.cpu = self_wake_.found().cpu;
    report.future_type = await.future_type;
    report.stack = std::move(await.frames);
    report.spawned_at = cell.spawned_at();
    call_hook([&] {
        if (shared_.options.on_self_wake) shared_.options.on_self_wake(report);
        else print_report(format_report(report));
    });
}

QuiescenceReport Worker::pending_tasks() {
    QuiescenceReport report;
    for (TaskDump& task : dump_here().tasks)
        if (!task.await.only_never()) report.tasks.push_back(std::move(task));
    return report;
}

/// By this thread, or by another of the crew, which then waits for a dump, too.
bool Worker::is_polled(const Cell& cell) const {
    if (!crew_) return &cell == running_cell();
    return std::ranges::any_of(
        crew_->workers(), [&](const auto& worker) { return worker->watched_.polled_task() == cell.id(); });
}

TaskDump Worker::dump_task(const Cell& cell) const {
    TaskDump task;
    const std::uint64_t word = cell.load();
    task.await = await_of(cell);
    task.id = cell.id();
    task.name = name_of(cell, task.await.frames);
    task.phase = is_polled(cell)                                        ? TaskPhase::running
                 : word & TaskState::aborted                            ? TaskPhase::aborting
                 : (word & TaskState::active) && &cell != turn.settling ? TaskPhase::queued
                                                                        : TaskPhase::idle;
    task.age = births_.age(cell.id(), std::chrono::steady_clock::now());
    task.polls = cell.strand().polls();
    const std::uint64_t* const delta = turn.delta_of(&cell);
    const std::uint64_t counts = word + (delta ? *delta : 0);
    task.wakers = TaskState::wakers(counts) + TaskState::slots(counts);
    task.spawned_at = cell.spawned_at();
    return task;
}

RuntimeDump Worker::dump_here() {
    RuntimeDump dump;
    dump.name = shared_.options.name;
    dump.timers = timers();
    cells.for_each([&](Cell& cell) {
        // In a crew: one that has ended elsewhere, and is to be let go of. Its strand is gone.
        if (!(cell.load() & TaskState::done)) dump.tasks.push_back(dump_task(cell));
    });
    return dump;
}

void Worker::maybe_dump() {
    if (!take_dump_request()) return;
    // In a crew the others must be stopped: they poll tasks that are listed here.
    const RuntimeDump dump = crew_ ? RuntimeCore::current("a dump")->dump() : dump_here();
    print_report(dump.to_string());
}

} // namespace rouse::detail
