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

    /// The poll, the `first` one of this await or not, is registered with `target` and about to return
    /// Pending. Throws if that is the end. True: it is done after all.
    [[nodiscard]] bool look(Cell& target, Context& cx, bool first);
    /// It waits no longer.
    void end() noexcept {
        if (entry_) leave();
    }

private:
    void leave() noexcept;

    JoinEntry* entry_ = nullptr;
};

} // namespace rouse::detail
