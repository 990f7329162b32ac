// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/combine/child.hpp"

#include <exception>
#include <expected>

namespace rouse {

/// See `capture`.
template <class F>
class [[nodiscard]] Capture {
    using Value = OutputOf<std::remove_reference_t<F>>;

public:
    using Output = std::expected<Value, std::exception_ptr>;

    template <class G>
    explicit Capture(std::in_place_t, G&& future) : child_(std::in_place, std::forward<G>(future)) {}
    /// Before the first poll.
    Capture(Capture&& other) noexcept : child_(std::move(other.child_)) {}

    Poll<Output> poll(Context& cx) {
        if (!child_.pending()) [[unlikely]]
            detail::stop_polled_after_ready("Capture");
#if ROUSE_EXCEPTIONS
        try {
            return poll_child(cx);
        } catch (...) {
            child_.end();
            return Poll<Output>(std::in_place, std::unexpect, std::current_exception());
        }
#else
        return poll_child(cx);
#endif
    }
    void inspect(Inspector& to) const { child_.inspect(to, "future of capture"); }

private:
    Poll<Output> poll_child(Context& cx) {
        for (;;) {
            auto poll = child_.poll(cx, set_);
            if (poll.is_ready()) return finish(std::move(poll));
            if (!child_.is_lost() || !child_.fail_lost("future of capture")) return Pending;
        }
    }
    template <class P>
    Poll<Output> finish(P&& poll) {
        if constexpr (std::is_void_v<Value>) {
            child_.end();
            return Poll<Output>(std::in_place);
        } else {
            Poll<Output> result(std::in_place, std::forward<P>(poll).value());
            child_.end();
            return result;
        }
    }

    detail::ChildSet set_;
    detail::Child<F> child_;
};

/// The outcome of a future as a value: what it returns, or the exception that it throws, `LostWaker` too. As
/// catch_unwind: so that one of several may fail, and the others go on. An lvalue is polled where it is.
/// Wake, cancel, thread: those of the future.
///
/// ```cpp
/// auto [a, b] = co_await rouse::join(rouse::capture(first()), rouse::capture(second()));
/// if (!a) log(a.error()); // a std::exception_ptr; the second has run to its end
/// ```
template <class F>
    requires Future<std::remove_reference_t<F>>
auto capture(F&& future) {
    return Capture<F>(std::in_place, std::forward<F>(future));
}

} // namespace rouse
