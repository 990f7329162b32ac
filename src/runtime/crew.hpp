// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/monitor.hpp"
#include "runtime/stragglers.hpp"
#include "runtime/worker.hpp"

#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace rouse::detail {

/// The workers of one multi-threaded runtime, and how work comes to be spread over them.
///
/// A worker's queue is its own: pushing and popping cost a few plain instructions, and a task that is woken
/// stays where the waking code ran. Nobody steals from a worker that is well; it *shares*. A worker without
/// work says so and sleeps; a worker with more than it is polling sees that in its next turn, claims the
/// sleeper by clearing its flag, sends it half of its queue and wakes it. (Private queues and sharing on
/// request: Acar, Charguéraud, Rainey, PPoPP 2013.) It has a little patience first, or two tasks that are
/// both short would be thrown to and fro.
///
/// A worker that is stuck in a long poll cannot share. The monitor, a thread that looks at each worker every
/// few milliseconds while any is busy, visits it (see OwnerLock) and takes its queue away, fires its timers
/// and dispatches its I/O, as long as the poll lasts. If no other worker has time for what it finds there, it
/// puts a spare one to work.
///
/// [P1] A worker without work sets its `asleep` and counts itself in `idle_`, then looks again at the
/// injected tasks and its own arrivals. [P2] inject pushes and sets `has_injected_`, then looks at `idle_`.
/// Both are seq_cst: one of the two sees the other. Who clears an `asleep` counts its worker out, and owes it
/// an `unpark`.
class Crew {
public:
    Crew(Shared& shared, unsigned workers, DeadlockTeller& teller);
    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;

    /// Starts the threads; each drives one worker, as part of `core`.
    void start(const std::shared_ptr<RuntimeCore>& core);
    /// Ends them: each after the poll that it is in.
    void stop_threads() noexcept;

    /// From a thread that is not of the crew: a task became ACTIVE.
    void inject(Cell& cell) noexcept;
    /// The same for a new task. False: the crew is closed.
    bool inject_new(Cell& cell);
    [[nodiscard]] bool is_stopping() const noexcept { return stopping_.load(memory_order_acquire); }
    [[nodiscard]] bool anyone_idle() const noexcept { return idle_.load(memory_order_relaxed) > 0; }
    std::uint64_t next_id_block(std::uint64_t ids) noexcept {
        return next_id_.fetch_add(ids, memory_order_relaxed);
    }
    [[nodiscard]] const std::vector<std::unique_ptr<Worker>>& workers() const noexcept { return workers_; }
    /// The calling worker has more than it is polling, perhaps, while somebody is idle.
    void share(Worker& worker) noexcept;
    /// The calling worker is about to block: its tasks go to the others.
    void give_away(Worker& from) noexcept;

    /// No more new tasks. False: it was closed before.
    bool close() noexcept;

    // ---- for the monitor ----

    /// Workers that are not spare: the first ones.
    [[nodiscard]] unsigned regular() const noexcept { return regular_; }
    [[nodiscard]] bool all_idle() const noexcept;
    [[nodiscard]] bool has_injected() const noexcept { return has_injected_.load(memory_order_seq_cst); }
    /// Tasks are pending, and no timer, no I/O and no task that was sent will wake a worker.
    [[nodiscard]] bool nothing_can_come() const noexcept;
    /// Counts all polls, up to the last time that each worker went to sleep.
    [[nodiscard]] std::uint64_t turns() const noexcept;
    /// As `inject`, for what was taken from a worker that is stuck, or about to block.
    void inject_all(const std::vector<Cell*>& cells) noexcept;
    /// All regular workers are stuck: a spare one is started, or woken.
    void use_spare();

    // ---- at the end ----

    /// At the end, when the threads are gone: see Worker::swallow_deliveries.
    std::size_t swallow_deliveries() noexcept;
    /// After that nobody is in the crew any more.
    void await_stragglers() noexcept;
    /// Before that: what was injected and is new is taken in, to be cancelled.
    void adopt_injected() noexcept;

private:
    void start_thread(Worker& worker);
    void start_spare(Worker& spare);
    void work(Worker& worker);
    void idle(Worker& worker);
    void take_injected(Worker& worker);
    Worker* claim_idle() noexcept;
    void wake_one_idle() noexcept;

    Shared& shared_;
    const unsigned regular_; // the workers behind these are spares
    std::vector<std::unique_ptr<Worker>> workers_;
    std::vector<std::jthread> threads_;
    Atomic<int> idle_{0}; // workers that sleep for want of work
    Atomic<std::uint64_t> next_id_{0};
    Atomic<bool> stopping_{false};

    std::mutex injected_mutex_;
    std::deque<std::pair<Cell*, bool>> injected_; // and whether it is new
    bool closed_ = false;
    Stragglers injecting_;
    Atomic<bool> has_injected_{false};

    std::weak_ptr<RuntimeCore> core_;
    Atomic<int> awake_spares_{0}; // spare workers that do not sleep
    Monitor monitor_;
};

} // namespace rouse::detail
