// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/stream/ask.hpp"
#include "rouse/stream/each_time.hpp"
#include "rouse/stream/pipe.hpp"
#include "rouse/stream/upstream_child.hpp"
#include "rouse/time/interval.hpp"
#include "rouse/time/timeout.hpp"

#include <vector>

// Streams and time. Polled within a runtime, whose clock they go by.

namespace rouse::stream {

/// See `from`.
template <class I>
class Ticks {
public:
    using Item = Instant;
    template <class G>
    explicit Ticks(std::in_place_t, G&& interval) : each_(std::in_place, std::forward<G>(interval)) {}
    Poll<Maybe<Item>> poll_next(Context& cx) {
        if (!each_) return detail::no_item<Item>();
        auto poll = each_.poll(cx, [](Interval& interval) { return interval.tick(); });
        if (poll.is_pending()) return Pending;
        return detail::an_item<Item>(poll.value());
    }
    void inspect(Inspector& to) const { each_.inspect(to); }

private:
    detail::EachTime<I, Interval::Tick> each_;
};
/// The ticks of an interval: for when each was due. Without end.
/// Wake: at the next tick. Cancel: a poll that is dropped loses nothing. An interval given as an lvalue is
/// used where it is, and keeps the waker of the last poll until its tick.
template <class I>
    requires std::same_as<std::remove_cvref_t<I>, Interval>
[[nodiscard]] auto from(I&& interval) {
    return Ticks<I>(std::in_place, std::forward<I>(interval));
}

} // namespace rouse::stream
namespace rouse::detail {

/// Counts from now on, polled or not: a `sleep` would count from its first poll.
[[nodiscard]] inline Sleep sleep_from_now(Duration wait) {
    const Instant start = now();
    return Sleep(wait < Instant::max() - start ? start + wait : Instant::max());
}

} // namespace rouse::detail
namespace rouse::stream {

/// See `throttle`.
template <class S>
class Throttle {
public:
    using Item = detail::ItemOfArg<S>;
    template <class G>
    Throttle(std::in_place_t, G&& stream, Duration gap)
        : upstream_(std::in_place, std::forward<G>(stream)), gap_(gap) {}
    Poll<Maybe<Item>> poll_next(Context& cx) {
        if (pause_) {
            if (detail::or_end(*this, [&] { return pause_->poll(cx); }).is_pending()) return Pending;
            pause_.reset();
        }
        auto next = upstream_.poll(cx);
        if (detail::has_item(next)) pause_.emplace(detail::sleep_from_now(gap_));
        return next;
    }
    void end() noexcept {
        pause_.reset();
        upstream_.end();
    }
    void cancel_next() noexcept { upstream_.cancel_next(); }
    void inspect(Inspector& to) const {
        if (pause_) pause_->inspect(to);
        else upstream_.inspect(to);
    }

private:
    detail::Upstream<S> upstream_;
    Duration gap_;
    std::optional<Sleep> pause_;
};
template <class S>
Throttle(std::in_place_t, S&&, Duration) -> Throttle<S>;
/// The same items, and `gap` at least between one and the next. The stream below is not polled meanwhile, so
/// its end too is seen after the pause. The first item does not wait.
/// Wake:   at the end of the pause, or as the stream below. Cancel: a poll that is dropped loses nothing.
///         Memory: no items.
[[nodiscard]] inline auto throttle(Duration gap) { return detail::pipe<Throttle>(gap); }

/// See `timeout`.
template <class S>
class Timeout {
    using From = detail::ItemOfArg<S>;

public:
    using Item = std::expected<std::remove_cvref_t<From>, Elapsed>;
    template <class G>
    Timeout(std::in_place_t, G&& stream, Duration patience, bool repeats)
        : upstream_(std::in_place, std::forward<G>(stream)), patience_(patience), repeats_(repeats) {}
    /// Before the first poll.
    Timeout(Timeout&& other) noexcept
        : upstream_(std::move(other.upstream_)), patience_(other.patience_), repeats_(other.repeats_) {}

    Poll<Maybe<Item>> poll_next(Context& cx) {
        return detail::or_end(*this, [&]() -> Poll<Maybe<Item>> {
            for (;;) {
                auto next = upstream_.poll(cx, set_);
                if (next.is_ready()) {
                    timer_.reset();
                    told_ = false;
                    if (!next.value()) return detail::no_item<Item>();
                    return detail::an_item<Item>(std::forward<From>(*next.value()));
                }
                if (told_ && !repeats_) return Pending;
                if (!timer_) timer_.emplace(std::in_place, sleep(patience_));
                if (timer_->poll(cx, set_).is_ready()) {
                    timer_.reset();
                    told_ = true;
                    return detail::an_item<Item>(std::unexpect, upstream_.has_no_waker());
                }
                if (!upstream_.is_lost() || !upstream_.fail_lost("stream in timeout")) return Pending;
            }
        });
    }
    void end() noexcept {
        timer_.reset();
        upstream_.end();
    }
    void cancel_next() noexcept { upstream_.cancel_next(); }
    void inspect(Inspector& to) const {
        upstream_.inspect(to, "stream in timeout");
        if (timer_) timer_->inspect(to, "timer of timeout");
    }

private:
    detail::ChildSet set_;
    detail::UpstreamChild<S> upstream_;
    std::optional<detail::Child<Sleep>> timer_; // while we wait
    Duration patience_;
    bool repeats_;
    bool told_ = false; // that the next item is late
};
template <class S>
Timeout(std::in_place_t, S&&, Duration, bool) -> Timeout<S>;
/// The items as `std::expected<T, Elapsed>`: after `patience` without an item the error is handed out, once,
/// and the stream goes on with the next item. The time begins with the poll that has to wait. Of references,
/// copies.
/// Wake:   as the stream below, and at the end of the time. Cancel: a poll that is dropped loses nothing.
///         Memory: no items.
/// Errors: what the stream below throws ends the stream; also `LostWaker`, at once, when it is proven that
///         nobody can wake it.
[[nodiscard]] inline auto timeout(Duration patience) { return detail::pipe<Timeout>(patience, false); }
/// The same; the error is handed out again after each `patience` that passes.
[[nodiscard]] inline auto timeout_repeating(Duration patience) {
    return detail::pipe<Timeout>(patience, true);
}

/// See `chunks_timeout`.
template <class S>
class ChunksTimeout {
    using From = detail::ItemOfArg<S>;

public:
    using Item = std::vector<std::remove_cvref_t<From>>;
    template <class G>
    ChunksTimeout(std::in_place_t, G&& stream, std::size_t size, Duration patience)
        : upstream_(std::in_place, std::forward<G>(stream)), size_(size), patience_(patience) {
        if (size == 0) detail::stop("stream::chunks_timeout: of no items at all");
    }
    Poll<Maybe<Item>> poll_next(Context& cx) {
        return detail::or_end(*this, [&]() -> Poll<Maybe<Item>> {
            detail::LoopBudget budget;
            for (;;) {
                auto next = upstream_.poll(cx);
                if (next.is_pending()) {
                    if (chunk_.empty() || timer_->poll(cx).is_pending()) return Pending;
                    return take();
                }
                if (!next.value()) {
                    if (chunk_.empty()) return detail::no_item<Item>();
                    return take();
                }
                if (chunk_.empty()) timer_.emplace(detail::sleep_from_now(patience_));
                chunk_.push_back(std::forward<From>(*next.value()));
                if (chunk_.size() == size_) return take();
                if (!budget.spend(cx)) {
                    // A stream that always has an item does not hold the chunk up.
                    if (timer_->poll(cx).is_ready()) return take();
                    return Pending;
                }
            }
        });
    }
    void end() noexcept {
        chunk_.clear();
        timer_.reset();
        upstream_.end();
    }
    void cancel_next() noexcept { upstream_.cancel_next(); }
    void inspect(Inspector& to) const {
        upstream_.inspect(to);
        if (timer_) timer_->inspect(to);
    }

private:
    Poll<Maybe<Item>> take() {
        timer_.reset();
        return detail::an_item<Item>(std::exchange(chunk_, Item()));
    }
    detail::Upstream<S> upstream_;
    std::size_t size_;
    Duration patience_;
    std::optional<Sleep> timer_; // while a chunk is begun
    Item chunk_;
};
template <class S>
ChunksTimeout(std::in_place_t, S&&, std::size_t, Duration) -> ChunksTimeout<S>;
/// Vectors of `size` items, or of those that have come when `patience` has passed since the first of them.
/// Never empty. Of references, copies.
/// Wake:   as the stream below, and at the end of the time. Cancel: a poll that is dropped loses nothing.
///         Memory: a chunk. What the stream below throws is thrown at once; the chunk that was begun is lost.
[[nodiscard]] inline auto chunks_timeout(std::size_t size, Duration patience) {
    return detail::pipe<ChunksTimeout>(size, patience);
}

} // namespace rouse::stream
