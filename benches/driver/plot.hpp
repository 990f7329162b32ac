// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "table.hpp"

#include <string>
#include <vector>

namespace bench {

/// An SVG with a line for each figure and a dot on it for each program: how it compares with the best of the
/// others, the best at 1, worse to the right, whatever the unit.
std::string plot(const std::vector<Result>& results, const std::string& title);

} // namespace bench
