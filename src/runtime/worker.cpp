// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/worker.hpp"

#include "diag/print.hpp"
#include "rouse/base/frame_cache.hpp"
#include "rouse/task/join_error.hpp"
#include "runtime/crew.hpp"
#include "runtime/hook.hpp"

#include <algorithm>
#include <bit>
#include <thread>

namespace rouse::detail {
namespace {

thread_local std::shared_ptr<RuntimeCore>* current_core = nullptr;

// Timers need the clock, and visitors a look at a word of theirs, so they wait for this many turns.
constexpr std::uint32_t turns_between_looks = 61;
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

Worker::Worker(Shared& shared)
    : TimeDriver(shared.options.paused_clock),
      number(0),
      shared_(shared),
      crew_(nullptr),
      times_polls_(shared.options.poll_times),
      poll_log_(shared.options.poll_log, shared.options.on_poll),
      self_wake_(shared.options.self_wake_threshold),
      watched_(shared.options.long_poll_threshold, shared.options.on_long_poll) {
    logs_wakes = poll_log_.enabled();
}

Worker::Worker(Shared& shared, Crew& crew, unsigned number, const Worker* first)
    : Executor(InCrew(), first),
      TimeDriver(false),
      number(number),
      shared_(shared),
      crew_(&crew),
      times_polls_(shared.options.poll_times),
      poll_log_(shared.options.poll_log, shared.options.on_poll),
      self_wake_(shared.options.self_wake_threshold),
      watched_(shared.options.long_poll_threshold, shared.options.on_long_poll) {
    logs_wakes = poll_log_.enabled();
}

Worker& Worker::DriveScope::claim(Worker& worker) {
    if (worker.driven_.exchange(true, memory_order_acquire))
        stop(
            "a current_thread runtime is driven (or destroyed) by two threads at a time: it has one; use a Handle from the others");
    return worker;
}

Worker::DriveScope::DriveScope(Worker& worker, std::shared_ptr<RuntimeCore> core)
    : worker_(claim(worker)),
      before_(std::exchange(turn, Turn{})),
      driver_before_(TimeDriver::current()),
      host_before_(IoHost::current()),
      core_(std::move(core)),
      core_before_(std::exchange(current_core, &core_)),
      diagnosis_(worker) {
    worker.gate.enter();
    turn.driving = true;
    turn.runtime = static_cast<Executor*>(&worker);
    turn.crew = worker.crew();
    TimeDriver::set_current(&worker);
    IoHost::set_current(&worker);
    worker.awake(true);
    worker.watched_.begin_drive();
}

Worker::DriveScope::~DriveScope() {
    worker_.watched_.end_drive();
    worker_.note_counters();
    worker_.awake(false);
    (void)worker_.next_wakeup(); // sleeps count from here on, not from the next drive
    IoHost::set_current(host_before_);
    TimeDriver::set_current(driver_before_);
    current_core = core_before_;
    turn = before_;
    worker_.gate.leave();
    worker_.driven_.store(false, memory_order_release);
}

// ---- what other threads send ----

bool Worker::send_new(Cell& cell) {
    // The handle of a task that is spawned from another thread is used there: the joiner's place is shared
    // from the start.
    cell.word().fetch_or(TaskState::join_shared, memory_order_relaxed);
    return arrivals_.add_new(cell, *this);
}

void Worker::send(Cell& cell) noexcept { arrivals_.add(cell, Arrivals::Kind::woken); }

void Worker::take_back(Cell& cell) noexcept { arrivals_.add(cell, Arrivals::Kind::ended); }

void Worker::inject(Cell& cell) noexcept {
    if (crew_ && !cell.is_local()) crew_->inject(cell);
    else send(cell);
}

void Worker::schedule_lost(Cell& cell, std::string by) noexcept {
    lost_notes_.add(cell, std::move(by));
    if (!cell.is_here()) inject(cell);
    else if (in_crew()) static_cast<Executor*>(turn.runtime)->deliver(cell);
    else queue.push(cell);
}

void Worker::note_wake(Cell& cell) noexcept {
    Cell* waker = running_cell();
    poll_log_.woken(cell, waker     ? "task " + std::to_string(waker->id())
                          : ending_ ? "the end of task " + std::to_string(*ending_)
                                    : "the runtime (a timer, I/O, or a destructor)");
}

void Worker::take_arrivals() {
    for (const auto& [cell, kind] : arrivals_.take()) {
        switch (kind) {
        case Arrivals::Kind::ended:
            cell->unlink(); // it was counted where it ended
            cell->drop_reference();
            continue;
        case Arrivals::Kind::fresh:
            adopt_new(*cell);
            break;
        case Arrivals::Kind::woken:
            requeue(*cell);
            break;
        }
        if (logs_wakes) poll_log_.woken(*cell, "another thread");
    }
}

// ---- the queue ----

/// To the end of the queue.
inline void Worker::requeue(Cell& cell) noexcept {
    if (crew_) return requeue_in_crew(cell);
    queue.push(cell);
}

inline Cell* Worker::next_in_crew() noexcept {
    const OwnerLock::Scope lock(lock_);
    if (!local_.empty() && (turns_ % 2 == 0 || (queue.empty() && !lifo_))) [[unlikely]]
        return local_.pop();
    if (lifo_) {
        if (lifo_streak_ < lifo_bound || queue.empty()) {
            ++lifo_streak_;
            add(counters.lifo);
            return std::exchange(lifo_, nullptr);
        }
        queue.reserve(queue.size() + 1);
        queue.push(*std::exchange(lifo_, nullptr));
    }
    lifo_streak_ = 0;
    Cell* const next = queue.pop();
    queued_ = queue.size();
    return next;
}

// ---- a turn ----

void Worker::settle() noexcept {
    TaskState* task = turn.settling;
    if (!task) return;
    turn.settling = nullptr;
    auto& cell = static_cast<Cell&>(*task);
    switch (task->settle(turn.settling_delta, turn.settling_woken)) {
    case TaskState::Settled::idle:
        return;
    case TaskState::Settled::again:
        if (logs_wakes) [[unlikely]]
            log_settled(cell);
        break;
    case TaskState::Settled::lost: // S3 set LOST: the poll to come is for the verdict
        break;
    }
    requeue(cell);
}

ROUSE_COLD void Worker::log_settled(const Cell& cell) {
    if (turn.settling_woken) poll_log_.woken_by_last(cell);
    else poll_log_.woken(cell, "another thread");
}

/// True: a task has ended.
template <bool Observed>
ROUSE_ALWAYS_INLINE bool Worker::poll(Cell& cell) {
    ++turns_;
    turn.current = &cell;
    turn.delta = 0;
    turn.woken = false;
    turn.yielded = false;

    const std::uint64_t word = cell.begin_poll();
    // From here to the end of what runs code of the user's: destructors take as long as polls.
    watched_.begin_poll(turns_, cell.id());
    std::exception_ptr error;
    if (word & (TaskState::aborted | TaskState::lost)) [[unlikely]]
        if (!judge(cell, word, error)) return true;
    if (Observed) begin_observed(cell);
    const LentWaker waker(&cell);
    Context cx(waker.get());
    const bool finished = cell.strand().poll(cx, error);
    if (Observed)
        end_observed(finished ? nullptr : &cell,
                     finished ? (error ? "Ready, with an exception" : "Ready") : "Pending");

    if (finished) {
        if (error) [[unlikely]]
            fail_task(cell, std::move(error));
        else end_task(cell, false);
        return true;
    }

    watched_.end_poll();
    turn.current = nullptr;
    const std::uint64_t delta = turn.delta;
    const bool woken = turn.woken;
    const bool yielded = turn.yielded;
    if (turn.settling) settle();
    if (woken || yielded) {
        bool storms = false;
        if (woken && !yielded && !((word | cell.load()) & TaskState::notified)) {
            storms = self_wake_.woke_itself(cell.id(), turns_);
        } else if (self_wake_.suspects_any()) {
            self_wake_.did_not(cell.id());
        }
        if (Observed) poll_log_.woken(cell, yielded ? "itself (it gave way)" : "itself");
        cell.settle(delta, true);
        if (storms) [[unlikely]]
            report_self_wake(cell); // its hook may ask for a dump: all counts are in their place
        requeue(cell);
        return false;
    }
    if (self_wake_.suspects_any()) [[unlikely]]
        self_wake_.did_not(cell.id());
    turn.settling = &cell;
    turn.settling_delta = delta;
    turn.settling_woken = false;
    // Others of the crew may wake it, and must find it while we are in a poll that takes long.
    if (crew_) settle();
    return false;
}

/// Of a task that is aborted or lost. False: there is nothing to poll any more. `error`: to be thrown at its
/// await.
bool Worker::judge(Cell& cell, std::uint64_t word, std::exception_ptr& error) {
    if (word & TaskState::aborted) {
        if (word & TaskState::lost) (void)take_lost_note(cell);
        if (logs_wakes) poll_log_.cancel(cell);
        end_task(cell, true);
        return false;
    }
    error = diagnose(cell);
    if (!error) { // the policy is to leave it
        watched_.end_poll();
        turn.current = nullptr;
        settle();
        if (!cell.leave_lost()) requeue(cell);
        return false;
    }
    cell.clear_lost();
    if (logs_wakes) poll_log_.woken(cell, "nobody, for it hangs");
    if (cell.strand().has_coroutine()) return true;
    // A root that is no coroutine, unless there is one inside of it.
    if (cell.strand().fail_leaf(error)) {
        error = nullptr;
        return true;
    }
    fail_task(cell, std::move(error));
    return false;
}

/// One that has not failed.
void Worker::end_task(Cell& cell, bool cancelled) {
    // Frame, arguments, closure: all die here, while the task still is `current` and ACTIVE, so that nothing
    // in them can be taken for its last waker.
    if (cancelled) cell.cancel();
    else cell.cell_ops().finish(cell);
    watched_.end_poll();
    turn.current = nullptr;
    if (cell.outcome() == Outcome::error) [[unlikely]]
        return publish_error(cell); // the move of the result threw
    publish(cell);
    if (turn.settling) settle();
}

/// Wakes the joiner, which may be the one that is settling.
inline bool Worker::publish(Cell& cell) noexcept {
    if (logs_wakes) [[unlikely]]
        ending_ = cell.id();
    Executor::count(ended);
    bool has_handle;
    if (crew_ && &cell.executor() != this) {
        has_handle = publish_away(cell);
    } else {
        forget(cell);
        has_handle = cell.publish(turn.delta);
    }
    if (logs_wakes) [[unlikely]]
        ending_.reset();
    return has_handle;
}

/// Of a task that was taken in by another worker: that has it in a list, and lets go of it there.
bool Worker::publish_away(Cell& cell) noexcept {
    auto& home = static_cast<Worker&>(cell.executor());
    const bool has_handle = cell.publish(turn.delta, true);
    home.take_back(cell);
    return has_handle;
}

void Worker::fail_task(Cell& cell, std::exception_ptr error) {
    cell.finish(std::move(error));
    watched_.end_poll();
    turn.current = nullptr;
    publish_error(cell);
}

void Worker::publish_error(Cell& cell) {
    UnhandledReport report;
    report.task_id = cell.id();
    report.task_name = cell.name();
    report.spawned_at = cell.spawned_at();
    report.error = cell.error();
    const bool has_handle = publish(cell);
    settle();
    if (has_handle || comes_from_a_hang(report.error)) return;
    call_hook([&] {
        if (shared_.options.on_unhandled) shared_.options.on_unhandled(report);
        else print_report(format_report(report));
    });
}

void Worker::between_polls() {
    shared_.process.refuse_fork();
    settle(); // a visitor reads the counts of all tasks
    gate.make_way();
    if (is_asked_for_dump()) [[unlikely]]
        maybe_dump();
    if (timers() != 0) fire_due();
    if (io_) look_at_io();
    note_counters();
    if (turns_ - births_at_ > 10'000) {
        births_at_ = turns_;
        note_births();
    }
}

bool Worker::poll_observed(Cell& cell) { return poll<true>(cell); }

void Worker::begin_observed(const Cell& cell) {
    if (logs_wakes) poll_log_.begin(cell);
    if (times_polls_) poll_began_ = steady_ns();
}

void Worker::end_observed(const Cell* pending, std::string_view result) {
    if (times_polls_) {
        const auto microseconds = static_cast<std::uint64_t>(steady_ns() - poll_began_) / 1000;
        add(counters.poll_times[std::min<std::size_t>(std::bit_width(microseconds),
                                                      counters.poll_times.size() - 1)]);
    }
    if (logs_wakes) poll_log_.end(pending, result);
}

void Worker::run(const Cell* until) {
    // What the loop asks for in each turn, and nobody changes.
    Crew* const crew = crew_;
    const bool observed = logs_wakes || times_polls_;
    for (;;) {
        if (has_arrivals()) [[unlikely]] {
            take_arrivals();
            if (crew && crew->is_stopping()) return;
        }
        Cell* const cell = crew ? next_in_crew() : queue.pop();
        if (!cell) [[unlikely]]
            break;
        const bool ended = observed ? poll_observed(*cell) : poll<false>(*cell);
        if (crew) {
            if (crew->anyone_idle() && !has_no_surplus()) [[unlikely]]
                crew->share(*this);
        }
        // Before anything that may end the turn: if more comes in each time, timers and I/O have their turn,
        // too.
        if (--turns_to_look_ == 0) [[unlikely]] {
            turns_to_look_ = turns_between_looks;
            between_polls();
            if (!until) return;
        }
        if (crew && crew->has_injected()) [[unlikely]]
            return; // to take some of that in
        // After the look: somebody may call again and again for roots that end in their first poll.
        if (ended && until && (until->load() & TaskState::done)) [[unlikely]]
            return;
    }
    settle();
    between_polls();
}

bool Worker::begin_blocking() noexcept {
    if (!crew_) return false;
    watched_.allow_long_poll(true);
    crew_->give_away(*this);
    return true;
}

void Worker::trim_now_and_then() {
    if (turns_ - trimmed_at_ <= 1000) return;
    trimmed_at_ = turns_;
    FrameCache::trim();
}

// ---- the end ----

std::size_t Worker::mark_for_end() noexcept {
    open = false;
    take_arrivals();
    settle();
    // Every task is marked first, and made ACTIVE: destroying one may drop the last waker of another, or wake
    // it, and neither may lead to anything now.
    std::size_t owed = 0; // deliveries: tasks that somebody else made ACTIVE
    cells.for_each([&](Cell& cell) {
        const std::uint64_t before =
            cell.word().fetch_or(TaskState::aborted | TaskState::active, memory_order_acq_rel);
        if (before & TaskState::active) ++owed;
    });
    return owed;
}

std::size_t Worker::swallow_deliveries() noexcept {
    std::size_t swallowed = 0;
    take_arrivals();
    while (queue.pop()) ++swallowed;
    while (local_.pop()) ++swallowed;
    if (std::exchange(lifo_, nullptr)) ++swallowed;
    return swallowed;
}

void Worker::destroy_tasks() noexcept {
    while (Cell* cell = cells.front()) {
        turn.current = cell;
        turn.delta = 0;
        cell->cancel();
        turn.current = nullptr;
        forget(*cell);
        Executor::count(ended);
        cell->publish(turn.delta);
    }
}

} // namespace rouse::detail
