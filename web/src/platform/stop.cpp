// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/base/stop.hpp"

#include "rouse/base/readable.hpp"
#include "rouse/task/cell.hpp"
#include "rouse/web/imports.hpp"

#include <string>

namespace rouse::detail {

// A trap: rouse.mjs rejects everything that the module owes, with these words.
void stop(std::string_view what) noexcept {
    std::string text = "rouse: fatal: " + std::string(what);
    if (const Cell* const cell = running_cell()) text += "\n   in task " + std::to_string(cell->id());
    js::detail::sys::rouse_js_stop(text.data(), text.size());
    __builtin_trap();
}

void stop_polled_after_ready(std::string_view future_type) noexcept {
    stop(readable_type(future_type) + " was polled after it had returned Ready");
}

} // namespace rouse::detail
