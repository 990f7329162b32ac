// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/atomic.hpp"
#include "rouse/base/intrusive_list.hpp"
#include "rouse/base/source_location.hpp"
#include "rouse/core/context.hpp"

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

// Who has which lock, and who waits for it: a cycle among tasks is found when it closes, and thrown by the
// wait that closed it. Locks that are free cost a few plain stores for this; a wait costs an entry in a
// table.
//
// Task A waits for a lock that B has, B for one of C's, and so on to A. That is the end of all of them if, at
// one time, each of them is such that
//
//     it awaits its lock itself, in the coroutine that the task is suspended in. Then it does nothing before
//     it has the lock, whoever wakes it. As a child of select, join or timeout, or in a poll function, it
//     might.
//
//     it has the other's lock in a guard that lies where it was made, in the task's own coroutines. A guard
//     that was moved may be anybody's.
//
// Aborting one of them would end it; but that is no going on.
//
// [G1] A task that awaits a lock and has to wait enters itself, under the lock's own lock and that of a shard
// of the table, and then looks along the cycle; each step takes the shard of the one it looks at. So of two
// that close a cycle at the same time the one that enters last sees the other. [G2] Whoever grants, closes or
// cancels the wait takes the entry out before the future hears of it: while it is there, under the shard's
// lock, the task is there, and so is the lock that it waits for. [G3] Proof is by two passes over the cycle:
// an entry that is found in both, by its number, is of a task that did nothing in between, and gave back
// nothing. So all that the first pass saw was true at one time, between the two.
namespace rouse::detail {

class TaskState;
class LockWait;

/// For constructors that are public because others make the object.
class LockKey {
public:
    explicit LockKey() = default;
};

/// Who has a lock, and since where.
class LockOwners {
public:
    LockOwners(std::string_view kind, std::string_view name) noexcept : kind_(kind), name_(name) {}

    /// The task of this poll has it for itself alone.
    void take(SourceLocation where) noexcept;
    void take() noexcept;
    /// The guard is not where it was made.
    void moved() noexcept { moved_.store(true, memory_order_relaxed); }
    void leave() noexcept {
        task_.store(nullptr, memory_order_relaxed);
        id_.store(0, memory_order_relaxed);
        granted_.store(false, memory_order_relaxed);
    }
    /// It was given to the task of `wait`, which has not looked yet.
    void grant(const LockWait& wait) noexcept;

    /// One of several. What is to be given to `leave_shared` in the end.
    [[nodiscard]] const TaskState* take_shared(SourceLocation where) noexcept;
    [[nodiscard]] const TaskState* take_shared() noexcept;
    void moved_shared(const TaskState*& task) noexcept;
    void leave_shared(const TaskState* task) noexcept;

    /// The id of the task that has it for itself; 0: not known.
    [[nodiscard]] std::uint64_t id() const noexcept { return id_.load(memory_order_relaxed); }
    [[nodiscard]] std::string_view name() const noexcept { return name_; }
    /// "a mutex `name`", with who has it.
    [[nodiscard]] std::string describe(std::string_view what) const;

private:
    friend class LockWait;
    /// The only task that has it, by a guard that was not moved; null: cannot tell.
    [[nodiscard]] const TaskState* only_task() const noexcept;
    [[nodiscard]] bool is_shared() const noexcept { return task_.load(memory_order_relaxed) == nullptr; }
    [[nodiscard]] SourceLocation place() const noexcept;

    std::string_view kind_;
    std::string_view name_;
    Atomic<const TaskState*> task_{nullptr};
    Atomic<std::uint64_t> id_{0};
    Atomic<std::uint64_t> place_{0}; // a SourceLocation
    // The sum of the tasks' addresses, times 2^16, and their number: while there is one, it is known.
    Atomic<std::uint64_t> shared_{0};
    Atomic<bool> moved_{false};
    Atomic<bool> granted_{false};
};

/// A future's wait for a lock. Lies in the future.
class LockWait : public ListLink<> {
public:
    /// `shares`: it wants the lock beside others.
    explicit LockWait(bool shares) noexcept : shares_(shares) {}
    LockWait(LockWait&& other) noexcept : ListLink(), shares_(other.shares_) {}
    LockWait& operator=(LockWait&&) = delete;

    /// Before each poll. `awaited`: by the coroutine itself.
    void begin_poll(LockOwners& owners, bool awaited) noexcept {
        if (!owners_) owners_ = &owners;
        awaited_ = awaited;
    }
    /// [G1] Under the lock's own lock: it waits, or goes on waiting.
    void enter(const Waker& waker);
    /// The same, of one that is being queued.
    void queue(const Waker& waker);
    /// [G2] The same: it waits no longer.
    void leave() noexcept {
        if (task_) leave_table();
    }
    /// The same: it was given the lock.
    void granted() noexcept {
        leave();
        owners_->grant(*this);
    }
    /// It gives the lock back without having used it.
    void give_back() const noexcept { owners_->leave(); }
    /// The poll is about to return Pending: what is to be thrown if that is the end. Without the lock's own
    /// lock.
    [[nodiscard]] std::exception_ptr look() { return awaited_ ? look_along() : nullptr; }

private:
    friend class LockOwners;
    class Step;
    class Cycle;
    void note_who_polls() noexcept;
    void leave_table() noexcept;
    std::exception_ptr look_along();

    // Under the lock's own lock; what is in the table is under the shard's, too.
    LockOwners* owners_ = nullptr;
    const TaskState* task_ = nullptr; // that awaits it; while it is in the table
    const TaskState* polled_by_ = nullptr;
    std::uint64_t id_ = 0;     // of that
    std::uint64_t number_ = 0; // of this stay in the table
    std::uint64_t queued_ = 0; // the order in which waits were queued
    SourceLocation where_;
    bool shares_;
    bool awaited_ = false; // of the future's own
    bool told_ = false;    // the same
};

} // namespace rouse::detail
