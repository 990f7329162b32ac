// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/stream/ask.hpp"
#include "rouse/stream/pipe.hpp"

// One item out for each that comes in.
//
// All of them: woken as the stream below. Cancel: a poll that is dropped loses nothing; an item that `then`
// or `scan` works on is lost with the stream only. Memory: one item at most; nothing is allocated. What a
// function throws is thrown by the poll, and the stream is over.

namespace rouse::stream {

/// See `map`.
template <class S, class F>
class Map {
    using From = detail::ItemOfArg<S>;
    using Result = detail::CallResult<F, From>;
    static_assert(!std::is_void_v<Result>, "map needs a function that gives a value; see stream::inspect");

public:
    using Item = detail::AsItem<Result>;
    template <class G>
    Map(std::in_place_t, G&& stream, F fn)
        : upstream_(std::in_place, std::forward<G>(stream)), fn_(std::move(fn)) {}
    Poll<Maybe<Item>> poll_next(Context& cx) {
        auto next = upstream_.poll(cx);
        if (!detail::has_item(next)) return detail::without_item<Item>(next);
        return detail::or_end(upstream_, [&] {
            return detail::an_item<Item>(detail::call(fn_, std::forward<From>(*next.value())));
        });
    }
    void cancel_next() noexcept { upstream_.cancel_next(); }
    void inspect(Inspector& to) const { upstream_.inspect(to); }

private:
    detail::Upstream<S> upstream_;
    F fn_;
};
template <class S, class F>
Map(std::in_place_t, S&&, F) -> Map<S, F>;
/// `fn(item)`. A function that gives futures makes a stream of futures, for `buffered`; `then` waits for
/// them. Such a function takes an item that is a value by value, if it is a coroutine: the item does not
/// stay.
template <class F>
[[nodiscard]] auto map(F fn) {
    return detail::pipe<Map>(std::move(fn));
}

/// See `then`.
template <class S, class F>
class Then {
public:
    using Item = typename detail::Asked<S, F>::Value;
    template <class G>
    Then(std::in_place_t, G&& stream, F fn) : asked_(std::in_place, std::forward<G>(stream), std::move(fn)) {}
    Poll<Maybe<Item>> poll_next(Context& cx) { return asked_.poll(cx); }
    void cancel_next() noexcept { asked_.cancel_next(); }
    void inspect(Inspector& to) const { asked_.inspect(to); }

private:
    detail::Asked<S, F> asked_;
};
template <class S, class F>
Then(std::in_place_t, S&&, F) -> Then<S, F>;
/// What the future completes with that `fn(item)` gives (`Unit` for nothing). One at a time; `buffered` has
/// several. The item stays until then: a coroutine may take it by reference.
template <class F>
[[nodiscard]] auto then(F fn) {
    return detail::pipe<Then>(std::move(fn));
}

/// See `inspect`.
template <class S, class F>
class Inspect {
public:
    using Item = detail::ItemOfArg<S>;
    template <class G>
    Inspect(std::in_place_t, G&& stream, F fn)
        : upstream_(std::in_place, std::forward<G>(stream)), fn_(std::move(fn)) {}
    Poll<Maybe<Item>> poll_next(Context& cx) {
        auto next = upstream_.poll(cx);
        if (detail::has_item(next))
            detail::or_end(upstream_, [&] { (void)detail::call(fn_, std::as_const(*next.value())); });
        return next;
    }
    void cancel_next() noexcept { upstream_.cancel_next(); }
    void inspect(Inspector& to) const { upstream_.inspect(to); }

private:
    detail::Upstream<S> upstream_;
    F fn_;
};
template <class S, class F>
Inspect(std::in_place_t, S&&, F) -> Inspect<S, F>;
/// The same items; `fn(const item&)` sees each on its way.
template <class F>
[[nodiscard]] auto inspect(F fn) {
    return detail::pipe<Inspect>(std::move(fn));
}

/// See `enumerate`.
template <class S>
class Enumerate {
    using From = detail::ItemOfArg<S>;

public:
    using Item = std::pair<std::size_t, From>;
    template <class G>
    explicit Enumerate(std::in_place_t, G&& stream) : upstream_(std::in_place, std::forward<G>(stream)) {}
    Poll<Maybe<Item>> poll_next(Context& cx) {
        auto next = upstream_.poll(cx);
        if (!detail::has_item(next)) return detail::without_item<Item>(next);
        return detail::an_item<Item>(count_++, std::forward<From>(*next.value()));
    }
    void cancel_next() noexcept { upstream_.cancel_next(); }
    void inspect(Inspector& to) const { upstream_.inspect(to); }

private:
    detail::Upstream<S> upstream_;
    std::size_t count_ = 0;
};
template <class S>
Enumerate(std::in_place_t, S&&) -> Enumerate<S>;
/// Pairs of a number, from 0, and the item.
[[nodiscard]] inline auto enumerate() { return detail::pipe<Enumerate>(); }

/// See `scan`.
template <class S, class State, class F>
class Scan {
    class Step {
    public:
        Step(State state, F fn) : state_(std::move(state)), fn_(std::move(fn)) {}
        decltype(auto) operator()(detail::ItemOfArg<S>&& item) {
            return detail::call(fn_, state_, std::forward<detail::ItemOfArg<S>>(item));
        }

    private:
        State state_;
        F fn_;
    };
    using Asked = detail::Asked<S, Step>;

public:
    using Item = detail::AsItem<decltype(*std::declval<typename Asked::Value>())>;
    template <class G>
    Scan(std::in_place_t, G&& stream, State state, F fn)
        : asked_(std::in_place, std::forward<G>(stream), Step(std::move(state), std::move(fn))) {}
    Poll<Maybe<Item>> poll_next(Context& cx) {
        auto next = asked_.poll(cx);
        if (!detail::has_item(next)) return detail::without_item<Item>(next);
        if (*next.value()) return detail::an_item<Item>(**std::move(next).value());
        asked_.end();
        return detail::no_item<Item>();
    }
    void cancel_next() noexcept { asked_.cancel_next(); }
    void inspect(Inspector& to) const { asked_.inspect(to); }

private:
    Asked asked_;
};
template <class S, class State, class F>
Scan(std::in_place_t, S&&, State, F) -> Scan<S, State, F>;
/// What `fn(State&, item)` gives, an optional, or a future of one; nothing is the end.
///
/// ```cpp
/// auto sums = numbers | stream::scan(0, [](int& sum, int n) { return std::optional(sum += n); });
/// ```
template <class State, class F>
[[nodiscard]] auto scan(State state, F fn) {
    return detail::pipe<Scan>(std::move(state), std::move(fn));
}

} // namespace rouse::stream
