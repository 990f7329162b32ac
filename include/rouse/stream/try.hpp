// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/stream/ask.hpp"
#include "rouse/stream/pipe.hpp"

#include <expected>

// Streams of `std::expected`: the functions get the values; the first error ends it, and is the result. A
// stream that is owned is destroyed then; one given as an lvalue keeps what comes after. All else is as in
// fold.hpp.

namespace rouse::stream {

/// See `try_next`.
template <Stream S>
class [[nodiscard]] TryNext {
    using From = ItemOf<S>;
    using Expected = std::remove_cvref_t<From>;

public:
    using Output = std::expected<std::optional<typename Expected::value_type>, typename Expected::error_type>;
    explicit TryNext(S& of) noexcept : next_(of) {}
    Poll<Output> poll(Context& cx) {
        auto next = next_.poll(cx);
        if (next.is_pending()) return Pending;
        if (!next.value()) return Poll<Output>(std::in_place, std::nullopt);
        auto& item = *next.value();
        if (!item) return Poll<Output>(std::in_place, std::unexpect, std::forward<From>(item).error());
        return Poll<Output>(std::in_place, std::in_place, *std::forward<From>(item));
    }
    void inspect(Inspector& to) const { next_.inspect(to); }

private:
    Next<S> next_;
};
/// The next value; nothing at the end; or the error. See `next`.
template <Stream S>
[[nodiscard]] auto try_next(S& of) noexcept {
    return TryNext<S>(of);
}

/// See `try_for_each` and `try_fold`.
template <class S, class Step>
class [[nodiscard]] TryEach {
    using From = detail::ItemOfArg<S>;
    using Expected = std::remove_cvref_t<From>;
    using Reply = detail::Answer<detail::CallResult<Step, decltype(*std::declval<From>())>>;

public:
    using Output = std::expected<typename Step::Result, typename Expected::error_type>;
    template <class G>
    TryEach(std::in_place_t, G&& stream, Step step)
        : upstream_(std::in_place, std::forward<G>(stream)), step_(std::move(step)) {}
    Poll<Output> poll(Context& cx) {
        if (upstream_.is_over() && !reply_.is_awaited()) [[unlikely]]
            detail::stop_polled_after_ready("stream::TryEach");
        return detail::or_end(*this, [&]() -> Poll<Output> {
            detail::LoopBudget budget;
            for (;;) {
                auto reply = ask(cx);
                if (reply.is_pending()) return Pending;
                if (!reply.value()) return Poll<Output>(std::in_place, step_.result());
                auto& value = *reply.value();
                if (!value) {
                    Poll<Output> failed(std::in_place, std::unexpect, std::move(value).error());
                    end();
                    return failed;
                }
                step_.take(std::move(value));
                if (!budget.spend(cx)) return Pending;
            }
        });
    }
    void end() noexcept {
        reply_.end();
        item_.reset();
        upstream_.end();
    }
    void inspect(Inspector& to) const {
        if (reply_.is_awaited()) reply_.inspect(to);
        else upstream_.inspect(to);
    }

private:
    using Value = typename Reply::Value;
    Poll<std::optional<Value>> ask(Context& cx) {
        if constexpr (Reply::waits) {
            if (!reply_.is_awaited()) {
                auto next = upstream_.poll(cx);
                if (!detail::has_item(next)) return detail::without_item<Value>(next);
                auto& item = *next.value();
                if (!item) return detail::an_item<Value>(std::unexpect, std::forward<From>(item).error());
                item_.emplace(std::forward<From>(item)); // a coroutine may take it by reference
            }
            auto value = answer(cx, *item_);
            if (value.is_ready()) item_.reset();
            return pass(std::move(value));
        } else {
            auto next = upstream_.poll(cx);
            if (!detail::has_item(next)) return detail::without_item<Value>(next);
            auto& item = *next.value();
            if (!item) return detail::an_item<Value>(std::unexpect, std::forward<From>(item).error());
            return pass(answer(cx, item));
        }
    }
    Poll<Value> answer(Context& cx, std::remove_reference_t<From>& item) {
        return reply_.poll(cx, [&]() -> decltype(auto) { return step_(*std::forward<From>(item)); });
    }
    static Poll<std::optional<Value>> pass(Poll<Value>&& value) {
        if (value.is_pending()) return Pending;
        return detail::an_item<Value>(std::move(value).value());
    }
    detail::Upstream<S> upstream_;
    Step step_;
    Maybe<From> item_;
    [[no_unique_address]] Reply reply_; // may refer to the item and to the function
};
template <class S, class Step>
TryEach(std::in_place_t, S&&, Step) -> TryEach<S, Step>;

/// The step of `try_for_each`.
template <class F>
class TryForEachStep {
public:
    using Result = void;
    explicit TryForEachStep(F fn) : fn_(std::move(fn)) {}
    template <class T>
    decltype(auto) operator()(T&& value) {
        return detail::call(fn_, std::forward<T>(value));
    }
    template <class Value>
    void take(Value&&) noexcept {}
    class Done {
    public:
        Done() noexcept = default;
        template <class E>
        operator std::expected<void, E>() const noexcept {
            return {};
        }
    };
    [[nodiscard]] Done result() const noexcept { return Done(); }

private:
    F fn_;
};
/// Calls `fn(value)` for each value: it gives a `std::expected<void, E>`, or a future of one, and stops at
/// the first error, of the stream or of the function.
template <class F>
[[nodiscard]] auto try_for_each(F fn) {
    return detail::pipe<TryEach>(TryForEachStep<F>(std::move(fn)));
}
template <class S, class F>
    requires detail::StreamArg<S>
[[nodiscard]] auto try_for_each(S&& of, F fn) {
    return TryEach<S, TryForEachStep<F>>(std::in_place, std::forward<S>(of),
                                         TryForEachStep<F>(std::move(fn)));
}

/// The step of `try_fold`.
template <class T, class F>
class TryFoldStep {
public:
    using Result = T;
    TryFoldStep(T value, F fn) : value_(std::move(value)), fn_(std::move(fn)) {}
    template <class U>
    decltype(auto) operator()(U&& value) {
        return detail::call(fn_, std::move(value_), std::forward<U>(value));
    }
    template <class Value>
    void take(Value&& value) {
        value_ = *std::forward<Value>(value);
    }
    [[nodiscard]] T result() { return std::move(value_); }

private:
    T value_;
    F fn_;
};
/// `fold` with a function that gives a `std::expected<T, E>`, or a future of one.
template <class T, class F>
    requires(!detail::StreamArg<T>)
[[nodiscard]] auto try_fold(T value, F fn) {
    return detail::pipe<TryEach>(TryFoldStep<T, F>(std::move(value), std::move(fn)));
}
template <class S, class T, class F>
    requires detail::StreamArg<S>
[[nodiscard]] auto try_fold(S&& of, T value, F fn) {
    using Step = TryFoldStep<T, F>;
    return TryEach<S, Step>(std::in_place, std::forward<S>(of), Step(std::move(value), std::move(fn)));
}

/// See `map_ok` and `map_err`.
template <class S, class F, class OfError>
class MapExpected {
    using From = detail::ItemOfArg<S>;
    using Value = typename std::remove_cvref_t<From>::value_type;
    using Error = typename std::remove_cvref_t<From>::error_type;
    template <class T, class U>
    using Pick = std::conditional_t<OfError::value, T, U>;
    using Given = Pick<decltype(std::declval<From>().error()), decltype(*std::declval<From>())>;
    using Result = std::remove_cvref_t<detail::CallResult<F, Given>>;

public:
    using Item = std::expected<Pick<Value, Result>, Pick<Result, Error>>;
    template <class G>
    MapExpected(std::in_place_t, G&& stream, F fn, OfError)
        : upstream_(std::in_place, std::forward<G>(stream)), fn_(std::move(fn)) {}
    Poll<Maybe<Item>> poll_next(Context& cx) {
        auto next = upstream_.poll(cx);
        if (!detail::has_item(next)) return detail::without_item<Item>(next);
        return detail::or_end(upstream_, [&] {
            auto& item = *next.value();
            if constexpr (OfError::value) {
                if (item) return detail::an_item<Item>(*std::forward<From>(item));
                return detail::an_item<Item>(std::unexpect,
                                             detail::call(fn_, std::forward<From>(item).error()));
            } else {
                if (!item) return detail::an_item<Item>(std::unexpect, std::forward<From>(item).error());
                return detail::an_item<Item>(detail::call(fn_, *std::forward<From>(item)));
            }
        });
    }
    void cancel_next() noexcept { upstream_.cancel_next(); }
    void inspect(Inspector& to) const { upstream_.inspect(to); }

private:
    detail::Upstream<S> upstream_;
    F fn_;
};
template <class S, class F, class OfError>
MapExpected(std::in_place_t, S&&, F, OfError) -> MapExpected<S, F, OfError>;
/// `fn(value)` in the place of each value; errors stay as they are. A stream like `map`.
template <class F>
[[nodiscard]] auto map_ok(F fn) {
    return detail::pipe<MapExpected>(std::move(fn), std::false_type());
}
/// `fn(error)` in the place of each error; values stay as they are.
template <class F>
[[nodiscard]] auto map_err(F fn) {
    return detail::pipe<MapExpected>(std::move(fn), std::true_type());
}

} // namespace rouse::stream
