// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/io/buf_reader.hpp"
#include "rouse/io/write.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace rouse::detail {

/// What is copied is read into this. Its memory is there from the first read on.
template <class R>
class OwnCopyBuffer {
public:
    OwnCopyBuffer(R& reader, std::size_t capacity) noexcept
        : reading_(reader), capacity_(std::max<std::size_t>(capacity, 1)) {}
    /// What is there to be written; none is the end.
    Poll<Result<io::ConstBytes>> poll_bytes(Context& cx) {
        if (begin_ == end_) {
            if (!bytes_) bytes_ = std::make_unique_for_overwrite<std::byte[]>(capacity_);
            auto poll = reading_.poll(cx, io::Bytes(bytes_.get(), capacity_));
            if (poll.is_pending()) return Pending;
            if (!poll.value())
                return Poll<Result<io::ConstBytes>>(std::in_place, std::unexpect, poll.value().error());
            begin_ = 0;
            end_ = *poll.value();
        }
        return Poll<Result<io::ConstBytes>>(std::in_place,
                                            io::ConstBytes(bytes_.get() + begin_, end_ - begin_));
    }
    void consume(std::size_t count) noexcept { begin_ += count; }
    void cancel() noexcept { reading_.cancel(); }
    void inspect(Inspector& to) const { reading_.inspect(to); }

private:
    Reading<R> reading_;
    std::size_t capacity_;
    std::unique_ptr<std::byte[]> bytes_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

/// What is copied lies in the reader's own buffer.
template <class R>
class ReadersCopyBuffer {
public:
    explicit ReadersCopyBuffer(R& reader) noexcept : reading_(reader) {}
    Poll<Result<io::ConstBytes>> poll_bytes(Context& cx) { return reading_.poll_fill(cx); }
    void consume(std::size_t count) { reading_.stream().consume(count); }
    void cancel() noexcept { reading_.cancel(); }
    void inspect(Inspector& to) const { reading_.inspect(to); }

private:
    Reading<R> reading_;
};

/// One direction: until the end, then a flush, or a shutdown.
template <class Buffer, class W, bool shuts_down>
class CopyOneWay {
public:
    CopyOneWay(Buffer buffer, W& writer) noexcept : buffer_(std::move(buffer)), writing_(writer) {}

    /// True: it is through, or failed.
    bool poll(Context& cx) {
        if (done_) return true;
        done_ = run(cx);
        if (done_) cancel();
        return done_;
    }
    void cancel() noexcept {
        buffer_.cancel();
        writing_.cancel();
    }
    void inspect(Inspector& to) const {
        if (writes_) writing_.inspect(to);
        else buffer_.inspect(to);
    }
    [[nodiscard]] bool is_done() const noexcept { return done_; }
    [[nodiscard]] std::uint64_t copied() const noexcept { return copied_; }
    [[nodiscard]] const std::error_code& error() const noexcept { return error_; }
    [[nodiscard]] bool read_failed() const noexcept { return error_ && !writes_; }

private:
    bool run(Context& cx) {
        while (!ends_) {
            writes_ = false;
            auto bytes = buffer_.poll_bytes(cx);
            if (bytes.is_pending()) {
                // What was copied shall not lie in a buffer of the writer while we wait for more.
                if (unflushed_) {
                    auto poll = writing_.poll_flush(cx);
                    if (poll.is_pending()) return false;
                    unflushed_ = false;
                    if (!poll.value()) return fails(poll.value().error(), true);
                }
                return false;
            }
            if (!bytes.value()) return fails(bytes.value().error(), false);
            writes_ = true;
            if (bytes.value()->empty()) {
                ends_ = true;
                break;
            }
            auto poll = writing_.poll(cx, *bytes.value());
            if (poll.is_pending()) return false;
            if (!poll.value()) return fails(poll.value().error(), true);
            if (*poll.value() == 0) return fails(make_error_code(IoError::write_zero), true);
            buffer_.consume(*poll.value());
            copied_ += *poll.value();
            unflushed_ = true;
            if (!goes_on(cx)) return false;
        }
        auto poll = shuts_down ? writing_.poll_shutdown(cx) : writing_.poll_flush(cx);
        if (poll.is_pending()) return false;
        if (!poll.value()) return fails(poll.value().error(), true);
        return true;
    }
    bool fails(std::error_code why, bool in_write) noexcept {
        error_ = why;
        writes_ = in_write;
        return true;
    }

    Buffer buffer_;
    Writing<W> writing_;
    std::uint64_t copied_ = 0;
    std::error_code error_;
    bool writes_ = false; // it is the writer that it waits for, or that failed
    bool unflushed_ = false;
    bool ends_ = false;
    bool done_ = false;
};

template <class Buffer, class W>
class [[nodiscard]] Copy {
public:
    using Output = Result<std::uint64_t>;
    Copy(Buffer buffer, W& writer) noexcept : way_(std::move(buffer), writer) {}
    Poll<Output> poll(Context& cx) {
        if (!way_.poll(cx)) return Pending;
        if (way_.error()) return Poll<Output>(std::in_place, std::unexpect, way_.error());
        return Poll<Output>(std::in_place, way_.copied());
    }
    void inspect(Inspector& to) const { way_.inspect(to); }
    /// How many bytes the writer has taken; meanwhile, and after an error, too.
    [[nodiscard]] std::uint64_t copied() const noexcept { return way_.copied(); }
    /// After an error: it is the reader's, not the writer's.
    [[nodiscard]] bool read_failed() const noexcept { return way_.read_failed(); }

private:
    CopyOneWay<Buffer, W, false> way_;
};

template <class A, class B>
class [[nodiscard]] CopyBidirectional {
public:
    using Output = Result<std::pair<std::uint64_t, std::uint64_t>>;
    CopyBidirectional(A& a, B& b, std::size_t a_to_b_size, std::size_t b_to_a_size) noexcept
        : there_(OwnCopyBuffer<A>(a, a_to_b_size), b), back_(OwnCopyBuffer<B>(b, b_to_a_size), a) {}
    Poll<Output> poll(Context& cx) {
        const bool there = there_.poll(cx);
        const bool back = there_.error() ? false : back_.poll(cx);
        const std::error_code error = there_.error() ? there_.error() : back_.error();
        if (error) {
            there_.cancel();
            back_.cancel();
            return Poll<Output>(std::in_place, std::unexpect, error);
        }
        if (!there || !back) return Pending;
        return Poll<Output>(std::in_place, std::in_place, a_to_b(), b_to_a());
    }
    void inspect(Inspector& to) const {
        if (!there_.is_done()) inspect_way(there_, "a to b", to);
        if (!back_.is_done()) inspect_way(back_, "b to a", to);
    }
    /// How many bytes were written; meanwhile, and after an error, too.
    [[nodiscard]] std::uint64_t a_to_b() const noexcept { return there_.copied(); }
    [[nodiscard]] std::uint64_t b_to_a() const noexcept { return back_.copied(); }

private:
    template <class Way>
    static void inspect_way(const Way& way, std::string_view role, Inspector& to) {
        to.begin_child(role);
        way.inspect(to);
        to.end_child();
    }
    CopyOneWay<OwnCopyBuffer<A>, B, true> there_;
    CopyOneWay<OwnCopyBuffer<B>, A, true> back_;
};

} // namespace rouse::detail

namespace rouse::io {

// The streams outlive the future. Wake, thread, errors: as the streams'.

/// Copies until `reader` ends, and flushes `writer`; how many bytes. While it waits for the reader it flushes
/// what it has written. The future's `copied()` tells how far it is, also after an error or from beside it,
/// and `read_failed()` whose error it was. Memory: `buffer_size`. Cancel: destroy it; what was read and not
/// yet written, at most `buffer_size`, is lost: see `copy_buf`.
///
/// ```cpp
/// auto copying = rouse::io::copy(from, to);
/// if (auto done = co_await copying; !done) complain(copying.read_failed() ? "read" : "write", done.error());
/// ```
template <AsyncRead R, AsyncWrite W>
[[nodiscard]] auto copy(R& reader, W& writer, std::size_t buffer_size = default_buffer_size) {
    using Buffer = detail::OwnCopyBuffer<R>;
    return detail::Copy<Buffer, W>(Buffer(reader, buffer_size), writer);
}
/// The same by the reader's buffer, without one of its own. Cancel: destroy it; what was not written is still
/// in the reader, so nothing is lost.
template <AsyncBufRead R, AsyncWrite W>
[[nodiscard]] auto copy_buf(R& reader, W& writer) {
    using Buffer = detail::ReadersCopyBuffer<R>;
    return detail::Copy<Buffer, W>(Buffer(reader), writer);
}
/// Copies in both directions at once. The end of one is handed on as a shutdown of the other stream, and
/// leaves the other direction open; it completes when both have ended, with the numbers of bytes from `a` to
/// `b` and back. An error of either ends both, and says nothing to the streams: close them. `a_to_b()` and
/// `b_to_a()` of the future tell how far it is, also after an error. Memory: the two sizes. Cancel: as
/// `copy`.
template <class A, class B>
    requires AsyncRead<A> && AsyncWrite<A> && AsyncRead<B> && AsyncWrite<B>
[[nodiscard]] auto copy_bidirectional(A& a, B& b, std::size_t a_to_b_size = default_buffer_size,
                                      std::size_t b_to_a_size = default_buffer_size) {
    return detail::CopyBidirectional<A, B>(a, b, a_to_b_size, b_to_a_size);
}

} // namespace rouse::io
