// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/task/cell.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <unordered_map>

namespace rouse::detail {

/// A line for each poll: which task, where it waits, what came of it, how long it took, and who had woken it.
/// Off, it costs a test of a flag.
class PollLog {
public:
    PollLog(bool enabled, std::function<void(const std::string&)> sink);

    [[nodiscard]] bool enabled() const noexcept { return enabled_; }
    /// `cell` was just made runnable by the calling thread, which drives the runtime.
    void woken(const Cell& cell, std::string by) { woken_by_[&cell] = std::move(by); }
    void begin(const Cell& cell);
    /// `cell` is cancelled, without a poll.
    void cancel(const Cell& cell);
    /// `cell` was woken by the task that was polled, or cancelled, last.
    void woken_by_last(const Cell& cell) { woken(cell, "task " + std::to_string(last_)); }
    /// `cell` may be gone: only what `begin` noted is used, unless the poll was Pending.
    void end(const Cell* pending, std::string_view result);

private:
    bool enabled_;
    std::function<void(const std::string&)> sink_;
    std::unordered_map<const Cell*, std::string> woken_by_;
    std::uint64_t last_ = 0;
    std::string head_;
    std::string by_;
    std::chrono::steady_clock::time_point start_;
};

} // namespace rouse::detail
