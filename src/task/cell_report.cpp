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

void add_waiters(Cell& cell, std::vector<HangWaiter>& waiters) {
    if (waiters.size() == most_waiters) return;
    cell.with_joining_task([&](Cell& waiter) {
        AwaitFrames waiting;
        waiter.strand().inspect(waiting);
        waiters.emplace_back(waiter.id(), name_of(waiter, waiting.frames),
                             waiting.frames.empty() ? waiter.spawned_at() : waiting.frames.front());
        if (&waiter != &cell) add_waiters(waiter, waiters);
    });
}

} // namespace

std::vector<HangWaiter> waiters_of(Cell& cell) {
    std::vector<HangWaiter> waiters;
    add_waiters(cell, waiters);
    return waiters;
}

} // namespace rouse::detail
