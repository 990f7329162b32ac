// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/base/readable.hpp"
#include "rouse/diag/reports.hpp"
#include "rouse/web/error.hpp"
#include "rouse/web/scheduler.hpp"

namespace rouse::web::detail {

js::Value lost_error(const HangReport& report) {
    std::string message = format_report(report);
    while (message.ends_with('\n')) message.pop_back();
    std::string stack = "LostWaker: " + message.substr(0, message.find('\n'));
    for (const SourceLocation& where : report.stack)
        stack += "\n    at " + readable_function(where.function_name()) + " (" + readable_place(where) + ")";
    if (report.spawned_at) stack += "\n    at spawn (" + readable_place(report.spawned_at) + ")";
    static constexpr std::string_view name = "LostWaker";
    return js::Value::adopt(js::detail::sys::rouse_js_error(name.data(), name.size(), message.data(),
                                                            message.size(), stack.data(), stack.size()));
}

js::Value cancelled_error() {
    const bool closed = Scheduler::here().is_closed();
    return js::error(closed ? "the module was torn down" : "the task was aborted", "AbortError");
}

} // namespace rouse::web::detail
