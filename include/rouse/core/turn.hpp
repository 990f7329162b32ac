// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/config.hpp"

#include <cstddef>
#include <cstdint>

namespace rouse::detail {

class TaskState;
class NestedTurn;
struct PollScope;

/// What this thread is doing for which task, in plain memory. It makes the common case of a waker cheap: a
/// task that clones, drops or wakes *its own* waker during its own poll touches `delta` and `woken`, not its
/// state word; the end of the poll adds them up in the one RMW that it makes anyway.
///
/// After a poll that returned Pending the task may stay here one poll longer, as `settling`: if the next task
/// wakes it, as the other half of a ping-pong does, it goes back to the queue without ever having been idle.
/// Until it is settled it is ACTIVE, and nobody else decides about it.
struct Turn {
    /// The task whose poll is running on this thread, or null.
    TaskState* current = nullptr;
    /// What the state word of `current` still has to gain (see TaskState: counts only, modulo 2^64).
    std::uint64_t delta = 0;
    /// `current` was woken by itself, from inside its poll.
    bool woken = false;
    /// `current` means to be polled again without anyone's wake: yield_now, or the budget.
    bool yielded = false;

    bool settling_woken = false;
    /// Some executor of ours drives on this thread: a second one may not nest in it.
    bool driving = false;
    /// The awaits that this poll may still complete without going back to the executor.
    std::int32_t budget = 0;

    TaskState* settling = nullptr;
    std::uint64_t settling_delta = 0;

    /// The innermost strand that is being polled on this thread (task layer).
    PollScope* scope = nullptr;
    /// Memory that the next coroutine frame goes to (task layer: one allocation for cell and frame).
    void* armed = nullptr;
    /// The frame whose memory belongs to a task cell and is not freed with it.
    void* embedded_frame = nullptr;
    /// The runtime that is being driven on this thread, if any (task layer: an Executor).
    void* runtime = nullptr;
    /// And its crew; 0: none.
    std::uint16_t crew = 0;
    /// What `current` interrupts: it is polled by a set, in the poll of another task.
    NestedTurn* outer = nullptr;

    /// What the state word of `task` still has to gain from this thread; null when its poll is not running
    /// here, nor to be settled.
    [[nodiscard]] inline const std::uint64_t* delta_of(const TaskState* task) const noexcept;
};

extern constinit thread_local Turn turn ROUSE_TLS;

/// The turn of a task inside the poll of another: of a child that has a state word of its own. Meanwhile the
/// outer task is, for this thread too, one that is polled elsewhere.
class NestedTurn {
public:
    explicit NestedTurn(TaskState& task) noexcept
        : task_(turn.current),
          delta_(turn.delta),
          woken_(turn.woken),
          yielded_(turn.yielded),
          outer_(turn.outer) {
        turn.outer = this;
        turn.current = &task;
        turn.delta = 0;
        turn.woken = turn.yielded = false;
    }
    ~NestedTurn() {
        turn.current = task_;
        turn.delta = delta_;
        turn.woken = woken_;
        turn.yielded = yielded_;
        turn.outer = outer_;
    }
    NestedTurn(const NestedTurn&) = delete;
    NestedTurn& operator=(const NestedTurn&) = delete;

    [[nodiscard]] TaskState* task() const noexcept { return task_; }
    [[nodiscard]] const std::uint64_t& delta() const noexcept { return delta_; }
    [[nodiscard]] NestedTurn* outer() const noexcept { return outer_; }

private:
    TaskState* task_;
    std::uint64_t delta_;
    bool woken_;
    bool yielded_;
    NestedTurn* outer_;
};

inline const std::uint64_t* Turn::delta_of(const TaskState* task) const noexcept {
    if (current == task) return &delta;
    if (settling == task) return &settling_delta;
    for (const NestedTurn* nested = outer; nested; nested = nested->outer())
        if (nested->task() == task) return &nested->delta();
    return nullptr;
}

/// A poll may complete this many awaits before it must give way.
inline constexpr std::int32_t poll_budget = 256;

} // namespace rouse::detail
