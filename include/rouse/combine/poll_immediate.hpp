// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/future.hpp"

#include <optional>

namespace rouse {

/// See `poll_immediate`.
template <class F>
class [[nodiscard]] PollImmediate {
    using Value = OutputOf<std::remove_reference_t<F>>;
    static_assert(!std::is_reference_v<Value>, "poll_immediate keeps what its future returns: a future of a "
                                               "reference is not one of them; let it return a pointer");

public:
    using Output = std::optional<NonVoid<Value>>;

    template <class G>
    explicit PollImmediate(std::in_place_t, G&& future) : future_(std::in_place, std::forward<G>(future)) {}

    Poll<Output> poll(Context& cx) {
        if (!future_) [[unlikely]]
            detail::stop_polled_after_ready("PollImmediate");
        const End end(*this);
        auto poll = future_->get().poll(cx);
        if (poll.is_pending()) return Poll<Output>(std::in_place, std::nullopt);
        if constexpr (std::is_void_v<Value>) return Poll<Output>(std::in_place, Unit());
        else return Poll<Output>(std::in_place, std::move(poll).value());
    }

private:
    class Box { // of a reference, too
    public:
        template <class G>
        explicit Box(G&& future) : future_(std::forward<G>(future)) {}
        [[nodiscard]] std::remove_reference_t<F>& get() noexcept { return future_; }

    private:
        F future_;
    };
    class End { // it holds no waker once this is ready
    public:
        explicit End(PollImmediate& self) noexcept : self_(self) {}
        ~End() { self_.future_.reset(); }
        End(const End&) = delete;
        End& operator=(const End&) = delete;

    private:
        PollImmediate& self_;
    };

    std::optional<Box> future_;
};

/// Polls a future once: its value if it is ready (`Unit` for void), or nothing. Always ready itself. A future
/// given as an lvalue stays, and may be awaited later; another is destroyed when it was not ready.
/// Wake: none. Cancel: destroy it. Errors: what the future throws.
///
/// ```cpp
/// if (auto line = co_await rouse::poll_immediate(next_line)) handle(*line); // or else something else first
/// ```
template <class F>
    requires Future<std::remove_reference_t<F>>
auto poll_immediate(F&& future) {
    return PollImmediate<F>(std::in_place, std::forward<F>(future));
}

} // namespace rouse
