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

void add_waiters(Cell& cell, std::vector<HangWaiter>& waiters) {
    if (waiters.size() == most_waiters) return;
    cell.with_joining_task([&](Cell& waiter) {
        AwaitFrames waiting;
        waiter.strand().inspect(waiting);
        waiters.push_back(described(waiter, waiting));
        if (&waiter != &cell) add_waiters(waiter, waiters);
    });
    Cell* const waiter = cell.reference_joining_task();
    if (!waiter) return;
    AwaitFrames waiting;
    if (waiter->try_hold()) {                     // or else somebody polls it: where it awaits cannot be read
        waiter->strand().inspect_frames(waiting); // what the leaf awaits others may be at
        waiter->end_hold();
    }
    waiters.push_back(described(*waiter, waiting));
    if (waiter != &cell) add_waiters(*waiter, waiters);
    waiter->drop_reference();
}

} // namespace

std::vector<HangWaiter> waiters_of(Cell& cell) {
    std::vector<HangWaiter> waiters;
    add_waiters(cell, waiters);
    return waiters;
}

} // namespace rouse::detail
