// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/future.hpp"

namespace rouse {

/// Drives one future with a waker that does nothing, polling without rest: the smallest executor there is,
/// for teaching. It burns a core while it waits; use `block_on`.
template <class F>
    requires Future<std::remove_reference_t<F>>
OutputOf<std::remove_reference_t<F>> spin_on(F&& future) {
    F held(std::forward<F>(future));
    const Waker waker = Waker::noop();
    Context cx(waker);
    for (;;) {
        if (auto poll = held.poll(cx); poll.is_ready()) return std::move(poll).value();
    }
}

} // namespace rouse
