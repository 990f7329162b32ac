// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/sync/wait_list.hpp"

#include "rouse/base/config.hpp"
#include "rouse/base/stop.hpp"
#include "rouse/task/cell.hpp"

namespace rouse::detail {

void throw_abandoned(const char* what) {
#if ROUSE_EXCEPTIONS
    throw Abandoned(what);
#else
    stop(what);
#endif
}

WaitNode::WaitNode(WaitNode&& other) noexcept : ListLink() {
    if (!other.is_idle()) stop("a future of rouse's sync was moved after its first poll");
}

std::uint64_t current_task_id() noexcept {
    const Cell* const cell = running_cell();
    return cell ? cell->id() : 0;
}

std::string describe_wait(std::string_view what, std::string_view name, std::uint64_t holder) {
    std::string text(what);
    if (!name.empty()) text.append(" `").append(name).append("`");
    if (holder) text.append(", held by task ").append(std::to_string(holder));
    return text;
}

} // namespace rouse::detail
