// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/core/block_on.hpp>
#include <rouse/core/waker_from.hpp>
#include <rouse/runtime/runtime.hpp>
#include <rouse/task/task.hpp>

#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <utility>

namespace rouse_test {

/// Somebody else's executor, which knows nothing of ours but Future and Waker.
class ForeignDriver {
public:
    template <rouse::Future F>
    static rouse::OutputOf<F> run(F future) {
        const auto bell = std::make_shared<Bell>();
        const rouse::Waker waker = rouse::waker_from(bell);
        for (;;) {
            rouse::Context cx(waker);
            if (auto poll = future.poll(cx); poll.is_ready()) return std::move(poll).value();
            bell->wait();
        }
    }

private:
    class Bell {
    public:
        void wake() {
            rung_.store(true);
            rung_.notify_one();
        }
        void wait() {
            rung_.wait(false);
            rung_.store(false);
        }

    private:
        std::atomic<bool> rung_{false};
    };
};

class BlockOnDriver {
public:
    template <rouse::Future F>
    static rouse::OutputOf<F> run(F future) {
        return rouse::block_on(std::move(future));
    }
};

class RuntimeDriver {
public:
    template <rouse::Future F>
    static rouse::OutputOf<F> run(F future) {
        rouse::RuntimeOptions options;
        options.paused_clock = true;
        return rouse::run(std::move(future), std::move(options));
    }
};

using Drivers = testing::Types<ForeignDriver, BlockOnDriver, RuntimeDriver>;

/// Completes `place` in its poll number `at`, and is ready then; wakes itself before.
inline auto completes(Place& place, int at = 2) {
    return rouse::poll_fn([&place, left = at](rouse::Context& cx) mutable -> rouse::Poll<> {
        if (--left == 0) {
            place.complete();
            return rouse::Ready();
        }
        cx.waker().wake_by_ref();
        return rouse::Pending;
    });
}

} // namespace rouse_test
