// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "diag/source_line.hpp"

#include <fstream>

namespace rouse::detail {

std::string source_line(const SourceLocation& where) {
    if (!where) return {};
    std::ifstream file(where.file_name());
    std::string line;
    for (std::uint32_t i = 0; i < where.line(); ++i)
        if (!std::getline(file, line)) return {};
    const std::size_t first = line.find_first_not_of(" \t");
    if (first == std::string::npos) return {};
    const std::size_t last = line.find_last_not_of(" \t\r");
    return line.substr(first, last - first + 1);
}

} // namespace rouse::detail
