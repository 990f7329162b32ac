// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/atomic.hpp"
#include "rouse/base/intrusive_list.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace rouse::detail {

class Cell;

/// The tasks that are to be polled, first in, first out: a ring that grows. Room for every task is made when
/// the task is spawned, so a wake never allocates.
class RunQueue {
public:
    void reserve(std::size_t tasks) {
        if (tasks > capacity_) grow(tasks);
    }
    void push(Cell& cell) noexcept { slots_[tail_++ & (capacity_ - 1)] = &cell; }
    Cell* pop() noexcept { return head_ == tail_ ? nullptr : slots_[head_++ & (capacity_ - 1)]; }
    [[nodiscard]] bool empty() const noexcept { return head_ == tail_; }
    [[nodiscard]] std::size_t size() const noexcept { return tail_ - head_; }

private:
    void grow(std::size_t tasks);
    std::unique_ptr<Cell*[]> slots_;
    std::size_t capacity_ = 0; // a power of two
    std::size_t head_ = 0;
    std::size_t tail_ = 0;
};

/// What a task cell knows of the runtime that it belongs to.
class Executor {
public:
    Executor();
    Executor(const Executor&) = delete;
    Executor& operator=(const Executor&) = delete;

    /// From a thread that does not drive this executor: delivers a task that just became ACTIVE.
    virtual void inject(Cell& cell) noexcept = 0;
    /// Delivers a task that lost its last waker on the calling thread; from any thread.
    virtual void schedule_lost(Cell& cell) noexcept = 0;

    /// With `logs_wakes`: the driving thread just made `cell` runnable.
    virtual void note_wake(Cell& cell) noexcept = 0;

    /// Takes a new task in, on the thread that drives: it is queued, and listed until it completes.
    inline void adopt(Cell& cell);
    /// The same for one that is spawned here, as the next id.
    inline void adopt_new(Cell& cell);
    /// A task is done.
    void forget(Cell& cell) noexcept;
    std::uint64_t next_task_id() noexcept { return ++last_id_; }
    [[nodiscard]] std::uint64_t last_task_id() const noexcept { return last_id_; }
    [[nodiscard]] std::uint16_t index() const noexcept { return index_; }

    RunQueue queue;               // of the driving thread
    IntrusiveList<Cell> cells;    // every task that is not done; of the driving thread
    Atomic<std::size_t> alive{0}; // their number; others may ask
    bool open = true;             // takes new tasks: not while it is torn down
    bool logs_wakes = false;

protected:
    ~Executor();

private:
    std::uint64_t last_id_ = 0;
    std::uint16_t index_ = 0;
};

/// Every executor of the process by its index: two bytes in a cell instead of a pointer.
extern constinit Atomic<Executor*> executors[65536];

} // namespace rouse::detail
