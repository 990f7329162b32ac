// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "diag/print.hpp"
#include "rouse/task/cell.hpp"

#include <algorithm>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace rouse::detail {

/// Who dropped the last waker of a task, kept until its report is written. From any thread.
class LostNotes {
public:
    void add(const Cell& cell, std::string by) {
        const std::lock_guard lock(mutex_);
        notes_.emplace_back(&cell, std::move(by));
    }
    /// Empty: nobody.
    std::string take(const Cell& cell) {
        const std::lock_guard lock(mutex_);
        const auto note = std::ranges::find(notes_, &cell, &Note::first);
        if (note == notes_.end()) return {};
        std::string by = std::move(note->second);
        *note = std::move(notes_.back());
        notes_.pop_back();
        return by;
    }

private:
    using Note = std::pair<const Cell*, std::string>;
    std::mutex mutex_;
    std::vector<Note> notes_;
};

} // namespace rouse::detail
