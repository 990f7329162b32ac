// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/base/readable.hpp"
#include "rouse/base/text.hpp"
#include "rouse/diag/reports.hpp"
#include "rouse/web/error.hpp"
#include "rouse/web/scheduler.hpp"

namespace rouse::web::detail {

js::Value lost_error(const HangReport& report) {
    const std::string report_text = format_report(report);
    const std::string_view message(report_text.data(), report_text.find_last_not_of('\n') + 1);
    rouse::detail::Text stack("LostWaker: ");
    stack << message.substr(0, message.find('\n'));
    for (const SourceLocation& where : report.stack)
        stack << "\n    at " << readable_function(where.function_name()) << " (" << readable_place(where)
              << ")";
    if (report.spawned_at) stack << "\n    at spawn (" << readable_place(report.spawned_at) << ")";
    const std::string_view frames = stack.view();
    static constexpr std::string_view name = "LostWaker";
    return js::Value::adopt(js::detail::sys::rouse_js_error(name.data(), name.size(), message.data(),
                                                            message.size(), frames.data(), frames.size()));
}

js::Value cancelled_error() {
    const bool closed = Scheduler::here().is_closed();
    return js::error(closed ? "the module was torn down" : "the task was aborted", "AbortError");
}

} // namespace rouse::web::detail
