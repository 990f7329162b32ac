// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/combine/select.hpp"

namespace rouse::detail {

// Random (xorshift): with a counter, a loop that makes as many selects in each turn as one of them has arms
// would begin that one with the same arm for ever.
std::uint32_t next_select_start() noexcept {
    static thread_local constinit std::uint32_t state = 0x9E37'79B9;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

} // namespace rouse::detail
