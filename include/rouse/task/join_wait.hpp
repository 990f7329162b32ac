// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/context.hpp"

namespace rouse::detail {

class Cell;
class JoinEntry;

/// A task's await of a JoinHandle, in the graph of waits: lies beside the await, and ends with it. Nothing,
/// until the awaited task is in the graph [G4 of wait_graph.hpp].
class JoinWait {
public:
    JoinWait() noexcept = default;
    JoinWait(const JoinWait&) = delete;
    JoinWait& operator=(const JoinWait&) = delete;
    ~JoinWait() { end(); }

    /// A poll is registered with `target`, which is another task than before if the handle was assigned to.
    void note_poll(const Cell& target) noexcept {
        if (state_ < polled_again) [[likely]]
            ++state_;
        else if (state_ > polled_again) leave_others(target);
    }
    /// Of such a poll, which is about to return Pending. Throws if that is the end. True: it is done after
    /// all.
    [[nodiscard]] bool look(Cell& target, Context& cx);
    /// It waits no longer.
    void end() noexcept {
        if (state_ > polled_again) leave();
    }

private:
    static constexpr std::uintptr_t never_polled = 0;
    static constexpr std::uintptr_t polled_once = 1;
    static constexpr std::uintptr_t polled_again = 2;
    [[nodiscard]] JoinEntry* entry() const noexcept {
        return state_ > polled_again ? reinterpret_cast<JoinEntry*>(state_) : nullptr;
    }
    void leave() noexcept;
    void leave_others(const Cell& target) noexcept;

    std::uintptr_t state_ = never_polled; // else the entry
};

} // namespace rouse::detail
