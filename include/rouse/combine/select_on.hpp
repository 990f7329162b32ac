// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/combine/map.hpp"
#include "rouse/combine/select.hpp"

namespace rouse {

/// See `on`.
template <class F, class Fn>
class SelectArm {
public:
    using Held = F;
    using Value = OutputOf<std::remove_reference_t<F>>;
    static_assert(
        requires(Fn& fn, NonVoid<Value>& value) { detail::call_on<Value>(fn, value); },
        "the handler of an arm takes what its future returns (nothing for void)");
    using Called = std::remove_cvref_t<detail::CalledOn<Value, Fn>>;

    template <class G>
    SelectArm(std::in_place_t, G&& future, Fn fn, bool enabled)
        : future_(std::forward<G>(future)), fn_(std::move(fn)), enabled_(enabled) {}

    /// Enabled if `condition` holds, now.
    [[nodiscard]] SelectArm when(bool condition) && {
        return SelectArm(std::in_place, std::forward<F>(future_), std::move(fn_), enabled_ && condition);
    }

    F&& future() noexcept { return std::forward<F>(future_); }
    Fn& handler() noexcept { return fn_; }
    [[nodiscard]] bool is_enabled() const noexcept { return enabled_; }

private:
    F future_;
    Fn fn_;
    bool enabled_;
};

/// An arm of `select_on`: `future`, and what to do with its value: `handler(value)`, or `handler()` for a
/// future of void. An lvalue is polled where it is, and stays.
template <class F, class Fn>
    requires Future<std::remove_reference_t<F>>
[[nodiscard]] auto on(F&& future, Fn handler) {
    return SelectArm<F, Fn>(std::in_place, std::forward<F>(future), std::move(handler), true);
}

/// See `otherwise`.
template <class Fn>
class SelectFallback {
public:
    using Called = std::remove_cvref_t<std::invoke_result_t<Fn&>>;
    explicit SelectFallback(Fn fn) : fn_(std::move(fn)) {}
    Fn& handler() noexcept { return fn_; }

private:
    Fn fn_;
};
/// The last argument of `select_on`: what to do when no arm is enabled.
template <class Fn>
    requires std::invocable<Fn&>
[[nodiscard]] auto otherwise(Fn handler) {
    return SelectFallback<Fn>(std::move(handler));
}

namespace detail {

class NoFallback {};
template <class T>
struct IsSelectArm : std::false_type {};
template <class F, class Fn>
struct IsSelectArm<SelectArm<F, Fn>> : std::true_type {};
template <class T>
struct IsFallback : std::false_type {};
template <class Fn>
struct IsFallback<SelectFallback<Fn>> : std::true_type {};

template <class... Called>
struct HandledOutput {
    template <class T, class... Ts>
    static auto common() {
        if constexpr ((std::is_same_v<T, Ts> && ...)) {
            return std::type_identity<T>();
        } else {
            static_assert(
                requires { typename std::common_type_t<T, Ts...>; },
                "the handlers of select_on return (or their futures do) one type, or types that have "
                "a common one");
            return std::type_identity<std::common_type_t<T, Ts...>>();
        }
    }
    using type = typename decltype(common<typename Followed<Called>::Output...>())::type;
};

/// What a handler returned, while it is waited for: nothing, if it was no future.
template <class Called>
using HandledFuture = std::conditional_t<Future<Called>, Called, std::monostate>;

} // namespace detail

/// See `select_on`.
template <class Fallback, class... Arms>
class [[nodiscard]] SelectOn {
    static constexpr bool has_fallback = !std::is_same_v<Fallback, detail::NoFallback>;
    template <class... More>
    struct OutputWith {
        using type = typename detail::HandledOutput<typename Arms::Called..., typename More::Called...>::type;
    };
    using Made = typename std::conditional_t<has_fallback, OutputWith<Fallback>, OutputWith<>>;

public:
    using Output = typename Made::type;

    SelectOn(bool biased, Fallback fallback, Arms... arms)
        : arms_(biased, std::in_place, arms.future()...),
          handlers_(std::move(arms.handler())...),
          fallback_(std::move(fallback)),
          enabled_{arms.is_enabled()...} {}
    /// Before the first poll.
    SelectOn(SelectOn&&) noexcept = default;

    Poll<Output> poll(Context& cx) {
        if (over_) [[unlikely]]
            detail::stop_polled_after_ready("SelectOn");
        if (!begun_) begin(std::index_sequence_for<Arms...>());
        if (handled_.index() == 0 && !result_) {
            if (!arms_.any_pending()) {
                if constexpr (has_fallback) {
                    handle<1 + sizeof...(Arms)>([&]() -> decltype(auto) { return fallback_.handler()(); });
                } else {
                    waker_.clone_from(cx.waker()); // as `never`
                    return Pending;
                }
            } else {
                const auto act = [&]<std::size_t I, class... V>(std::integral_constant<std::size_t, I>,
                                                                V&&... value) {
                    handle<1 + I>([&]() -> decltype(auto) {
                        return std::invoke(std::get<I>(handlers_), std::forward<V>(value)...);
                    });
                };
                if (!arms_.poll(cx, "select_on", act)) return Pending;
            }
        }
        if (!result_ && !poll_handled(cx, std::make_index_sequence<2 + sizeof...(Arms)>())) return Pending;
        over_ = true;
        if constexpr (std::is_void_v<Output>) return Ready();
        else return Poll<Output>(std::in_place, std::move(*result_));
    }
    bool fail_await(std::exception_ptr error) {
        return std::visit(
            [&]<class F>(F& future) {
                if constexpr (detail::Failable<F>) return future.fail_await(std::move(error));
                else return false;
            },
            handled_);
    }
    void inspect(Inspector& to) const {
        if (handled_.index() == 0) {
            arms_.inspect(to, "select_on");
            if (waker_) to.waits_for(WaitKind::never, this, "nothing: no arm of select_on is enabled");
        }
        std::visit(
            [&]<class F>(const F& future) {
                if constexpr (Future<F>) {
                    to.leaf(type_name<F>());
                    detail::inspect_future(future, to);
                }
            },
            handled_);
    }

private:
    template <class... More>
    struct HandledWith {
        using type = std::variant<std::monostate, detail::HandledFuture<typename Arms::Called>...,
                                  detail::HandledFuture<typename More::Called>...>;
    };
    class Nothing {
    public:
        using Called = void;
    };
    using Handled =
        typename std::conditional_t<has_fallback, HandledWith<Fallback>, HandledWith<Nothing>>::type;

    template <std::size_t... I>
    void begin(std::index_sequence<I...>) {
        begun_ = true;
        ((enabled_[I] ? void() : arms_.template end<I>()), ...);
    }
    /// Calls a handler; its future is made in its place.
    template <std::size_t Place, class Call>
    void handle(Call call) {
        using Called = std::remove_cvref_t<decltype(call())>;
        if constexpr (Future<Called>) {
            handled_.template emplace<Place>(call());
        } else if constexpr (std::is_void_v<Called>) {
            call();
            result_.emplace();
        } else {
            result_.emplace(call());
        }
    }
    template <std::size_t... I>
    bool poll_handled(Context& cx, std::index_sequence<I...>) {
        return ((handled_.index() == I && poll_place<I>(cx)) || ...);
    }
    template <std::size_t I>
    bool poll_place(Context& cx) {
        using F = std::variant_alternative_t<I, Handled>;
        if constexpr (Future<F>) {
            auto poll = std::get<I>(handled_).poll(cx);
            if (poll.is_pending()) return false;
            if constexpr (std::is_void_v<OutputOf<F>>) result_.emplace();
            else result_.emplace(std::move(poll).value());
            handled_.template emplace<0>();
            return true;
        } else {
            return false;
        }
    }

    detail::SelectArms<typename Arms::Held...> arms_;
    std::tuple<std::remove_reference_t<decltype(std::declval<Arms&>().handler())>...> handlers_;
    [[no_unique_address]] Fallback fallback_;
    std::array<bool, sizeof...(Arms)> enabled_;
    bool begun_ = false;
    bool over_ = false;
    Waker waker_;
    Handled handled_;
    std::optional<NonVoid<Output>> result_;
};

namespace detail {

template <std::size_t... I, class Tuple>
auto make_select_on(bool biased, std::index_sequence<I...>, Tuple&& arms) {
    using Last = std::tuple_element_t<std::tuple_size_v<Tuple> - 1, Tuple>;
    constexpr bool has_fallback = IsFallback<Last>::value;
    static_assert((IsSelectArm<std::tuple_element_t<I, Tuple>>::value && ...) &&
                      (has_fallback || IsSelectArm<Last>::value),
                  "select_on takes arms, `on(future, handler)` or `on(future, handler).when(condition)`, and "
                  "after them at most one `otherwise(handler)`");
    static_assert(sizeof...(I) + (has_fallback ? 0 : 1) > 0, "select_on needs an arm");
    if constexpr (has_fallback)
        return SelectOn<Last, std::tuple_element_t<I, Tuple>...>(
            biased, std::get<sizeof...(I)>(std::move(arms)), std::get<I>(std::move(arms))...);
    else
        return SelectOn<NoFallback, std::tuple_element_t<I, Tuple>..., Last>(
            biased, NoFallback(), std::get<I>(std::move(arms))..., std::get<sizeof...(I)>(std::move(arms)));
}

} // namespace detail

/// `select` with what to do: of the arms that are enabled, the first whose future completes has its handler
/// called, and the await gives what that returns; a handler that returns a future (a coroutine, say) is
/// waited for. All handlers return one type, or types that have a common one.
///
/// ```cpp
/// const bool more = co_await rouse::select_on(
///     rouse::on(commands.recv(), [&](auto command) { return run(command); }),
///     rouse::on(rouse::sleep(1s), [&] { return flush(); }).when(!buffer.empty()),
///     rouse::otherwise([] { return false; }));
/// ```
/// When the handler is called the other arms are gone: those given as lvalues stay, and are not polled
/// meanwhile. (One that was granted a lock keeps it; do not wait for the same lock in a handler.) An arm that
/// is not enabled is not polled, but its future is made. With no arm enabled `otherwise` is called; without
/// one it waits for its cancellation, as `never`.
///
/// Order:  another arm is looked at first in each poll; `select_on_biased` goes from left to right.
/// Wake:   a wake of any arm polls them all.
/// Cancel: destroys the arms that it owns, or the future of the handler that was called.
/// Errors: what an arm or a handler throws. A lost arm is reported, as in `select`.
/// GCC 12 destroys a closure that captures by value twice, if it is made inside of the co_await: give it a
/// name, or capture by reference, as above.
template <class... Arms>
[[nodiscard]] auto select_on(Arms... arms) {
    return detail::make_select_on(false, std::make_index_sequence<sizeof...(Arms) - 1>(),
                                  std::tuple<Arms...>(std::move(arms)...));
}
/// As `select_on`, looking at its arms from left to right in every poll.
template <class... Arms>
[[nodiscard]] auto select_on_biased(Arms... arms) {
    return detail::make_select_on(true, std::make_index_sequence<sizeof...(Arms) - 1>(),
                                  std::tuple<Arms...>(std::move(arms)...));
}

} // namespace rouse
