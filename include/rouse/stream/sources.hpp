// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/stream/ask.hpp"

// Streams that come out of nothing. None of them allocates; what they keep is what they were given.

namespace rouse::stream {

/// See `once`.
template <class T>
class Once {
public:
    using Item = T;
    explicit Once(std::in_place_t, T value) : value_(std::in_place, std::move(value)) {}
    Poll<Maybe<T>> poll_next(Context&) {
        if (!value_) return detail::no_item<T>();
        auto next = detail::an_item<T>(std::move(*value_));
        value_.reset();
        return next;
    }

private:
    std::optional<T> value_;
};
/// The same of a future.
template <Future F>
class Once<F> {
public:
    using Item = NonVoid<OutputOf<F>>;
    explicit Once(std::in_place_t, F future) : future_(std::in_place, std::move(future)) {}
    Poll<Maybe<Item>> poll_next(Context& cx) {
        if (!future_) return detail::no_item<Item>();
        auto poll = detail::or_end(*this, [&] { return future_->poll(cx); });
        if (poll.is_pending()) return Pending;
        end();
        if constexpr (std::is_void_v<OutputOf<F>>) return detail::an_item<Item>();
        else return detail::an_item<Item>(std::move(poll).value());
    }
    void end() noexcept { future_.reset(); }
    void inspect(Inspector& to) const {
        if (future_) detail::inspect_future(*future_, to);
    }

private:
    std::optional<F> future_;
};
/// One item: `value`; or, of a future, what it completes with (`Unit` for nothing).
/// Wake, cancel: as the future.
template <class T>
[[nodiscard]] auto once(T value) {
    return Once<T>(std::in_place, std::move(value));
}

/// No item at all.
template <class T>
class Empty {
public:
    using Item = T;
    Empty() noexcept = default;
    Poll<Maybe<T>> poll_next(Context&) { return detail::no_item<T>(); }
};
template <class T>
[[nodiscard]] Empty<T> empty() noexcept {
    return Empty<T>();
}

/// No item ever, and no end: it waits for nothing but to be destroyed, and says so. See `rouse::never`.
template <class T>
class Never {
public:
    using Item = T;
    Never() noexcept = default;
    Poll<Maybe<T>> poll_next(Context& cx) {
        waker_.clone_from(cx.waker());
        return Pending;
    }
    void cancel_next() noexcept { waker_ = Waker(); }
    void inspect(Inspector& to) const {
        to.waits_for(WaitKind::never, this, "nothing: it only can be cancelled");
    }

private:
    Waker waker_;
};
template <class T>
[[nodiscard]] Never<T> never() noexcept {
    return Never<T>();
}

/// Copies of one value, without end.
template <class T>
class Repeat {
public:
    using Item = T;
    explicit Repeat(std::in_place_t, T value) : value_(std::move(value)) {}
    Poll<Maybe<T>> poll_next(Context&) { return detail::an_item<T>(std::as_const(value_)); }

private:
    T value_;
};
template <class T>
[[nodiscard]] auto repeat(T value) {
    return Repeat<T>(std::in_place, std::move(value));
}

/// See `repeat_with`.
template <class F>
class RepeatWith {
    using Reply = detail::Answer<detail::CallResult<F>>;

public:
    using Item = typename Reply::Value;
    explicit RepeatWith(std::in_place_t, F fn) : fn_(std::in_place, std::move(fn)) {}
    Poll<Maybe<Item>> poll_next(Context& cx) {
        if (!fn_) return detail::no_item<Item>();
        auto value = detail::or_end(
            *this, [&] { return reply_.poll(cx, [&]() -> decltype(auto) { return (*fn_)(); }); });
        if (value.is_pending()) return Pending;
        return detail::an_item<Item>(std::move(value).value());
    }
    void end() noexcept {
        reply_.end();
        fn_.reset();
    }
    void inspect(Inspector& to) const { reply_.inspect(to); }

private:
    std::optional<F> fn_;
    [[no_unique_address]] Reply reply_;
};
/// What `fn()` gives, again and again, without end. It may be a coroutine, or give another future.
/// Wake, cancel: as that future, which is destroyed with the stream.
template <class F>
[[nodiscard]] auto repeat_with(F fn) {
    return RepeatWith<F>(std::in_place, std::move(fn));
}

/// See `unfold`.
template <class State, class F>
class Unfold {
    using Reply = detail::Answer<detail::CallResult<F, State&>>;

public:
    using Item = detail::AsItem<decltype(*std::declval<typename Reply::Value>())>;
    Unfold(std::in_place_t, State state, F fn) : made_of_(std::in_place, std::move(state), std::move(fn)) {}
    Poll<Maybe<Item>> poll_next(Context& cx) {
        if (!made_of_) return detail::no_item<Item>();
        auto value = detail::or_end(*this, [&] {
            return reply_.poll(
                cx, [&]() -> decltype(auto) { return detail::call(made_of_->fn, made_of_->state); });
        });
        if (value.is_pending()) return Pending;
        if (!value.value()) {
            end();
            return detail::no_item<Item>();
        }
        return detail::an_item<Item>(*std::move(value).value());
    }
    void end() noexcept {
        reply_.end();
        made_of_.reset();
    }
    void inspect(Inspector& to) const { reply_.inspect(to); }

private:
    class MadeOf {
    public:
        MadeOf(State state, F fn) : state(std::move(state)), fn(std::move(fn)) {}
        State state;
        F fn;
    };
    std::optional<MadeOf> made_of_;
    [[no_unique_address]] Reply reply_; // refers to the state
};
/// What `fn(State&)` gives, an optional: nothing is the end. It may be a coroutine, which has the state to
/// itself until it is through.
/// Wake, cancel: as the future that it gives, which is destroyed with the stream.
///
/// ```cpp
/// auto to_three = stream::unfold(0, [](int& n) { return n < 3 ? std::optional(++n) : std::nullopt; });
/// ```
template <class State, class F>
[[nodiscard]] auto unfold(State state, F fn) {
    return Unfold<State, F>(std::in_place, std::move(state), std::move(fn));
}

/// See `poll_fn`.
template <class F>
class PollFn {
    using Next = typename std::invoke_result_t<F&, Context&>::value_type;

public:
    using Item = detail::AsItem<typename Next::value_type>;
    explicit PollFn(std::in_place_t, F fn) : fn_(std::in_place, std::move(fn)) {}
    Poll<Maybe<Item>> poll_next(Context& cx) {
        if (!fn_) return detail::no_item<Item>();
        auto next = detail::or_end(*this, [&] { return (*fn_)(cx); });
        if (next.is_ready() && !next.value()) end();
        return next;
    }
    void end() noexcept { fn_.reset(); }

private:
    std::optional<F> fn_;
};
/// A stream from a function `Poll<std::optional<T>>(Context&)`.
template <class F>
[[nodiscard]] auto poll_fn(F fn) {
    return PollFn<F>(std::in_place, std::move(fn));
}

} // namespace rouse::stream
