// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/future.hpp"
#include "rouse/task/strand.hpp"

namespace rouse {

/// Gives way once: completes when the other runnable tasks have had their turn.
/// Wake: at once, by itself. Cancel: destroy it.
class [[nodiscard]] YieldNow {
public:
    using Output = void;
    YieldNow() noexcept = default;
    Poll<void> poll(Context& cx) { return detail::poll_split(*this, cx); }
    bool poll_ready(Context& cx) {
        if (taken_) [[unlikely]]
            detail::stop_polled_after_ready("YieldNow");
        if (yielded_) return true;
        yielded_ = true;
        detail::request_yield(cx);
        return false;
    }
    void take_ready() noexcept { taken_ = true; }
    void inspect(Inspector& to) const { to.waits_for(WaitKind::yield, this, "its next turn"); }

private:
    bool yielded_ = false;
    bool taken_ = false;
};

[[nodiscard]] inline YieldNow yield_now() noexcept { return YieldNow(); }

} // namespace rouse
