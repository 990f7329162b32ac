// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/base/stop.hpp"

#include "rouse/base/readable.hpp"
#include "rouse/base/text.hpp"
#include "rouse/task/cell.hpp"
#include "rouse/web/imports.hpp"

namespace rouse::detail {

// A trap: rouse.mjs rejects everything that the module owes, with these words.
void stop(std::string_view what) noexcept {
    Text text("rouse: fatal: ");
    text << what;
    if (const Cell* const cell = running_cell()) text << "\n   in task " << cell->id();
    js::detail::sys::rouse_js_stop(text.view().data(), text.view().size());
    __builtin_trap();
}

void stop_polled_after_ready(std::string_view future_type) noexcept {
    Text text(readable_type(future_type));
    text << " was polled after it had returned Ready";
    stop(text.view());
}

} // namespace rouse::detail
