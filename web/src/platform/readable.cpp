// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/readable_parts.hpp"

namespace rouse::detail {

// Clang made the names, and there is no current directory.

std::string without_gcc(std::string_view text) { return std::string(text); }
std::string_view path_from_here(std::string_view file) noexcept { return file; }

} // namespace rouse::detail
