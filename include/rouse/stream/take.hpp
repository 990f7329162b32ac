// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/stream/ask.hpp"
#include "rouse/stream/pipe.hpp"

// The beginning of a stream, or all but the beginning. A function may give its answer, or a future of it; the
// item stays until it has completed, so a coroutine may take it by reference.
//
// All of them: woken as the stream below, and by the future of the answer. Those that skip pay for each item
// with the poll's budget. Cancel: a poll that is dropped loses nothing. Those that end before the stream
// below destroy it with the poll that says so; one given as an lvalue goes on where they left it. Memory: one
// item, while the answer about it is awaited; nothing is allocated. What a function throws is thrown by the
// poll, and the stream is over.

namespace rouse::stream {

/// See `take`.
template <class S>
class Take {
public:
    using Item = detail::ItemOfArg<S>;
    template <class G>
    Take(std::in_place_t, G&& stream, std::size_t count)
        : upstream_(std::in_place, std::forward<G>(stream)), left_(count) {}
    Poll<Maybe<Item>> poll_next(Context& cx) {
        if (left_ == 0) {
            upstream_.end();
            return detail::no_item<Item>();
        }
        auto next = upstream_.poll(cx);
        if (detail::has_item(next)) --left_;
        return next;
    }
    void cancel_next() noexcept { upstream_.cancel_next(); }
    void inspect(Inspector& to) const { upstream_.inspect(to); }

private:
    detail::Upstream<S> upstream_;
    std::size_t left_;
};
template <class S>
Take(std::in_place_t, S&&, std::size_t) -> Take<S>;
/// The first `count` items; no more of the stream below is polled.
[[nodiscard]] inline auto take(std::size_t count) { return detail::pipe<Take>(count); }

/// See `take_while`.
template <class S, class F>
class TakeWhile {
public:
    using Item = detail::ItemOfArg<S>;
    template <class G>
    TakeWhile(std::in_place_t, G&& stream, F fn)
        : asked_(std::in_place, std::forward<G>(stream), std::move(fn)) {}
    Poll<Maybe<Item>> poll_next(Context& cx) {
        auto next = asked_.poll(cx);
        if (!detail::has_item(next)) return detail::without_item<Item>(next);
        if (next.value()->value) return detail::an_item<Item>(std::forward<Item>(next.value()->item));
        asked_.end();
        return detail::no_item<Item>();
    }
    void cancel_next() noexcept { asked_.cancel_next(); }
    void inspect(Inspector& to) const { asked_.inspect(to); }

private:
    detail::Asked<S, F, true> asked_;
};
template <class S, class F>
TakeWhile(std::in_place_t, S&&, F) -> TakeWhile<S, F>;
/// The items before the first one of which `fn(const item&)` says false. That one is lost.
template <class F>
[[nodiscard]] auto take_while(F fn) {
    return detail::pipe<TakeWhile>(std::move(fn));
}

/// See `map_while`.
template <class S, class F>
class MapWhile {
    using Asked = detail::Asked<S, F>;

public:
    using Item = detail::AsItem<decltype(*std::declval<typename Asked::Value>())>;
    template <class G>
    MapWhile(std::in_place_t, G&& stream, F fn)
        : asked_(std::in_place, std::forward<G>(stream), std::move(fn)) {}
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
template <class S, class F>
MapWhile(std::in_place_t, S&&, F) -> MapWhile<S, F>;
/// What is in the optionals that `fn(item)` gives; the first empty one is the end.
template <class F>
[[nodiscard]] auto map_while(F fn) {
    return detail::pipe<MapWhile>(std::move(fn));
}

/// See `skip`.
template <class S>
class Skip {
public:
    using Item = detail::ItemOfArg<S>;
    template <class G>
    Skip(std::in_place_t, G&& stream, std::size_t count)
        : upstream_(std::in_place, std::forward<G>(stream)), left_(count) {}
    Poll<Maybe<Item>> poll_next(Context& cx) {
        detail::LoopBudget budget;
        for (;;) {
            auto next = upstream_.poll(cx);
            if (left_ == 0 || !detail::has_item(next)) return next;
            --left_;
            if (!budget.spend(cx)) return Pending;
        }
    }
    void cancel_next() noexcept { upstream_.cancel_next(); }
    void inspect(Inspector& to) const { upstream_.inspect(to); }

private:
    detail::Upstream<S> upstream_;
    std::size_t left_;
};
template <class S>
Skip(std::in_place_t, S&&, std::size_t) -> Skip<S>;
/// All but the first `count` items.
[[nodiscard]] inline auto skip(std::size_t count) { return detail::pipe<Skip>(count); }

/// See `skip_while`.
template <class S, class F>
class SkipWhile {
public:
    using Item = detail::ItemOfArg<S>;
    template <class G>
    SkipWhile(std::in_place_t, G&& stream, F fn)
        : asked_(std::in_place, std::forward<G>(stream), std::move(fn)) {}
    Poll<Maybe<Item>> poll_next(Context& cx) {
        if (begun_) return asked_.upstream().poll(cx);
        detail::LoopBudget budget;
        for (;;) {
            auto next = asked_.poll(cx);
            if (!detail::has_item(next)) return detail::without_item<Item>(next);
            if (!next.value()->value) {
                begun_ = true;
                return detail::an_item<Item>(std::forward<Item>(next.value()->item));
            }
            if (!budget.spend(cx)) return Pending;
        }
    }
    void cancel_next() noexcept { asked_.cancel_next(); }
    void inspect(Inspector& to) const { asked_.inspect(to); }

private:
    detail::Asked<S, F, true> asked_;
    bool begun_ = false;
};
template <class S, class F>
SkipWhile(std::in_place_t, S&&, F) -> SkipWhile<S, F>;
/// The first item of which `fn(const item&)` says false, and all after it.
template <class F>
[[nodiscard]] auto skip_while(F fn) {
    return detail::pipe<SkipWhile>(std::move(fn));
}

} // namespace rouse::stream
