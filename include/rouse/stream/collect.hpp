// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/stream/ask.hpp"
#include "rouse/stream/pipe.hpp"

#include <expected>
#include <vector>

namespace rouse {
namespace detail {

/// The container that was asked for; a vector if none was.
template <class C, class Item>
using CollectedIn = std::conditional_t<std::is_void_v<C>, std::vector<std::remove_cvref_t<Item>>, C>;
template <class C, class Item>
void put_into(C& all, Item&& item) {
    if constexpr (requires { all.push_back(std::forward<Item>(item)); })
        all.push_back(std::forward<Item>(item));
    else all.insert(all.end(), std::forward<Item>(item));
}
/// Says which type is meant.
template <class T>
class Type {
public:
    Type() noexcept = default;
};

} // namespace detail

namespace stream {

/// See `collect`.
template <class S, class C>
class [[nodiscard]] Collect {
    using From = detail::ItemOfArg<S>;

public:
    using Output = detail::CollectedIn<C, From>;
    template <class G>
    explicit Collect(std::in_place_t, G&& stream, detail::Type<C> = {})
        : upstream_(std::in_place, std::forward<G>(stream)) {}
    Poll<Output> poll(Context& cx) {
        if (upstream_.is_over()) [[unlikely]]
            detail::stop_polled_after_ready("stream::Collect");
        detail::LoopBudget budget;
        for (;;) {
            auto next = upstream_.poll(cx);
            if (next.is_pending()) return Pending;
            if (!next.value()) return Poll<Output>(std::in_place, std::move(all_));
            detail::or_end(upstream_, [&] { detail::put_into(all_, std::forward<From>(*next.value())); });
            if (!budget.spend(cx)) return Pending;
        }
    }
    void inspect(Inspector& to) const { upstream_.inspect(to); }

private:
    detail::Upstream<S> upstream_;
    Output all_;
};
template <class S, class C>
Collect(std::in_place_t, S&&, detail::Type<C>) -> Collect<S, C>;
/// A future of all items in a container: a vector, or what is asked for; it has `push_back` or `insert`. Of
/// references, copies.
/// Wake: as the stream; each item costs as much of the poll's budget as an await. Cancel: destroy it; the
/// items that were taken are lost.
///
/// ```cpp
/// auto words = co_await stream::collect<std::set<std::string>>(text);
/// ```
template <class C = void>
[[nodiscard]] auto collect() {
    return detail::pipe<Collect>(detail::Type<C>());
}
template <class C = void, class S>
    requires detail::StreamArg<S>
[[nodiscard]] auto collect(S&& of) {
    return Collect<S, C>(std::in_place, std::forward<S>(of));
}

/// See `try_collect`.
template <class S, class C>
class [[nodiscard]] TryCollect {
    using From = detail::ItemOfArg<S>;
    using Expected = std::remove_cvref_t<From>;
    using All = detail::CollectedIn<C, typename Expected::value_type>;

public:
    using Output = std::expected<All, typename Expected::error_type>;
    template <class G>
    explicit TryCollect(std::in_place_t, G&& stream, detail::Type<C> = {})
        : upstream_(std::in_place, std::forward<G>(stream)) {}
    Poll<Output> poll(Context& cx) {
        if (upstream_.is_over()) [[unlikely]]
            detail::stop_polled_after_ready("stream::TryCollect");
        detail::LoopBudget budget;
        for (;;) {
            auto next = upstream_.poll(cx);
            if (next.is_pending()) return Pending;
            if (!next.value()) return Poll<Output>(std::in_place, std::move(all_));
            auto& item = *next.value();
            if (!item) {
                Poll<Output> failed(std::in_place, std::unexpect, std::forward<From>(item).error());
                upstream_.end();
                return failed;
            }
            detail::or_end(upstream_, [&] { detail::put_into(all_, *std::forward<From>(item)); });
            if (!budget.spend(cx)) return Pending;
        }
    }
    void inspect(Inspector& to) const { upstream_.inspect(to); }

private:
    detail::Upstream<S> upstream_;
    All all_;
};
template <class S, class C>
TryCollect(std::in_place_t, S&&, detail::Type<C>) -> TryCollect<S, C>;
/// Of a stream of `std::expected`: the values in a container, as by `collect`; or the first error. It stops
/// there: a stream that it owns is destroyed, one given as an lvalue keeps what comes after.
template <class C = void>
[[nodiscard]] auto try_collect() {
    return detail::pipe<TryCollect>(detail::Type<C>());
}
template <class C = void, class S>
    requires detail::StreamArg<S>
[[nodiscard]] auto try_collect(S&& of) {
    return TryCollect<S, C>(std::in_place, std::forward<S>(of));
}

} // namespace stream
} // namespace rouse
