// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/task/wait_graph.hpp"

#include "rouse/base/readable.hpp"
#include "rouse/base/short_lock.hpp"
#include "rouse/core/task_state.hpp"
#include "rouse/task/cell.hpp"

#include <algorithm>
#include <mutex>
#include <type_traits>
#include <utility>
#include <vector>

namespace rouse::detail {
namespace {

constexpr int shard_bits = ROUSE_THREADS ? 16 : 6; // who looks for one walks over those that share its shard

} // namespace

/// The waits of the tasks whose addresses fall on it.
class WaitShard {
public:
    /// Without the lock, by whoever has his number: he does not miss those with lower ones [G1].
    [[nodiscard]] bool empty() const noexcept { return !first_.load(memory_order_relaxed); }

    ShortLock lock;

    // ---- under the lock ----

    void add(WaitEntry& entry) noexcept {
        WaitEntry* const first = first_.load(memory_order_relaxed);
        entry.after_ = first;
        entry.before_ = nullptr;
        if (first) first->before_ = &entry;
        first_.store(&entry, memory_order_relaxed);
    }
    void remove(WaitEntry& entry) noexcept {
        if (entry.before_) entry.before_->after_ = entry.after_;
        else first_.store(entry.after_, memory_order_relaxed);
        if (entry.after_) entry.after_->before_ = entry.before_;
    }
    template <class Is>
    [[nodiscard]] WaitEntry* find_if(Is is) {
        WaitEntry* one = first_.load(memory_order_relaxed);
        while (one && !is(*one)) one = one->after_;
        return one;
    }
    [[nodiscard]] WaitEntry* find(const TaskState* task) {
        return find_if([&](const WaitEntry& one) { return one.task() == task; });
    }

private:
    Atomic<WaitEntry*> first_{nullptr};
};

namespace {

/// Zeros, which cost no memory before they are written. Never destroyed: the last wait may be in a static's
/// destructor.
constinit WaitShard shards[std::size_t{1} << shard_bits];
static_assert(std::is_trivially_destructible_v<WaitShard>);

WaitShard& shard_of(const TaskState* task) {
    const auto address = std::uint64_t{reinterpret_cast<std::uintptr_t>(task)};
    return shards[address * 0x9e37'79b9'7f4a'7c15 >> (64 - shard_bits)];
}

/// [G1] The number of a new stay in the table.
std::uint64_t next_number() noexcept {
    static constinit Atomic<std::uint64_t> last{0};
    return last.fetch_add(1, memory_order_acq_rel) + 1;
}

} // namespace

SourceLocation await_place() noexcept {
    const PromiseBase* const top = turn.scope ? turn.scope->strand->top() : nullptr;
    return top ? top->await_at() : SourceLocation();
}

Cell* own_task() noexcept {
    Cell* const cell = cell_of(turn.current);
    return cell && turn.scope && turn.scope->strand == &cell->strand() ? cell : nullptr;
}

bool waits_in_graph(const TaskState& task) noexcept {
    WaitShard& shard = shard_of(&task);
    const std::lock_guard lock(shard.lock);
    return shard.find(&task) != nullptr;
}

/// Under the shard's lock, of a task that is in the table: it was told to end, or has lost its last waker, so
/// that its await will throw.
static bool is_ending(const TaskState& task) noexcept {
    return task.load() & (TaskState::aborted | TaskState::done | TaskState::lost);
}

/// What a pass over a cycle saw of one of its tasks.
class WaitStep {
public:
    /// False: it is not in the table, or was told to end, and will. Under the shard's lock its word and what
    /// it waits for are there [G2].
    bool find(const TaskState* wanted) {
        WaitShard& shard = shard_of(wanted);
        if (shard.empty()) return false;
        const std::lock_guard lock(shard.lock);
        const WaitEntry* const wait = shard.find(wanted);
        if (!wait || is_ending(*wanted)) return false;
        task = wanted;
        number = wait->number_;
        next = wait->next();
        behind = wait->behind();
        awaited = wait->lock();
        called = wait->called_;
        return true;
    }
    /// It would share a lock as others do: then it waits behind one that wants it alone. Does such a one
    /// await it, that came before?
    [[nodiscard]] bool is_stuck() const {
        if (behind == 0) return true;
        const auto before = [this](const WaitEntry& one) {
            return one.is_before(awaited, behind) && !is_ending(*one.task());
        };
        for (WaitShard& shard : shards) {
            if (shard.empty()) continue; // who came before was in before, under the lock's own lock
            const std::lock_guard lock(shard.lock);
            if (shard.find_if(before)) return true;
        }
        return false;
    }
    [[nodiscard]] bool operator==(const WaitStep& other) const {
        return number == other.number && (behind == 0) == (other.behind == 0);
    }

    const TaskState* task = nullptr;
    std::uint64_t number = 0;
    const TaskState* next = nullptr; // which has what it waits for
    const void* awaited = nullptr;
    std::uint64_t behind = 0; // its place, where others share that
    bool called = false;
};

/// From `first` on, each task waits for what the next one has, and the last for what `first` has.
class WaitCycle {
public:
    /// False: there is none.
    bool walk(const TaskState* first) {
        steps_.clear();
        const TaskState* at = first;
        do {
            WaitStep step;
            if (steps_.size() == longest || !step.find(at)) return false;
            at = step.next;
            steps_.push_back(step);
        } while (at && at != first);
        return at != nullptr;
    }
    [[nodiscard]] bool is_stuck() const {
        return std::ranges::all_of(steps_, [](const WaitStep& step) { return step.is_stuck(); });
    }
    [[nodiscard]] bool is(const WaitCycle& other) const { return steps_ == other.steps_; }

    /// [G5] Who is to throw.
    [[nodiscard]] const WaitStep& closer() const {
        return *std::ranges::max_element(
            steps_, {}, [](const WaitStep& step) { return std::pair(!step.called, step.number); });
    }
    /// [G5] The closer looks again.
    void call_closer() const {
        const WaitStep& closed = closer();
        WaitShard& shard = shard_of(closed.task);
        const std::lock_guard lock(shard.lock);
        // A wake of a task of a runtime: it runs no code of the user's.
        if (shard.find(closed.task)) const_cast<TaskState*>(closed.task)->wake_by_ref();
    }
    /// False: one of them is there no longer.
    bool describe(LockCycle& report) const {
        report.tasks.resize(steps_.size());
        for (std::size_t i = 0; i < steps_.size(); ++i) {
            const WaitStep& step = steps_[i];
            WaitShard& shard = shard_of(step.task);
            const std::lock_guard lock(shard.lock);
            const WaitEntry* const wait = shard.find(step.task);
            if (!wait || wait->number_ != step.number) return false;
            LockCycleTask& task = report.tasks[i];
            task.task_id = wait->id_;
            if (const Cell* const cell = cell_of(const_cast<TaskState*>(wait->task_)))
                task.task_name = cell->name();
            if (task.task_name.empty()) task.task_name = readable_name(wait->where_.function_name());
            task.waits_at = wait->where_;
            wait->describe(task, report.tasks[(i + 1) % steps_.size()]);
        }
        return true;
    }

private:
    static constexpr std::size_t longest = 64;
    std::vector<WaitStep> steps_;
};

// ---- WaitEntry ----

bool WaitEntry::is_before(const void*, std::uint64_t) const noexcept { return false; }

void WaitEntry::note_who_polls() noexcept {
    const Cell* const cell = running_cell();
    id_ = cell ? cell->id() : 0;
    where_ = await_place();
}

void WaitEntry::enter_table(const TaskState& task) {
    WaitShard& shard = shard_of(&task);
    task_ = &task;
    const std::lock_guard lock(shard.lock);
    shard.add(*this);
    number_ = next_number();
}

void WaitEntry::leave_table() noexcept {
    WaitShard& shard = shard_of(task_);
    const std::lock_guard lock(shard.lock);
    shard.remove(*this);
    task_ = nullptr;
}

std::exception_ptr WaitEntry::look_along() {
    Cell* const task = own_task();
    if (!task) return nullptr;
    if (announced_ != number_) {
        announced_ = number_;
        task->call_joiner(); // [G4]
    }
    if (told_) return nullptr;
    const TaskState* const next = this->next();
    if (!next) return nullptr;
    if (WaitStep step; next != task && !step.find(next)) return nullptr; // as nearly always
    WaitCycle cycle, again;                                              // [G3]
    if (!cycle.walk(task) || !cycle.is_stuck() || !again.walk(task) || !again.is(cycle)) return nullptr;
    if (cycle.closer().task != task) {
        cycle.call_closer();
        return nullptr;
    }
    LockCycle report;
    if (!cycle.describe(report)) return nullptr;
    std::exception_ptr error = diagnose_cycle(std::move(report));
    told_ = !error; // left as it is: once is enough
    return error;
}

} // namespace rouse::detail
