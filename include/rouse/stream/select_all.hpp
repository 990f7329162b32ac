// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/combine/futures_unordered.hpp"
#include "rouse/stream/ask.hpp"
#include "rouse/stream/stream.hpp"

#include <iterator>
#include <memory>

namespace rouse::stream {

/// Any number of streams of one type as one: each item as soon as it is there. Streams may be added.
///
/// Each stream has wakers of its own, and only those that were woken are polled: a wake costs the same
/// whether there are ten streams or ten thousand. One allocation for each stream, and one for each item.
/// Fairness: streams are polled in the order of their wakes; one that always has an item goes to the end of
///         the queue with each.
/// Wake:   by the streams; also by a `push` while somebody waits.
/// Cancel: a poll that is dropped loses nothing. Memory: the streams, no items.
/// Errors: what a stream throws ends them all. One that can never be woken again throws `LostWaker`.
/// Its end is that of the last stream; a `push` makes it go on.
template <Stream S>
class SelectAll {
public:
    using Item = ItemOf<S>;
    SelectAll() noexcept = default;

    void push(S of) { turns_.push(Turn(std::make_unique<S>(std::move(of)))); }
    [[nodiscard]] std::size_t len() const noexcept { return turns_.len(); }
    [[nodiscard]] bool is_empty() const noexcept { return turns_.is_empty(); }
    /// Destroys all streams.
    void clear() noexcept { turns_.clear(); }
    void end() noexcept { clear(); }

    Poll<Maybe<Item>> poll_next(Context& cx) {
        return detail::or_end(*this, [&]() -> Poll<Maybe<Item>> {
            detail::LoopBudget budget;
            for (;;) {
                auto next = turns_.poll_next(cx);
                if (next.is_pending()) return Pending;
                if (!next.value()) return detail::no_item<Item>();
                auto& [item, of] = *next.value();
                if (item) {
                    turns_.push(Turn(std::move(of)));
                    return detail::an_item<Item>(std::forward<Item>(*item));
                }
                of.reset();
                if (!budget.spend(cx)) return Pending;
            }
        });
    }
    void cancel_next() noexcept { turns_.cancel_next(); }
    void inspect(Inspector& to) const { turns_.inspect(to); }

private:
    /// Waits for one item of a stream, and gives back the stream.
    class Turn {
    public:
        using Output = std::pair<Maybe<Item>, std::unique_ptr<S>>;
        explicit Turn(std::unique_ptr<S> of) noexcept : stream_(std::move(of)) {}
        Poll<Output> poll(Context& cx) {
            auto next = stream_->poll_next(cx);
            if (next.is_pending()) return Pending;
            return Poll<Output>(std::in_place, std::move(next).value(), std::move(stream_));
        }
        bool fail_await(std::exception_ptr error)
            requires detail::Failable<S>
        {
            return stream_->fail_await(std::move(error));
        }
        void inspect(Inspector& to) const {
            if (stream_) detail::inspect_future(*stream_, to);
        }

    private:
        std::unique_ptr<S> stream_; // where it stays: a stream does not move once it was polled
    };
    FuturesUnordered<Turn> turns_;
};

/// All streams of a range, which are moved out of it.
template <class R>
[[nodiscard]] auto select_all(R&& streams) {
    using S = std::remove_cvref_t<decltype(*std::begin(streams))>;
    SelectAll<S> all;
    for (auto&& one : streams) all.push(std::move(one));
    return all;
}

} // namespace rouse::stream
