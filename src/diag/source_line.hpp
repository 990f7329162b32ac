// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/source_location.hpp"

#include <string>

namespace rouse::detail {

/// The line of source, trimmed; empty when the file cannot be read.
std::string source_line(const SourceLocation& where);

} // namespace rouse::detail
