// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/future.hpp"
#include "rouse/stream/maybe.hpp"

#include <concepts>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace rouse {

/// Hands out items one by one, each when it is there, and makes progress only when polled.
///
/// `poll_next` returns Ready with an item, Ready with nothing at the end, or Pending. On Pending it holds to
/// what `poll` of a Future holds to: a clone of the waker of *this* poll is kept by whatever will make
/// progress. It is not moved between its first poll and its end, and may be destroyed at any time: that
/// cancels it. `Item` may be a reference; what it refers to stays until the next poll.
///
/// After its end: every stream of this library goes on saying that it is over, however often it is polled,
/// and so it does when it has thrown. Foreign ones need not, and no adaptor polls a stream again that was
/// over. What a stream owns is destroyed when it is over, and so it holds no waker then.
///
/// It may have `void cancel_next() noexcept`: whoever was told Pending no longer waits, and the waker is let
/// go. No item is taken or lost by that, and the next poll registers anew. Adaptors hand it on to the stream
/// below. A stream that has none keeps the waker of a future which is gone, and may hide that its task hangs;
/// so does what an adaptor waits for besides, a timer that runs or a future of the user's that has begun.
///
/// ```cpp
/// auto evens = stream::iter(numbers) | stream::filter([](int n) { return n % 2 == 0; });
/// while (auto n = co_await stream::next(evens)) use(*n);
/// ```
template <class S>
concept Stream = requires(S& of, Context& cx) {
    typename S::Item;
    { of.poll_next(cx) } -> std::same_as<Poll<stream::Maybe<typename S::Item>>>;
};

template <Stream S>
using ItemOf = typename S::Item;

namespace detail {

template <class S>
concept CancelsNext = requires(S& of) { of.cancel_next(); };
/// `of.cancel_next()` if it has one.
template <class S>
void cancel_next(S& of) noexcept {
    if constexpr (CancelsNext<S>) of.cancel_next();
}

/// A future's right to poll a stream until it is Ready, and its duty to cancel what is pending.
template <class S>
class NextRight {
public:
    explicit NextRight(S& stream) noexcept : stream_(std::addressof(stream)) {}
    NextRight(NextRight&& other) noexcept
        : stream_(std::exchange(other.stream_, nullptr)), pending_(std::exchange(other.pending_, false)) {}
    NextRight& operator=(NextRight&&) = delete;
    ~NextRight() {
        if (pending_) cancel_next(*stream_);
    }
    explicit operator bool() const noexcept { return stream_ != nullptr; }
    S& operator*() const noexcept { return *stream_; }
    S* operator->() const noexcept { return stream_; }
    /// What `ask(stream)` gives, a Poll.
    template <class Ask>
    auto poll(Ask ask) {
        pending_ = false;
        auto poll = ask(*stream_);
        pending_ = poll.is_pending();
        if (!pending_) stream_ = nullptr;
        return poll;
    }

private:
    S* stream_; // null after Ready
    bool pending_ = false;
};

/// As an argument: a stream, or an lvalue of one.
template <class S>
concept StreamArg = Stream<std::remove_reference_t<S>>;
template <class S>
using ItemOfArg = ItemOf<std::remove_reference_t<S>>;

/// `Ready` with nothing: the end.
template <class T>
Poll<stream::Maybe<T>> no_item() {
    return Poll<stream::Maybe<T>>(std::in_place, std::nullopt);
}
template <class T, class... Args>
Poll<stream::Maybe<T>> an_item(Args&&... args) {
    return Poll<stream::Maybe<T>>(std::in_place, std::in_place, std::forward<Args>(args)...);
}
template <class M>
bool has_item(const Poll<M>& next) {
    return next.is_ready() && next.value().has_value();
}
/// Of a poll without an item: the same as one of another type.
template <class T, class M>
Poll<stream::Maybe<T>> without_item(const Poll<M>& next) {
    if (next.is_pending()) return Pending;
    return no_item<T>();
}

/// `body()`; if it throws, `of.end()` before.
template <class T, class Body>
decltype(auto) or_end(T& of, Body&& body) {
#if ROUSE_EXCEPTIONS
    try {
        return body();
    } catch (...) {
        of.end();
        throw;
    }
#else
    (void)of;
    return body();
#endif
}

/// An object that was given (`T`), or that lives elsewhere (`T&`); until it is let go.
template <class T>
class Held {
public:
    template <class U>
    explicit Held(std::in_place_t, U&& object) : object_(std::in_place, std::forward<U>(object)) {}
    explicit operator bool() const noexcept { return object_.has_value(); }
    T& operator*() noexcept { return *object_; }
    const T& operator*() const noexcept { return *object_; }
    void reset() noexcept { object_.reset(); }

private:
    std::optional<T> object_;
};
template <class T>
class Held<T&> {
public:
    explicit Held(std::in_place_t, T& object) noexcept : object_(std::addressof(object)) {}
    explicit operator bool() const noexcept { return object_ != nullptr; }
    T& operator*() const noexcept { return *object_; }
    void reset() noexcept { object_ = nullptr; }

private:
    T* object_;
};

/// The stream that an adaptor takes its items from. Let go when it is over or has thrown, and not polled
/// after that.
template <class S>
class Upstream {
public:
    using Item = ItemOfArg<S>;
    template <class G>
    explicit Upstream(std::in_place_t, G&& stream) : stream_(std::in_place, std::forward<G>(stream)) {}

    [[nodiscard]] bool is_over() const noexcept { return !stream_; }
    void end() noexcept { stream_.reset(); }
    Poll<stream::Maybe<Item>> poll(Context& cx) {
        if (!stream_) return no_item<Item>();
        auto next = detail::or_end(*this, [&] { return (*stream_).poll_next(cx); });
        if (next.is_ready() && !next.value().has_value()) end();
        return next;
    }
    void cancel_next() noexcept {
        if (stream_) detail::cancel_next(*stream_);
    }
    /// See Failable.
    bool fail_await(std::exception_ptr error) {
        if constexpr (Failable<std::remove_reference_t<S>>)
            return stream_ && (*stream_).fail_await(std::move(error));
        else return false;
    }
    void inspect(Inspector& to) const {
        if (stream_) inspect_future(*stream_, to);
    }

private:
    Held<S> stream_;
};

} // namespace detail

namespace stream {

/// A future of the next item of a stream; of nothing at its end. Refers to the stream, which outlives it; one
/// at a time.
/// Wake:   as the stream.
/// Cancel: destroy it: no item is lost, the next one gets it. The stream lets go of the waker, if it has
/// `cancel_next`; else what it waits for stays, with its waker, in the stream.
template <Stream S>
class [[nodiscard]] Next {
public:
    using Output = Maybe<ItemOf<S>>;
    explicit Next(S& of) noexcept : stream_(of) {}
    Poll<Output> poll(Context& cx) {
        if (!stream_) [[unlikely]]
            detail::stop_polled_after_ready("stream::Next");
        return stream_.poll([&](S& of) { return of.poll_next(cx); });
    }
    bool fail_await(std::exception_ptr error)
        requires detail::Failable<S>
    {
        return stream_ && stream_->fail_await(std::move(error));
    }
    void inspect(Inspector& to) const {
        if (stream_) detail::inspect_future(*stream_, to);
    }

private:
    detail::NextRight<S> stream_;
};
/// The next item.
template <Stream S>
[[nodiscard]] Next<S> next(S& of) noexcept {
    return Next<S>(of);
}

} // namespace stream
} // namespace rouse
