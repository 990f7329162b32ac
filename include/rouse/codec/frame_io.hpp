// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/codec/codec.hpp"
#include "rouse/io/next_item.hpp"
#include "rouse/io/write.hpp"
#include "rouse/stream/stream.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace rouse::detail {

/// Bytes that were read and are no frame yet.
class FrameReader {
public:
    FrameReader() noexcept = default;
    explicit FrameReader(codec::BytesMut buffer) noexcept : buffer_(std::move(buffer)) {}

    template <class S, class D>
    Poll<std::optional<codec::FrameResult<typename D::Item>>> poll_next(S& stream, D& decoder, Context& cx) {
        return or_end(*this, [&] { return poll_frame(stream, decoder, cx); });
    }
    /// No more frames come.
    void end() noexcept { over_ = true; }
    [[nodiscard]] codec::BytesMut& buffer() noexcept { return buffer_; }
    [[nodiscard]] const codec::BytesMut& buffer() const noexcept { return buffer_; }

private:
    template <class S, class D>
    Poll<std::optional<codec::FrameResult<typename D::Item>>> poll_frame(S& stream, D& decoder, Context& cx) {
        using Item = codec::FrameResult<typename D::Item>;
        using Ready = Poll<std::optional<Item>>;
        LoopBudget budget;
        while (!over_) {
            if (may_have_frame_) {
                auto frame = at_end_ ? decode_last(decoder) : decoder.decode(buffer_);
                if (!frame) {
                    over_ = !resumes(decoder);
                    return Ready(std::in_place, Item(std::unexpect, std::move(frame.error())));
                }
                if (*frame) return Ready(std::in_place, Item(std::move(**frame)));
                may_have_frame_ = false;
                over_ = at_end_;
                continue;
            }
            make_room();
            auto poll = stream.poll_read(cx, buffer_.spare());
            if (poll.is_pending()) return Pending;
            if (!poll.value()) {
                over_ = true;
                return Ready(std::in_place, Item(std::unexpect, poll.value().error()));
            }
            buffer_.commit(*poll.value());
            at_end_ = *poll.value() == 0;
            may_have_frame_ = true;
            if (!budget.spend(cx)) return Pending;
        }
        return Ready(std::in_place, std::nullopt);
    }
    /// As much as has come, so that large frames need few reads, and short ones little memory.
    void make_room() {
        constexpr std::size_t least = 1024, step = 8192, most = 65536;
        if (buffer_.spare().size() < least) buffer_.reserve(std::clamp(buffer_.size(), step, most));
    }
    template <class D>
    codec::FrameResult<std::optional<typename D::Item>> decode_last(D& decoder) {
        if constexpr (requires { decoder.decode_eof(buffer_); }) {
            return decoder.decode_eof(buffer_);
        } else {
            auto frame = decoder.decode(buffer_);
            if (!frame || *frame || buffer_.empty()) return frame;
            const std::size_t left = buffer_.size();
            buffer_.clear();
            return std::unexpected(codec::FrameError::truncated(left, 0));
        }
    }
    template <class D>
    static bool resumes(const D& decoder) {
        if constexpr (requires { decoder.resumes(); }) return decoder.resumes();
        else return false;
    }

    codec::BytesMut buffer_;
    bool may_have_frame_ = true; // of the parts of another one there may be something in the buffer
    bool at_end_ = false;
    bool over_ = false;
};

/// Takes back what an encoder puts, unless it is told that it is a whole frame.
class HalfFrame {
public:
    explicit HalfFrame(codec::BytesMut& buffer) noexcept : buffer_(&buffer), before_(buffer.size()) {}
    HalfFrame(const HalfFrame&) = delete;
    ~HalfFrame() {
        if (buffer_) buffer_->truncate(before_);
    }
    void is_whole() noexcept { buffer_ = nullptr; }

private:
    codec::BytesMut* buffer_;
    std::size_t before_;
};

/// Frames that were encoded and are not sent yet.
class FrameWriter {
public:
    FrameWriter() noexcept = default;
    explicit FrameWriter(codec::BytesMut buffer) noexcept : buffer_(std::move(buffer)) {}

    /// Completes when less than `boundary` bytes wait.
    template <class S>
    Poll<codec::FrameResult<>> poll_ready(S& stream, Context& cx) {
        return poll_sent(stream, cx, boundary_);
    }
    template <class E, class T>
    codec::FrameResult<> start_send(E& encoder, T&& item) {
        HalfFrame frame(buffer_);
        auto encoded = encoder.encode(std::forward<T>(item), buffer_);
        if (encoded) frame.is_whole();
        return encoded;
    }
    template <class S>
    Poll<codec::FrameResult<>> poll_flush(S& stream, Context& cx) {
        auto sent = poll_sent(stream, cx, 1);
        if (sent.is_pending() || !sent.value()) return sent;
        return result_of(stream.poll_flush(cx));
    }
    template <class S>
    Poll<codec::FrameResult<>> poll_close(S& stream, Context& cx) {
        auto sent = poll_sent(stream, cx, 1);
        if (sent.is_pending() || !sent.value()) return sent;
        return result_of(stream.poll_shutdown(cx));
    }
    [[nodiscard]] codec::BytesMut& buffer() noexcept { return buffer_; }
    [[nodiscard]] const codec::BytesMut& buffer() const noexcept { return buffer_; }
    [[nodiscard]] std::size_t boundary() const noexcept { return boundary_; }
    void set_boundary(std::size_t boundary) noexcept { boundary_ = std::max<std::size_t>(boundary, 1); }

private:
    using Ready = Poll<codec::FrameResult<>>;
    static Ready result_of(const Poll<Result<>>& poll) {
        if (poll.is_pending()) return Pending;
        if (!poll.value()) return Ready(std::in_place, std::unexpect, poll.value().error());
        return Ready(std::in_place);
    }
    template <class S>
    Ready poll_sent(S& stream, Context& cx, std::size_t boundary) {
        LoopBudget budget;
        while (buffer_.size() >= boundary) {
            auto poll = stream.poll_write(cx, buffer_.bytes());
            if (poll.is_pending()) return Pending;
            if (!poll.value()) return Ready(std::in_place, std::unexpect, poll.value().error());
            if (*poll.value() == 0)
                return Ready(std::in_place, std::unexpect, make_error_code(IoError::write_zero));
            buffer_.advance(*poll.value());
            if (buffer_.size() >= boundary && !budget.spend(cx)) return Pending;
        }
        return Ready(std::in_place);
    }

    codec::BytesMut buffer_;
    std::size_t boundary_ = 8192;
};

/// The futures of a sink. `what` they do to it is a type with `poll(sink, cx)`.
template <class Sink, class What>
class [[nodiscard]] SinkFuture {
public:
    using Output = codec::FrameResult<>;
    SinkFuture(Sink& sink, What what) : sink_(std::addressof(sink)), what_(std::move(what)) {}
    SinkFuture(SinkFuture&& other) noexcept(std::is_nothrow_move_constructible_v<What>)
        : sink_(other.sink_), what_(std::move(other.what_)), pending_(std::exchange(other.pending_, false)) {}
    SinkFuture& operator=(SinkFuture&&) = delete;
    ~SinkFuture() {
        if (pending_) sink_->cancel_send();
    }
    Poll<Output> poll(Context& cx) {
        auto poll = what_.poll(*sink_, cx);
        pending_ = poll.is_pending();
        return poll;
    }
    void inspect(Inspector& to) const { sink_->inspect_sink(to); }

private:
    Sink* sink_;
    [[no_unique_address]] What what_;
    bool pending_ = false;
};

template <class T, bool flushes>
class SendItem {
public:
    template <class U>
    explicit SendItem(std::in_place_t, U&& item) : item_(std::in_place, std::forward<U>(item)) {}
    template <class Sink>
    Poll<codec::FrameResult<>> poll(Sink& sink, Context& cx) {
        if (item_) {
            auto ready = sink.poll_ready(cx);
            if (ready.is_pending() || !ready.value()) return ready;
            auto encoded = sink.start_send(std::move(*item_));
            item_.reset();
            if (!encoded || !flushes) return Poll<codec::FrameResult<>>(std::in_place, std::move(encoded));
        }
        return sink.poll_flush(cx);
    }

private:
    std::optional<T> item_; // until it is in the sink's buffer
};
class FlushSink {
public:
    FlushSink() noexcept = default;
    template <class Sink>
    Poll<codec::FrameResult<>> poll(Sink& sink, Context& cx) {
        return sink.poll_flush(cx);
    }
};
class CloseSink {
public:
    CloseSink() noexcept = default;
    template <class Sink>
    Poll<codec::FrameResult<>> poll(Sink& sink, Context& cx) {
        return sink.poll_close(cx);
    }
};

} // namespace rouse::detail
