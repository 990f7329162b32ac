// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <string>
#include <string_view>

namespace rouse::detail {

/// Writes a report (what `format_report` makes) to stderr, in one piece, with an empty line after it; in
/// colour if a terminal is there to show it and NO_COLOR is not set.
void print_report(std::string_view report) noexcept;

/// The report in colour.
std::string colored(std::string_view report);

} // namespace rouse::detail
