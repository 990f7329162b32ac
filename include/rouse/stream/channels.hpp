// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/stream/each_time.hpp"
#include "rouse/sync/broadcast.hpp"
#include "rouse/sync/watch.hpp"

#include <concepts>
#include <expected>
#include <utility>

// The receivers of channels as streams. Given as an rvalue, a receiver goes into the stream, and is destroyed
// with it, or when the channel is over; an lvalue is used where it is. A future of the receiver stays in the
// stream while it waits, with its place in the queue, until a `next` that waits for it is dropped. (One of a
// foreign `recv()` stays even then, with its waker: it may hold a message.)
//
// All of them: woken as `recv` of the receiver. Cancel: a poll that is dropped has taken nothing. Memory:
// none but the receiver's.

namespace rouse {
namespace detail {

/// What a `recv` gives, as an item.
template <class T>
Poll<stream::Maybe<T>> received(std::optional<T>&& message) {
    if (!message) return no_item<T>();
    return an_item<T>(std::move(*message));
}
template <class T>
auto received(std::expected<T, broadcast::RecvError>&& message) {
    using Item = std::expected<T, broadcast::RecvError>;
    if (!message && message.error().is_closed()) return no_item<Item>();
    return an_item<Item>(std::move(message));
}
template <class R>
using Received = typename decltype(received(
    std::declval<OutputOf<decltype(std::declval<R&>().recv())>>()))::value_type::value_type;

} // namespace detail

namespace stream {

/// See `from`.
template <class R>
class ReceiverStream {
    using Receiver = std::remove_reference_t<R>;
    using Recv = decltype(std::declval<Receiver&>().recv());

public:
    using Item = detail::Received<Receiver>;
    template <class G>
    explicit ReceiverStream(std::in_place_t, G&& receiver)
        : each_(std::in_place, std::forward<G>(receiver)) {}
    Poll<Maybe<Item>> poll_next(Context& cx) {
        if (!each_) return detail::no_item<Item>();
        auto poll = each_.poll(cx, [](Receiver& receiver) { return receiver.recv(); });
        if (poll.is_pending()) return Pending;
        auto next = detail::received(std::move(poll).value());
        if (!next.value()) each_.end();
        return next;
    }
    void cancel_next() noexcept { each_.cancel_next(); }
    void inspect(Inspector& to) const { each_.inspect(to); }

private:
    detail::EachTime<R, Recv> each_;
};
/// The messages of a channel: of an mpsc or mpmc receiver, or of anything else whose `recv()` is a future of
/// an optional. A broadcast receiver gives `std::expected<T, broadcast::RecvError>`: one that was too slow
/// finds an error among its items that says how many it has missed, and goes on with the next message.
/// It ends with the channel.
///
/// ```cpp
/// auto [tx, rx] = mpsc::channel<int>(16);
/// auto squares = stream::from(std::move(rx)) | stream::map([](int n) { return n * n; });
/// ```
template <class R>
    requires requires(R& receiver) { typename detail::Received<R>; }
[[nodiscard]] auto from(R&& receiver) {
    return ReceiverStream<R>(std::in_place, std::forward<R>(receiver));
}

/// See `from` and `from_changes`.
template <class R>
class WatchStream {
    using Receiver = std::remove_reference_t<R>;
    using Changed = decltype(std::declval<Receiver&>().changed());

public:
    using Item = std::remove_cvref_t<decltype(*std::declval<Receiver&>().borrow_and_update())>;
    template <class G>
    WatchStream(std::in_place_t, bool first, G&& receiver)
        : each_(std::in_place, std::forward<G>(receiver)), first_(first) {}
    Poll<Maybe<Item>> poll_next(Context& cx) {
        if (!each_) return detail::no_item<Item>();
        if (!first_) {
            auto poll = each_.poll(cx, [](Receiver& receiver) { return receiver.changed(); });
            if (poll.is_pending()) return Pending;
            if (!poll.value()) {
                each_.end();
                return detail::no_item<Item>();
            }
        }
        first_ = false;
        return detail::or_end(each_, [&] { return detail::an_item<Item>(*(*each_).borrow_and_update()); });
    }
    void cancel_next() noexcept { each_.cancel_next(); }
    void inspect(Inspector& to) const { each_.inspect(to); }

private:
    detail::EachTime<R, Changed> each_;
    bool first_;
};
/// The value of a watch channel: the one of now at once, then a copy of the newest one whenever there is one
/// that this receiver has not seen. It ends with the sender.
template <class T>
[[nodiscard]] auto from(watch::Receiver<T>&& receiver) {
    return WatchStream<watch::Receiver<T>>(std::in_place, true, std::move(receiver));
}
template <class T>
[[nodiscard]] auto from(watch::Receiver<T>& receiver) {
    return WatchStream<watch::Receiver<T>&>(std::in_place, true, receiver);
}
/// The same without the value of now: it begins with the first change.
template <class T>
[[nodiscard]] auto from_changes(watch::Receiver<T>&& receiver) {
    return WatchStream<watch::Receiver<T>>(std::in_place, false, std::move(receiver));
}
template <class T>
[[nodiscard]] auto from_changes(watch::Receiver<T>& receiver) {
    return WatchStream<watch::Receiver<T>&>(std::in_place, false, receiver);
}

} // namespace stream
} // namespace rouse
