// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/stream/ask.hpp"
#include "rouse/stream/pipe.hpp"

#include <vector>

// Futures that use a stream up. Each may be asked for by a pipe, `stream | count()`, or with the stream as
// its first argument, `count(stream)`.
//
// All of them: woken as the stream, and by the future that a function gives. Each item costs as much of the
// poll's budget as an await, so a stream that always has one more does not starve other tasks. Cancel:
// destroy it; a stream that it owns goes with it, one given as an lvalue stays, without the items that were
// taken. What is thrown comes out of the await. Functions may give their answer, or a future of it.

namespace rouse::stream {

/// See `for_each`.
template <class S, class F>
class [[nodiscard]] ForEach {
public:
    using Output = void;
    template <class G>
    ForEach(std::in_place_t, G&& stream, F fn)
        : asked_(std::in_place, std::forward<G>(stream), std::move(fn)) {}
    Poll<void> poll(Context& cx) {
        if (asked_.is_over()) [[unlikely]]
            detail::stop_polled_after_ready("stream::ForEach");
        detail::LoopBudget budget;
        for (;;) {
            auto next = asked_.poll(cx);
            if (next.is_pending()) return Pending;
            if (!next.value()) return Ready();
            if (!budget.spend(cx)) return Pending;
        }
    }
    void inspect(Inspector& to) const { asked_.inspect(to); }

private:
    detail::Asked<S, F> asked_;
};
template <class S, class F>
ForEach(std::in_place_t, S&&, F) -> ForEach<S, F>;
/// Calls `fn(item)` for each item, and waits for the future that it gives, if it does, before the next.
template <class F>
[[nodiscard]] auto for_each(F fn) {
    return detail::pipe<ForEach>(std::move(fn));
}
template <class S, class F>
    requires detail::StreamArg<S>
[[nodiscard]] auto for_each(S&& of, F fn) {
    return ForEach<S, F>(std::in_place, std::forward<S>(of), std::move(fn));
}

/// See `fold`.
template <class S, class T, class F>
class [[nodiscard]] Fold {
    using From = detail::ItemOfArg<S>;
    class Step {
    public:
        Step(T value, F fn) : value(std::move(value)), fn_(std::move(fn)) {}
        decltype(auto) operator()(From&& item) {
            return detail::call(fn_, std::move(value), std::forward<From>(item));
        }
        T value;

    private:
        F fn_;
    };

public:
    using Output = T;
    template <class G>
    Fold(std::in_place_t, G&& stream, T value, F fn)
        : asked_(std::in_place, std::forward<G>(stream), Step(std::move(value), std::move(fn))) {}
    Poll<T> poll(Context& cx) {
        if (asked_.is_over()) [[unlikely]]
            detail::stop_polled_after_ready("stream::Fold");
        detail::LoopBudget budget;
        for (;;) {
            auto next = asked_.poll(cx);
            if (next.is_pending()) return Pending;
            if (!next.value()) return Poll<T>(std::in_place, std::move(asked_.fn().value));
            asked_.fn().value = *std::move(next).value();
            if (!budget.spend(cx)) return Pending;
        }
    }
    void inspect(Inspector& to) const { asked_.inspect(to); }

private:
    detail::Asked<S, Step> asked_;
};
template <class S, class T, class F>
Fold(std::in_place_t, S&&, T, F) -> Fold<S, T, F>;
/// `value = fn(std::move(value), item)` for each item; the value at the end.
///
/// ```cpp
/// int sum = co_await stream::fold(numbers, 0, [](int sum, int n) { return sum + n; });
/// ```
template <class T, class F>
    requires(!detail::StreamArg<T>)
[[nodiscard]] auto fold(T value, F fn) {
    return detail::pipe<Fold>(std::move(value), std::move(fn));
}
template <class S, class T, class F>
    requires detail::StreamArg<S>
[[nodiscard]] auto fold(S&& of, T value, F fn) {
    return Fold<S, T, F>(std::in_place, std::forward<S>(of), std::move(value), std::move(fn));
}

/// See `any` and `all`.
template <class S, class F>
class [[nodiscard]] Search {
public:
    using Output = bool;
    template <class G>
    Search(std::in_place_t, G&& stream, F fn, bool sought)
        : asked_(std::in_place, std::forward<G>(stream), std::move(fn)), sought_(sought) {}
    Poll<bool> poll(Context& cx) {
        if (asked_.is_over()) [[unlikely]]
            detail::stop_polled_after_ready("stream::Search");
        detail::LoopBudget budget;
        for (;;) {
            auto next = asked_.poll(cx);
            if (next.is_pending()) return Pending;
            if (!next.value()) return Ready(!sought_);
            if (static_cast<bool>(*next.value()) == sought_) {
                asked_.end();
                return Ready(sought_);
            }
            if (!budget.spend(cx)) return Pending;
        }
    }
    void inspect(Inspector& to) const { asked_.inspect(to); }

private:
    detail::Asked<S, F> asked_;
    bool sought_;
};
template <class S, class F>
Search(std::in_place_t, S&&, F, bool) -> Search<S, F>;
/// Whether `fn(item)` says true of an item. It stops at the first.
template <class F>
[[nodiscard]] auto any(F fn) {
    return detail::pipe<Search>(std::move(fn), true);
}
template <class S, class F>
    requires detail::StreamArg<S>
[[nodiscard]] auto any(S&& of, F fn) {
    return Search<S, F>(std::in_place, std::forward<S>(of), std::move(fn), true);
}
/// Whether `fn(item)` says true of each item. It stops at the first of which it does not.
template <class F>
[[nodiscard]] auto all(F fn) {
    return detail::pipe<Search>(std::move(fn), false);
}
template <class S, class F>
    requires detail::StreamArg<S>
[[nodiscard]] auto all(S&& of, F fn) {
    return Search<S, F>(std::in_place, std::forward<S>(of), std::move(fn), false);
}

/// See `count`.
template <class S>
class [[nodiscard]] Count {
public:
    using Output = std::size_t;
    template <class G>
    explicit Count(std::in_place_t, G&& stream) : upstream_(std::in_place, std::forward<G>(stream)) {}
    Poll<std::size_t> poll(Context& cx) {
        if (upstream_.is_over()) [[unlikely]]
            detail::stop_polled_after_ready("stream::Count");
        detail::LoopBudget budget;
        for (;;) {
            auto next = upstream_.poll(cx);
            if (next.is_pending()) return Pending;
            if (!next.value()) return Ready(count_);
            ++count_;
            if (!budget.spend(cx)) return Pending;
        }
    }
    void inspect(Inspector& to) const { upstream_.inspect(to); }

private:
    detail::Upstream<S> upstream_;
    std::size_t count_ = 0;
};
template <class S>
Count(std::in_place_t, S&&) -> Count<S>;
/// How many items there are.
[[nodiscard]] inline auto count() { return detail::pipe<Count>(); }
template <class S>
    requires detail::StreamArg<S>
[[nodiscard]] auto count(S&& of) {
    return Count<S>(std::in_place, std::forward<S>(of));
}

} // namespace rouse::stream
