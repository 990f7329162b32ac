// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "task/cell_report.hpp"

#include "rouse/base/readable.hpp"
#include "rouse/core/inspect.hpp"

namespace rouse::detail {

std::string name_of(const Cell& cell, const std::vector<SourceLocation>& frames) {
    if (!cell.name().empty()) return std::string(cell.name());
    return frames.empty() ? std::string() : readable_name(frames.back().function_name());
}

namespace {

constexpr std::size_t most_waiters = 64; // nobody reads more; and nothing forbids a circle

HangWaiter described(const Cell& waiter, const AwaitFrames& waiting) {
    return HangWaiter(waiter.id(), name_of(waiter, waiting.frames),
                      waiting.frames.empty() ? waiter.spawned_at() : waiting.frames.front());
}

/// Who awaits the handle of a task, with a reference as long as it is looked at.
class JoiningTask {
public:
    explicit JoiningTask(Cell& joined) noexcept : task_(joined.reference_joining_task()) {}
    ~JoiningTask() {
        if (task_) task_->drop_reference();
    }
    JoiningTask(const JoiningTask&) = delete;
    JoiningTask& operator=(const JoiningTask&) = delete;
    explicit operator bool() const noexcept { return task_; }
    Cell* operator->() const noexcept { return task_; }
    Cell& operator*() const noexcept { return *task_; }
    [[nodiscard]] Cell* get() const noexcept { return task_; }

private:
    Cell* task_;
};

/// [S7] also when what is written down meanwhile finds no memory.
class Hold {
public:
    explicit Hold(Cell& task) noexcept : task_(task.try_hold() ? &task : nullptr) {}
    ~Hold() {
        // Who dropped the last waker could not tell that nobody was polling, and left no note.
        if (task_ && task_->end_hold())
            task_->executor().schedule_lost(*task_, "a thread, while another report was made");
    }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    explicit operator bool() const noexcept { return task_; }

private:
    Cell* task_;
};

void add_waiters(Cell& cell, std::vector<HangWaiter>& waiters) {
    if (waiters.size() == most_waiters) return;
    cell.with_joining_task([&](Cell& waiter) {
        AwaitFrames waiting;
        waiter.strand().inspect(waiting);
        waiters.push_back(described(waiter, waiting));
        if (&waiter != &cell) add_waiters(waiter, waiters);
    });
    const JoiningTask waiter(cell);
    if (!waiter) return;
    AwaitFrames waiting;
    if (const Hold hold(*waiter); hold)           // or else somebody polls it: where it awaits cannot be read
        waiter->strand().inspect_frames(waiting); // what the leaf awaits others may be at
    waiters.push_back(described(*waiter, waiting));
    if (waiter.get() != &cell) add_waiters(*waiter, waiters);
}

} // namespace

std::vector<HangWaiter> waiters_of(Cell& cell) {
    std::vector<HangWaiter> waiters;
    add_waiters(cell, waiters);
    return waiters;
}

} // namespace rouse::detail
