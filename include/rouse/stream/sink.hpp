// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/combine/child_part.hpp"
#include "rouse/stream/ask.hpp"
#include "rouse/stream/stream.hpp"
#include "rouse/stream/upstream_child.hpp"

#include <expected>

namespace rouse {

/// Takes values one by one, each when there is room for it.
///
/// `poll_ready` is Ready when there is room for one value, which `start_send` then takes; it stays Ready
/// until that. `poll_flush` is Ready when all that was taken has gone where it goes; `poll_close` too, and
/// nothing can be sent afterwards. A sink that has given an error is not used again. Each Pending keeps a
/// clone of the waker of that poll, as a Future does. It is not moved between its first poll and its end.
template <class K, class T>
concept Sink = requires(K& to, T&& value, Context& cx) {
    typename K::Error;
    { to.poll_ready(cx) } -> std::same_as<Poll<std::expected<void, typename K::Error>>>;
    { to.start_send(std::forward<T>(value)) } -> std::same_as<std::expected<void, typename K::Error>>;
    { to.poll_flush(cx) } -> std::same_as<Poll<std::expected<void, typename K::Error>>>;
    { to.poll_close(cx) } -> std::same_as<Poll<std::expected<void, typename K::Error>>>;
};

namespace detail {

template <class K>
using SinkResult = std::expected<void, typename std::remove_reference_t<K>::Error>;
template <class K>
concept SinkArg = requires(std::remove_reference_t<K>& to, Context& cx) {
    typename std::remove_reference_t<K>::Error;
    { to.poll_ready(cx) } -> std::same_as<Poll<SinkResult<K>>>;
    { to.poll_flush(cx) } -> std::same_as<Poll<SinkResult<K>>>;
    { to.poll_close(cx) } -> std::same_as<Poll<SinkResult<K>>>;
};

} // namespace detail

namespace stream {

/// See `send` and `feed`.
template <class K, class T>
class [[nodiscard]] SendTo {
public:
    using Output = detail::SinkResult<K>;
    SendTo(K& to, T value, bool flushes) : to_(&to), value_(std::move(value)), flushes_(flushes) {}
    Poll<Output> poll(Context& cx) {
        if (!to_) [[unlikely]]
            detail::stop_polled_after_ready("stream::SendTo");
        if (value_) {
            auto ready = to_->poll_ready(cx);
            if (ready.is_pending()) return Pending;
            if (!ready.value()) return finish(std::move(ready));
            T value = std::move(*value_);
            value_.reset();
            auto sent = to_->start_send(std::move(value));
            if (!sent || !flushes_) return finish(Poll<Output>(std::in_place, std::move(sent)));
        }
        auto flushed = to_->poll_flush(cx);
        if (flushed.is_pending()) return Pending;
        return finish(std::move(flushed));
    }
    void inspect(Inspector& to) const {
        if (to_) detail::inspect_future(*to_, to);
    }

private:
    Poll<Output> finish(Poll<Output>&& result) noexcept {
        to_ = nullptr;
        return std::move(result);
    }
    K* to_; // null after Ready
    std::optional<T> value_;
    bool flushes_;
};
/// Sends one value, and flushes. A future of the sink's `std::expected<void, Error>`; refers to the sink.
/// Wake:   as the sink. Cancel: destroy it: either nothing was sent, and the value is gone with it, or it was
///         sent and is only not flushed.
template <class K, class T>
    requires Sink<K, T>
[[nodiscard]] auto send(K& to, T value) {
    return SendTo<K, T>(to, std::move(value), true);
}
/// The same without the flush.
template <class K, class T>
    requires Sink<K, T>
[[nodiscard]] auto feed(K& to, T value) {
    return SendTo<K, T>(to, std::move(value), false);
}

/// See `flush` and `close`.
template <class K>
class [[nodiscard]] Finish {
public:
    using Output = detail::SinkResult<K>;
    Finish(K& to, bool closes) noexcept : to_(&to), closes_(closes) {}
    Poll<Output> poll(Context& cx) {
        if (!to_) [[unlikely]]
            detail::stop_polled_after_ready("stream::Finish");
        auto done = closes_ ? to_->poll_close(cx) : to_->poll_flush(cx);
        if (done.is_ready()) to_ = nullptr;
        return done;
    }
    void inspect(Inspector& to) const {
        if (to_) detail::inspect_future(*to_, to);
    }

private:
    K* to_; // null after Ready
    bool closes_;
};
/// Completes when all that the sink has taken has gone out. Cancel: destroy it; it goes on with the next.
template <class K>
    requires detail::SinkArg<K>
[[nodiscard]] auto flush(K& to) noexcept {
    return Finish<K>(to, false);
}
/// Flushes, and closes the sink.
template <class K>
    requires detail::SinkArg<K>
[[nodiscard]] auto close(K& to) noexcept {
    return Finish<K>(to, true);
}

/// See `forward` and `send_all`.
template <class S, class K>
class [[nodiscard]] Forward {
    using From = detail::ItemOfArg<S>;
    using To = std::remove_reference_t<K>;
    // Of `std::expected` the values go to the sink, unless it takes those as they are.
    static constexpr bool plain = Sink<To, From>;
    template <class T>
    struct Unwrapped {
        using type = T;
    };
    template <class T, class E>
    struct Unwrapped<std::expected<T, E>> {
        using type = T;
    };
    using Value = std::conditional_t<plain, From, typename Unwrapped<std::remove_cvref_t<From>>::type>;
    static_assert(Sink<To, Value>, "the sink does not take the items of the stream");

public:
    using Output = detail::SinkResult<K>;
    template <class G, class H>
    Forward(std::in_place_t, G&& stream, H&& to, bool closes)
        : upstream_(std::in_place, std::forward<G>(stream)),
          to_(std::in_place, std::forward<H>(to)),
          closes_(closes) {}
    /// Before the first poll.
    Forward(Forward&& other) noexcept
        : upstream_(std::move(other.upstream_)), to_(std::move(other.to_)), closes_(other.closes_) {}
    Forward& operator=(Forward&&) = delete;
    ~Forward() { end(); }
    Poll<Output> poll(Context& cx) {
        if (!to_) [[unlikely]]
            detail::stop_polled_after_ready("stream::Forward");
        auto result = detail::or_end(*this, [&] { return move_items(cx); });
        if (result.is_ready()) end();
        return result;
    }
    void end() noexcept {
        upstream_.end();
        item_.reset();
        sink_.end([this] { to_.reset(); });
    }
    void inspect(Inspector& to) const {
        if (item_ || upstream_.is_over()) {
            if (to_) detail::inspect_future(*to_, to);
        } else upstream_.inspect(to);
    }

private:
    Poll<Output> move_items(Context& cx) {
        detail::LoopBudget budget;
        for (;;) {
            if (item_) {
                auto ready = poll_sink(cx, [](To& to, Context& own) { return to.poll_ready(own); });
                if (ready.is_pending() || !ready.value()) return ready;
                auto sent = (*to_).start_send(std::forward<Value>(*item_));
                item_.reset();
                if (!sent) return Poll<Output>(std::in_place, std::move(sent));
                if (!budget.spend(cx)) return Pending;
            }
            if (upstream_.is_over()) {
                return poll_sink(cx, [this](To& to, Context& own) {
                    return closes_ ? to.poll_close(own) : to.poll_flush(own);
                });
            }
            auto next = upstream_.poll(cx, set_);
            if (next.is_pending()) {
                // While nothing comes, what was taken goes out.
                auto flushed = poll_sink(cx, [](To& to, Context& own) { return to.poll_flush(own); });
                if (flushed.is_ready() && !flushed.value()) return flushed;
                if (!upstream_.is_lost() || !upstream_.fail_lost("stream of forward")) return Pending;
                continue;
            }
            if (!next.value()) continue;
            if constexpr (plain) {
                item_.emplace(std::forward<From>(*next.value()));
            } else {
                auto& item = *next.value();
                if (!item)
                    return Poll<Output>(std::in_place, std::unexpect, std::forward<From>(item).error());
                item_.emplace(*std::forward<From>(item));
            }
        }
    }
    /// After the stream's poll, if that is polled too.
    template <class Op>
    Poll<Output> poll_sink(Context& cx, Op op) {
        auto done = sink_.poll(cx, set_, [&](Context& own) { return op(*to_, own); });
        if (sink_.is_lost()) sink_.fail_lost("sink of forward", *to_);
        return done;
    }
    detail::ChildSet set_;
    detail::UpstreamChild<S> upstream_;
    detail::ChildPart sink_; // its slot
    detail::Held<K> to_;
    Maybe<Value> item_; // that the sink has no room for
    bool closes_;
};
/// Sends all items of a stream to a sink, flushes while none come, and closes the sink at the end. A future
/// of the sink's result. Of a stream of `std::expected` it sends the values, and stops at the first error,
/// which is its result. Stream and sink may be given away, or stay where they are. Wake:   as the two. Each
/// item costs as much of the poll's budget as an await. Cancel: destroy it: one item is lost if the sink had
/// no room for it; the sink is not closed.
/// Errors: what either throws. The one of them that can never be woken again throws `LostWaker`, at once,
/// though the other one still can.
///
/// ```cpp
/// auto sent = co_await stream::forward(std::move(lines), socket);
/// ```
template <class S, class K>
    requires(detail::StreamArg<S> && detail::SinkArg<K>)
[[nodiscard]] auto forward(S&& from, K&& to) {
    return Forward<S, K>(std::in_place, std::forward<S>(from), std::forward<K>(to), true);
}
/// The same, and the sink is not closed, but flushed at the end: `send_all(sink, stream)`.
template <class K, class S>
    requires(detail::StreamArg<S> && detail::SinkArg<K>)
[[nodiscard]] auto send_all(K&& to, S&& from) {
    return Forward<S, K>(std::in_place, std::forward<S>(from), std::forward<K>(to), false);
}

} // namespace stream
} // namespace rouse
