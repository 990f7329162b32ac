// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The half of Scheduler that explains: reports, the trace, the list of tasks.
#include "diag/hang_log.hpp"
#include "rouse/base/readable.hpp"
#include "rouse/base/text.hpp"
#include "rouse/core/task_title.hpp"
#include "rouse/diag/reports.hpp"
#include "rouse/web/error.hpp"
#include "rouse/web/scheduler.hpp"
#include "runtime/birth_log.hpp"
#include "task/cell_report.hpp"

#include <algorithm>

namespace rouse::web::detail {

using rouse::detail::AwaitFrames;
using rouse::detail::Cell;
using rouse::detail::TaskState;
using rouse::detail::turn;
namespace sys = js::detail::sys;

namespace {

void report(std::string_view kind, const std::string& text, std::uint64_t task) {
    sys::rouse_js_report(kind.data(), kind.size(), text.data(), text.size(), static_cast<double>(task));
}

/// What a task waits for, in the words of its leaf.
class Waits final : public Inspector {
public:
    void frame(const SourceLocation& where) override { frames.frame(where); }
    void leaf(std::string_view type) override { frames.leaf(type); }
    void waits_for(WaitKind, const void*, std::string_view words) override {
        if (!text.empty()) text += "; ";
        text += words;
    }
    void begin_child(std::string_view role) override { frames.begin_child(role); }
    void end_child() override { frames.end_child(); }

    AwaitFrames frames;
    std::string text;
};

} // namespace

HangReport Scheduler::report_of(Cell& cell) {
    HangReport report;
    AwaitFrames await;
    cell.strand().inspect(await);
    report.task_id = cell.id();
    report.task_name = rouse::detail::name_of(cell, await.frames);
    report.future_type = await.type;
    report.stack = std::move(await.frames);
    report.spawned_at = cell.spawned_at();
    if (const auto note = std::ranges::find(lost_notes_, &cell, &LostNote::cell); note != lost_notes_.end()) {
        report.dropped_by = std::move(note->by);
        lost_notes_.erase(note);
    }
    report.cause = report.dropped_by.empty() ? HangCause::never_registered : HangCause::last_waker_dropped;
    report.waiters = rouse::detail::waiters_of(cell);
    return report;
}

std::string Scheduler::unhandled_text(const Cell& cell) {
    rouse::detail::Text text("unhandled: ");
    rouse::detail::add_task_title(text, cell.id(), cell.name());
    text << " (spawned at " << readable_place(cell.spawned_at())
         << ") ended with an exception, and nobody holds its JoinHandle: ";
    return std::move(text).take();
}

void Scheduler::report_unhandled(std::string text, std::uint64_t task, const std::exception_ptr& error) {
    const std::string why = text_of_failure(error);
    if (!why.empty()) report("unhandled", text.append(why), task);
}

void Scheduler::hang(HangReport& found) {
    static auto* counts = new rouse::detail::HangCounts; // never destroyed, as the module is not
    if (counts->add(found)) report("lost", format_report(found), found.task_id);
}

void Scheduler::cycle(const LockCycle& cycle, std::string (&text)(const LockCycle&)) {
    report("deadlock", text(cycle), cycle.tasks.front().task_id);
}

void Scheduler::note_births() {
    if (std::exchange(births_at_, last_task_id()) != last_task_id())
        births_->add(last_task_id(), std::chrono::steady_clock::now());
}

void Scheduler::trace(Event event, std::uint64_t task) {
    sys::rouse_js_trace(static_cast<std::int32_t>(event), static_cast<double>(task), nullptr, 0, nullptr, 0,
                        nullptr, 0, 0);
}

void Scheduler::trace(Event event, Cell& cell) { trace(event, cell, {}); }

void Scheduler::trace(Event event, Cell& cell, std::string_view detail) {
    // Once it has ended there is no strand to ask; while it runs, its last await is the one that it came
    // from.
    AwaitFrames await;
    if (!(cell.load() & TaskState::done)) cell.strand().inspect(await);
    const std::string name = rouse::detail::name_of(cell, await.frames);
    std::string type;
    if (event == Event::pending || event == Event::lost) detail = type = readable_type(await.type);
    const SourceLocation where =
        event == Event::created || await.frames.empty() ? cell.spawned_at() : await.frames.front();
    const std::string_view file = where ? std::string_view(where.file_name()) : std::string_view();
    sys::rouse_js_trace(static_cast<std::int32_t>(event), static_cast<double>(cell.id()), name.data(),
                        name.size(), detail.data(), detail.size(), file.data(), file.size(), where.line());
}

void Scheduler::list_tasks() {
    const auto now = std::chrono::steady_clock::now();
    cells.for_each([&](Cell& cell) {
        Waits waits;
        cell.strand().inspect(waits);
        const std::uint64_t word = cell.load() + (turn.current == &cell ? turn.delta : 0);
        enum Phase : std::int32_t { idle, queued, running, lost };
        const Phase phase = turn.current == &cell        ? running
                            : word & TaskState::active   ? queued
                            : TaskState::no_wakers(word) ? lost
                                                         : idle;
        const std::string name = rouse::detail::name_of(cell, waits.frames.frames);
        const std::string type = readable_type(waits.frames.type);
        const SourceLocation where =
            waits.frames.frames.empty() ? cell.spawned_at() : waits.frames.frames.front();
        const std::string_view file = where ? std::string_view(where.file_name()) : std::string_view();
        sys::rouse_js_task(
            static_cast<double>(cell.id()), name.data(), name.size(), phase, cell.strand().polls(),
            static_cast<double>(TaskState::wakers(word) + TaskState::slots(word)),
            static_cast<double>(births_->age(cell.id(), now).count()), type.data(), type.size(),
            waits.text.data(), waits.text.size(), file.data(), file.size(), where.line());
    });
}

} // namespace rouse::web::detail

namespace rouse::detail {

Diagnosis& process_diagnosis() noexcept { return web::detail::Scheduler::here(); }

std::string describe_this_thread() {
    const std::string_view who = web::detail::Scheduler::here().dropper();
    if (!who.empty()) return std::string(who);
    Text text;
    if (const Cell* cell = running_cell()) text << "task " << cell->id() << ", in its poll";
    else text << "a call from JavaScript";
    return std::move(text).take();
}

} // namespace rouse::detail
