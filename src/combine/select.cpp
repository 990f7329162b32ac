// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/combine/select.hpp"

namespace rouse::detail {

std::uint32_t next_select_start() noexcept {
    static thread_local constinit std::uint32_t next = 0;
    return next++;
}

} // namespace rouse::detail
