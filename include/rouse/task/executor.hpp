// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/atomic.hpp"
#include "rouse/base/config.hpp"
#include "rouse/base/intrusive_list.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace rouse::detail {

class Cell;

/// The tasks that are to be polled, first in, first out: a ring that grows. Alone, room for every task is
/// made when the task is spawned, so a wake never allocates; in a crew, where tasks move, room is made as
/// they come.
class RunQueue {
public:
    void reserve(std::size_t tasks) {
        if (tasks > capacity_) grow(tasks);
    }
    void push(Cell& cell) noexcept { slots_[tail_++ & (capacity_ - 1)] = &cell; }
    Cell* pop() noexcept { return head_ == tail_ ? nullptr : slots_[head_++ & (capacity_ - 1)]; }
    [[nodiscard]] bool empty() const noexcept { return head_ == tail_; }
    [[nodiscard]] std::size_t size() const noexcept { return tail_ - head_; }
    [[nodiscard]] std::size_t room() const noexcept { return capacity_; }

private:
    ROUSE_COLD void grow(std::size_t tasks);
    std::unique_ptr<Cell*[]> slots_;
    std::size_t capacity_ = 0; // a power of two
    std::size_t head_ = 0;
    std::size_t tail_ = 0;
};

/// What a task cell knows of the runtime that it belongs to: the thread that took it in. Alone, it also polls
/// it. In a crew (the workers of one runtime) any of them may poll it, and wakes go to whichever runs the
/// waking code; the cell stays listed where it was taken in, its home.
class Executor {
public:
    Executor();
    class InCrew {};
    /// Null: the first one of a crew.
    Executor(InCrew, const Executor* first);
    Executor(const Executor&) = delete;
    Executor& operator=(const Executor&) = delete;

    /// From a thread that does not drive this executor's runtime: delivers a task that just became ACTIVE.
    virtual void inject(Cell& cell) noexcept = 0;
    /// Delivers a task that lost its last waker; from any thread. `by`: for `HangReport::dropped_by`.
    virtual void schedule_lost(Cell& cell, std::string by) noexcept = 0;
    /// With `logs_wakes`: the driving thread just made `cell` runnable.
    virtual void note_wake(Cell& cell) noexcept = 0;
    /// In a crew: a task of it just became ACTIVE on this thread.
    virtual void deliver_in_crew(Cell& cell) noexcept;
    /// In a crew: see `adopt_new`.
    virtual void adopt_in_crew(Cell& cell);

    /// Takes a new task in, on the thread that drives: it is queued, and listed until it completes.
    inline void adopt(Cell& cell);
    /// The same for one that is spawned here, as the next id.
    inline void adopt_new(Cell& cell);
    /// A task of this runtime just became ACTIVE on this thread, which drives here.
    inline void deliver(Cell& cell) noexcept;
    /// A task that was taken in here is done, and is listed no longer. Whoever ended it counts it.
    inline void forget(Cell& cell) noexcept;
    std::uint64_t next_task_id() noexcept { return ++last_id_; }
    [[nodiscard]] std::uint64_t last_task_id() const noexcept { return last_id_; }
    [[nodiscard]] std::uint16_t index() const noexcept { return index_; }
    [[nodiscard]] bool in_crew() const noexcept { return crew_ != 0; }
    [[nodiscard]] std::uint16_t crew() const noexcept { return crew_; }

    RunQueue queue;            // of the driving thread
    IntrusiveList<Cell> cells; // every task that was taken in here and is not done; of the driving thread
    /// Tasks taken in here less tasks that ended here: their number, or with the crew's others the number of
    /// all (modulo 2^64). Any thread may ask.
    [[nodiscard]] std::size_t alive() const noexcept {
        return spawned.load(memory_order_relaxed) - ended.load(memory_order_relaxed);
    }
    Atomic<std::size_t> spawned{0}; // one thread writes these
    Atomic<std::size_t> ended{0};
    bool open = true; // takes new tasks: not while it is torn down
    bool logs_wakes = false;

protected:
    ~Executor();
    static void count(Atomic<std::size_t>& counter) noexcept { // one thread writes it
        counter.store(counter.load(memory_order_relaxed) + 1, memory_order_relaxed);
    }
    void set_last_task_id(std::uint64_t id) noexcept { last_id_ = id; }

private:
    std::uint64_t last_id_ = 0;
    std::uint16_t index_ = 0;
    std::uint16_t crew_ = 0; // the index of its first member; 0: it is alone
    void take_index();
    inline void list(Cell& cell) noexcept;
    void list_with_more_room(Cell& cell);
};

/// At most so many, less one, at a time. Where memory is what the program was linked with there is one.
inline constexpr std::size_t executor_places = ROUSE_THREADS ? 32768 : 16;
/// Every executor of the process by its index: two bytes in a cell instead of a pointer.
extern constinit Atomic<Executor*> executors[executor_places];
/// The crew of each index.
extern constinit Atomic<std::uint16_t> crews[executor_places];

} // namespace rouse::detail
