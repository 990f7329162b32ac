// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/type_name.hpp"
#include "rouse/core/context.hpp"
#include "rouse/core/inspect.hpp"
#include "rouse/core/poll.hpp"

#include <concepts>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace rouse {

/// Something that completes once, with an `Output`, and makes progress only when polled.
///
/// `poll` returns Ready(value) or Pending. On Pending, a clone of the waker of *this* poll is kept by
/// whatever will make progress, and is woken then. After Ready it is not polled again. It is not moved
/// between its first poll and its end, and may be destroyed at any time: that cancels it.
template <class F>
concept Future = requires(F& future, Context& cx) {
    typename F::Output;
    { future.poll(cx) } -> std::same_as<Poll<typename F::Output>>;
};

template <Future F>
using OutputOf = typename F::Output;

namespace detail {

/// A future that keeps its result where it is until it is taken: an await of it needs no room for the result.
/// Library futures have this form; `poll` is made of the two.
template <class F>
concept SplitFuture = Future<F> && requires(F& future, Context& cx) {
    { future.poll_ready(cx) } -> std::same_as<bool>;
    { future.take_ready() } -> std::same_as<typename F::Output>;
};

/// `poll` of a SplitFuture.
template <class F>
Poll<typename F::Output> poll_split(F& future, Context& cx) {
    if (!future.poll_ready(cx)) return Pending;
    if constexpr (std::is_void_v<typename F::Output>) {
        future.take_ready();
        return Ready();
    } else if constexpr (std::is_reference_v<typename F::Output>) {
        return Poll<typename F::Output>(std::in_place, std::addressof(future.take_ready()));
    } else {
        return Poll<typename F::Output>(std::in_place, future.take_ready());
    }
}

/// A future that can make its innermost coroutine throw `error` at its await, at the next poll. False: it
/// holds no suspended coroutine.
template <class F>
concept Failable = requires(F& future, std::exception_ptr error) {
    { future.fail_await(error) } -> std::same_as<bool>;
};

} // namespace detail

/// Ready at its first poll, with `value`.
template <class T>
class [[nodiscard]] ReadyFuture {
public:
    using Output = T;
    template <class... Args>
    explicit ReadyFuture(std::in_place_t, Args&&... args)
        : value_(std::in_place, std::forward<Args>(args)...) {}
    Poll<T> poll(Context& cx) { return detail::poll_split(*this, cx); }
    bool poll_ready(Context&) noexcept { return true; }
    T take_ready() {
        if (!value_) detail::stop_polled_after_ready("ReadyFuture");
        T value = std::move(*value_);
        value_.reset();
        return value;
    }

private:
    std::optional<T> value_;
};
template <>
class [[nodiscard]] ReadyFuture<void> {
public:
    using Output = void;
    ReadyFuture() noexcept = default;
    Poll<void> poll(Context& cx) { return detail::poll_split(*this, cx); }
    bool poll_ready(Context&) noexcept { return true; }
    void take_ready() {
        if (std::exchange(taken_, true)) detail::stop_polled_after_ready("ReadyFuture");
    }

private:
    bool taken_ = false;
};

/// A future that is ready at once.
template <class T>
[[nodiscard]] auto ready(T&& value) {
    return ReadyFuture<std::decay_t<T>>(std::in_place, std::forward<T>(value));
}
[[nodiscard]] inline auto ready() { return ReadyFuture<void>(); }

/// Never completes, and says so: it waits for nothing but to be destroyed. It keeps a waker, so that its task
/// counts as one that still may be woken, and it does not count as pending when a runtime looks for a
/// deadlock.
template <class T = void>
class [[nodiscard]] Never {
public:
    using Output = T;
    Never() noexcept = default;
    Poll<T> poll(Context& cx) {
        waker_.clone_from(cx.waker());
        return Pending;
    }
    void inspect(Inspector& to) const {
        to.waits_for(WaitKind::never, this, "nothing: it only can be cancelled");
    }

private:
    Waker waker_;
};
template <class T = void>
[[nodiscard]] Never<T> never() {
    return Never<T>();
}

namespace detail {
template <class T>
struct PollValue;
template <class T>
struct PollValue<Poll<T>> {
    using type = T;
};
} // namespace detail

/// A future from a function `Poll<T>(Context&)`.
template <class Fn>
class [[nodiscard]] PollFn {
public:
    using Output = typename detail::PollValue<std::invoke_result_t<Fn&, Context&>>::type;
    explicit PollFn(Fn fn) : fn_(std::move(fn)) {}
    Poll<Output> poll(Context& cx) { return fn_(cx); }

private:
    Fn fn_;
};
/// ```cpp
/// auto turn = [n = 0](Context& cx) mutable -> Poll<int> {
///     if (++n == 3) return Ready(n);
///     cx.waker().wake_by_ref();
///     return Pending;
/// };
/// int three = co_await rouse::poll_fn(std::move(turn));
/// ```
template <class Fn>
[[nodiscard]] auto poll_fn(Fn fn) {
    return PollFn<Fn>(std::move(fn));
}

} // namespace rouse
