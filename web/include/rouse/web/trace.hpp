// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>

/// 0 leaves the trace out of the module.
#if !defined(ROUSE_WEB_TRACE)
#define ROUSE_WEB_TRACE 1
#endif

namespace rouse::web::detail {

/// What happens to a task, as `load`'s option `trace` is told. The numbers are known to rouse.mjs.
enum class Event : std::uint8_t {
    created,
    polled,
    pending,
    waker_cloned,  ///< In its own poll: it has more wakers after it than before.
    waker_dropped, ///< It has fewer; or its last one was dropped unwoken.
    woken,
    ready,
    failed,
    lost,
    cancelled,
    promise_awaited,
    promise_resolved,
    promise_rejected,
    timer_set,
    timer_fired,
};

} // namespace rouse::web::detail
