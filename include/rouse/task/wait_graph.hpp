// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/source_location.hpp"
#include "rouse/core/deadlock.hpp"

#include <cstdint>
#include <exception>

// Which task waits for which other one: for a lock that it has, or for its end. A cycle is found when it
// closes, and thrown by the wait that closed it. A wait for a lock costs an entry in a table for this; a wait
// for the end of a task costs one only when that task is in the table itself.
//
// Task A waits for what only B can do, B for what only C can, and so on to A. That is the end of all of them
// if, at one time, each of them is such that
//
//     it awaits its lock or handle itself, in the coroutine that the task is suspended in. Then it does
//     nothing before it has the lock, or the other has ended, whoever wakes it. As a child of select, join or
//     timeout, or in a poll function, it might.
//
//     of a lock: the next task has it in a guard that lies where it was made, in the task's own coroutines. A
//     guard that was moved may be anybody's.
//
// Aborting one of them would end it, and so would somebody else who destroys a handle that one of them
// awaits; but that is no going on.
//
// [G1] A task that awaits a lock and has to wait enters itself, under the lock's own lock and that of a shard
// of the table; then it takes a number, by an RMW of one word for all; and then it looks along the cycle,
// where each step takes the shard of the one it looks at, unless nobody is there. So of two that close a
// cycle at the same time the one with the higher number sees what the other has, and its entry. [G2] Whoever
// grants, closes or cancels the wait takes the entry out before the future hears of it: while it is there,
// under the shard's lock, the task is there, and so is what it waits for. [G3] Proof is by two passes over
// the cycle: an entry that is found in both, by its number, is of a task that did nothing in between, and
// gave back nothing. So all that the first pass saw was true at one time, between the two.
//
// [G4] A wait for the end of a task is entered late: most tasks wait for nobody, and end. It is needed in the
// table when the awaited task is there. So one that enters calls the task that awaits its handle, if there is
// one [J7]: that one, polled again, enters in its turn and calls the next. And one that begins to await a
// task looks whether that one is in the table. Of the two, the first that has made its mark (the entry, the
// registration as joiner) is seen by the other one. Cycles of nothing but such waits begin with none in the
// table. There a task that begins to wait, and whose own end is awaited, enters: of the tasks of such a cycle
// the last that registers as a joiner finds itself joined. [G5] Whoever sees a
// cycle closed, only one of its tasks throws, its closer: of those who entered without a call the one with
// the highest number, whose wait completed it but for calls. Another one that sees the cycle calls the
// closer, who looks again.

namespace rouse::detail {

class TaskState;
class Cell;

/// A task's wait, while it is in the table. Lies in what waits.
class WaitEntry {
public:
    WaitEntry(const WaitEntry&) = delete;
    WaitEntry& operator=(const WaitEntry&) = delete;

    /// The task that waits; null while it is not in the table.
    [[nodiscard]] const TaskState* task() const noexcept { return task_; }
    /// Its id and where it awaits; kept when the entry is out.
    [[nodiscard]] std::uint64_t task_id() const noexcept { return id_; }
    [[nodiscard]] SourceLocation where() const noexcept { return where_; }

protected:
    /// `called`: it was made because the awaited task called [G4].
    explicit WaitEntry(bool called = false) noexcept : called_(called) {}
    virtual ~WaitEntry() = default;

    /// Who polls, and where it awaits.
    void note_who_polls() noexcept;
    /// [G1] Of the task of this poll.
    void enter_table(const TaskState& task);
    /// [G2]
    void leave_table() noexcept;
    /// Of the task of this poll, which has entered and is about to return Pending: what is to be thrown if
    /// that is the end. Without the lock of what it waits for.
    std::exception_ptr look_along();

private:
    friend class WaitCycle;
    friend class WaitShard;
    friend class WaitStep;

    // Under the shard's lock.

    /// The only task that can end the wait; null: cannot tell.
    [[nodiscard]] virtual const TaskState* next() const noexcept = 0;
    /// What has a queue, and the place there of one who would have it beside others, behind one who wants it
    /// alone. 0: the wait depends on nobody but `next`.
    [[nodiscard]] virtual const void* lock() const noexcept { return nullptr; }
    [[nodiscard]] virtual std::uint64_t behind() const noexcept { return 0; }
    /// It awaits `lock`, for itself alone, from a place before that.
    [[nodiscard]] virtual bool is_before(const void* lock, std::uint64_t place) const noexcept;
    /// What `waiter` waits for, and what of it `holder` has.
    virtual void describe(LockCycleTask& waiter, LockCycleTask& holder) const = 0;

    WaitEntry* before_ = nullptr; // in the shard
    WaitEntry* after_ = nullptr;
    const TaskState* task_ = nullptr;
    std::uint64_t id_ = 0;
    std::uint64_t number_ = 0; // of this stay in the table
    SourceLocation where_;
    const bool called_;
    bool told_ = false;           // by the task that waits
    std::uint64_t announced_ = 0; // the same: the stay for which it called who awaits its own end
};

/// `task` is in the table.
[[nodiscard]] bool waits_in_graph(const TaskState& task) noexcept;
/// The task of this poll, if the code that runs is of the coroutines that its cell has: they stay with it.
/// Those of a Task or a Generator that it only polls may move to another.
[[nodiscard]] Cell* own_task() noexcept;
/// Where the innermost coroutine of this poll awaits.
[[nodiscard]] SourceLocation await_place() noexcept;

} // namespace rouse::detail
