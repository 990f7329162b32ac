// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/atomic.hpp"
#include "rouse/base/source_location.hpp"
#include "rouse/core/waker.hpp"
#include "rouse/task/wait_graph.hpp"

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

// Who has which lock, and who waits for it: the part of the locks in the graph of waits. A lock that is free
// costs a few plain stores for this. The protocol is at the head of task/wait_graph.hpp.
namespace rouse::detail {

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
    std::uint64_t last_queued_ = 0; // under the lock's own lock
    Atomic<const TaskState*> task_{nullptr};
    Atomic<std::uint64_t> id_{0};
    Atomic<std::uint64_t> place_{0}; // a SourceLocation
    // The sum of the tasks' addresses, times 2^16, and their number: while there is one, it is known.
    Atomic<std::uint64_t> shared_{0};
    Atomic<bool> moved_{false};
    Atomic<bool> granted_{false};
};

/// A future's wait for a lock. Lies in the future.
class LockWait final : public WaitEntry {
public:
    /// `shares`: it wants the lock beside others.
    explicit LockWait(bool shares) noexcept : shares_(shares) {}
    LockWait(LockWait&& other) noexcept : WaitEntry(), shares_(other.shares_) {}
    LockWait& operator=(LockWait&&) = delete;
    ~LockWait() override = default;

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
        if (task()) leave_table();
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
    [[nodiscard]] const TaskState* next() const noexcept override { return owners_->only_task(); }
    [[nodiscard]] const void* lock() const noexcept override { return owners_; }
    [[nodiscard]] std::uint64_t behind() const noexcept override;
    [[nodiscard]] bool is_before(const void* lock, std::uint64_t place) const noexcept override;
    void describe(LockCycleTask& waiter, LockCycleTask& holder) const override;
    /// `own`, which polls, awaits it, and is woken as itself.
    [[nodiscard]] bool is_alone(const TaskState* own, const Waker& waker) const noexcept;
    void enter_anew(const TaskState* own, bool alone);

    // Under the lock's own lock; what is in the table is under the shard's, too.
    LockOwners* owners_ = nullptr;
    const TaskState* polled_by_ = nullptr;
    std::uint64_t queued_ = 0; // its place among the waits for this lock
    bool shares_;
    bool awaited_ = false; // of the future's own
};

} // namespace rouse::detail
