// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/stream/ask.hpp"
#include "rouse/stream/pipe.hpp"

#include <vector>

namespace rouse::stream {

/// See `chunks` and `ready_chunks`.
template <class S>
class Chunks {
    using From = detail::ItemOfArg<S>;

public:
    using Item = std::vector<std::remove_cvref_t<From>>;
    template <class G>
    Chunks(std::in_place_t, G&& stream, std::size_t size, bool waits)
        : upstream_(std::in_place, std::forward<G>(stream)), size_(size), waits_(waits) {
        if (size == 0) detail::stop("stream::chunks: of no items at all");
    }
    Poll<Maybe<Item>> poll_next(Context& cx) {
        return detail::or_end(*this, [&]() -> Poll<Maybe<Item>> {
            detail::LoopBudget budget;
            for (;;) {
                auto next = upstream_.poll(cx);
                if (!detail::has_item(next)) {
                    if (!chunk_.empty() && (next.is_ready() || !waits_)) return take();
                    return detail::without_item<Item>(next);
                }
                if (chunk_.empty()) chunk_.reserve(size_ < reserved ? size_ : reserved);
                chunk_.push_back(std::forward<From>(*next.value()));
                if (chunk_.size() == size_) return take();
                if (!budget.spend(cx)) return Pending;
            }
        });
    }
    void end() noexcept {
        chunk_.clear();
        upstream_.end();
    }
    void cancel_next() noexcept { upstream_.cancel_next(); }
    void inspect(Inspector& to) const { upstream_.inspect(to); }

private:
    static constexpr std::size_t reserved = 64; // a bound of the first allocation, not of a chunk
    Poll<Maybe<Item>> take() { return detail::an_item<Item>(std::exchange(chunk_, Item())); }

    detail::Upstream<S> upstream_;
    std::size_t size_;
    bool waits_;
    Item chunk_;
};
template <class S>
Chunks(std::in_place_t, S&&, std::size_t, bool) -> Chunks<S>;
/// Vectors of `size` items; the last one may have less. Of references, copies.
/// Wake:   as the stream below; an item costs as much of the poll's budget as an await. Cancel: a poll that
/// is
///         dropped loses nothing. Memory: a chunk. What the stream below throws is thrown at once; the chunk
///         that was begun is lost.
[[nodiscard]] inline auto chunks(std::size_t size) { return detail::pipe<Chunks>(size, true); }
/// Vectors of the items that are there, one at least and `size` at most: it waits for the first one only.
/// Wake, cancel, memory, errors: as `chunks`.
[[nodiscard]] inline auto ready_chunks(std::size_t size) { return detail::pipe<Chunks>(size, false); }

} // namespace rouse::stream
