// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/core/block_on.hpp"

#include "rouse/base/readable.hpp"

namespace rouse::detail {

/// The state word of one block_on, on the heap: wakers outlive the call.
class BlockOn::Root final : public TaskState {
public:
    Root() noexcept : TaskState(&ops_table, active | one_reference) {}

    Parker parker;
    std::string dropped_by; // written by the thread that dropped the last waker, before it unparks

private:
    static Root& of(TaskState* state) noexcept { return *static_cast<Root*>(state); }
    static void wake(TaskState* state) noexcept { of(state).parker.unpark(); }
    static void lose(TaskState* state) noexcept {
        of(state).dropped_by = describe_this_thread();
        wake(state);
    }
    static void free(TaskState* state) noexcept { delete &of(state); }
    static constexpr TaskOps ops_table{wake, lose, free};
};

TaskState* BlockOn::task() const noexcept { return task_; }

BlockOn::BlockOn(SourceLocation where) : where_(where) {
    if (turn.driving || turn.current) [[unlikely]]
        stop(
            "block_on inside of a task: this thread is driving a future already; co_await it, or spawn it and await the handle");
    turn.driving = true;
    task_ = new Root;
}

BlockOn::~BlockOn() {
    turn.current = nullptr;
    turn.driving = false;
    // An unpark that is on its way still uses the parker: it holds a waker then, or made the task ACTIVE, and
    // this thread has seen that.
    std::uint64_t word = task_->word().load(memory_order_acquire);
    while (!task_->word().compare_exchange_weak(
        word, ((word + turn.delta) | TaskState::done) & ~(TaskState::active | TaskState::notified),
        memory_order_acq_rel, memory_order_acquire)) {}
    turn.delta = 0;
    task_->drop_reference();
}

void BlockOn::begin_poll() noexcept {
    turn.current = task_;
    turn.delta = 0;
    turn.woken = turn.yielded = false;
    task_->begin_poll();
}

BlockOn::Next BlockOn::end_poll() noexcept {
    turn.current = nullptr;
    const std::uint64_t delta = std::exchange(turn.delta, 0);
    switch (task_->settle(delta, turn.woken || turn.yielded)) {
    case TaskState::Settled::again:
        return Next::poll;
    case TaskState::Settled::lost:
        return Next::lost;
    case TaskState::Settled::idle:
        break;
    }
    // Delivered by S1 or S4, whose compare-exchange came before the unpark: ACTIVE is ours again.
    while (!task_->parker.park()) {}
    return task_->load() & TaskState::lost ? Next::lost : Next::poll;
}

std::exception_ptr BlockOn::diagnose(const AwaitFrames& frames, std::string_view future_type) {
    HangReport report;
    report.future_type = frames.type.empty() ? future_type : frames.type;
    report.stack = frames.frames;
    if (!report.stack.empty()) report.task_name = readable_name(report.stack.back().function_name());
    report.spawned_at = where_;
    report.dropped_by = std::exchange(task_->dropped_by, {});
    report.cause = report.dropped_by.empty() ? HangCause::never_registered : HangCause::last_waker_dropped;
    task_->clear_lost();
    return diagnose_hang(std::move(report));
}

void BlockOn::sleep_for_ever() noexcept {
    for (;;) task_->parker.park();
}

} // namespace rouse::detail
