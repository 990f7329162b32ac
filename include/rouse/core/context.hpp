// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/waker.hpp"

namespace rouse {

/// What `poll` is handed: the waker of the task that polls. Lives for that one poll; keep
/// `cx.waker().clone()`, never the context.
class Context {
public:
    explicit Context(const Waker& waker) noexcept : waker_(&waker) {}
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
    [[nodiscard]] const Waker& waker() const noexcept { return *waker_; }

private:
    const Waker* waker_;
};

} // namespace rouse
