// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/combine/child.hpp"

#include <array>
#include <string>
#include <tuple>

namespace rouse {

/// Runs several futures at the same time, in one task. See `join`.
template <class... Fs>
class [[nodiscard]] Join {
public:
    using Output = std::tuple<NonVoid<OutputOf<std::remove_reference_t<Fs>>>...>;

    template <class... Gs>
    explicit Join(std::in_place_t, Gs&&... futures)
        : arms_(Arm<Fs>(std::in_place, std::forward<Gs>(futures))...) {}
    /// Before the first poll.
    Join(Join&& other) noexcept : arms_(std::move(other.arms_)) {}
    ~Join() { end_all(std::index_sequence_for<Fs...>()); }

    Poll<Output> poll(Context& cx) {
        if (taken_) [[unlikely]]
            detail::stop_polled_after_ready("Join");
#if ROUSE_EXCEPTIONS
        try {
            if (!poll_all(cx)) return Pending;
        } catch (...) { // one failed: the others are cancelled before the error goes on
            taken_ = true;
            end_all(std::index_sequence_for<Fs...>());
            throw;
        }
#else
        if (!poll_all(cx)) return Pending;
#endif
        taken_ = true;
        return Poll<Output>(
            std::in_place, std::apply([](auto&... arm) { return Output(std::move(*arm.result)...); }, arms_));
    }
    void inspect(Inspector& to) const {
        int number = 0;
        std::apply(
            [&](const auto&... arm) {
                (arm.child.inspect(to, "child " + std::to_string(++number) + " of join"), ...);
            },
            arms_);
    }

private:
    template <class F>
    class Arm {
    public:
        template <class G>
        Arm(std::in_place_t, G&& future) : child(std::in_place, std::forward<G>(future)) {}
        Arm(Arm&& other) noexcept : child(std::move(other.child)) {}

        /// Polls until the child is Pending or done.
        void poll(Context& cx, detail::ChildSet& set) {
            using T = typename detail::Child<F>::Output;
            Poll<T> poll = child.poll(cx, set);
            if (poll.is_pending()) return;
            if constexpr (std::is_void_v<T>) result.emplace();
            else result.emplace(std::move(poll).value());
            child.end();
        }

        detail::Child<F> child;
        std::optional<NonVoid<typename detail::Child<F>::Output>> result;
    };

    /// Last to first: std::tuple has no order of its own.
    template <std::size_t... I>
    void end_all(std::index_sequence<I...>) noexcept {
        (std::get<sizeof...(Fs) - 1 - I>(arms_).child.end(), ...);
    }
    bool poll_all(Context& cx) {
        const auto poll_pending = [&](auto& arm) {
            if (arm.child.pending()) arm.poll(cx, set_);
            return !arm.child.pending();
        };
        for (;;) {
            if (std::apply([&](auto&... arm) { return (1 & ... & static_cast<int>(poll_pending(arm))); },
                           arms_))
                return true;
            // Then the verdicts: a lost child throws at its own await, and is polled once more for that.
            bool failed = false;
            int number = 0;
            std::apply(
                [&](auto&... arm) {
                    ((++number,
                      failed = (arm.child.pending() && arm.child.is_lost() &&
                                arm.child.fail_lost("child " + std::to_string(number) + " of join")) ||
                               failed),
                     ...);
                },
                arms_);
            if (!failed) return false;
        }
    }

    detail::ChildSet set_;
    std::tuple<Arm<Fs>...> arms_;
    bool taken_ = false;
};

/// Completes when all futures have: a tuple of their values, `Unit` for void. A future given as an lvalue is
/// polled where it is. Wake:   a wake of any child polls all that are pending; for many, use spawned tasks.
/// Cancel: destroys the children, last to first.
/// Errors: the first exception cancels the other children and is rethrown. A child that can never be woken
/// again throws `LostWaker` at its own await: at once where it is proven, at the latest when its siblings
/// have ended.
///
/// ```cpp
/// auto [user, orders] = co_await rouse::join(fetch_user(id), fetch_orders(id));
/// ```
template <class... Fs>
    requires(Future<std::remove_reference_t<Fs>> && ...)
auto join(Fs&&... futures) {
    return Join<Fs...>(std::in_place, std::forward<Fs>(futures)...);
}

} // namespace rouse
