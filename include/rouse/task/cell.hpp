// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/frame_cache.hpp"
#include "rouse/core/task_state.hpp"
#include "rouse/task/executor.hpp"
#include "rouse/task/strand.hpp"

#include <memory>
#include <string>

namespace rouse::detail {

class Cell;
class JoinWait;

/// What a cell does with its coroutine, closure and result; one constant for each type of task.
class CellOps : public TaskOps {
public:
    using Act = void (*)(Cell&) noexcept;
    constexpr CellOps(TaskOps base, Act finish, Act discard, Act destroy_result) noexcept
        : TaskOps(base), finish(finish), discard(discard), destroy_result(destroy_result) {}

    Act finish;  // the strand has finished without an error: move the result to its place, destroy frame and
                 // closure
    Act discard; // destroy frame and closure as they are
    Act destroy_result; // destroy the value that `finish` left; null: nothing to destroy
};

/// How a task ended.
enum class Outcome : std::uint8_t { none, value, error, cancelled };

/// What few tasks have: a name, a joiner that is not a task of the same runtime.
class alignas(16) CellExtras {
public:
    std::string name;
    Waker joiner;
};

/// A source location and a size in eight bytes: addresses of constants have 16 bits to spare.
class PackedPlace {
public:
    PackedPlace(SourceLocation where, std::size_t blocks) noexcept
        : where_(place_to_bits(where) & 0xffff'ffff'ffff), blocks_(static_cast<std::uint16_t>(blocks)) {}
    [[nodiscard]] SourceLocation where() const noexcept {
        return place_of_bits(static_cast<std::uintptr_t>(where_));
    }
    [[nodiscard]] std::size_t blocks() const noexcept { return blocks_; }

private:
    std::uint64_t where_ : 48;
    std::uint64_t blocks_ : 16;
};

/// A spawned task: the state word, its place among the tasks of its runtime, and the strand; after its end,
/// the outcome. What a hung program is asked for is kept here too, so the size is watched: 80 bytes, behind
/// which come the closure, if there is one, and the coroutine's frame.
///
/// The memory has three owners in turn. Until DONE, the executor holds the reference that keeps it, and the
/// strand lives in it. On completion frame, arguments and closure are destroyed, while the task still is
/// ACTIVE, and the result takes the frame's room. Then the handles have it.
class Cell : public TaskState, public ListLink<> {
public:
    Cell(const CellOps* ops, std::uint64_t word, std::size_t block_size, SourceLocation spawned_at) noexcept
        : TaskState(ops, word),
          place_(spawned_at, (block_size + FrameCache::granule - 1) / FrameCache::granule) {}
    ~Cell() {} // see free()

    [[nodiscard]] const CellOps& cell_ops() const noexcept { return static_cast<const CellOps&>(ops()); }
    /// 0 before a runtime has taken it in.
    [[nodiscard]] std::uint64_t id() const noexcept { return home_.load(memory_order_relaxed) & id_mask; }
    /// Of a task that is not done.
    [[nodiscard]] Executor& executor() const noexcept {
        return *executors[executor_index()].load(memory_order_acquire);
    }
    /// This thread drives the task's runtime. Safe to ask whatever became of that.
    [[nodiscard]] bool is_here() const noexcept {
        const auto* const here = static_cast<const Executor*>(turn.runtime);
        if (!here) return false;
        const std::uint16_t index = executor_index();
        return index == here->index() || (turn.crew && turn.crew == crews[index].load(memory_order_relaxed));
    }
    [[nodiscard]] SourceLocation spawned_at() const noexcept { return place_.where(); }
    void belong_to(Executor& executor, std::uint64_t id) noexcept {
        home_.store((id & id_mask) | (home_.load(memory_order_relaxed) & local_bit) |
                        std::uint64_t{executor.index()} << (id_bits + 4),
                    memory_order_relaxed);
    }
    /// Only the worker that takes it in polls it: `spawn_local`. Before anybody else sees the cell.
    void make_local() noexcept { home_.store(local_bit, memory_order_relaxed); }
    [[nodiscard]] bool is_local() const noexcept { return home_.load(memory_order_relaxed) & local_bit; }
    /// The name it was given, or empty.
    [[nodiscard]] std::string_view name() const noexcept {
        const CellExtras* extras = extras_if_any();
        return extras ? std::string_view(extras->name) : std::string_view();
    }
    /// Before anybody else sees the cell.
    void set_name(std::string name) { make_extras().name = std::move(name); }

    // ---- by the executor, owner of ACTIVE ----

    Strand& strand() noexcept { return strand_; }
    const Strand& strand() const noexcept { return strand_; }
    /// The strand has finished, with `error` or a result: destroys what ran, keeps how it ended.
    void finish(std::exception_ptr error) noexcept;
    /// Destroys what runs, wherever it is suspended.
    void cancel() noexcept;
    /// Publishes the end [S6], wakes the joiner, gives up the executor's reference (or not: `keep`). False:
    /// nobody will ask for the outcome (it is destroyed).
    bool publish(std::uint64_t delta, bool keep = false) noexcept;
    [[nodiscard]] Outcome outcome() const noexcept { return end_.outcome; }
    [[nodiscard]] const std::exception_ptr& error() const noexcept { return end_.error; }
    /// Calls `fn` with the task that awaits this one's handle, if there is one, of the same runtime, that has
    /// not ended. On the thread that drives. The joiner stays for the time of the call.
    template <class Fn>
    void with_joining_task(Fn&& fn) {
        if (!claim_joiner()) return;
        if (Cell* const task = joining_task(); task && task->is_here() && !(task->load() & done)) fn(*task);
        word().fetch_and(~join_set, memory_order_acq_rel);
    }

    /// The same where the joiner's place is shared: whoever has the two tasks, on whatever worker. With a
    /// reference, which is the caller's to drop; or null [J8].
    [[nodiscard]] Cell* reference_joining_task() noexcept;

    // ---- of cycles (see wait_graph.hpp), by the task's own poll ----

    /// From now on whoever awaits the handle looks whether the task is in the graph.
    void may_wait() noexcept {
        if (!(home_.load(memory_order_relaxed) & waits_bit)) home_.fetch_or(waits_bit, memory_order_seq_cst);
    }
    /// [J7] The task has entered the graph: polls the task that awaits its handle, if that does nothing else
    /// and has not entered.
    void call_joiner() noexcept;
    /// A task awaits the handle, and does nothing else.
    [[nodiscard]] bool is_awaited() const noexcept;

    // ---- by the JoinHandle (see cell.cpp) ----

    /// True when the task is done; else the waker of `cx` is registered.
    bool poll_join(Context& cx);
    /// The same by the coroutine that awaits the handle, of a task that was not done just now. Looks, if need
    /// be, for a cycle of waits, and throws if this is the end of one.
    bool poll_join_awaited(Context& cx, JoinWait& wait);
    /// [J7] The task that polls, and awaits the handle, is in the graph of waits: no need to call it.
    void joiner_has_entered() noexcept { extras_.fetch_or(entered_bit, memory_order_acq_rel); }
    /// The handle is about to make another reference.
    void prepare_reference() noexcept;
    /// The handle goes; a result that it has not taken goes with it.
    void drop_handle() noexcept;
    /// The handle took the value out.
    void mark_taken() noexcept { end_.outcome = Outcome::none; }
    [[nodiscard]] void* value() const noexcept { return end_.value; }

    static void schedule(TaskState* state) noexcept;
    static void schedule_lost(TaskState* state) noexcept;
    static void free(TaskState* state) noexcept;

protected:
    /// The strand is gone; from here on the cell has an end.
    void end(Outcome outcome, void* value, std::exception_ptr error = nullptr) noexcept {
        ::new (&end_) End(outcome, value, std::move(error));
    }
    void start(PromiseBase& bottom) noexcept {
        ::new (&strand_) Strand(&bottom);
        bottom.bottom_of(strand_);
    }
    void start_leaf(void* leaf, const LeafOps* ops) noexcept { ::new (&strand_) Strand(leaf, ops); }

private:
    class End {
    public:
        End(Outcome outcome, void* value, std::exception_ptr error) noexcept
            : error(std::move(error)), value(value), outcome(outcome) {}
        std::exception_ptr error;
        void* value; // where `finish` put the result
        Outcome outcome;
    };

    CellExtras& make_extras();
    [[nodiscard]] CellExtras* extras_if_any() const noexcept {
        const std::uintptr_t extras = extras_.load(memory_order_acquire);
        return extras & joiner_bit ? nullptr : reinterpret_cast<CellExtras*>(extras & ~extras_bits);
    }
    static TaskState* joiner_in(std::uintptr_t extras) noexcept {
        return reinterpret_cast<TaskState*>(extras & ~extras_bits);
    }
    bool publish_shared(std::uint64_t word, std::uint64_t delta, bool keep) noexcept;
    void set_joiner(const Waker& waker, std::uintptr_t how);
    void change_joiner(const Waker& waker, std::uintptr_t tagged);
    std::uintptr_t clear_awaited() noexcept;
    void wake_awaiting(std::uintptr_t extras) noexcept;
    void wake_joiner() noexcept;
    bool poll_join_shared(Context& cx, std::uintptr_t how);
    bool share_join(bool keep) noexcept;
    [[nodiscard]] bool has_joiner() const noexcept;
    void drop_handle_shared() noexcept;
    void drop_local_joiner() noexcept;
    void destroy_value() noexcept {
        if (end_.outcome == Outcome::value && cell_ops().destroy_result) cell_ops().destroy_result(*this);
    }
    void destroy_outcome() noexcept;
    void free_extras() noexcept;
    inline void free_now() noexcept;
    bool claim_joiner() noexcept;
    void await_looks() const noexcept;
    [[nodiscard]] Cell* joining_task() const noexcept;

    static constexpr int id_bits = 45;
    static constexpr std::uint64_t id_mask = (std::uint64_t{1} << id_bits) - 1;
    static constexpr std::uint64_t publishing_bit = std::uint64_t{1} << id_bits; // see J6
    static constexpr std::uint64_t local_bit = std::uint64_t{1} << (id_bits + 1);
    static constexpr std::uint64_t waits_bit = std::uint64_t{1} << (id_bits + 2);  // see J7
    static constexpr std::uint64_t looked_bit = std::uint64_t{1} << (id_bits + 3); // see J8
    [[nodiscard]] std::uint16_t executor_index() const noexcept {
        return static_cast<std::uint16_t>(home_.load(memory_order_relaxed) >> (id_bits + 4));
    }

    // What `extras_` says beside the pointer.
    static constexpr std::uintptr_t joiner_bit = 1;  // it is a task that awaits the handle
    static constexpr std::uintptr_t awaited_bit = 2; // the joiner does nothing else [J7]
    static constexpr std::uintptr_t called_bit = 4;  // is being called
    static constexpr std::uintptr_t entered_bit = 8; // and is in the graph of waits
    static constexpr std::uintptr_t extras_bits = 15;
    static_assert(alignof(TaskState) > extras_bits && alignof(CellExtras) > extras_bits);

    // The id, whether its end is being published, whether it is a local task, whether it may be in the graph
    // of waits, whether a report looks at its joiner, and the index of the executor. Atomic: the handle of a
    // task that is spawned from another thread may ask for the id while the runtime takes the task in.
    Atomic<std::uint64_t> home_{0};
    PackedPlace place_;
    union {
        Strand strand_;
        End end_; // from the end of the strand on
    };
    // 0; or a task that awaits the handle (in owner mode: of the same runtime), with `joiner_bit`, holding
    // one of its wakers; or the extras.
    Atomic<std::uintptr_t> extras_{0};
};

static_assert(sizeof(void*) != 8 || sizeof(Cell) == 80, "see the text above");

inline void Executor::forget(Cell& cell) noexcept { cell.unlink(); }

inline void Executor::adopt(Cell& cell) {
    count(spawned);
    if (alive() > queue.room()) [[unlikely]]
        return list_with_more_room(cell);
    list(cell);
}

inline void Executor::list(Cell& cell) noexcept {
    cells.push_back(cell);
    queue.push(cell);
}

inline void Executor::adopt_new(Cell& cell) {
    if (in_crew()) return adopt_in_crew(cell);
    cell.belong_to(*this, next_task_id());
    adopt(cell);
}

inline void Executor::deliver(Cell& cell) noexcept {
    if (in_crew()) return deliver_in_crew(cell);
    queue.push(cell);
    if (logs_wakes) [[unlikely]]
        note_wake(cell);
}

/// The cell of a waker's task, or null: a waker of `rouse::block_on` has no cell.
Cell* cell_of(TaskState* state) noexcept;
inline Cell* cell_of(const Waker& waker) noexcept { return cell_of(task_of(waker)); }
/// The spawned task that this thread polls, also while it polls a child of it that has a state word of its
/// own; or null.
Cell* running_cell() noexcept;

} // namespace rouse::detail
