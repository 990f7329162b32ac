// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/codec/frame_io.hpp"
#include "rouse/stream/stream.hpp"

#include <concepts>
#include <optional>
#include <utility>

namespace rouse::codec {

/// Frames in datagrams, with the address of each: a stream of `FrameResult<std::pair<Item, Address>>`, and a
/// sink of `std::pair<T, Address>` for whatever the codec encodes. `Socket` is a `net::UdpSocket`, or another
/// one that has `receive_from` and `send_to`. It owns the socket.
///
/// A datagram has whole frames, one or several: one that ends inside a frame, and one that the decoder
/// refuses, is an error among the items, and the next datagram begins anew. For that each datagram is decoded
/// by a copy of the codec: what a peer has sent is nothing to the others. Each item that is sent is one
/// datagram. Errors of the socket are items too; the stream is over after `IoError::closed` and
/// `IoError::runtime_ended`, and when the decoder has thrown.
/// Wake: by the driver. Cancel: a `next` that is dropped has lost nothing; a frame that was taken by a `send`
/// goes out with the next flush, whole. Memory: one datagram of each direction. It is not moved between its
/// first poll and its end. Thread: one at a time.
///
/// ```cpp
/// codec::UdpFramed peers(or_throw(net::UdpSocket::bind(address)), codec::BytesCodec());
/// while (auto frame = co_await peers.next())
///     if (*frame) (void)co_await peers.send(**frame); // back to where it came from
/// ```
template <class Socket, std::copy_constructible C>
class UdpFramed {
    using Receive = decltype(std::declval<const Socket&>().receive_from(io::Bytes()));
    using Received = OutputOf<Receive>::value_type; // how many bytes, and from where

public:
    using Address = std::remove_cvref_t<decltype(std::declval<Received&>().second)>;
    using Item = FrameResult<std::pair<typename C::Item, Address>>;
    using Error = FrameError;

    UdpFramed(Socket socket, C codec) : socket_(std::move(socket)), codec_(std::move(codec)) {}
    /// Before the first poll.
    UdpFramed(UdpFramed&& other) noexcept
        : socket_(std::move(other.socket_)), codec_(std::move(other.codec_)) {}

    // ---- what comes ----

    /// The next frame. Nothing: it is over.
    [[nodiscard]] auto next() { return detail::NextItem<UdpFramed>(*this); }
    Poll<std::optional<Item>> poll_next(Context& cx) {
        return detail::or_end(*this, [&] { return poll_frame(cx); });
    }
    /// No more comes.
    void end() noexcept {
        over_ = true;
        receiving_.reset();
        decoder_.reset();
    }
    /// Whoever was told Pending by `poll_next` no longer waits.
    void cancel_next() noexcept { receiving_.reset(); }

    // ---- what goes ----

    /// Sends `item.first` to `item.second`.
    template <class T>
        requires Encoder<C, T>
    [[nodiscard]] auto send(std::pair<T, Address> item) {
        using What = detail::SendItem<std::pair<T, Address>, true>;
        return detail::SinkFuture<UdpFramed, What>(*this, What(std::in_place, std::move(item)));
    }
    [[nodiscard]] auto flush() {
        return detail::SinkFuture<UdpFramed, detail::FlushSink>(*this, detail::FlushSink());
    }
    /// There is room when the datagram before is gone.
    Poll<FrameResult<>> poll_ready(Context& cx) { return poll_flush(cx); }
    template <class T>
        requires Encoder<C, T>
    FrameResult<> start_send(std::pair<T, Address> item) {
        out_.clear();
        auto encoded = codec_.encode(std::move(item.first), out_);
        if (encoded) to_.emplace(std::move(item.second));
        return encoded;
    }
    Poll<FrameResult<>> poll_flush(Context& cx) {
        using Flushed = Poll<FrameResult<>>;
        if (!to_) return Flushed(std::in_place);
        if (!sending_) sending_.emplace(socket_.send_to(out_.bytes(), *to_));
        auto poll = sending_->poll(cx);
        if (poll.is_pending()) return Pending;
        const auto sent = std::move(poll).value();
        cancel_send();
        to_.reset(); // sent, or refused for good
        if (!sent) return Flushed(std::in_place, std::unexpect, sent.error());
        return Flushed(std::in_place);
    }
    Poll<FrameResult<>> poll_close(Context& cx) { return poll_flush(cx); }
    /// Whoever was told Pending by one of these no longer waits.
    void cancel_send() noexcept { sending_.reset(); }

    void inspect(Inspector& to) const {
        if (receiving_) detail::inspect_future(*receiving_, to);
    }
    void inspect_sink(Inspector& to) const {
        if (sending_) detail::inspect_future(*sending_, to);
    }
    [[nodiscard]] Socket& socket() noexcept { return socket_; }
    /// It encodes; of what is decoded it knows nothing. What is set here counts from the next datagram on.
    [[nodiscard]] C& codec() noexcept { return codec_; }

private:
    static constexpr std::size_t largest = 65536; // more than a datagram can have

    Poll<std::optional<Item>> poll_frame(Context& cx) {
        using Next = Poll<std::optional<Item>>;
        detail::LoopBudget budget;
        while (!over_) {
            if (decoder_) {
                auto frame = decode();
                if (!frame) {
                    decoder_.reset();
                    return Next(std::in_place, Item(std::unexpect, std::move(frame.error())));
                }
                if (*frame) return Next(std::in_place, Item(std::in_place, std::move(**frame), *from_));
                decoder_.reset();
                continue;
            }
            if (!receiving_) {
                in_.clear();
                in_.reserve(largest);
                receiving_.emplace(socket_.receive_from(in_.spare()));
            }
            auto poll = receiving_->poll(cx);
            if (poll.is_pending()) return Pending;
            const auto received = std::move(poll).value();
            receiving_.reset();
            if (!received) {
                over_ = is_end(received.error());
                return Next(std::in_place, Item(std::unexpect, received.error()));
            }
            in_.commit(received->first);
            from_.emplace(received->second);
            decoder_.emplace(std::as_const(codec_));
            if (!budget.spend(cx)) return Pending;
        }
        return Next(std::in_place, std::nullopt);
    }
    FrameResult<std::optional<typename C::Item>> decode() {
        if constexpr (requires { decoder_->decode_eof(in_); }) {
            return decoder_->decode_eof(in_);
        } else {
            auto frame = decoder_->decode(in_);
            if (!frame || *frame || in_.empty()) return frame;
            return std::unexpected(FrameError::truncated(in_.size(), 0));
        }
    }
    static bool is_end(const std::error_code& error) noexcept {
        return error == make_error_code(IoError::closed) || error == make_error_code(IoError::runtime_ended);
    }

    using Send =
        decltype(std::declval<const Socket&>().send_to(io::ConstBytes(), std::declval<const Address&>()));
    Socket socket_;
    C codec_;
    BytesMut in_;
    std::optional<C> decoder_;    // of the datagram in `in_`; nothing: there is none
    std::optional<Address> from_; // of the same
    BytesMut out_;
    std::optional<Address> to_;        // of the datagram in `out_`
    std::optional<Receive> receiving_; // refers to the socket and `in_`
    std::optional<Send> sending_;
    bool over_ = false;
};

} // namespace rouse::codec
