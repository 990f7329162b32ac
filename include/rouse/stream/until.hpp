// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/stream/pipe.hpp"
#include "rouse/stream/upstream_child.hpp"

namespace rouse::stream {

/// See `take_until`.
template <class S, class F>
class TakeUntil {
public:
    using Item = detail::ItemOfArg<S>;
    template <class G, class H>
    TakeUntil(std::in_place_t, G&& stream, H&& until)
        : upstream_(std::in_place, std::forward<G>(stream)), until_(std::in_place, std::forward<H>(until)) {}
    /// Before the first poll.
    TakeUntil(TakeUntil&& other) noexcept
        : upstream_(std::move(other.upstream_)), until_(std::move(other.until_)) {}

    Poll<Maybe<Item>> poll_next(Context& cx) {
        if (upstream_.is_over()) return detail::no_item<Item>();
        return detail::or_end(*this, [&]() -> Poll<Maybe<Item>> {
            if (until_.poll(cx, set_).is_ready()) {
                end();
                return detail::no_item<Item>();
            }
            auto next = upstream_.poll(cx, set_);
            if (upstream_.is_over()) end();
            if (!next.is_pending()) return next;
            // The one may still give items, or the other end it: told, not thrown.
            if (upstream_.is_lost()) upstream_.report_lost(stream_role);
            if (until_.is_lost()) until_.report_lost(until_role);
            return Pending;
        });
    }
    void end() noexcept {
        upstream_.end();
        until_.end();
    }
    void cancel_next() noexcept { upstream_.cancel_next(); }
    void inspect(Inspector& to) const {
        upstream_.inspect(to, stream_role);
        until_.inspect(to, until_role);
    }

private:
    static constexpr std::string_view stream_role = "stream of take_until";
    static constexpr std::string_view until_role = "future of take_until";
    detail::ChildSet set_;
    detail::UpstreamChild<S> upstream_;
    detail::Child<F> until_;
};
template <class S, class F>
TakeUntil(std::in_place_t, S&&, F&&) -> TakeUntil<S, F>;
/// The items up to the time when `until`, a future, completes. It is looked at first in each poll. One given
/// as an lvalue is polled where it is.
/// Wake:   as the stream below, and as the future.
/// Cancel: a poll that is dropped loses nothing. When the time has come the stream below is destroyed, with
///         what it had not given yet; one given as an lvalue keeps that. Memory: no items.
/// Errors: what either throws ends the stream. If one of them can never be woken again, that is reported to
/// the
///         hang hook, and the other goes on.
///
/// ```cpp
/// auto requests = incoming | stream::take_until(stop.cancelled());
/// ```
template <class F>
    requires Future<std::remove_reference_t<F>>
[[nodiscard]] auto take_until(F&& until) {
    return detail::Pipe<TakeUntil, F>(std::in_place, std::forward<F>(until));
}

} // namespace rouse::stream
