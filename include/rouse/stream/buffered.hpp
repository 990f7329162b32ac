// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/combine/child_part.hpp"
#include "rouse/combine/futures_ordered.hpp"
#include "rouse/combine/futures_unordered.hpp"
#include "rouse/stream/ask.hpp"
#include "rouse/stream/pipe.hpp"
#include "rouse/stream/upstream_child.hpp"

#include <cstdint>

// Several futures at the same time, in one task. Each has wakers of its own, and only those that were woken
// are polled; one that can never be woken again throws `LostWaker` at its own await, at once. One allocation
// for each future, as `FuturesUnordered` makes it.

namespace rouse::stream {

/// A number of futures that stands for no bound.
inline constexpr std::size_t unlimited = static_cast<std::size_t>(-1);

} // namespace rouse::stream

namespace rouse::detail {

/// A stream, and beside it a set of the futures that its items are, or become: `limit` of them at most.
template <class S, class Set>
class Feed {
    using From = ItemOfArg<S>;

public:
    using Item = ItemOf<Set>;
    template <class G>
    Feed(std::in_place_t, G&& stream, std::size_t limit)
        : upstream_(std::in_place, std::forward<G>(stream)), limit_(limit) {}
    /// Before the first poll.
    Feed(Feed&& other) noexcept : upstream_(std::move(other.upstream_)), limit_(other.limit_) {}
    Feed& operator=(Feed&&) = delete;
    ~Feed() { end(); }

    /// How many items one poll takes in: the futures are left the other half of its budget.
    static constexpr std::int32_t intake = poll_budget / 2;
    /// `add(set, item)` of items while there are some, and room for them; of `to_take` at most.
    template <class Add>
    void fill(Context& cx, LoopBudget& budget, std::int32_t& to_take, Add add) {
        upstream_waits_ = false;
        while (to_take > 0 && running_.len() < limit_) {
            auto next = upstream_.poll(cx, set_);
            upstream_waits_ = next.is_pending();
            if (!has_item(next)) return;
            add(running_, std::forward<From>(*next.value()));
            if (!budget.spend(cx)) return;
            if (--to_take == 0) request_yield(cx);
        }
    }
    /// After `fill`: the next value of the set; nothing, when all is over.
    Poll<std::optional<Item>> poll_running(Context& cx) {
        if (running_.is_empty()) {
            if (upstream_.is_over()) return Poll<std::optional<Item>>(std::in_place);
            return Pending; // for an item, alone: if that one is lost, so is the task
        }
        auto next = slot_.poll(cx, set_, [this](Context& own) { return running_.poll_next(own); });
        if (next.is_ready() && (next.value() || upstream_.is_over())) return next;
        // The futures may go on: told, not thrown. One that was not asked, for want of room, waits for
        // nothing.
        if (next.is_pending() && upstream_waits_ && upstream_.is_lost()) upstream_.report_lost(stream_role);
        return Pending;
    }
    void end() noexcept {
        slot_.end([this] { running_.clear(); });
        upstream_.end();
    }
    void cancel_next() noexcept {
        upstream_.cancel_next();
        slot_.cancel([this] { running_.cancel_next(); });
    }
    void inspect(Inspector& to) const {
        if (running_.is_empty()) return upstream_.inspect(to);
        upstream_.inspect(to, stream_role);
        running_.inspect(to);
    }

private:
    static constexpr std::string_view stream_role = "stream of futures";
    ChildSet set_;
    UpstreamChild<S> upstream_;
    ChildPart slot_; // of those that run
    Set running_;
    std::size_t limit_;
    bool upstream_waits_ = false;
};

/// Runs the futures of a stream in a set, whose values it hands out.
template <class S, class Set>
class BufferedIn {
    using From = ItemOfArg<S>;

public:
    using Item = ItemOf<Set>;
    template <class G>
    BufferedIn(std::in_place_t, G&& stream, std::size_t limit)
        : feed_(std::in_place, std::forward<G>(stream), limit) {
        if (limit == 0) stop("stream::buffered: room for no future at all");
    }
    Poll<stream::Maybe<Item>> poll_next(Context& cx) {
        return or_end(*this, [&]() -> Poll<stream::Maybe<Item>> {
            LoopBudget budget;
            std::int32_t to_take = feed_.intake;
            feed_.fill(cx, budget, to_take, add);
            return feed_.poll_running(cx);
        });
    }
    void end() noexcept { feed_.end(); }
    void cancel_next() noexcept { feed_.cancel_next(); }
    void inspect(Inspector& to) const { feed_.inspect(to); }

private:
    static void add(Set& to, From&& future) {
        if constexpr (requires { to.push_back(std::forward<From>(future)); })
            to.push_back(std::forward<From>(future));
        else to.push(std::forward<From>(future));
    }
    Feed<S, Set> feed_;
};

/// An item, and the future that a function makes of it, which may refer to it.
template <class F, class Item>
class FutureOfItem {
    using Running = CallResult<F, Item>;

public:
    using Output = OutputOf<Running>;
    FutureOfItem(F& fn, Item&& item) : fn_(&fn), item_(std::in_place, std::forward<Item>(item)) {}
    Poll<Output> poll(Context& cx) {
        if (!future_) future_.emplace(call(*fn_, std::forward<Item>(*item_))); // here it stays
        return future_->poll(cx);
    }
    bool fail_await(std::exception_ptr error) {
        if constexpr (Failable<Running>) return future_ && future_->fail_await(std::move(error));
        else return false;
    }
    void inspect(Inspector& to) const {
        to.leaf(type_name<Running>());
        if (future_) inspect_future(*future_, to);
    }

private:
    F* fn_;
    stream::Maybe<Item> item_;
    std::optional<Running> future_;
};

} // namespace rouse::detail

namespace rouse::stream {

/// See `buffer_unordered`.
template <class S>
class BufferUnordered : public detail::BufferedIn<S, FuturesUnordered<detail::ItemOfArg<S>>> {
    using Base = detail::BufferedIn<S, FuturesUnordered<detail::ItemOfArg<S>>>;

public:
    using Base::Base;
};
template <class S>
BufferUnordered(std::in_place_t, S&&, std::size_t) -> BufferUnordered<S>;
/// What the futures complete with that are the items of a stream, up to `limit` of them at the same time, in
/// the order in which they complete (`Unit` for nothing).
/// Fairness: the futures are polled in the order of their wakes, and the stream below whenever there is room;
///         one that always has an item leaves them half of the budget of each poll.
/// Wake:   by the futures; by the stream below while there is room.
/// Cancel: a poll that is dropped loses nothing: the futures stay where they are. Memory: `limit` futures,
/// and
///         no values.
/// Errors: what a future or the stream below throws ends it, and destroys the other futures. If the stream
///         below can never be woken again, that is reported to the hang hook, and the futures go on; when
///         none is left the await throws.
///
/// ```cpp
/// auto pages = stream::iter(urls) | stream::map(fetch) | stream::buffer_unordered(8);
/// ```
[[nodiscard]] inline auto buffer_unordered(std::size_t limit) { return detail::pipe<BufferUnordered>(limit); }

/// See `buffered`.
template <class S>
class BufferOrdered : public detail::BufferedIn<S, FuturesOrdered<detail::ItemOfArg<S>>> {
    using Base = detail::BufferedIn<S, FuturesOrdered<detail::ItemOfArg<S>>>;

public:
    using Base::Base;
};
template <class S>
BufferOrdered(std::in_place_t, S&&, std::size_t) -> BufferOrdered<S>;
/// The same in the order of the futures: a value that is there too early is kept until those before it were
/// handed out, and counts as one of the `limit`. Memory: `limit` futures and values. What a future throws
/// comes in its turn.
[[nodiscard]] inline auto buffered(std::size_t limit) { return detail::pipe<BufferOrdered>(limit); }

/// See `for_each_concurrent`.
template <class S, class F>
class [[nodiscard]] ForEachConcurrent {
    using From = detail::ItemOfArg<S>;
    using Running = detail::FutureOfItem<F, From>;
    static_assert(Future<detail::CallResult<F, From>>,
                  "for_each_concurrent needs a function that gives a future; see for_each");

public:
    using Output = void;
    template <class G>
    ForEachConcurrent(std::in_place_t, G&& stream, std::size_t limit, F fn)
        : fn_(std::move(fn)), feed_(std::in_place, std::forward<G>(stream), limit) {
        if (limit == 0) detail::stop("stream::for_each_concurrent: room for no future at all");
    }
    Poll<void> poll(Context& cx) {
        if (over_) [[unlikely]]
            detail::stop_polled_after_ready("stream::ForEachConcurrent");
        return detail::or_end(*this, [&]() -> Poll<void> {
            const auto add = [this](auto& to, From&& item) {
                to.push(Running(fn_, std::forward<From>(item)));
            };
            detail::LoopBudget budget;
            std::int32_t to_take = feed_.intake;
            for (;;) {
                feed_.fill(cx, budget, to_take, add);
                auto done = feed_.poll_running(cx);
                if (done.is_pending()) return Pending;
                if (!done.value()) {
                    over_ = true;
                    return Ready();
                }
                if (!budget.spend(cx)) return Pending;
            }
        });
    }
    void end() noexcept {
        over_ = true;
        feed_.end();
    }
    void inspect(Inspector& to) const { feed_.inspect(to); }

private:
    F fn_;
    detail::Feed<S, FuturesUnordered<Running>> feed_; // refers to the function
    bool over_ = false;
};
template <class S, class F>
ForEachConcurrent(std::in_place_t, S&&, std::size_t, F) -> ForEachConcurrent<S, F>;
/// Awaits `fn(item)` for each item, up to `limit` (or `unlimited`) of them at the same time. A future that
/// completes when the stream is over and all of them have. An item stays as long as its future.
/// Fairness, wake, memory: as `buffer_unordered`. Each item costs as much of the poll's budget as an await.
/// Cancel: destroy it, and with it the futures that run.
/// Errors: what is thrown comes out of the await, and destroys the other futures. A stream below that can
/// never be woken again: as `buffer_unordered`.
template <class F>
[[nodiscard]] auto for_each_concurrent(std::size_t limit, F fn) {
    return detail::pipe<ForEachConcurrent>(limit, std::move(fn));
}
template <class S, class F>
    requires detail::StreamArg<S>
[[nodiscard]] auto for_each_concurrent(S&& of, std::size_t limit, F fn) {
    return ForEachConcurrent<S, F>(std::in_place, std::forward<S>(of), limit, std::move(fn));
}

} // namespace rouse::stream
