// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/combine/child.hpp"

#include <string>
#include <string_view>
#include <tuple>

namespace rouse {

namespace detail {

/// Several children of which all are waited for, in one task.
template <class... Fs>
class JoinArms {
public:
    template <class... Gs>
    explicit JoinArms(std::string_view role, std::in_place_t, Gs&&... futures)
        : arms_(Arm<Fs>(std::in_place, std::forward<Gs>(futures))...), role_(role) {}
    /// Before the first poll.
    JoinArms(JoinArms&& other) noexcept : arms_(std::move(other.arms_)), role_(other.role_) {}
    ~JoinArms() { end_all(); }

    /// Polls those that are pending. True: none is left, or `stop(value)` was true for the value of one. An
    /// exception cancels all.
    template <class Stop>
    bool poll(Context& cx, Stop stop) {
#if ROUSE_EXCEPTIONS
        try {
            return poll_all(cx, stop);
        } catch (...) { // one failed: the others are cancelled before the error goes on
            end_all();
            throw;
        }
#else
        return poll_all(cx, stop);
#endif
    }
    /// `fn(value...)` of what the children have returned: each an optional.
    template <class Fn>
    auto results(Fn&& fn) {
        return std::apply([&](auto&... arm) { return fn(arm.result...); }, arms_);
    }
    void end_all() noexcept { end_all(std::index_sequence_for<Fs...>()); }
    void inspect(Inspector& to) const {
        int number = 0;
        std::apply([&](const auto&... arm) { (arm.child.inspect(to, role(++number)), ...); }, arms_);
    }

private:
    template <class F>
    class Arm {
    public:
        template <class G>
        Arm(std::in_place_t, G&& future) : child(std::in_place, std::forward<G>(future)) {}
        Arm(Arm&& other) noexcept : child(std::move(other.child)) {}

        /// Polls until the child is Pending or done; true if this stops the others.
        template <class Stop>
        bool poll(Context& cx, ChildSet& set, Stop& stop) {
            using T = typename Child<F>::Output;
            Poll<T> poll = child.poll(cx, set);
            if (poll.is_pending()) return false;
            if constexpr (std::is_void_v<T>) result.emplace();
            else result.emplace(std::move(poll).value());
            child.end();
            return stop(*result);
        }

        Child<F> child;
        std::optional<NonVoid<typename Child<F>::Output>> result;
    };

    [[nodiscard]] std::string role(int number) const {
        return "child " + std::to_string(number) + " of " + std::string(role_);
    }
    /// Last to first: std::tuple has no order of its own.
    template <std::size_t... I>
    void end_all(std::index_sequence<I...>) noexcept {
        (std::get<sizeof...(Fs) - 1 - I>(arms_).child.end(), ...);
    }
    template <class Stop>
    bool poll_all(Context& cx, Stop& stop) {
        bool any_pending = false;
        const auto stops = [&](auto& arm) {
            if (!arm.child.pending()) return false;
            const bool stopped = arm.poll(cx, set_, stop);
            any_pending = any_pending || arm.child.pending();
            return stopped;
        };
        for (;;) {
            any_pending = false;
            if (std::apply([&](auto&... arm) { return (stops(arm) || ...); }, arms_)) return true;
            if (!any_pending) return true;
            // Then the verdicts: a lost child throws at its own await, and is polled once more for that.
            bool failed = false;
            int number = 0;
            std::apply(
                [&](auto&... arm) {
                    ((++number, failed = (arm.child.pending() && arm.child.is_lost() &&
                                          arm.child.fail_lost(role(number))) ||
                                         failed),
                     ...);
                },
                arms_);
            if (!failed) return false;
        }
    }

    ChildSet set_;
    std::tuple<Arm<Fs>...> arms_;
    std::string_view role_;
};

} // namespace detail

/// Runs several futures at the same time, in one task. See `join`.
template <class... Fs>
class [[nodiscard]] Join {
public:
    using Output = std::tuple<NonVoid<OutputOf<std::remove_reference_t<Fs>>>...>;

    template <class... Gs>
    explicit Join(std::in_place_t, Gs&&... futures)
        : arms_("join", std::in_place, std::forward<Gs>(futures)...) {}
    /// Before the first poll.
    Join(Join&& other) noexcept = default;

    Poll<Output> poll(Context& cx) {
        if (taken_) [[unlikely]]
            detail::stop_polled_after_ready("Join");
        taken_ = true; // also if one throws
        if (!arms_.poll(cx, [](const auto&) { return false; })) {
            taken_ = false;
            return Pending;
        }
        return arms_.results(
            [](auto&... result) { return Poll<Output>(std::in_place, Output(std::move(*result)...)); });
    }
    void inspect(Inspector& to) const { arms_.inspect(to); }

private:
    detail::JoinArms<Fs...> arms_;
    bool taken_ = false;
};

/// Completes when all futures have: a tuple of their values, `Unit` for void. A future given as an lvalue is
/// polled where it is.
/// Wake:   a wake of any child polls all that are pending; for many, use spawned tasks.
/// Cancel: destroys the children, last to first.
/// Errors: the first exception cancels the other children and is rethrown. A child that can never be woken
/// again throws `LostWaker` at its own await: at once where it is proven, at the latest when its siblings
/// have ended. Values that are errors are values like others: see `try_join`.
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
