// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/sync/lock_graph.hpp"

#include "rouse/base/readable.hpp"
#include "rouse/base/short_lock.hpp"
#include "rouse/core/deadlock.hpp"
#include "rouse/core/task_state.hpp"
#include "rouse/sync/wait_list.hpp"
#include "rouse/task/cell.hpp"

#include <algorithm>
#include <bit>
#include <mutex>
#include <vector>

namespace rouse::detail {
namespace {

/// The awaited locks of the tasks whose addresses fall on it.
class Shard {
public:
    ShortLock lock;
    IntrusiveList<LockWait> waits;
};
constexpr std::size_t shard_count = 4096; // who looks for one walks over those that share its shard
/// Made at the first wait, which may be in a static's constructor; never destroyed, for the last may be in a
/// static's destructor.
Shard* shards() {
    static Shard* const all = new Shard[shard_count];
    return all;
}
Shard& shard_of(const TaskState* task) {
    const auto address = reinterpret_cast<std::uintptr_t>(task);
    return shards()[(address >> 4 ^ address >> 16) % shard_count];
}

constinit Atomic<std::uint64_t> last_number{0};

/// Where the innermost coroutine of this poll awaits.
SourceLocation await_place() noexcept {
    const PromiseBase* const top = turn.scope ? turn.scope->strand->top() : nullptr;
    return top ? top->await_at() : SourceLocation();
}

/// The task of this poll, if the code that runs is of the coroutines that its cell has: they stay with it.
/// Those of a Task or a Generator that it only polls may move to another.
const TaskState* own_task() noexcept {
    const Cell* const cell = cell_of(turn.current);
    return cell && turn.scope && turn.scope->strand == &cell->strand() ? turn.current : nullptr;
}

constexpr std::uint64_t one_sharer = 1;
std::uint64_t shared_part(const TaskState* task) noexcept {
    return (std::uint64_t{reinterpret_cast<std::uintptr_t>(task)} << 16) + one_sharer;
}

} // namespace

// ---- LockOwners ----

void LockOwners::take(SourceLocation where) noexcept {
    const Cell* const cell = running_cell();
    task_.store(own_task(), memory_order_relaxed);
    id_.store(cell ? cell->id() : 0, memory_order_relaxed);
    place_.store(place_to_bits(where), memory_order_relaxed);
    moved_.store(false, memory_order_relaxed);
    granted_.store(false, memory_order_relaxed);
}
void LockOwners::take() noexcept { take(await_place()); }

void LockOwners::grant(const LockWait& wait) noexcept {
    if (wait.shares_) return;
    task_.store(wait.polled_by_, memory_order_relaxed);
    id_.store(wait.id_, memory_order_relaxed);
    place_.store(place_to_bits(wait.where_), memory_order_relaxed);
    moved_.store(false, memory_order_relaxed);
    granted_.store(true, memory_order_relaxed);
}

const TaskState* LockOwners::take_shared(SourceLocation where) noexcept {
    const TaskState* const task = own_task();
    const std::uint64_t before = shared_.fetch_add(shared_part(task), memory_order_relaxed);
    if (before % (1 << 16) != 0) where = SourceLocation();
    place_.store(place_to_bits(where), memory_order_relaxed);
    return task;
}
const TaskState* LockOwners::take_shared() noexcept { return take_shared(await_place()); }
void LockOwners::moved_shared(const TaskState*& task) noexcept {
    shared_.fetch_sub(shared_part(task) - one_sharer, memory_order_relaxed);
    task = nullptr;
}
void LockOwners::leave_shared(const TaskState* task) noexcept {
    shared_.fetch_sub(shared_part(task), memory_order_relaxed);
}

const TaskState* LockOwners::only_task() const noexcept {
    if (const TaskState* const task = task_.load(memory_order_relaxed))
        return moved_.load(memory_order_relaxed) ? nullptr : task;
    const std::uint64_t shared = shared_.load(memory_order_relaxed);
    return shared % (1 << 16) == 1
               ? reinterpret_cast<const TaskState*>(static_cast<std::uintptr_t>(shared >> 16))
               : nullptr;
}

SourceLocation LockOwners::place() const noexcept {
    return place_of_bits(static_cast<std::uintptr_t>(place_.load(memory_order_relaxed)));
}

std::string LockOwners::describe(std::string_view what) const { return describe_wait(what, name_, id()); }

// ---- LockWait ----

/// What a pass over a cycle saw of one of its tasks.
class LockWait::Step {
public:
    /// False: it awaits no lock, or was told to end, and will. Under the shard's lock its word and what it
    /// waits for are there [G2].
    bool find(const TaskState* wanted) {
        Shard& shard = shard_of(wanted);
        const std::lock_guard lock(shard.lock);
        const LockWait* const wait =
            shard.waits.find([&](const LockWait& one) { return one.task_ == wanted; });
        if (!wait || (wanted->load() & (TaskState::aborted | TaskState::done))) return false;
        task = wanted;
        number = wait->number_;
        owners = wait->owners_;
        next = owners->only_task();
        behind = wait->shares_ && owners->is_shared() ? wait->queued_ : 0;
        return true;
    }
    /// It would share the lock as others do: then it waits behind one that wants it alone. Does such a one
    /// await it, that came before?
    [[nodiscard]] bool is_stuck() const {
        if (behind == 0) return true;
        const auto before = [this](const LockWait& one) {
            return one.owners_ == owners && !one.shares_ && one.queued_ < behind;
        };
        for (std::size_t i = 0; i < shard_count; ++i) {
            Shard& shard = shards()[i];
            const std::lock_guard lock(shard.lock);
            if (shard.waits.find(before)) return true;
        }
        return false;
    }
    [[nodiscard]] bool operator==(const Step& other) const {
        return number == other.number && (behind == 0) == (other.behind == 0);
    }

    const TaskState* task = nullptr;
    std::uint64_t number = 0;
    LockOwners* owners = nullptr;    // of what it waits for
    const TaskState* next = nullptr; // which has that
    std::uint64_t behind = 0;        // its place, where others share that
};

/// From `first` on, each task waits for what the next one has, and the last for what `first` has.
class LockWait::Cycle {
public:
    /// False: there is none.
    bool walk(const TaskState* first) {
        steps.clear();
        const TaskState* at = first;
        do {
            Step step;
            if (steps.size() == longest || !step.find(at)) return false;
            at = step.next;
            steps.push_back(step);
        } while (at && at != first);
        return at != nullptr;
    }
    [[nodiscard]] bool is_stuck() const {
        return std::ranges::all_of(steps, [](const Step& step) { return step.is_stuck(); });
    }
    [[nodiscard]] bool is(const Cycle& other) const { return steps == other.steps; }
    /// False: one of them is there no longer.
    bool describe(LockCycle& report) const {
        const LockOwners* has = steps.back().owners;
        for (const Step& step : steps) {
            Shard& shard = shard_of(step.task);
            const std::lock_guard lock(shard.lock);
            const LockWait* const wait =
                shard.waits.find([&](const LockWait& one) { return one.number_ == step.number; });
            if (!wait) return false;
            const Cell* const cell = cell_of(const_cast<TaskState*>(wait->task_));
            LockCycleTask task;
            task.task_id = wait->id_;
            if (cell) task.task_name = cell->name();
            if (task.task_name.empty()) task.task_name = readable_name(wait->where_.function_name());
            task.has = describe_wait(has->kind_, has->name());
            task.taken_at = has->place();
            task.granted_unpolled = has->granted_.load(memory_order_relaxed);
            task.waits_for = describe_wait(step.owners->kind_, step.owners->name());
            task.waits_at = wait->where_;
            report.tasks.push_back(std::move(task));
            has = step.owners;
        }
        return true;
    }

    std::vector<Step> steps;

private:
    static constexpr std::size_t longest = 64;
};

void LockWait::queue(const Waker& waker) {
    queued_ = last_number.fetch_add(1, memory_order_relaxed) + 1;
    note_who_polls();
    enter(waker);
}

void LockWait::note_who_polls() noexcept {
    const Cell* const cell = running_cell();
    polled_by_ = own_task();
    id_ = cell ? cell->id() : 0;
    where_ = await_place();
}

void LockWait::enter(const Waker& waker) {
    const TaskState* const task = own_task();
    const bool alone = awaited_ && task && task_of(waker) == task;
    if (task_ == (alone ? task : nullptr) && polled_by_ == task) return;
    leave();
    note_who_polls();
    if (!alone) return;
    // One chain of RMWs: of two that close a cycle the later one sees what the earlier one has.
    number_ = last_number.fetch_add(1, memory_order_acq_rel) + 1;
    task_ = task;
    Shard& shard = shard_of(task);
    const std::lock_guard lock(shard.lock);
    shard.waits.push_back(*this);
}

void LockWait::leave_table() noexcept {
    Shard& shard = shard_of(task_);
    const std::lock_guard lock(shard.lock);
    unlink();
    task_ = nullptr;
}

std::exception_ptr LockWait::look_along() {
    const TaskState* const task = own_task();
    const TaskState* const next = owners_->only_task();
    if (!task || !next || told_) return nullptr;
    if (Step step; next != task && !step.find(next)) return nullptr; // as nearly always
    Cycle cycle, again;                                              // [G3]
    if (!cycle.walk(task) || !cycle.is_stuck() || !again.walk(task) || !again.is(cycle)) return nullptr;
    LockCycle report;
    if (!cycle.describe(report)) return nullptr;
    std::exception_ptr error = diagnose_cycle(std::move(report));
    told_ = !error; // left as it is: once is enough
    return error;
}

} // namespace rouse::detail
