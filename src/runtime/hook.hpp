// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/config.hpp"

namespace rouse::detail {

/// Calls what calls a hook of the user's: it has nowhere to throw to.
template <class Fn>
void call_hook(Fn&& fn) noexcept {
#if ROUSE_EXCEPTIONS
    try {
        fn();
    } catch (...) {}
#else
    fn();
#endif
}

} // namespace rouse::detail
