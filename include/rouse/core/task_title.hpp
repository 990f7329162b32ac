// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/text.hpp"

#include <cstdint>
#include <string_view>

namespace rouse::detail {

/// "task 7 `loader`"; 0 is the future of a `block_on`.
void add_task_title(Text& text, std::uint64_t id, std::string_view name);

} // namespace rouse::detail
