// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/core/turn.hpp"

namespace rouse::detail {

constinit thread_local Turn turn;

} // namespace rouse::detail
