// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/codec/frame_io.hpp"

#include <utility>

namespace rouse::detail {

/// The side that gives frames: a stream of `FrameResult<D::Item>`.
template <class Self, class S, class D>
class FrameSource {
public:
    using Item = codec::FrameResult<typename D::Item>;

    FrameSource() noexcept = default;
    explicit FrameSource(codec::BytesMut buffer) noexcept : reader_(std::move(buffer)) {}

    /// The next frame, or why there is none; nothing at the end. Cancel: destroy it; what came of a frame
    /// stays here for the next call. Other errors than those after which the decoder resumes are the last
    /// item; what the decoder or the stream throws ends it too.
    [[nodiscard]] auto next() { return NextItem<Self>(self()); }
    Poll<std::optional<Item>> poll_next(Context& cx) {
        return reader_.poll_next(self().stream(), self().decoder(), cx);
    }
    /// Whoever was told Pending by `poll_next` no longer waits.
    void cancel_next() noexcept {
        if constexpr (requires(S& s) { s.cancel_read(); }) self().stream().cancel_read();
    }
    /// What was read and is no frame yet.
    [[nodiscard]] const codec::BytesMut& read_buffer() const noexcept { return reader_.buffer(); }
    [[nodiscard]] codec::BytesMut& read_buffer() noexcept { return reader_.buffer(); }

private:
    Self& self() noexcept { return static_cast<Self&>(*this); }
    FrameReader reader_;
};

/// The side that takes them: a sink of whatever `E` encodes.
template <class Self, class S, class E>
class FrameSink {
public:
    using Error = codec::FrameError;

    FrameSink() noexcept = default;
    explicit FrameSink(codec::BytesMut buffer) noexcept : writer_(std::move(buffer)) {}

    /// Encodes `item` and sends it, with what was there before. Cancel: destroy it; the frame is either whole
    /// in the buffer, and goes out with the next flush, or was not taken: never a part of it.
    template <class T>
        requires codec::Encoder<E, std::decay_t<T>>
    [[nodiscard]] auto send(T&& item) {
        return sending<std::decay_t<T>, true>(std::forward<T>(item));
    }
    /// Encodes `item` and leaves it to a later flush; waits only while the buffer is full. Cancel: as `send`.
    template <class T>
        requires codec::Encoder<E, std::decay_t<T>>
    [[nodiscard]] auto feed(T&& item) {
        return sending<std::decay_t<T>, false>(std::forward<T>(item));
    }
    /// Completes when all frames are on their way. Cancel: destroy it; what did not go out stays.
    [[nodiscard]] auto flush() { return SinkFuture<Self, FlushSink>(self(), FlushSink()); }
    /// Flushes, and tells the peer that no more will come. Cancel: as `flush`.
    [[nodiscard]] auto close() { return SinkFuture<Self, CloseSink>(self(), CloseSink()); }

    /// Completes when the buffer has room: fewer bytes than the boundary.
    Poll<codec::FrameResult<>> poll_ready(Context& cx) { return writer_.poll_ready(self().stream(), cx); }
    /// Encodes into the buffer. After a `poll_ready` that was Ready.
    template <class T>
        requires codec::Encoder<E, T>
    codec::FrameResult<> start_send(T&& item) {
        return writer_.start_send(self().encoder(), std::forward<T>(item));
    }
    Poll<codec::FrameResult<>> poll_flush(Context& cx) { return writer_.poll_flush(self().stream(), cx); }
    Poll<codec::FrameResult<>> poll_close(Context& cx) { return writer_.poll_close(self().stream(), cx); }
    /// Whoever was told Pending by one of these no longer waits.
    void cancel_send() noexcept {
        if constexpr (requires(S& s) { s.cancel_write(); }) self().stream().cancel_write();
    }
    void inspect_sink(Inspector& to) const {
        inspect_stream(static_cast<const Self&>(*this).stream(), to, io::Interest::writable);
    }

    /// What was encoded and is not sent.
    [[nodiscard]] const codec::BytesMut& write_buffer() const noexcept { return writer_.buffer(); }
    [[nodiscard]] codec::BytesMut& write_buffer() noexcept { return writer_.buffer(); }
    /// From how many bytes in the buffer on a `send` or `feed` waits before it takes an item: the buffer
    /// never has more than that and one frame. 8192 unless it is set.
    [[nodiscard]] std::size_t backpressure_boundary() const noexcept { return writer_.boundary(); }
    void set_backpressure_boundary(std::size_t bytes) noexcept { writer_.set_boundary(bytes); }

private:
    template <class T, bool flushes, class U>
    auto sending(U&& item) {
        using What = SendItem<T, flushes>;
        return SinkFuture<Self, What>(self(), What(std::in_place, std::forward<U>(item)));
    }
    Self& self() noexcept { return static_cast<Self&>(*this); }
    FrameWriter writer_;
};

} // namespace rouse::detail

namespace rouse::codec {

// Wake, thread: as the stream. Memory: what has come of one frame, at most twice that, and one read; so the
// limit of the codec is the limit of the memory.

/// A Framed in pieces: what `into_parts` gives, and the next one is made of. Not a byte is lost between the
/// two, so that a protocol may change its codec in the middle. A codec may remember what it has seen of
/// `read_buffer`: another stream gets a new one.
template <class S, class C>
class FramedParts {
public:
    FramedParts(S stream, C codec, BytesMut read_buffer = {}, BytesMut write_buffer = {})
        : stream(std::move(stream)),
          codec(std::move(codec)),
          read_buffer(std::move(read_buffer)),
          write_buffer(std::move(write_buffer)) {}
    S stream;
    C codec;
    BytesMut read_buffer;
    BytesMut write_buffer;
};

/// Frames out of an AsyncRead. Owns it; `io::by_ref(stream)` where it shall not.
template <io::AsyncRead S, Decoder D>
class FramedRead : public detail::FrameSource<FramedRead<S, D>, S, D> {
    using Source = detail::FrameSource<FramedRead, S, D>;

public:
    FramedRead(S stream, D decoder) : stream_(std::move(stream)), decoder_(std::move(decoder)) {}
    explicit FramedRead(FramedParts<S, D> parts)
        : Source(std::move(parts.read_buffer)),
          stream_(std::move(parts.stream)),
          decoder_(std::move(parts.codec)) {}

    void inspect(Inspector& to) const { detail::inspect_stream(stream_, to, io::Interest::readable); }
    /// The stream below. What is read of it here is no part of any frame.
    [[nodiscard]] S& stream() noexcept { return stream_; }
    [[nodiscard]] D& decoder() noexcept { return decoder_; }
    /// What was read and is no frame yet is lost.
    [[nodiscard]] S into_inner() && { return std::move(stream_); }
    [[nodiscard]] FramedParts<S, D> into_parts() && {
        return FramedParts<S, D>(std::move(stream_), std::move(decoder_), std::move(this->read_buffer()));
    }

private:
    S stream_;
    D decoder_;
};

/// Frames into an AsyncWrite. What is in its buffer when it is destroyed is lost: `flush` or `close` it.
template <io::AsyncWrite S, class E>
class FramedWrite : public detail::FrameSink<FramedWrite<S, E>, S, E> {
    using Sink = detail::FrameSink<FramedWrite, S, E>;

public:
    FramedWrite(S stream, E encoder) : stream_(std::move(stream)), encoder_(std::move(encoder)) {}
    explicit FramedWrite(FramedParts<S, E> parts)
        : Sink(std::move(parts.write_buffer)),
          stream_(std::move(parts.stream)),
          encoder_(std::move(parts.codec)) {}

    void inspect(Inspector& to) const { this->inspect_sink(to); }
    [[nodiscard]] S& stream() noexcept { return stream_; }
    [[nodiscard]] const S& stream() const noexcept { return stream_; }
    [[nodiscard]] E& encoder() noexcept { return encoder_; }
    /// What was not sent is lost.
    [[nodiscard]] S into_inner() && { return std::move(stream_); }
    [[nodiscard]] FramedParts<S, E> into_parts() && {
        return FramedParts<S, E>(std::move(stream_), std::move(encoder_), BytesMut(),
                                 std::move(this->write_buffer()));
    }

private:
    S stream_;
    E encoder_;
};

/// Frames in both directions over one stream, by one codec: a stream of what it decodes, and a sink of what
/// it encodes. A `next` and a `send` may wait at the same time, in one task. For two tasks: `io::split` the
/// stream (or `into_split` it), and make a FramedRead and a FramedWrite of the halves.
///
/// ```cpp
/// rouse::codec::Framed framed(std::move(stream), rouse::codec::LinesCodec::with_max_length(1024));
/// while (auto line = co_await framed.next()) {
///     if (!*line) complain(line->error().message());
///     else rouse::or_throw(co_await framed.send("you said: " + **line));
/// }
/// ```
template <class S, Decoder C>
    requires io::AsyncRead<S> && io::AsyncWrite<S>
class Framed : public detail::FrameSource<Framed<S, C>, S, C>, public detail::FrameSink<Framed<S, C>, S, C> {
    using Source = detail::FrameSource<Framed, S, C>;
    using Sink = detail::FrameSink<Framed, S, C>;

public:
    Framed(S stream, C codec) : stream_(std::move(stream)), codec_(std::move(codec)) {}
    explicit Framed(FramedParts<S, C> parts)
        : Source(std::move(parts.read_buffer)),
          Sink(std::move(parts.write_buffer)),
          stream_(std::move(parts.stream)),
          codec_(std::move(parts.codec)) {}

    void inspect(Inspector& to) const { detail::inspect_stream(stream_, to, io::Interest::readable); }
    /// The stream below. What is read or written there is no part of any frame.
    [[nodiscard]] S& stream() noexcept { return stream_; }
    [[nodiscard]] const S& stream() const noexcept { return stream_; }
    [[nodiscard]] C& codec() noexcept { return codec_; }
    [[nodiscard]] C& decoder() noexcept { return codec_; }
    [[nodiscard]] C& encoder() noexcept { return codec_; }
    /// What was read and is no frame yet, and what was not sent, is lost.
    [[nodiscard]] S into_inner() && { return std::move(stream_); }
    [[nodiscard]] FramedParts<S, C> into_parts() && {
        return FramedParts<S, C>(std::move(stream_), std::move(codec_), std::move(this->read_buffer()),
                                 std::move(this->write_buffer()));
    }

private:
    S stream_;
    C codec_;
};

} // namespace rouse::codec
