// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/combine/expected.hpp"
#include "rouse/core/future.hpp"

#include <functional>
#include <optional>
#include <variant>

namespace rouse {

namespace detail {

template <class T>
NonVoid<T> value_of(Poll<T>&& poll) {
    if constexpr (std::is_void_v<T>) return Unit();
    else return std::move(poll).value();
}
/// `fn(value)`, or `fn()` where there is no value.
template <class T, class Fn>
decltype(auto) call_on(Fn& fn, [[maybe_unused]] NonVoid<T>& value) {
    if constexpr (std::is_void_v<T>) return std::invoke(fn);
    else return std::invoke(fn, std::move(value));
}
template <class T, class Fn>
using CalledOn = decltype(call_on<T>(std::declval<Fn&>(), std::declval<NonVoid<T>&>()));

/// Which part of an output a function is called on, and what becomes of the rest. `T` is the output.
class OnValue {
public:
    template <class T, class Fn>
    using Called = CalledOn<T, Fn>;
    template <class T, class U>
    using Mapped = U;
    template <class T>
    static bool takes(const NonVoid<T>&) noexcept {
        return true;
    }
    template <class T, class Fn>
    static decltype(auto) call(Fn& fn, NonVoid<T>& value) {
        return call_on<T>(fn, value);
    }
    template <class Result, class T, class Fn>
    static Result map(Fn& fn, NonVoid<T>& value) {
        return call_on<T>(fn, value);
    }
};
/// Looks at it, and leaves it as it is.
class OnSight : public OnValue {
public:
    template <class T, class Fn>
    using Called = void;
    template <class T, class>
    using Mapped = T;
    template <class Result, class T, class Fn>
    static Result map(Fn& fn, NonVoid<T>& value) {
        if constexpr (std::is_void_v<T>) {
            std::invoke(fn);
        } else {
            std::invoke(fn, std::as_const(value));
            return std::move(value);
        }
    }
};
class OnOk {
public:
    template <class T, class Fn>
    using Called = CalledOn<typename T::value_type, Fn>;
    template <class T, class U>
    using Mapped = std::expected<U, typename T::error_type>;
    template <class T>
    static bool takes(const T& result) noexcept {
        return result.has_value();
    }
    template <class T, class Fn>
    static decltype(auto) call(Fn& fn, T& result) {
        if constexpr (std::is_void_v<typename T::value_type>) return std::invoke(fn);
        else return std::invoke(fn, std::move(*result));
    }
    template <class Result, class T, class Fn>
    static Result map(Fn& fn, T& result) {
        if constexpr (std::is_void_v<typename Result::value_type>) {
            call<T>(fn, result);
            return Result();
        } else {
            return Result(call<T>(fn, result));
        }
    }
    template <class Result, class T>
    static Result pass(T& result) {
        return Result(std::unexpect, std::move(result.error()));
    }
};
class OnError {
public:
    template <class T, class Fn>
    using Called = CalledOn<typename T::error_type, Fn>;
    template <class T, class U>
    using Mapped = std::expected<typename T::value_type, U>;
    template <class T>
    static bool takes(const T& result) noexcept {
        return !result.has_value();
    }
    template <class T, class Fn>
    static decltype(auto) call(Fn& fn, T& result) {
        return std::invoke(fn, std::move(result.error()));
    }
    template <class Result, class T, class Fn>
    static Result map(Fn& fn, T& result) {
        return Result(std::unexpect, call<T>(fn, result));
    }
    template <class Result, class T>
    static Result pass(T& result) {
        if constexpr (std::is_void_v<typename T::value_type>) return Result();
        else return Result(std::move(*result));
    }
};

template <class R>
struct Followed {
    using Output = R;
};
template <Future R>
struct Followed<R> {
    using Output = OutputOf<R>;
};

} // namespace detail

/// What `map`, `map_ok`, `map_err` and `inspect` return.
template <class On, Future F, class Fn>
class [[nodiscard]] Map {
    using Value = OutputOf<F>;

public:
    using Output = typename On::template Mapped<Value, typename On::template Called<Value, Fn>>;

    Map(F future, Fn fn) : future_(std::in_place, std::move(future)), fn_(std::move(fn)) {}

    Poll<Output> poll(Context& cx) {
        if (!future_) [[unlikely]]
            detail::stop_polled_after_ready("Map");
        auto poll = future_->poll(cx);
        if (poll.is_pending()) return Pending;
        NonVoid<Value> value = detail::value_of(std::move(poll));
        future_.reset(); // before the function sees the value
        if constexpr (requires { On::template pass<Output>(value); })
            if (!On::template takes<Value>(value))
                return Poll<Output>(std::in_place, On::template pass<Output>(value));
        if constexpr (std::is_void_v<Output>) {
            On::template map<Output, Value>(fn_, value);
            return Ready();
        } else {
            return Poll<Output>(std::in_place, On::template map<Output, Value>(fn_, value));
        }
    }
    bool fail_await(std::exception_ptr error) {
        if constexpr (detail::Failable<F>) return future_ && future_->fail_await(std::move(error));
        else return false;
    }
    void inspect(Inspector& to) const {
        if (!future_) return;
        to.leaf(type_name<F>());
        detail::inspect_future(*future_, to);
    }

private:
    std::optional<F> future_;
    Fn fn_;
};

/// What `then`, `and_then` and `or_else` return.
template <class On, Future F, class Fn>
class [[nodiscard]] Then {
    using Value = OutputOf<F>;
    using Next = std::remove_cvref_t<typename On::template Called<Value, Fn>>;
    static constexpr bool next_is_future = Future<Next>;

public:
    using Output = typename detail::Followed<Next>::Output;

    Then(F future, Fn fn) : state_(std::in_place_index<1>, std::move(future)), fn_(std::move(fn)) {}

    Poll<Output> poll(Context& cx) {
        if (state_.index() == 1) {
            auto poll = std::get<1>(state_).poll(cx);
            if (poll.is_pending()) return Pending;
            NonVoid<Value> value = detail::value_of(std::move(poll));
            state_.template emplace<0>(); // before the function sees the value
            if constexpr (requires { On::template pass<Output>(value); })
                if (!On::template takes<Value>(value))
                    return Poll<Output>(std::in_place, On::template pass<Output>(value));
            if constexpr (next_is_future) state_.template emplace<2>(On::template call<Value>(fn_, value));
            else return Poll<Output>(std::in_place, On::template call<Value>(fn_, value));
        }
        if constexpr (next_is_future) {
            if (state_.index() == 2) {
                auto poll = std::get<2>(state_).poll(cx);
                if (poll.is_ready()) state_.template emplace<0>();
                return poll;
            }
        }
        detail::stop_polled_after_ready("Then");
    }
    bool fail_await(std::exception_ptr error) {
        return visit([&]<class G>(G& future) {
            if constexpr (detail::Failable<G>) return future.fail_await(std::move(error));
            else return false;
        });
    }
    void inspect(Inspector& to) const {
        (void)const_cast<Then*>(this)->visit([&]<class G>(const G& future) {
            to.leaf(type_name<G>());
            detail::inspect_future(future, to);
            return true;
        });
    }

private:
    template <class Visit>
    bool visit(Visit&& visit) {
        if (state_.index() == 1) return visit(std::get<1>(state_));
        if constexpr (next_is_future)
            if (state_.index() == 2) return visit(std::get<2>(state_));
        return false;
    }
    // Nothing at the end.
    std::variant<std::monostate, F, std::conditional_t<next_is_future, Next, std::monostate>> state_;
    Fn fn_;
};

namespace detail {

/// Which of the two is made.
template <class On>
class MakeMap : public On {
public:
    template <Future F, class Fn>
    static auto make(F future, Fn fn) {
        return Map<On, F, Fn>(std::move(future), std::move(fn));
    }
};
template <class On>
class MakeThen : public On {
public:
    template <Future F, class Fn>
    static auto make(F future, Fn fn) {
        return Then<On, F, Fn>(std::move(future), std::move(fn));
    }
};

/// `future | map(fn)`.
template <class Make, class Fn>
class [[nodiscard]] FuturePipe {
public:
    explicit FuturePipe(Fn fn) : fn_(std::move(fn)) {}
    template <Future F>
    friend auto operator|(F future, FuturePipe pipe) {
        return Make::make(std::move(future), std::move(pipe.fn_));
    }

private:
    Fn fn_;
};

/// `make(future, fn)`, and `make(fn)` for a pipe.
template <class Make>
class Mapping {
public:
    template <Future F, class Fn>
    [[nodiscard]] auto operator()(F future, Fn fn) const {
        using Value = OutputOf<F>;
        static_assert(!std::is_reference_v<Value>,
                      "map and its like hand the output of their future on: a future "
                      "of a reference is not one of them; let it return a pointer");
        if constexpr (!std::is_base_of_v<OnValue, Make>)
            static_assert(Expected<Value>, "map_ok, map_err, and_then and or_else are for futures of a "
                                           "std::expected; for others there are map and then");
        return Make::make(std::move(future), std::move(fn));
    }
    template <class Fn>
        requires(!Future<Fn>)
    [[nodiscard]] auto operator()(Fn fn) const {
        return FuturePipe<Make, Fn>(std::move(fn));
    }
};

} // namespace detail

// All of these take a future and a function, or the function alone for a pipe. The future is destroyed before
// the function is called; for one that goes on in a variable pass a reference to it: `map(poll_fn(...), fn)`.
//
// Wake: by the future that is waited for. Cancel: destroy it. Errors: what the future or the function throws.
//
//     auto length = co_await rouse::map(read_name(), [](const std::string& name) { return name.size(); });
//     auto user = co_await (read_id() | rouse::and_then(find_user) | rouse::map_err(to_text));

/// `fn(value)`, which returns what it likes.
inline constexpr detail::Mapping<detail::MakeMap<detail::OnValue>> map{};
/// `fn(value)` returns a future, which is waited for.
inline constexpr detail::Mapping<detail::MakeThen<detail::OnValue>> then{};
/// `fn(const value&)` looks at the value, which goes on.
inline constexpr detail::Mapping<detail::MakeMap<detail::OnSight>> inspect{};
/// `fn(value)` of a `std::expected<T, E>` that has a value, which becomes what `fn` returns.
inline constexpr detail::Mapping<detail::MakeMap<detail::OnOk>> map_ok{};
/// `fn(error)` of a `std::expected<T, E>` that has an error, which becomes what `fn` returns.
inline constexpr detail::Mapping<detail::MakeMap<detail::OnError>> map_err{};
/// `fn(value)` of a `std::expected<T, E>` that has a value: returns a `std::expected<U, E>`, or a future of
/// one. An error goes on as it is.
inline constexpr detail::Mapping<detail::MakeThen<detail::OnOk>> and_then{};
/// `fn(error)` of a `std::expected<T, E>` that has an error: returns a `std::expected<T, E2>`, or a future of
/// one. A value goes on as it is.
inline constexpr detail::Mapping<detail::MakeThen<detail::OnError>> or_else{};

} // namespace rouse
