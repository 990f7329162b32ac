// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/hang.hpp"
#include "rouse/task/cell.hpp"

#include <string>
#include <vector>

namespace rouse::detail {

/// Its name; or else that of its outermost coroutine, given the awaits it is suspended in.
std::string name_of(const Cell& cell, const std::vector<SourceLocation>& frames);

/// Who waits for it, nearest first: the task that awaits its handle, the one that awaits that one's, ... On
/// the thread that drives them.
std::vector<HangWaiter> waiters_of(Cell& cell);

} // namespace rouse::detail
