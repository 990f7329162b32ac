// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "diag/print.hpp"
#include "diag/source_line.hpp"
#include "rouse/web/imports.hpp"

namespace rouse::detail {

// The source is not where the program runs: the tools of the browser show it.
std::string source_line(const SourceLocation&) { return {}; }

void print_report(std::string_view report) noexcept {
    static constexpr std::string_view kind = "report";
    js::detail::sys::rouse_js_report(kind.data(), kind.size(), report.data(), report.size(), 0);
}

} // namespace rouse::detail
