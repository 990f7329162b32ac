// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/sync/lock_graph.hpp"

#include "rouse/base/readable.hpp"
#include "rouse/base/short_lock.hpp"
#include "rouse/core/deadlock.hpp"
#include "rouse/core/turn.hpp"
#include "rouse/sync/wait_list.hpp"
#include "rouse/task/cell.hpp"

#include <algorithm>
#include <bit>
#include <mutex>
#include <vector>

namespace rouse::detail {
namespace {

/// The awaited locks of the tasks whose addresses fall on it. Never destroyed: a wait may end in a static's
/// destructor.
class alignas(64) Shard {
public:
    ShortLock lock;
    IntrusiveList<LockWait> waits;
};
constexpr std::size_t shard_count = 64;
Shard* const shards = new Shard[shard_count];
Shard& shard_of(const TaskState* task) noexcept {
    const auto address = reinterpret_cast<std::uintptr_t>(task);
    return shards[(address >> 5 ^ address >> 12) % shard_count];
}

constinit Atomic<std::uint64_t> last_number{0};

/// Where the innermost coroutine of this poll awaits.
SourceLocation await_place() noexcept {
    const PromiseBase* const top = turn.scope ? turn.scope->strand->top() : nullptr;
    return top ? top->await_at() : SourceLocation();
}

constexpr std::uint64_t one_sharer = 1;
std::uint64_t shared_part(const TaskState* task) noexcept {
    return (reinterpret_cast<std::uintptr_t>(task) << 16) + one_sharer;
}

} // namespace

// ---- LockOwners ----

void LockOwners::take(SourceLocation where) noexcept {
    const Cell* const cell = running_cell();
    task_.store(turn.current, memory_order_relaxed);
    id_.store(cell ? cell->id() : 0, memory_order_relaxed);
    place_.store(std::bit_cast<std::uint64_t>(where), memory_order_relaxed);
    moved_.store(false, memory_order_relaxed);
    granted_.store(false, memory_order_relaxed);
}
void LockOwners::take() noexcept { take(await_place()); }

void LockOwners::grant(const LockWait& wait) noexcept {
    if (wait.shares_) return;
    task_.store(wait.polled_by_, memory_order_relaxed);
    id_.store(wait.id_, memory_order_relaxed);
    place_.store(std::bit_cast<std::uint64_t>(wait.where_), memory_order_relaxed);
    moved_.store(false, memory_order_relaxed);
    granted_.store(true, memory_order_relaxed);
}

const TaskState* LockOwners::take_shared(SourceLocation where) noexcept {
    const std::uint64_t before = shared_.fetch_add(shared_part(turn.current), memory_order_relaxed);
    if (before % (1 << 16) != 0) where = SourceLocation();
    place_.store(std::bit_cast<std::uint64_t>(where), memory_order_relaxed);
    return turn.current;
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
    return shared % (1 << 16) == 1 ? reinterpret_cast<const TaskState*>(shared >> 16) : nullptr;
}

SourceLocation LockOwners::place() const noexcept {
    return std::bit_cast<SourceLocation>(place_.load(memory_order_relaxed));
}

std::string LockOwners::describe(std::string_view what) const { return describe_wait(what, name_, id()); }

// ---- LockWait ----

/// What a pass over a cycle saw of one of its tasks.
class LockWait::Step {
public:
    /// False: it awaits no lock. Under the shard's lock what it waits for is there [G2].
    bool find(const TaskState* wanted) {
        Shard& shard = shard_of(wanted);
        const std::lock_guard lock(shard.lock);
        bool found = false;
        shard.waits.for_each([&](LockWait& wait) {
            if (found || wait.task_ != wanted) return;
            found = true;
            see(wait);
        });
        return found;
    }
    void see(const LockWait& wait) {
        task = wait.task_;
        number = wait.number_;
        owners = wait.owners_;
        next = owners->only_task();
        behind = wait.shares_ && owners->is_shared();
    }
    /// It would share the lock as others do: then it waits behind one that wants it alone. Does such a one
    /// await it, that came before?
    [[nodiscard]] bool is_stuck() const {
        if (!behind) return true;
        bool stuck = false;
        for (std::size_t i = 0; i < shard_count && !stuck; ++i) {
            const std::lock_guard lock(shards[i].lock);
            shards[i].waits.for_each([&](LockWait& wait) {
                stuck = stuck || (wait.owners_ == owners && !wait.shares_ && wait.number_ < number);
            });
        }
        return stuck;
    }

    const TaskState* task = nullptr;
    std::uint64_t number = 0;
    LockOwners* owners = nullptr;    // of what it waits for
    const TaskState* next = nullptr; // which has that
    bool behind = false;
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
    [[nodiscard]] bool is(const Cycle& other) const {
        return std::ranges::equal(steps, other.steps, {}, &Step::number, &Step::number);
    }
    /// False: one of them is there no longer.
    bool describe(LockCycle& report) const {
        const LockOwners* has = steps.back().owners;
        for (const Step& step : steps) {
            Shard& shard = shard_of(step.task);
            const std::lock_guard lock(shard.lock);
            bool found = false;
            shard.waits.for_each([&](LockWait& wait) {
                if (wait.number_ != step.number) return;
                found = true;
                const Cell* const cell = cell_of(const_cast<TaskState*>(wait.task_));
                LockCycleTask task;
                task.task_id = wait.id_;
                if (cell) task.task_name = cell->name();
                if (task.task_name.empty()) task.task_name = readable_name(wait.where_.function_name());
                task.has = describe_wait(has->kind_, has->name());
                task.taken_at = has->place();
                task.granted_unpolled = has->granted_.load(memory_order_relaxed);
                task.waits_for = describe_wait(step.owners->kind_, step.owners->name());
                task.waits_at = wait.where_;
                report.tasks.push_back(std::move(task));
            });
            if (!found) return false;
            has = step.owners;
        }
        return true;
    }

    std::vector<Step> steps;

private:
    static constexpr std::size_t longest = 64;
};

void LockWait::enter(const Waker& waker) noexcept {
    const TaskState* const task = turn.current;
    // The strand of the task itself, and not of a child: of that, nobody else is polled beside this.
    const bool whole = awaited_ && task && task_of(waker) == task && turn.scope && !turn.scope->outer;
    if (task_ == (whole ? task : nullptr) && polled_by_ == task) return;
    leave();
    const Cell* const cell = running_cell();
    polled_by_ = task;
    id_ = cell ? cell->id() : 0;
    where_ = await_place();
    if (!whole) return;
    number_ = last_number.fetch_add(1, memory_order_relaxed) + 1;
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

void LockWait::look_along() {
    const TaskState* const next = owners_->only_task();
    if (!next || told_) return;
    if (Step step; next != turn.current && !step.find(next)) return; // as nearly always
    Cycle cycle, again;                                              // [G3]
    if (!cycle.walk(turn.current) || !cycle.is_stuck() || !again.walk(turn.current) || !again.is(cycle))
        return;
    LockCycle report;
    if (!cycle.describe(report)) return;
    if (std::exception_ptr error = diagnose_cycle(std::move(report)))
        std::rethrow_exception(std::move(error));
    told_ = true;
}

} // namespace rouse::detail
