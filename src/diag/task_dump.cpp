// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/diag/task_dump.hpp"

#include <algorithm>

namespace rouse {

bool AwaitDump::only_never() const {
    if (!children.empty())
        return std::ranges::all_of(children, [](const AwaitDump& child) { return child.only_never(); });
    return !waits.empty() &&
           std::ranges::all_of(waits, [](const WaitDump& wait) { return wait.kind == WaitKind::never; });
}

void detail::AwaitCollector::begin_child(std::string_view role) {
    AwaitDump& child = open_.back()->children.emplace_back();
    child.role = role;
    open_.push_back(&child); // siblings are added only after this one is closed, so the address stays
}

} // namespace rouse
