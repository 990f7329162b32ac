// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/current_thread.hpp"

#include "diag/print.hpp"
#include "rouse/base/frame_cache.hpp"
#include "rouse/task/join_error.hpp"

#include <cstdio>
#include <thread>

namespace rouse::detail {
namespace {

thread_local std::shared_ptr<RuntimeCore>* current_core = nullptr;

// Tasks polled between two looks at the injected tasks' flag are not counted: that is one load. Timers need
// the clock, so they wait for this many.
constexpr std::uint64_t turns_between_timers = 61;

template <class Fn>
void call_hook(Fn&& fn) noexcept {
#if ROUSE_EXCEPTIONS
    try {
        fn();
    } catch (...) { // a hook has nowhere to throw to
    }
#else
    fn();
#endif
}

bool comes_from_a_hang(const std::exception_ptr& error) {
    return JoinError(JoinError::Kind::failed, 0, error).is_lost();
}

} // namespace

const std::shared_ptr<RuntimeCore>* RuntimeCore::current_if_any() noexcept { return current_core; }
const std::shared_ptr<RuntimeCore>& RuntimeCore::current(std::string_view what) {
    if (!current_core) [[unlikely]]
        stop(std::string(what) +
             " outside of a runtime: call it from a task, or use a Handle of the runtime");
    return *current_core;
}

std::shared_ptr<RuntimeCore> make_current_thread(RuntimeOptions options) {
    return std::make_shared<CurrentThread>(std::move(options));
}

CurrentThread::CurrentThread(RuntimeOptions options)
    : TimeDriver(options.paused_clock),
      options_(std::move(options)),
      hang_log_(options_.on_hang),
      poll_log_(options_.poll_log, options_.on_poll),
      self_wake_(options_.self_wake_threshold),
      watched_(options_.long_poll_threshold, options_.on_long_poll) {
    logs_wakes = poll_log_.enabled();
    if (options_.dump_signal) watch_dump_signal(options_.dump_signal, *this);
}

/// This thread drives this runtime, for as long as it lasts.
class CurrentThread::DriveScope {
public:
    explicit DriveScope(CurrentThread& runtime)
        : runtime_(claim(runtime)),
          before_(std::exchange(turn, Turn{})),
          driver_before_(TimeDriver::current()),
          host_before_(IoHost::current()),
          self_(runtime.shared_from_this()),
          core_before_(std::exchange(current_core, &self_)),
          diagnosis_(runtime) {
        runtime.gate.enter();
        turn.driving = true;
        turn.runtime = static_cast<Executor*>(&runtime);
        TimeDriver::set_current(&runtime);
        IoHost::set_current(&runtime);
        runtime.watched_.begin_drive();
    }
    ~DriveScope() {
        runtime_.watched_.end_drive();
        IoHost::set_current(host_before_);
        TimeDriver::set_current(driver_before_);
        current_core = core_before_;
        turn = before_;
        runtime_.gate.leave();
        runtime_.driven_.store(false, memory_order_release);
    }
    DriveScope(const DriveScope&) = delete;
    DriveScope& operator=(const DriveScope&) = delete;

private:
    static CurrentThread& claim(CurrentThread& runtime) {
        if (runtime.driven_.exchange(true, memory_order_acquire))
            stop(
                "a current_thread runtime is driven (or destroyed) by two threads at a time: it has one; use a Handle from the others");
        return runtime;
    }
    CurrentThread& runtime_;
    Turn before_;
    TimeDriver* driver_before_;
    IoHost* host_before_;
    std::shared_ptr<RuntimeCore> self_;
    std::shared_ptr<RuntimeCore>* core_before_;
    DiagnosisScope diagnosis_;
};

// ---- taking tasks in ----

void CurrentThread::spawn(Cell& cell) {
    if (is_here()) {
        if (open) return adopt_new(cell);
        cell.belong_to(*this, next_task_id()); // the runtime is being torn down, and a destructor spawns
        cell.cancel();
        cell.publish(0);
        return;
    }
    // The handle of a task that is spawned from another thread is used there: the joiner's place is shared
    // from the start.
    cell.word().fetch_or(TaskState::join_shared, memory_order_relaxed);
    {
        const std::lock_guard lock(injected_mutex_);
        if (!closed_) {
            cell.belong_to(*this, 0); // 0: to be adopted
            injected_.push_back(&cell);
            has_injected_.store(true, memory_order_release); // [I1]
            parker_.unpark();
            return;
        }
    }
    cell.cancel();
    cell.publish(0);
}

void CurrentThread::inject(Cell& cell) noexcept {
    // The unpark is under the mutex: whoever tears the runtime down takes the mutex before the parker goes.
    const std::lock_guard lock(injected_mutex_);
    injected_.push_back(&cell);
    has_injected_.store(true, memory_order_release); // [I1]
    parker_.unpark();
}

void CurrentThread::schedule_lost(Cell& cell) noexcept {
    {
        const std::lock_guard lock(injected_mutex_);
        lost_notes_.push_back(LostNote{&cell, describe_this_thread()});
    }
    if (cell.is_here()) queue.push(cell);
    else inject(cell);
}

void CurrentThread::note_wake(Cell& cell) noexcept {
    Cell* waker = cell_of(turn.current);
    poll_log_.woken(cell, waker     ? "task " + std::to_string(waker->id())
                          : ending_ ? "the end of task " + std::to_string(*ending_)
                                    : "the runtime (a timer, I/O, or a destructor)");
}

void CurrentThread::take_injected() {
    has_injected_.store(false, memory_order_relaxed);
    std::vector<Cell*> arrived;
    {
        const std::lock_guard lock(injected_mutex_);
        arrived.swap(injected_);
    }
    for (Cell* cell : arrived) {
        if (cell->id() == 0 && cell != root_) {
            adopt_new(*cell);
        } else {
            queue.push(*cell);
        }
        if (logs_wakes) poll_log_.woken(*cell, "another thread");
    }
}

// ---- a turn ----

void CurrentThread::settle() noexcept {
    TaskState* task = turn.settling;
    if (!task) return;
    turn.settling = nullptr;
    auto& cell = static_cast<Cell&>(*task);
    switch (task->settle(turn.settling_delta, turn.settling_woken)) {
    case TaskState::Settled::idle:
        return;
    case TaskState::Settled::again:
        if (logs_wakes) [[unlikely]] {
            if (turn.settling_woken) poll_log_.woken_by_last(cell);
            else poll_log_.woken(cell, "another thread");
        }
        queue.push(cell);
        return;
    case TaskState::Settled::lost:
        queue.push(cell); // S3 set LOST: the poll to come is for the verdict
        return;
    }
}

void CurrentThread::poll(Cell& cell) {
    ++turns_;
    turn.current = &cell;
    turn.delta = 0;
    turn.woken = false;
    turn.yielded = false;

    const std::uint64_t word = cell.begin_poll();
    std::exception_ptr error;
    if (word & (TaskState::aborted | TaskState::lost)) [[unlikely]] {
        if (word & TaskState::aborted) {
            if (word & TaskState::lost) (void)take_lost_note(cell);
            if (logs_wakes) [[unlikely]]
                poll_log_.cancel(cell);
            return end_task(cell, nullptr, true);
        }
        error = diagnose(cell);
        if (!error) { // the policy is to leave it
            turn.current = nullptr;
            settle();
            if (!cell.leave_lost()) queue.push(cell);
            return;
        }
        cell.clear_lost();
        if (logs_wakes) [[unlikely]]
            poll_log_.woken(cell, "nobody, for it hangs");
        if (!cell.strand().has_coroutine()) { // a root that is no coroutine, unless there is one inside of it
            if (!cell.strand().fail_leaf(error)) return end_task(cell, error, false);
            error = nullptr;
        }
    }
    if (logs_wakes) [[unlikely]]
        poll_log_.begin(cell);
    watched_.begin_poll(cell.id());
    const LentWaker waker(&cell);
    Context cx(waker.get());
    const bool finished = cell.strand().poll(cx, error);
    watched_.end_poll();
    if (logs_wakes) [[unlikely]]
        poll_log_.end(finished ? nullptr : &cell,
                      finished ? (error ? "Ready, with an exception" : "Ready") : "Pending");

    if (finished) return end_task(cell, std::move(error), false);

    turn.current = nullptr;
    const std::uint64_t delta = turn.delta;
    const bool woken = turn.woken;
    const bool yielded = turn.yielded;
    settle();
    if (woken || yielded) {
        bool storms = false;
        if (woken && !yielded && !((word | cell.load()) & TaskState::notified)) {
            storms = self_wake_.woke_itself(cell.id(), turns_);
        } else if (self_wake_.suspects_any()) {
            self_wake_.did_not(cell.id());
        }
        if (logs_wakes) [[unlikely]]
            poll_log_.woken(cell, yielded ? "itself (it gave way)" : "itself");
        cell.settle(delta, true);
        queue.push(cell);
        if (storms) [[unlikely]]
            report_self_wake(cell); // its hook may ask for a dump: all counts are in their place
        return;
    }
    if (self_wake_.suspects_any()) [[unlikely]]
        self_wake_.did_not(cell.id());
    turn.settling = &cell;
    turn.settling_delta = delta;
    turn.settling_woken = false;
}

void CurrentThread::end_task(Cell& cell, std::exception_ptr error, bool cancelled) {
    if (error) [[unlikely]]
        return fail_task(cell, std::move(error));
    // Frame, arguments, closure: all die here, while the task still is `current` and ACTIVE, so that nothing
    // in them can be taken for its last waker.
    if (cancelled) cell.cancel();
    else cell.finish(nullptr);
    turn.current = nullptr;
    forget(cell);
    if (cell.outcome() == Outcome::error) [[unlikely]]
        return publish_error(cell); // the move of the result threw
    publish(cell);
    settle();
}

/// Wakes the joiner, which may be the one that is settling.
bool CurrentThread::publish(Cell& cell) noexcept {
    if (!logs_wakes) [[likely]]
        return cell.publish(turn.delta);
    ending_ = cell.id();
    const bool has_handle = cell.publish(turn.delta);
    ending_.reset();
    return has_handle;
}

void CurrentThread::fail_task(Cell& cell, std::exception_ptr error) {
    cell.finish(std::move(error));
    turn.current = nullptr;
    forget(cell);
    publish_error(cell);
}

void CurrentThread::publish_error(Cell& cell) {
    UnhandledReport report;
    report.task_id = cell.id();
    report.task_name = cell.name();
    report.spawned_at = cell.spawned_at();
    report.error = cell.error();
    const bool has_handle = publish(cell);
    settle();
    if (has_handle || comes_from_a_hang(report.error)) return;
    call_hook([&] {
        if (options_.on_unhandled) options_.on_unhandled(report);
        else print_report(format_report(report));
    });
}

void CurrentThread::between_polls() {
    settle(); // a visitor reads the counts of all tasks
    gate.make_way();
    if (dump_requested_.load(memory_order_relaxed)) [[unlikely]]
        maybe_dump();
    if (timers() != 0) fire_due();
    if (turns_ - births_at_ > 10'000) {
        births_at_ = turns_;
        births_.add(last_task_id(), std::chrono::steady_clock::now());
    }
}

void CurrentThread::drive(Cell& root) {
    if (turn.driving || turn.current) [[unlikely]]
        stop(
            "block_on inside of a task: this thread is driving a future already; co_await it, or spawn it and await the handle");
    const DriveScope scope(*this);
    root_ = &root;
    births_.add(last_task_id(), std::chrono::steady_clock::now());
    root.belong_to(*this, 0);
    adopt(root);
    QuiescenceWatch quiet(options_.deadlock_grace);
    std::optional<QuiescenceReport> deadlock;
    // The root's handle, which our caller holds, keeps the cell: its word may be read to the end.
    while (!(root.load() & TaskState::done)) {
        if (has_injected_.load(memory_order_acquire)) [[unlikely]]
            take_injected(); // [I2]
        if (Cell* cell = queue.pop()) [[likely]] {
            poll(*cell);
            if (turns_ % turns_between_timers == 0) {
                between_polls();
                if (io_) look_at_io();
            }
            continue;
        }
        settle();
        between_polls();
        if (!queue.empty() || has_injected_.load(memory_order_acquire)) continue;
        if (idle(quiet)) continue;
        if (!deadlock) {
            deadlock = pending_tasks();
            deadlock->proven = true;
            if (options_.hang_policy != HangPolicy::throw_error) {
                call_hook([&] {
                    if (options_.on_suspicion) options_.on_suspicion(*deadlock);
                    else print_report(format_report(*deadlock));
                });
                if (options_.hang_policy == HangPolicy::abort)
                    stop("the runtime is deadlocked, and the hang policy is abort");
                deadlock.reset();
                quiet.told();
                continue;
            }
            root.abort();
        }
    }
    settle();
    root_ = nullptr;
    maybe_dump(); // one that was asked for while the last polls ran
    if (deadlock) throw_deadlock(std::move(*deadlock));
}

bool CurrentThread::idle(QuiescenceWatch& quiet) {
    std::optional<Instant> deadline = next_wakeup();
    if (deadline && paused()) {
        if (io_ && io_->registrations() != 0 && io_->poll_now() != 0) return true;
        advance_to(*deadline);
        return true;
    }
    if (deadline) deadline = to_steady(*deadline);
    if (turns_ != quiet_turns_) {
        quiet_turns_ = turns_;
        quiet.disturbed();
        if (turns_ - trimmed_at_ > 1000) {
            trimmed_at_ = turns_;
            FrameCache::trim();
        }
    }
    bool look = false;
    if (!deadline && alive_tasks() > 0 && !(io_ && io_->seems_awaited())) {
        if (const auto until = quiet.until_look()) {
            deadline = std::chrono::steady_clock::now() + *until;
            look = true;
        }
    }
    births_.add(last_task_id(), std::chrono::steady_clock::now());
    if (park(deadline) || !look || turns_ != quiet_turns_) return true;
    if (io_ && io_->anyone_waits()) { // and may be woken by what comes from outside
        quiet.not_now();
        return true;
    }
    std::string why;
    switch (quiet.look(why)) {
    case QuiescenceWatch::Verdict::wait:
        return true;
    case QuiescenceWatch::Verdict::suspect: {
        if (!options_.on_suspicion) return true;
        QuiescenceReport report = pending_tasks();
        if (report.tasks.empty()) return true;
        report.why_not_proven = std::move(why);
        call_hook([&] { options_.on_suspicion(report); });
        return true;
    }
    case QuiescenceWatch::Verdict::proven:
        return pending_tasks().tasks.empty();
    }
    return true;
}

// ---- the end ----

void CurrentThread::shutdown() noexcept {
    {
        const std::lock_guard lock(injected_mutex_);
        if (closed_) return;
        closed_ = true; // no more spawns; wakes still are delivered
    }
    if (is_here()) stop("a Runtime was destroyed by one of its own tasks");
    if (options_.dump_signal) unwatch_dump_signal(*this);
    {
        const DriveScope scope(*this);
        open = false;
        take_injected();
        settle();
        // Every task is marked first, and made ACTIVE: destroying one may drop the last waker of another, or
        // wake it, and neither may lead to anything now.
        std::size_t owed = 0; // deliveries: tasks that somebody else made ACTIVE
        cells.for_each([&](Cell& cell) {
            const std::uint64_t before =
                cell.word().fetch_or(TaskState::aborted | TaskState::active, memory_order_acq_rel);
            if (before & TaskState::active) ++owed;
        });
        // Who made one ACTIVE delivers it to the queue or, from another thread, to `injected_`; that thread
        // may be on its way there.
        for (std::size_t delivered = 0; delivered < owed;) {
            while (queue.pop()) ++delivered;
            take_injected();
            if (queue.empty() && delivered < owed) std::this_thread::yield();
        }
        while (Cell* cell = cells.front()) {
            turn.current = cell;
            turn.delta = 0;
            cell->cancel();
            turn.current = nullptr;
            forget(*cell);
            cell->publish(turn.delta);
        }
    }
    if (io_) io_->shutdown();
    TimeDriver::close();
    hang_log_.summarize();
}

} // namespace rouse::detail
