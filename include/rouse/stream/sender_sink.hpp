// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/stream/sink.hpp"
#include "rouse/sync/mpsc.hpp"

namespace rouse::stream {

/// See `into_sink`.
template <class T>
class SenderSink {
public:
    using Error = mpsc::ReserveError;
    using Result = std::expected<void, Error>;
    explicit SenderSink(mpsc::Sender<T> sender) : sender_(std::move(sender)) {}
    /// Before the first poll.
    SenderSink(SenderSink&& other) noexcept : sender_(std::move(other.sender_)) {}

    Poll<Result> poll_ready(Context& cx) {
        if (permit_) return Poll<Result>(std::in_place);
        if (!sender_) return Poll<Result>(std::in_place, std::unexpect, Error::closed);
        if (!room_) room_.emplace(sender_->reserve());
        auto poll = room_->poll(cx);
        if (poll.is_pending()) return Pending;
        room_.reset();
        auto permit = std::move(poll).value();
        if (!permit) return Poll<Result>(std::in_place, std::unexpect, permit.error());
        permit_.emplace(std::move(*permit));
        return Poll<Result>(std::in_place);
    }
    Result start_send(T value) {
        if (!permit_) detail::stop("stream::SenderSink: start_send without poll_ready");
        auto permit = std::move(*permit_);
        permit_.reset();
        std::move(permit).send(std::move(value));
        return {};
    }
    Poll<Result> poll_flush(Context&) { return Poll<Result>(std::in_place); }
    Poll<Result> poll_close(Context&) {
        room_.reset();
        permit_.reset();
        sender_.reset();
        return Poll<Result>(std::in_place);
    }
    void inspect(Inspector& to) const {
        if (room_) room_->inspect(to);
    }

private:
    std::optional<mpsc::Sender<T>> sender_; // until it is closed
    std::optional<mpsc::Reserve<T>> room_;
    std::optional<mpsc::Permit<T>> permit_;
};

/// See `into_sink`.
template <class T>
class UnboundedSenderSink {
public:
    using Error = mpsc::ReserveError;
    using Result = std::expected<void, Error>;
    explicit UnboundedSenderSink(mpsc::UnboundedSender<T> sender) : sender_(std::move(sender)) {}

    Poll<Result> poll_ready(Context&) {
        if (!sender_ || sender_->is_closed())
            return Poll<Result>(std::in_place, std::unexpect, Error::closed);
        return Poll<Result>(std::in_place);
    }
    Result start_send(T value) {
        if (!sender_ || !sender_->send(std::move(value))) return std::unexpected(Error::closed);
        return {};
    }
    Poll<Result> poll_flush(Context&) { return Poll<Result>(std::in_place); }
    Poll<Result> poll_close(Context&) {
        sender_.reset();
        return Poll<Result>(std::in_place);
    }

private:
    std::optional<mpsc::UnboundedSender<T>> sender_; // until it is closed
};

/// The sending end of a channel as a Sink. Ready is a permit: room that is kept until `start_send`. To close
/// it is to drop the sender. When the receiver is closed or gone, it says so: `mpsc::ReserveError::closed`.
/// Cancel: a `send` that is dropped before it had room has sent nothing; room that it was given stays with
/// the sink. Memory: none but the sender's.
template <class T>
[[nodiscard]] auto into_sink(mpsc::Sender<T> sender) {
    return SenderSink<T>(std::move(sender));
}
template <class T>
[[nodiscard]] auto into_sink(mpsc::UnboundedSender<T> sender) {
    return UnboundedSenderSink<T>(std::move(sender));
}

} // namespace rouse::stream
