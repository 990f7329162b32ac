// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/current_thread.hpp"

#include "diag/print.hpp"
#include "rouse/runtime/runtime.hpp"
#include "runtime/dump_signal.hpp"
#include "runtime/hook.hpp"

#include <thread>

namespace rouse::detail {
namespace {

// How often a paused clock looks whether the blocking calls are over.
constexpr std::chrono::milliseconds blocking_tick(1);

} // namespace

std::shared_ptr<RuntimeCore> make_current_thread(RuntimeOptions options) {
    return std::make_shared<CurrentThread>(std::move(options));
}

CurrentThread::CurrentThread(RuntimeOptions options) : shared_(std::move(options)), worker_(shared_) {
    if (shared_.options.dump_signal) watch_dump_signal(shared_.options.dump_signal, worker_);
}

void CurrentThread::spawn(Cell& cell) {
    if (is_here()) {
        if (worker_.open) return worker_.adopt_new(cell);
        cell.belong_to(worker_,
                       worker_.next_task_id()); // the runtime is being torn down, and a destructor spawns
    } else if (shared_.process.refuse_fork(); worker_.send_new(cell)) {
        return;
    }
    cell.cancel();
    cell.publish(0);
}

void CurrentThread::drive(Cell& root) {
    if (turn.driving || turn.current) [[unlikely]]
        stop(
            "block_on inside of a task: this thread is driving a future already; co_await it, or spawn it and await the handle");
    shared_.process.refuse_fork();
    const Worker::DriveScope scope(worker_, shared_from_this());
    const HangPolicy policy = shared_.options.hang_policy;
    worker_.note_births();
    root.belong_to(worker_, 0);
    worker_.adopt(root);
    QuiescenceWatch quiet(shared_.options.deadlock_grace);
    std::optional<QuiescenceReport> deadlock;
    // The root's handle, which our caller holds, keeps the cell: its word may be read to the end.
    while (!(root.load() & TaskState::done)) {
        worker_.run(&root);
        if ((root.load() & TaskState::done) || worker_.has_work() || idle(quiet)) continue;
        if (deadlock) continue;
        deadlock = worker_.pending_tasks();
        deadlock->proven = true;
        if (policy != HangPolicy::throw_error) {
            call_hook([&] {
                if (shared_.options.on_suspicion) shared_.options.on_suspicion(*deadlock);
                else print_report(format_report(*deadlock));
            });
            if (policy == HangPolicy::abort) stop("the runtime is deadlocked, and the hang policy is abort");
            deadlock.reset();
            quiet.told();
            continue;
        }
        root.abort();
    }
    worker_.settle();
    worker_.maybe_dump(); // one that was asked for while the last polls ran
    if (deadlock) throw_deadlock(std::move(*deadlock));
}

Result<int> CurrentThread::poll_descriptor() {
    const auto io = worker_.io_driver();
    if (!io) return std::unexpected(io.error());
    return (*io)->descriptor();
}

std::optional<Duration> CurrentThread::run_once() {
    if (turn.driving || turn.current) [[unlikely]]
        stop("run_once inside of a task: this thread is driving a future already");
    shared_.process.refuse_fork();
    const Worker::DriveScope scope(worker_, shared_from_this());
    worker_.stand_up();
    if (IoDriver* const io = worker_.io()) io->poll_now();
    worker_.run(nullptr);
    worker_.settle();
    if (worker_.has_work() || (worker_.io() && !worker_.lie_down(*worker_.io()))) return Duration::zero();
    const std::optional<Instant> deadline = worker_.next_wakeup();
    if (!deadline) return std::nullopt;
    return std::max(Duration::zero(), *deadline - worker_.now());
}

bool CurrentThread::idle(QuiescenceWatch& quiet) {
    std::optional<Instant> deadline = worker_.next_wakeup();
    IoDriver* const io = worker_.io();
    if (deadline && worker_.paused()) {
        if (io && io->is_used() && io->poll_now() != 0) return true;
        // A call that blocks takes real time, and is no idleness: the clock waits for it.
        if (shared_.is_blocking() || (io && io->calls() != 0))
            worker_.park(std::chrono::steady_clock::now() + blocking_tick);
        // One that has ended since we looked for work has sent its wake before it was counted out.
        else if (!worker_.has_work()) worker_.advance_to(*deadline);
        return true;
    }
    if (deadline) deadline = worker_.to_steady(*deadline);
    if (worker_.turns() != quiet_turns_) {
        quiet_turns_ = worker_.turns();
        quiet.disturbed();
        worker_.trim_now_and_then();
    }
    bool look = false;
    if (!deadline && alive_tasks() > 0 && !(io && io->seems_awaited())) {
        if (const auto until = quiet.until_look()) {
            deadline = std::chrono::steady_clock::now() + *until;
            look = true;
        }
    }
    if (worker_.park(deadline) || !look || worker_.turns() != quiet_turns_) return true;
    if (io && io->anyone_waits()) { // and may be woken by what comes from outside
        quiet.not_now();
        return true;
    }
    std::string why;
    switch (quiet.look(why)) {
    case QuiescenceWatch::Verdict::wait:
        return true;
    case QuiescenceWatch::Verdict::suspect: {
        if (!shared_.options.on_suspicion) return true;
        QuiescenceReport report = worker_.pending_tasks();
        if (report.tasks.empty()) return true;
        report.why_not_proven = std::move(why);
        call_hook([&] { shared_.options.on_suspicion(report); });
        return true;
    }
    case QuiescenceWatch::Verdict::proven:
        return worker_.pending_tasks().tasks.empty();
    }
    return true;
}

void CurrentThread::throw_deadlock(QuiescenceReport report) {
#if ROUSE_EXCEPTIONS
    throw RuntimeDeadlock(std::move(report));
#else
    print_report(format_report(report));
    stop("the runtime is deadlocked, and there are no exceptions to say so");
#endif
}

RuntimeMetrics CurrentThread::metrics() const {
    RuntimeMetrics metrics;
    worker_.add_to(metrics);
    metrics.io_fallback = shared_.io_fallback();
    metrics.tasks_lost = shared_.hangs.load(memory_order_relaxed);
    metrics.blocking = shared_.blocking_metrics();
    return metrics;
}

RuntimeDump CurrentThread::dump() {
    if (is_here()) return worker_.dump_here();
    RuntimeDump dump;
    dump.name = shared_.options.name;
    if (worker_.gate.try_visit(std::chrono::seconds(1), [&] { dump = worker_.dump_here(); })) return dump;
    dump.complete = false;
    TaskDump running;
    running.id = worker_.watched().polled_task();
    running.phase = TaskPhase::running;
    dump.tasks.push_back(std::move(running));
    return dump;
}

void CurrentThread::shutdown() noexcept {
    if (shared_.process.is_fork()) { // what it has is the parent's, and its threads are not here to be joined
        (void)new std::shared_ptr<RuntimeCore>(shared_from_this());
        return;
    }
    if (!worker_.close()) return;
    if (is_here()) stop("a Runtime was destroyed by one of its own tasks");
    if (shared_.options.dump_signal) unwatch_dump_signal(worker_);
    {
        const Worker::DriveScope scope(worker_, shared_from_this());
        const std::size_t owed = worker_.mark_for_end();
        // Who made a task ACTIVE delivers it; that thread may be on its way.
        for (std::size_t delivered = 0; delivered < owed;) {
            const std::size_t more = worker_.swallow_deliveries();
            if (more == 0) std::this_thread::yield();
            delivered += more;
        }
        worker_.destroy_tasks();
    }
    worker_.await_stragglers();
    shared_.end_blocking();
    worker_.close_drivers();
    shared_.hang_log.summarize();
}

} // namespace rouse::detail
