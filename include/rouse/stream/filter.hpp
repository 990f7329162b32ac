// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/stream/ask.hpp"
#include "rouse/stream/pipe.hpp"

// Some of the items that come in. A function may give its answer, or a future of it; the item stays
// until it has completed, so a coroutine may take it by reference.
//
// All of them: woken as the stream below, and by the future of the answer. An item that is left out costs as
// much of the poll's budget as an await: a stream that always has one more does not starve other tasks.
// Cancel: a poll that is dropped loses nothing. Memory: one item, while the answer about it is awaited;
// nothing is allocated. What a function throws is thrown by the poll, and the stream is over.

namespace rouse::stream {

/// See `filter`.
template <class S, class F>
class Filter {
public:
    using Item = detail::ItemOfArg<S>;
    template <class G>
    Filter(std::in_place_t, G&& stream, F fn)
        : asked_(std::in_place, std::forward<G>(stream), std::move(fn)) {}
    Poll<Maybe<Item>> poll_next(Context& cx) {
        detail::LoopBudget budget;
        for (;;) {
            auto next = asked_.poll(cx);
            if (!detail::has_item(next)) return detail::without_item<Item>(next);
            if (next.value()->value) return detail::an_item<Item>(std::forward<Item>(next.value()->item));
            if (!budget.spend(cx)) return Pending;
        }
    }
    void cancel_next() noexcept { asked_.cancel_next(); }
    void inspect(Inspector& to) const { asked_.inspect(to); }

private:
    detail::Asked<S, F, true> asked_;
};
template <class S, class F>
Filter(std::in_place_t, S&&, F) -> Filter<S, F>;
/// The items of which `fn(const item&)` says true.
template <class F>
[[nodiscard]] auto filter(F fn) {
    return detail::pipe<Filter>(std::move(fn));
}

/// See `filter_map`.
template <class S, class F>
class FilterMap {
    using Asked = detail::Asked<S, F>;

public:
    using Item = detail::AsItem<decltype(*std::declval<typename Asked::Value>())>;
    template <class G>
    FilterMap(std::in_place_t, G&& stream, F fn)
        : asked_(std::in_place, std::forward<G>(stream), std::move(fn)) {}
    Poll<Maybe<Item>> poll_next(Context& cx) {
        detail::LoopBudget budget;
        for (;;) {
            auto next = asked_.poll(cx);
            if (!detail::has_item(next)) return detail::without_item<Item>(next);
            if (*next.value()) return detail::an_item<Item>(**std::move(next).value());
            if (!budget.spend(cx)) return Pending;
        }
    }
    void cancel_next() noexcept { asked_.cancel_next(); }
    void inspect(Inspector& to) const { asked_.inspect(to); }

private:
    Asked asked_;
};
template <class S, class F>
FilterMap(std::in_place_t, S&&, F) -> FilterMap<S, F>;
/// What is in the optionals that `fn(item)` gives; the empty ones are left out.
template <class F>
[[nodiscard]] auto filter_map(F fn) {
    return detail::pipe<FilterMap>(std::move(fn));
}

/// See `dedup`.
template <class S>
class Dedup {
public:
    using Item = detail::ItemOfArg<S>;
    template <class G>
    explicit Dedup(std::in_place_t, G&& stream) : upstream_(std::in_place, std::forward<G>(stream)) {}
    Poll<Maybe<Item>> poll_next(Context& cx) {
        detail::LoopBudget budget;
        for (;;) {
            auto next = upstream_.poll(cx);
            if (!detail::has_item(next)) return next;
            const bool same =
                detail::or_end(upstream_, [&] { return last_ && *last_ == std::as_const(*next.value()); });
            if (!same) {
                detail::or_end(upstream_, [&] { last_.emplace(std::as_const(*next.value())); });
                return next;
            }
            if (!budget.spend(cx)) return Pending;
        }
    }
    void cancel_next() noexcept { upstream_.cancel_next(); }
    void inspect(Inspector& to) const { upstream_.inspect(to); }

private:
    detail::Upstream<S> upstream_;
    std::optional<std::remove_cvref_t<Item>> last_;
};
template <class S>
Dedup(std::in_place_t, S&&) -> Dedup<S>;
/// Of items that are equal and come one after the other the first. Memory: a copy of the last one.
[[nodiscard]] inline auto dedup() { return detail::pipe<Dedup>(); }

} // namespace rouse::stream
