// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/atomic.hpp"
#include "rouse/diag/reports.hpp"
#include "rouse/diag/task_dump.hpp"

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace rouse::detail {

class Crew;
class QuiescenceWatch;
class Shared;
class Worker;

/// Whom the monitor tells that the runtime has come to a stop, and asks what it knows.
class DeadlockTeller {
public:
    /// Threads that are asleep until a task of the runtime ends.
    virtual std::vector<long> waiting_threads() = 0;
    virtual QuiescenceReport pending_tasks() = 0;
    virtual RuntimeDump dump() = 0;
    /// It is proven. True: and everybody who can be told was.
    virtual void deadlock(QuiescenceReport report) = 0;

protected:
    ~DeadlockTeller() = default;
};

/// The thread that looks after a crew's workers.
///
/// While any is busy it looks at each every few milliseconds. One that is in the poll in which it was at the
/// last look is stuck: what it has goes to the others, as long as the poll lasts. When none is busy, it
/// rests; if nothing at all can come (no timer, no I/O), it looks for a deadlock first. A dump that a signal
/// asked for is the first worker's to write, and the monitor's when that one is in a long poll.
///
/// [M1] The monitor sets `rests_`, then looks whether all are idle, and sleeps. [M2] Whoever counts a worker
/// out of `idle_`, or a spare one into `awake_spares_`, calls `tell` after that. seq_cst on both sides: one
/// of the two sees the other.
class Monitor {
public:
    Monitor(Crew& crew, Shared& shared, DeadlockTeller& teller) noexcept
        : crew_(crew), shared_(shared), teller_(teller) {}
    void start();
    void stop() noexcept;
    /// [M2]
    void tell() noexcept {
        if (rests_.load(memory_order_seq_cst)) [[unlikely]]
            wake();
    }

private:
    void run();
    void wake() noexcept;
    void rest(std::unique_lock<std::mutex>& lock);
    bool look_for_deadlock(QuiescenceWatch& watch);
    unsigned look_at_workers();
    void dump_if_nobody_does();
    void rescue(Worker& worker);

    Crew& crew_;
    Shared& shared_;
    DeadlockTeller& teller_;
    std::vector<std::uint64_t> seen_; // the poll that each worker was in
    bool saw_dump_request_ = false;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool stopping_ = false;
    Atomic<bool> rests_{false};
    std::jthread thread_;
};

} // namespace rouse::detail
