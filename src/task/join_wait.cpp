// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/task/join_wait.hpp"

#include "rouse/task/cell.hpp"
#include "rouse/task/wait_graph.hpp"

#include <exception>
#include <string>
#include <utility>

namespace rouse::detail {

class JoinEntry final : public WaitEntry {
public:
    /// The target stays, whoever destroys the handle.
    JoinEntry(Cell& target, bool called) noexcept : WaitEntry(called), target_(&target) {
        target.add_reference();
    }
    ~JoinEntry() override {
        if (task()) leave_table();
        target_->drop_reference();
    }
    void enter(const Cell& own) {
        note_who_polls();
        enter_table(own);
    }
    std::exception_ptr look() { return look_along(); }
    [[nodiscard]] bool is_for(const Cell& target) const noexcept { return target_ == &target; }

private:
    [[nodiscard]] const TaskState* next() const noexcept override { return target_; }
    void describe(LockCycleTask& waiter, LockCycleTask& holder) const override {
        std::string text = "the end of task " + std::to_string(target_->id());
        if (!target_->name().empty()) text += " `" + std::string(target_->name()) + "`";
        waiter.waits_for = holder.has = std::move(text);
        holder.taken_at = target_->spawned_at();
        holder.is_joined = true;
    }

    Cell* const target_;
};

bool JoinWait::look(Cell& target, Context& cx) {
    Cell* const own = own_task();
    if (!own) return false;
    if (!entry()) {
        const bool there = waits_in_graph(target);
        if (!there && !own->is_awaited()) return false;
        // It was called if it is polled again: the first poll would have seen that the target is there.
        auto* const entry = new JoinEntry(target, there && state_ != polled_once);
        state_ = reinterpret_cast<std::uintptr_t>(entry);
        entry->enter(*own);
        target.joiner_has_entered();
    }
    std::exception_ptr deadlock = entry()->look();
    if (!deadlock) return false;
    end();
    if (target.poll_join(cx)) return true; // aborted, say. Else it is registered, but not awaited any more
    std::rethrow_exception(std::move(deadlock));
}

void JoinWait::leave() noexcept {
    delete entry();
    state_ = polled_again;
}

void JoinWait::leave_others(const Cell& target) noexcept {
    if (!entry()->is_for(target)) leave();
}

} // namespace rouse::detail
