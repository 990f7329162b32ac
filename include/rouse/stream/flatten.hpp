// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/stream/map.hpp"

namespace rouse::stream {

/// See `flatten`.
template <class S>
class Flatten {
    using Inner = detail::ItemOfArg<S>;
    static_assert(detail::StreamArg<Inner>, "flatten needs a stream of streams; see stream::iter");

public:
    using Item = detail::ItemOfArg<Inner>;
    template <class G>
    explicit Flatten(std::in_place_t, G&& stream) : outer_(std::in_place, std::forward<G>(stream)) {}
    Poll<Maybe<Item>> poll_next(Context& cx) {
        detail::LoopBudget budget;
        for (;;) {
            if (!inner_) {
                auto next = outer_.poll(cx);
                if (!detail::has_item(next)) return detail::without_item<Item>(next);
                inner_.emplace(std::in_place, std::forward<Inner>(*next.value()));
            }
            auto next = detail::or_end(*this, [&] { return inner_->poll(cx); });
            if (next.is_pending() || next.value()) return next;
            inner_.reset();
            if (!budget.spend(cx)) return Pending;
        }
    }
    void end() noexcept {
        inner_.reset();
        outer_.end();
    }
    void cancel_next() noexcept {
        if (inner_) inner_->cancel_next();
        else outer_.cancel_next();
    }
    void inspect(Inspector& to) const {
        if (inner_) inner_->inspect(to);
        else outer_.inspect(to);
    }

private:
    detail::Upstream<S> outer_;
    std::optional<detail::Upstream<Inner>> inner_;
};
template <class S>
Flatten(std::in_place_t, S&&) -> Flatten<S>;
/// The items of the streams that are the items of a stream, one stream after the other.
/// Wake:   as the stream whose turn it is. A stream without items costs as much of the poll's budget as an
///         await.
/// Cancel: a poll that is dropped loses nothing. Memory: one inner stream. What is thrown ends all.
[[nodiscard]] inline auto flatten() { return detail::pipe<Flatten>(); }
/// The items of the streams that `fn(item)` gives: `map(fn) | flatten()`.
///
/// ```cpp
/// auto lines = files | stream::flat_map([](File file) { return read_lines(std::move(file)); });
/// ```
template <class F>
[[nodiscard]] auto flat_map(F fn) {
    return map(std::move(fn)) | flatten();
}

} // namespace rouse::stream
