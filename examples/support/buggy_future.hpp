// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/rouse.hpp>

#include "slow_service.hpp"

#include <string>

/// The bug of waker_bug.cpp: starts an operation, which will complete, and has nobody told of it.
class BuggyFuture {
public:
    using Output = std::string;
    explicit BuggyFuture(unsigned ms) : ms_(ms) {}

    rouse::Poll<std::string> poll(rouse::Context&) {
        if (!std::exchange(started_, true)) fetch_with_callback(ms_, [](std::string) {});
        return rouse::Pending; // and kept no waker
    }

private:
    unsigned ms_;
    bool started_ = false;
};
