// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/io/forward.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

namespace rouse::io {

// Streams made of streams. They own what they are made of; give them `by_ref(stream)` where they shall not.
// Wake, cancel, errors, thread: as the stream's.

/// A stream that is somewhere else, and outlives this.
template <class S>
class StreamRef : public detail::ForwardsRead<StreamRef<S>, S>,
                  public detail::ForwardsWrite<StreamRef<S>, S> {
public:
    explicit StreamRef(S& stream) noexcept : stream_(std::addressof(stream)) {}
    void inspect(Inspector& to, Interest interest) const { detail::inspect_stream(*stream_, to, interest); }
    [[nodiscard]] S& reads_from() noexcept { return *stream_; }
    [[nodiscard]] S& writes_to() noexcept { return *stream_; }

private:
    S* stream_;
};
template <class S>
    requires AsyncRead<S> || AsyncWrite<S>
[[nodiscard]] StreamRef<S> by_ref(S& stream) noexcept {
    return StreamRef<S>(stream);
}

/// One stream of two: reads come from the one, writes go to the other.
template <class R, class W>
class Joined : public detail::ForwardsRead<Joined<R, W>, R>, public detail::ForwardsWrite<Joined<R, W>, W> {
public:
    Joined(R reader, W writer) noexcept : reader_(std::move(reader)), writer_(std::move(writer)) {}
    void inspect(Inspector& to, Interest interest) const {
        if (interest == Interest::readable) detail::inspect_stream(reader_, to, interest);
        else detail::inspect_stream(writer_, to, interest);
    }
    [[nodiscard]] R& reads_from() noexcept { return reader_; }
    [[nodiscard]] W& writes_to() noexcept { return writer_; }
    [[nodiscard]] std::pair<R, W> into_inner() && { return {std::move(reader_), std::move(writer_)}; }

private:
    R reader_;
    W writer_;
};
template <AsyncRead R, AsyncWrite W>
[[nodiscard]] Joined<R, W> join(R reader, W writer) {
    return Joined<R, W>(std::move(reader), std::move(writer));
}

/// At most `limit` bytes of a stream; then the end.
template <AsyncRead R>
class Take {
public:
    Take(R inner, std::uint64_t limit) noexcept : inner_(std::move(inner)), limit_(limit) {}
    Poll<Result<std::size_t>> poll_read(Context& cx, Bytes room) {
        if (limit_ == 0) return Poll<Result<std::size_t>>(std::in_place, std::size_t(0));
        auto poll = inner_.poll_read(cx, room.first(at_most(room.size())));
        if (poll.is_ready() && poll.value()) limit_ -= *poll.value();
        return poll;
    }
    Poll<Result<ConstBytes>> poll_fill_buf(Context& cx)
        requires AsyncBufRead<R>
    {
        if (limit_ == 0) return Poll<Result<ConstBytes>>(std::in_place, ConstBytes());
        auto poll = inner_.poll_fill_buf(cx);
        if (poll.is_ready() && poll.value())
            *poll.value() = poll.value()->first(at_most(poll.value()->size()));
        return poll;
    }
    void consume(std::size_t count)
        requires AsyncBufRead<R>
    {
        inner_.consume(at_most(count));
        limit_ -= at_most(count);
    }
    void cancel_read() noexcept
        requires requires(R& r) { r.cancel_read(); }
    {
        inner_.cancel_read();
    }
    void inspect(Inspector& to, Interest interest) const { detail::inspect_stream(inner_, to, interest); }
    /// How many may still come.
    [[nodiscard]] std::uint64_t limit() const noexcept { return limit_; }
    void set_limit(std::uint64_t limit) noexcept { limit_ = limit; }
    [[nodiscard]] R& inner() noexcept { return inner_; }
    [[nodiscard]] R into_inner() && { return std::move(inner_); }

private:
    [[nodiscard]] std::size_t at_most(std::size_t size) const noexcept {
        return limit_ < size ? static_cast<std::size_t>(limit_) : size;
    }
    R inner_;
    std::uint64_t limit_;
};
template <AsyncRead R>
[[nodiscard]] Take<R> take(R reader, std::uint64_t limit) {
    return Take<R>(std::move(reader), limit);
}

/// What `first` has, then what `second` has.
template <AsyncRead A, AsyncRead B>
class Chain {
public:
    Chain(A first, B second) noexcept : first_(std::move(first)), second_(std::move(second)) {}
    Poll<Result<std::size_t>> poll_read(Context& cx, Bytes room) {
        if (!in_second_) {
            auto poll = first_.poll_read(cx, room);
            if (poll.is_pending() || !poll.value() || *poll.value() != 0 || room.empty()) return poll;
            in_second_ = true;
        }
        return second_.poll_read(cx, room);
    }
    Poll<Result<ConstBytes>> poll_fill_buf(Context& cx)
        requires AsyncBufRead<A> && AsyncBufRead<B>
    {
        if (!in_second_) {
            auto poll = first_.poll_fill_buf(cx);
            if (poll.is_pending() || !poll.value() || !poll.value()->empty()) return poll;
            in_second_ = true;
        }
        return second_.poll_fill_buf(cx);
    }
    void consume(std::size_t count)
        requires AsyncBufRead<A> && AsyncBufRead<B>
    {
        if (in_second_) second_.consume(count);
        else first_.consume(count);
    }
    void cancel_read() noexcept {
        cancel(first_);
        cancel(second_);
    }
    void inspect(Inspector& to, Interest interest) const {
        if (in_second_) detail::inspect_stream(second_, to, interest);
        else detail::inspect_stream(first_, to, interest);
    }
    [[nodiscard]] std::pair<A, B> into_inner() && { return {std::move(first_), std::move(second_)}; }

private:
    template <class R>
    static void cancel(R& reader) noexcept {
        if constexpr (requires { reader.cancel_read(); }) reader.cancel_read();
    }
    A first_;
    B second_;
    bool in_second_ = false;
};
template <AsyncRead A, AsyncRead B>
[[nodiscard]] Chain<A, B> chain(A first, B second) {
    return Chain<A, B>(std::move(first), std::move(second));
}

/// A stream that has nothing: an AsyncBufRead at its end, and an AsyncWrite that takes all and forgets it.
class Empty {
public:
    Empty() noexcept = default;
    Poll<Result<std::size_t>> poll_read(Context&, Bytes) noexcept {
        return Poll<Result<std::size_t>>(std::in_place, std::size_t(0));
    }
    Poll<Result<ConstBytes>> poll_fill_buf(Context&) noexcept {
        return Poll<Result<ConstBytes>>(std::in_place, ConstBytes());
    }
    void consume(std::size_t) noexcept {}
    Poll<Result<std::size_t>> poll_write(Context&, ConstBytes bytes) noexcept {
        return Poll<Result<std::size_t>>(std::in_place, bytes.size());
    }
    Poll<Result<>> poll_flush(Context&) noexcept { return Poll<Result<>>(std::in_place); }
    Poll<Result<>> poll_shutdown(Context&) noexcept { return Poll<Result<>>(std::in_place); }
};
using Sink = Empty;
[[nodiscard]] inline Empty empty() noexcept { return Empty(); }
[[nodiscard]] inline Sink sink() noexcept { return Sink(); }

/// One byte, for ever.
class Repeat {
public:
    explicit Repeat(std::byte byte) noexcept { buffer_.fill(byte); }
    Poll<Result<std::size_t>> poll_read(Context&, Bytes room) noexcept {
        if (!room.empty()) std::memset(room.data(), std::to_integer<int>(buffer_[0]), room.size());
        return Poll<Result<std::size_t>>(std::in_place, room.size());
    }
    Poll<Result<ConstBytes>> poll_fill_buf(Context&) noexcept {
        return Poll<Result<ConstBytes>>(std::in_place, ConstBytes(buffer_));
    }
    void consume(std::size_t) noexcept {}

private:
    std::array<std::byte, 64> buffer_;
};
[[nodiscard]] inline Repeat repeat(std::byte byte) noexcept { return Repeat(byte); }

} // namespace rouse::io
