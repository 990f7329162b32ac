// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "diag/source_line.hpp"
#include "rouse/base/text.hpp"
#include "rouse/core/task_title.hpp"
#include "rouse/diag/reports.hpp"

#include <algorithm>
#include <cstdio>

namespace rouse {
namespace {

using detail::add_task_title;
using detail::Text;

void quote(Text& text, const SourceLocation& where) {
    const std::string line = detail::source_line(where);
    if (line.empty()) return;
    Text number;
    number << where.line();
    text.spaces(8 - std::min<std::size_t>(7, number.view().size()))
        << number.view() << " |     " << line << "\n";
}

/// Two columns: headings and what they head on the left, places on the right. It is filled twice: first it
/// measures, then it writes.
class Table {
public:
    explicit Table(Text& text) noexcept : text_(text) {}
    void measured() noexcept { measures_ = false; }

    void heading(std::string_view words, const SourceLocation& where = SourceLocation()) {
        add("   ", words, where);
    }
    void row(std::string_view words, const SourceLocation& where) { add("      ", words, where); }
    /// The awaits, innermost first, by the function that they are in.
    void stack(std::string_view title, const std::vector<SourceLocation>& stack) {
        if (stack.empty()) return;
        heading(title);
        for (const SourceLocation& where : stack) row(readable_function(where.function_name()), where);
    }
    /// Task 0 is the future of a `block_on`, which is there.
    void spawned_at(std::uint64_t task_id, const SourceLocation& where) {
        if (where) heading(task_id ? "spawned at" : "started at", where);
    }

private:
    // One very long name must not push all places out of sight.
    static constexpr std::size_t widest = 56;

    void add(std::string_view indent, std::string_view words, const SourceLocation& where) {
        const std::size_t size = indent.size() + words.size();
        if (measures_) {
            if (where && size <= widest) width_ = std::max(width_, size);
            return;
        }
        text_ << indent << words;
        if (where) text_.spaces(width_ > size ? width_ - size : 0) << "  " << readable_place(where);
        text_ << "\n";
    }

    Text& text_;
    std::size_t width_ = 0;
    bool measures_ = true;
};

template <class Fill>
void add_table(Text& text, Fill fill) {
    Table table(text);
    fill(table);
    table.measured();
    fill(table);
}

std::string stack_text(std::string_view title, const std::vector<SourceLocation>& stack,
                       std::uint64_t task_id, const SourceLocation& spawned_at) {
    Text text;
    add_table(text, [&](Table& table) {
        table.stack(title, stack);
        table.spawned_at(task_id, spawned_at);
    });
    return std::move(text).take();
}

std::string task_title(std::uint64_t id, const std::string& name) {
    Text text;
    add_task_title(text, id, name);
    return std::move(text).take();
}

std::string milliseconds(std::chrono::milliseconds time) {
    const auto ms = time.count();
    if (ms < 10'000) return std::to_string(ms) + " ms";
    return std::to_string(ms / 1000) + " s";
}

void append_await(std::string& text, const AwaitDump& await, const std::string& indent) {
    for (const SourceLocation& where : await.frames)
        text += indent + readable_function(where.function_name()) + "  " + readable_place(where) + "\n";
    if (!await.future_type.empty()) text += indent + "awaits " + await.future_type + "\n";
    for (const WaitDump& wait : await.waits) text += indent + "waits for " + wait.text + "\n";
    for (const AwaitDump& child : await.children) {
        text += indent + child.role + ":\n";
        append_await(text, child, indent + "   ");
    }
}

std::string task_text(const TaskDump& task) {
    static constexpr const char* phases[] = {"idle", "queued", "running", "aborting"};
    std::string text = task_title(task.id, task.name) + "  " + phases[static_cast<int>(task.phase)] +
                       ", age " + milliseconds(task.age) + ", " + std::to_string(task.polls) +
                       (task.polls == 1 ? " poll, " : " polls, ") + std::to_string(task.wakers) +
                       (task.wakers == 1 ? " waker" : " wakers") + "\n";
    append_await(text, task.await, "   ");
    if (task.spawned_at)
        text += (task.id ? "   spawned at " : "   started at ") + readable_place(task.spawned_at) + "\n";
    return text;
}

std::string error_text(const std::exception_ptr& error) {
#if defined(__cpp_exceptions)
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& known) {
        return known.what();
    } catch (...) {
        return "an exception that is no std::exception";
    }
#else
    return error ? "an exception" : "";
#endif
}

} // namespace

std::string format_report(const HangReport& report) {
    Text text("hang: ");
    add_task_title(text, report.task_id, report.task_name);
    if (!report.child_role.empty()) text << ": its " << report.child_role;
    text << " can never be woken again\n\n";
    const SourceLocation site = report.site();
    const bool dropped = report.cause == HangCause::last_waker_dropped;
    text << "   " << readable_place(site) << "   "
         << (report.future_type.empty() ? std::string_view("a future") : report.future_type);
    if (!dropped) {
        text << " returned Pending and kept no waker";
    } else {
        text << ": its last waker was dropped unwoken";
        if (!report.dropped_by.empty()) text << " (by " << report.dropped_by << ")";
    }
    text << "\n";
    quote(text, site);
    text << "\n";
    add_table(text, [&](Table& table) {
        table.stack("awaited by", report.stack);
        table.spawned_at(report.task_id, report.spawned_at);
        if (!report.waiters.empty()) table.heading("waiting for this task");
        for (const HangWaiter& waiter : report.waiters)
            table.row(task_title(waiter.task_id, waiter.task_name), waiter.where);
    });
    text << "\n   help: "
         << (dropped ? "whoever drops that waker must wake it first, or send an error on the way out\n"
                     : "keep a clone of cx.waker() where the result will arrive, and wake it there\n");
    return std::move(text).take();
}

std::string format_report(const LongPollReport& report) {
    std::string text = "blocking: " + task_title(report.task_id, report.task_name) +
                       " has been in one poll for " + milliseconds(report.running) +
                       ", and still is: no other task of its thread can run\n\n";
    text += stack_text("in the code after", report.stack, report.task_id, report.spawned_at);
    if (!report.native_stack.empty()) {
        text += "   native stack\n";
        for (const std::string& frame : report.native_stack) text += "      " + frame + "\n";
    }
    return text +
           "\n   help: await instead of blocking, or give the work to a thread; `yield_now` in a long computation\n";
}

std::string format_report(const SelfWakeReport& report) {
    char rate[96];
    std::snprintf(rate, sizeof(rate), "%.1f s of CPU in %llu polls, %.0f a second",
                  static_cast<double>(report.cpu.count()) / 1e9,
                  static_cast<unsigned long long>(report.polls), report.polls_per_second());
    std::string text = "busy: " + task_title(report.task_id, report.task_name) +
                       " wakes itself in every poll: " + rate + "\n\n";
    if (!report.stack.empty()) {
        const SourceLocation& site = report.stack.front();
        Text quotation;
        quote(quotation, site);
        text += "   " + readable_place(site) + "   " + report.future_type + "\n" +
                std::move(quotation).take() + "\n";
    }
    return text + stack_text("awaited by", report.stack, report.task_id, report.spawned_at) +
           "\n   help: let the waker be woken by what the future waits for (a timer, a descriptor, a channel), not by its own poll\n";
}

std::string format_report(const UnhandledReport& report) {
    std::string text =
        "unhandled: " + task_title(report.task_id, report.task_name) +
        " ended with an exception, and nobody holds its JoinHandle: " + error_text(report.error) + "\n";
    return text + stack_text("", {}, report.task_id, report.spawned_at);
}

std::string format_report(const QuiescenceReport& report) {
    std::string text = report.proven ? "deadlock: " : "suspicion: ";
    text += std::to_string(report.tasks.size()) + (report.tasks.size() == 1 ? " task is" : " tasks are") +
            " pending, nothing is runnable, and no timer is set";
    if (!report.proven) text += " (not proven: " + report.why_not_proven + ")";
    text += "\n\n";
    constexpr std::size_t most = 50;
    for (std::size_t i = 0; i < std::min(most, report.tasks.size()); ++i)
        text += task_text(report.tasks[i]) + "\n";
    if (report.tasks.size() > most)
        text += "... and " + std::to_string(report.tasks.size() - most) + " more\n";
    return text;
}

std::string format_report(const LockCycle& cycle) {
    const std::size_t count = cycle.tasks.size();
    const LockCycleTask& first = cycle.tasks.front();
    const auto joined =
        static_cast<std::size_t>(std::ranges::count(cycle.tasks, true, &LockCycleTask::is_joined));
    Text text("deadlock: ");
    if (count > 1) {
        text << count << " tasks wait for each other" << (joined ? "" : "'s locks");
    } else {
        add_task_title(text, first.task_id, first.task_name);
        text << " waits for " << (joined ? std::string_view("its own end") : first.waits_for)
             << (joined                   ? ""
                 : first.granted_unpolled ? ", which it was granted in a future that it polls no longer"
                                          : ", which it holds itself");
    }
    text << "\n\n";
    add_table(text, [&](Table& table) {
        for (std::size_t i = 0; i < count; ++i) {
            const LockCycleTask& task = cycle.tasks[i];
            const LockCycleTask& holder = cycle.tasks[(i + 1) % count];
            table.heading(task_title(task.task_id, task.task_name));
            table.row("waits for " + task.waits_for, task.waits_at);
            if (holder.is_joined) table.row("which was spawned", holder.taken_at);
            else
                table.row((holder.granted_unpolled ? "granted to a future of " : "held by ") +
                              task_title(holder.task_id, holder.task_name) +
                              (holder.taken_at ? holder.granted_unpolled ? ", which waited" : ", taken" : ""),
                          holder.taken_at);
        }
    });
    text << "\n   help: ";
    if (joined == count)
        text << (count > 1 ? "let one of them end without the other\n"
                           : "give the handle to somebody else, or drop it\n");
    else if (joined) text << "unlock before the await of a task that needs the lock\n";
    else if (count > 1) text << "take locks in the same order everywhere, or hold one at a time\n";
    else if (first.granted_unpolled)
        text << "drop the future before the await, or let the select poll it to its end\n";
    else text << "drop the guard before the await, or hand it down\n";
    return std::move(text).take();
}

std::string detail::cycle_text(const LockCycle& cycle) { return format_report(cycle); }

std::string RuntimeDump::to_string() const {
    std::string text = name + ": " + std::to_string(tasks.size()) +
                       (tasks.size() == 1 ? " task, " : " tasks, ") + std::to_string(timers) +
                       (timers == 1 ? " timer\n\n" : " timers\n\n");
    if (!complete)
        text += "(a poll is running that does not end, of the task below; the others cannot be read)\n\n";
    for (const TaskDump& task : tasks) text += task_text(task) + "\n";
    return text;
}

RuntimeDeadlock::RuntimeDeadlock(QuiescenceReport report)
    : Deadlock(format_report(report)), report_(std::make_shared<const QuiescenceReport>(std::move(report))) {}

} // namespace rouse
