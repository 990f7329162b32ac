// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/core/future.hpp>
#include <rouse/task/task.hpp>

#include <utility>

namespace rouse_test {

/// Polls `future` once, from within a task. True: it was Ready.
template <class F>
rouse::Task<bool> poll_once(F& future) {
    auto once = [&](rouse::Context& cx) -> rouse::Poll<bool> {
        return rouse::Ready(future.poll(cx).is_ready());
    };
    co_return co_await rouse::poll_fn(std::move(once));
}

} // namespace rouse_test
