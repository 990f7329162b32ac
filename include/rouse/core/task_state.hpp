// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/atomic.hpp"
#include "rouse/core/turn.hpp"

#include <cstdint>

namespace rouse::detail {

class TaskState;

/// What an executor does for its tasks. All are called with the right that the text names, and must not
/// throw.
class TaskOps {
public:
    using Act = void (*)(TaskState*) noexcept;
    constexpr TaskOps(Act schedule, Act schedule_lost, Act free) noexcept
        : schedule(schedule), schedule_lost(schedule_lost), free(free) {}

    /// The caller turned ACTIVE on: put the task into the queue of its executor. From any thread.
    Act schedule;
    /// The same with the verdict LOST: the last waker was just dropped, on the calling thread.
    Act schedule_lost;
    /// The last reference is gone: free the memory.
    Act free;
};

/// The state word of a task, and the protocol of all who touch it.
///
///     bits  0-7   flags
///     bits  8-21  references: the executor (one, until DONE), the JoinHandle, AbortHandles
///     bits 22-42  live slots: children of combinators that hold a waker of their own (see slot.hpp)
///     bits 43-63  waker clones
///
/// ACTIVE means that an executor owns the task: it is queued, or being polled, or settling. Who turns ACTIVE
/// on delivers the task to its executor's queue; who owns it, and nobody else, turns it off. A wake of an
/// ACTIVE task sets NOTIFIED, and leads to one more poll. So:
///
/// [S1] wake: not ACTIVE -> ACTIVE and deliver; ACTIVE -> NOTIFIED. Done in one step with giving up the waker
/// that was consumed. [S2] start of a poll: the owner clears NOTIFIED, if it is set. A wake before this is
/// answered by this poll, one after it by the next. [S3] end of a poll that returned Pending: in one
/// compare-exchange, add the poll's `delta` and then
///        NOTIFIED -> stay ACTIVE, queue again; no waker and no live slot -> stay ACTIVE, set LOST, queue;
///        else -> not ACTIVE.
/// [S4] drop of the last waker of a task that is not ACTIVE: in one compare-exchange, give up the waker, set
/// ACTIVE and LOST; then deliver. [S5] abort: set ABORTED; not ACTIVE -> ACTIVE and deliver. [S6] completion,
/// by the owner: set DONE, clear ACTIVE, give up the executor's reference. Nothing is delivered any more.
/// [S7] a report that looks into a task of another worker: turn ACTIVE on, if it is off, so that nobody polls
/// the task meanwhile; then S3, without a delta, and deliver what that leaves ACTIVE.
///
/// S3, S4, S5 and S7 contend for the same bit in the same word, so exactly one of them gets it: a verdict is
/// never taken on a word that was read earlier.
///
/// The counts are exact whenever the task is not ACTIVE. While it is, a clone made by the owner may still be
/// in `Turn::delta` and its drop, on another thread, already in the word: a field may then be "below zero"
/// and borrow from the one above. The sum is right modulo 2^64; flags and references lie below and are never
/// touched by it.
///
/// Orders: every RMW is acq_rel. What a waking thread wrote before its wake happens before the poll that
/// answers it (S1 -> S2 or the queue), and what any holder did before it gave up its reference happens before
/// the memory is freed.
class alignas(16) TaskState { // who points to one may keep flags beside
public:
    static constexpr std::uint64_t active = 1u << 0;
    static constexpr std::uint64_t notified = 1u << 1;
    static constexpr std::uint64_t done = 1u << 2;
    static constexpr std::uint64_t aborted = 1u << 3;
    static constexpr std::uint64_t lost = 1u << 4;
    /// A JoinHandle exists: the result is its to destroy.
    static constexpr std::uint64_t joinable = 1u << 5;
    /// The joiner's place is used by the protocol of join.hpp for several threads, from now on.
    static constexpr std::uint64_t join_shared = 1u << 6;
    /// A joiner is registered there.
    static constexpr std::uint64_t join_set = 1u << 7;

    static constexpr std::uint64_t flags_mask = (1u << 8) - 1;
    static constexpr std::uint64_t one_reference = 1u << 8;
    static constexpr std::uint64_t one_slot = std::uint64_t{1} << 22;
    static constexpr std::uint64_t one_waker = std::uint64_t{1} << 43;
    static constexpr std::uint64_t references_mask = (one_slot - 1) & ~(one_reference - 1);
    static constexpr std::uint64_t slots_mask = (one_waker - 1) & ~(one_slot - 1);
    static constexpr std::uint64_t wakers_mask = ~(one_waker - 1);

    static constexpr std::uint64_t wakers(std::uint64_t word) noexcept { return word >> 43; }
    static constexpr std::uint64_t slots(std::uint64_t word) noexcept { return (word & slots_mask) >> 22; }
    static constexpr bool unreferenced(std::uint64_t word) noexcept { return word < one_reference; }
    /// Nobody can ever wake it: what S3 and S4 ask.
    static constexpr bool no_wakers(std::uint64_t word) noexcept { return word < one_slot; }

    TaskState(const TaskOps* ops, std::uint64_t word) noexcept : word_(word), ops_(ops) {}
    TaskState(const TaskState&) = delete;
    TaskState& operator=(const TaskState&) = delete;

    // ---- by holders of a waker ----

    void clone_waker() noexcept {
        if (turn.current == this) turn.delta += one_waker;
        else if (turn.settling == this) turn.settling_delta += one_waker;
        else clone_waker_shared();
    }
    void drop_waker() noexcept {
        if (turn.current == this) turn.delta -= one_waker;
        else if (turn.settling == this) turn.settling_delta -= one_waker;
        else drop_counted(one_waker);
    }
    void wake_by_ref() noexcept {
        if (turn.current == this) turn.woken = true;
        else if (turn.settling == this) turn.settling_woken = true;
        else wake_shared(0);
    }
    /// Wakes, and gives up one waker, in one step.
    void wake() noexcept {
        if (turn.current == this) {
            turn.woken = true;
            turn.delta -= one_waker;
        } else if (turn.settling == this) {
            turn.settling_woken = true;
            turn.settling_delta -= one_waker;
        } else {
            wake_shared(one_waker);
        }
    }

    /// As `wake`, by the word alone. True: it has become runnable, which the caller, who knows its executor,
    /// passes on in place of `schedule`.
    bool mark_woken() noexcept { return mark_woken(one_waker); }

    // ---- by holders of a reference ----

    void add_reference() noexcept;
    void drop_reference() noexcept;
    /// Asks for the end of the task [S5]. False if it is done already.
    bool abort() noexcept;
    [[nodiscard]] std::uint64_t load() const noexcept { return word_.load(memory_order_acquire); }

    // ---- by the owner of ACTIVE ----

    /// [S2] The flags as they were.
    std::uint64_t begin_poll() noexcept {
        std::uint64_t word = word_.load(memory_order_acquire);
        if (word & notified) [[unlikely]]
            word = word_.fetch_and(~notified, memory_order_acq_rel);
        return word;
    }
    /// The word as the end of this poll would see it, by the thread that polls.
    [[nodiscard]] std::uint64_t effective() const noexcept {
        return word_.load(memory_order_acquire) + turn.delta;
    }

    enum class Settled : std::uint8_t { idle, again, lost };
    /// [S3] `delta` is what the poll collected, `again` whether it was woken or yielded meanwhile, on this
    /// thread.
    Settled settle(std::uint64_t delta, bool again) noexcept {
        if (again && delta == 0)
            return Settled::again; // ACTIVE stays, and S2 takes care of NOTIFIED: nothing to write
        return settle_word(delta, again);
    }
    /// Takes the verdict off: the exception is on its way.
    void clear_lost() noexcept { word_.fetch_and(~lost, memory_order_acq_rel); }
    /// Owner of ACTIVE: leaves a task that the policy says to leave, without a waker, for ever. False: it was
    /// aborted meanwhile, and is to be queued.
    bool leave_lost() noexcept;

    // ---- who only looks [S7] ----

    /// False: somebody has it, or it is at its end.
    bool try_hold() noexcept;
    /// True: its last waker was dropped meanwhile, and the caller delivers it, by its executor.
    [[nodiscard]] bool end_hold() noexcept;

    /// For the protocols built on the flags above `lost`.
    Atomic<std::uint64_t>& word() noexcept { return word_; }
    const TaskOps& ops() const noexcept { return *ops_; }

    /// A child's slot came alive or died [see slot.hpp]; the second wakes the task in the same step.
    void add_live_slot() noexcept;
    void drop_live_slot() noexcept;
    void drop_live_slot_and_wake() noexcept { wake_shared(one_slot); }

private:
    Settled settle_word(std::uint64_t delta, bool again) noexcept;
    void clone_waker_shared() noexcept;
    void drop_counted(std::uint64_t count) noexcept;
    void wake_shared(std::uint64_t give_up) noexcept;
    bool mark_woken(std::uint64_t give_up) noexcept;

    Atomic<std::uint64_t> word_;
    const TaskOps* ops_;
};

} // namespace rouse::detail
