// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/fork.hpp"
#include "diag/hang_log.hpp"
#include "rouse/base/gate.hpp"
#include "rouse/base/parker.hpp"
#include "rouse/io/blocking.hpp"
#include "rouse/io/driver.hpp"
#include "rouse/runtime/core.hpp"
#include "rouse/runtime/metrics.hpp"
#include "rouse/runtime/options.hpp"
#include "rouse/time/driver.hpp"
#include "runtime/arrivals.hpp"
#include "runtime/birth_log.hpp"
#include "runtime/lost_notes.hpp"
#include "runtime/poll_log.hpp"
#include "runtime/self_wake.hpp"
#include "runtime/watchdog.hpp"

#include <array>
#include <mutex>
#include <optional>
#include <vector>

namespace rouse::detail {

class Crew;
class ThreadPool;

/// Nanoseconds of the steady clock.
inline std::int64_t steady_ns() noexcept {
    return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// What the workers of one runtime have in common.
class Shared {
public:
    explicit Shared(RuntimeOptions options) : options(std::move(options)), hang_log(this->options.on_hang) {}
    RuntimeOptions options;
    HangLog hang_log;
    Atomic<std::uint64_t> hangs{0};
    ProcessMark process;

    /// The pool for blocking calls, made here when it is needed first. From any thread.
    std::shared_ptr<BlockingPool> blocking_pool();
    /// Zero before there is one. From any thread.
    [[nodiscard]] BlockingMetrics blocking_metrics() const noexcept;
    /// A blocking call waits or runs.
    [[nodiscard]] bool is_blocking() noexcept;
    const io::Backend io_backend = resolve_backend(options.io_backend);
    /// A worker's driver of I/O.
    Result<std::shared_ptr<IoDriver>> make_io_driver();
    /// Why it is another than was asked for; empty: it is not. From any thread.
    [[nodiscard]] std::string io_fallback() const;
    /// The end: what waits there is refused, and what runs is waited for, for a while.
    void end_blocking() noexcept;

private:
    mutable std::mutex io_fallback_mutex_;
    std::string io_fallback_;
    mutable std::mutex pool_mutex_;
    std::shared_ptr<ThreadPool> pool_;
};

/// A thread's worth of a runtime: the tasks that it is to poll, its timers, and what it knows about them. The
/// thread that drives it may change between two drives (block_on here, then there), never during one.
///
/// A turn: take a task from the queue, poll it, settle the one before (see Turn). Between two polls come,
/// when they are due, tasks that other threads sent, visitors at the gate, timers. With an empty queue the
/// thread parks until the next timer or an `unpark`.
///
/// Alone it is all of a `current_thread` runtime. In a crew its tasks may be polled by the others, too: see
/// crew.hpp.
class Worker final : public Executor, public TimeDriver, public IoHost, public Diagnosis {
public:
    explicit Worker(Shared& shared);
    Worker(Shared& shared, Crew& crew, unsigned number, const Worker* first);

    /// The calling thread drives this worker, for as long as it lasts.
    class DriveScope;

    /// Polls tasks until `until` is done or none is runnable; without `until`, for some turns at most.
    /// Between the polls everything else that is due is done.
    void run(const Cell* until);
    [[nodiscard]] std::uint64_t turns() const noexcept { return turns_; }
    /// Whether tasks wait to be taken in.
    [[nodiscard]] bool has_arrivals() const noexcept { return arrivals_.any(); }
    [[nodiscard]] bool has_work() noexcept;
    /// Sleeps until an unpark, an event of I/O, or the deadline. True: something came.
    bool park(std::optional<Instant> steady_deadline);
    void unpark() noexcept { parker_.unpark(); }
    /// Goes to sleep in the driver as far as others can tell: an unpark makes its descriptor readable. False:
    /// there was one already. Until `stand_up`.
    bool lie_down(ParkDevice& device) noexcept { return parker_.lie_down(device); }
    void stand_up() noexcept { parker_.stand_up(); }
    void settle() noexcept;
    /// The driver of I/O, or null.
    [[nodiscard]] IoDriver* io() const noexcept { return io_.get(); }

    // ---- from any thread ----

    /// Takes a new task in. False: the worker is closed.
    bool send_new(Cell& cell);
    /// As `inject`; also for local tasks, and such as a busy worker of the crew gives away.
    void send(Cell& cell) noexcept;
    void send_all(const std::vector<Cell*>& cells) noexcept { arrivals_.add_all(cells); }
    /// In a crew: a task that was taken in here has ended elsewhere.
    void take_back(Cell& cell) noexcept;
    /// In a crew: `run` is to see that the crew is stopping, after the poll that it is in.
    void look_up() noexcept { arrivals_.nudge(); }
    /// No more new tasks from other threads. False: it was closed before.
    bool close() noexcept { return arrivals_.close(); }

    [[nodiscard]] bool is_here() const noexcept { return turn.runtime == static_cast<const Executor*>(this); }
    /// The dump goes to stderr at the next turn. Safe in a signal handler.
    void request_dump() noexcept {
        dump_requested_.store(true, memory_order_release);
        parker_.unpark();
    }
    [[nodiscard]] bool is_asked_for_dump() const noexcept {
        return dump_requested_.load(memory_order_relaxed);
    }
    /// True: it was asked for, and is the caller's to write.
    bool take_dump_request() noexcept { return dump_requested_.exchange(false, memory_order_acq_rel); }
    void maybe_dump();
    [[nodiscard]] RuntimeDump dump_here();
    [[nodiscard]] QuiescenceReport pending_tasks();
    [[nodiscard]] const WatchedThread& watched() const noexcept { return watched_; }
    /// The driving thread, in a poll that is about to block and says so: its tasks go to the others, and the
    /// poll is not reported as a long one. False: there are no others.
    bool begin_blocking() noexcept;
    void end_blocking() noexcept { watched_.allow_long_poll(false); }
    void note_births() { births_.add(last_task_id(), std::chrono::steady_clock::now()); }
    void trim_now_and_then();

    /// The end of the runtime; the driving thread, of all its workers one after another. First all tasks are
    /// marked,
    std::size_t mark_for_end() noexcept;
    /// then all deliveries that are owed are swallowed: their number.
    std::size_t swallow_deliveries() noexcept;
    /// After that nobody is in its arrivals any more.
    void await_stragglers() const noexcept { arrivals_.await_stragglers(); }
    /// then they are destroyed.
    void destroy_tasks() noexcept;

    /// For dumps: the driving thread is inside while it may poll.
    Gate gate;

    // Executor
    void inject(Cell& cell) noexcept override;
    void schedule_lost(Cell& cell, std::string by) noexcept override;
    void note_wake(Cell& cell) noexcept override;
    void deliver_in_crew(Cell& cell) noexcept override;
    void adopt_in_crew(Cell& cell) override;
    // TimeDriver
    void interrupt() noexcept override { parker_.unpark(); }
    // IoHost
    Result<std::shared_ptr<IoDriver>> io_driver() override;
    std::shared_ptr<BlockingPool> blocking_pool() override { return shared_.blocking_pool(); }
    std::shared_ptr<IoDriver> file_driver() override;
    // Diagnosis
    HangPolicy hang_policy() const noexcept override { return shared_.options.hang_policy; }
    void hang(HangReport& report) override;
    void cycle(const LockCycle& cycle, std::string (&text)(const LockCycle&)) override;

    /// What this worker did. Written by its thread, read by any.
    class Counters {
    public:
        Atomic<std::uint64_t> polls{0};
        Atomic<std::uint64_t> parks{0};
        Atomic<std::uint64_t> shared{0}; // tasks given to others
        Atomic<std::uint64_t> lifo{0};   // polls of a task that came by the LIFO slot
        Atomic<std::uint64_t> queued{0}; // as of the last look
        // Twice the nanoseconds that it was awake; or, odd, when it is: twice the time at which it would have
        // come awake if it had not slept since. In one word, so that none is lost or counted twice when it
        // goes to sleep while somebody asks.
        Atomic<std::uint64_t> busy{0};
        std::array<Atomic<std::uint64_t>, std::tuple_size_v<PollTimes>> poll_times{};
    };
    Counters counters;
    static void add(Atomic<std::uint64_t>& counter, std::uint64_t more = 1) noexcept {
        counter.store(counter.load(memory_order_relaxed) + more, memory_order_relaxed);
    }
    void add_to(RuntimeMetrics& runtime) const;

    // ---- in a crew ----

    const unsigned number;
    /// It sleeps for want of work, and may be claimed: see Crew.
    Atomic<bool> asleep{false};
    /// The driving thread, between two polls: half of what is queued, for another worker, if that has been
    /// much for a while. Nothing otherwise.
    void take_surplus(std::vector<Cell*>& out) noexcept;
    /// The driving thread, without the lock: there is nothing to share.
    [[nodiscard]] bool has_no_surplus() noexcept {
        if (queued_ >= 2) return false;
        surplus_ = 0;
        return true;
    }
    /// The driving thread, in a poll that is going to block: all of it.
    void take_everything(std::vector<Cell*>& out) noexcept;
    /// Any other thread, while this one is stuck in a long poll: all that is queued and may move.
    void take_all(std::vector<Cell*>& out) noexcept;
    /// The same for what its descriptors are ready for: wakes who waits for them.
    void dispatch_io_for() noexcept;
    /// Any thread: tasks were sent here that are to be polled, not only to be let go of.
    [[nodiscard]] bool was_sent_tasks() noexcept { return arrivals_.any_to_poll(); }
    /// Any thread: some task waits for I/O here.
    [[nodiscard]] bool awaits_io() const noexcept {
        IoDriver* const io = io_of_others_.load(memory_order_acquire);
        return io && io->anyone_waits();
    }
    /// Of the thread that drives; 0: none yet.
    Atomic<long> thread_id{0};
    /// At the end of the runtime: who waits for a timer or a descriptor is woken.
    void close_drivers() noexcept;

private:
    friend class Crew;

    Cell* next_in_crew() noexcept;
    void take_queued(std::vector<Cell*>& out) noexcept;
    void take_arrivals();
    template <bool Observed>
    bool poll(Cell& cell);
    bool poll_observed(Cell& cell);
    void begin_observed(const Cell& cell);
    void end_observed(const Cell* pending, std::string_view result);
    bool judge(Cell& cell, std::uint64_t word, std::exception_ptr& error);
    void end_task(Cell& cell, bool cancelled);
    void fail_task(Cell& cell, std::exception_ptr error);
    void publish_error(Cell& cell);
    bool publish(Cell& cell) noexcept;
    bool publish_away(Cell& cell) noexcept;
    void log_settled(const Cell& cell);
    void requeue(Cell& cell) noexcept;
    void requeue_in_crew(Cell& cell) noexcept;
    /// The error for a task that is lost; null: leave it.
    std::exception_ptr diagnose(Cell& cell);
    static std::string take_lost_note(const Cell& cell);
    void between_polls();
    void look_at_io();
    void note_counters() noexcept;
    void awake(bool now) noexcept;
    void report_self_wake(Cell& cell);
    TaskDump dump_task(const Cell& cell) const;
    [[nodiscard]] bool is_polled(const Cell& cell) const;

    Shared& shared_;
    Crew* const crew_;
    const bool times_polls_;
    std::int64_t poll_began_ = 0;
    Parker parker_;
    std::shared_ptr<IoDriver> io_; // made when it is needed first
    Atomic<IoDriver*> io_of_others_{nullptr};
    std::mutex io_mutex_; // in a crew: over its `wait` and `dispatch`
    Instant io_looked_at_;
    PollLog poll_log_;
    std::optional<std::uint64_t> ending_; // with logs_wakes: the task whose end is being published
    SelfWakeWatch self_wake_;
    WatchedThread watched_;
    std::uint64_t turns_ = 0;
    Atomic<bool> driven_{false};
    Atomic<bool> dump_requested_{false};
    std::uint64_t trimmed_at_ = 0;
    BirthLog births_;
    std::uint64_t births_at_ = 0;

    // In a crew: under TimeDriver::lock_, as the queue. The task to be polled next: what the poll before it
    // woke, whose data still is in the cache. A bound keeps two that wake each other from having it all.
    Cell* lifo_ = nullptr;
    static constexpr unsigned lifo_bound = 3; // polls in a row
    unsigned lifo_streak_ = 0;
    std::size_t surplus_ = 0; // the sum of what was queued, turn by turn, while somebody idled
    // Of the driving thread: what was queued when it last put or took one; a visitor may have taken all
    // since.
    std::size_t queued_ = 0;
    RunQueue local_; // of the driving thread: tasks that stay

    Arrivals arrivals_{parker_};
    LostNotes lost_notes_;
};

class Worker::DriveScope {
public:
    DriveScope(Worker& worker, std::shared_ptr<RuntimeCore> core);
    ~DriveScope();
    DriveScope(const DriveScope&) = delete;
    DriveScope& operator=(const DriveScope&) = delete;

private:
    static Worker& claim(Worker& worker);
    Worker& worker_;
    Turn before_;
    TimeDriver* driver_before_;
    IoHost* host_before_;
    std::shared_ptr<RuntimeCore> core_;
    std::shared_ptr<RuntimeCore>* core_before_;
    DiagnosisScope diagnosis_;
};

} // namespace rouse::detail
