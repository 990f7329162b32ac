// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/combine/child_part.hpp"
#include "rouse/io/buf_reader.hpp"
#include "rouse/io/write.hpp"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
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
    [[nodiscard]] static std::string_view type() noexcept { return type_name<R>(); }

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
    [[nodiscard]] static std::string_view type() noexcept { return type_name<R>(); }

private:
    Reading<R> reading_;
};

/// One direction: until the end, then a flush, or a shutdown. It may wait for both of its ends, to read and
/// to flush; each has a slot.
template <class Buffer, class W, bool shuts_down>
class CopyOneWay {
public:
    CopyOneWay(Buffer buffer, W& writer) noexcept : buffer_(std::move(buffer)), writing_(writer) {}
    /// Before the first poll.
    CopyOneWay(CopyOneWay&& other) noexcept
        : buffer_(std::move(other.buffer_)), writing_(std::move(other.writing_)) {}
    CopyOneWay& operator=(CopyOneWay&&) = delete;
    ~CopyOneWay() { cancel(); }

    /// True: it is through, or failed.
    bool poll(Context& cx, ChildSet& set) {
        if (done_) return true;
        done_ = run(cx, set);
        if (done_) cancel();
        return done_;
    }
    /// After the poll of all: what is to be thrown, if one end can never be woken again.
    [[nodiscard]] std::exception_ptr diagnose_lost(std::string_view role) {
        std::exception_ptr error;
        if (done_) return error;
        if (read_slot_.is_lost())
            error = read_slot_.diagnose_lost("reader of " + std::string(role), Buffer::type(),
                                             [this](Inspector& to) { buffer_.inspect(to); });
        if (!error && write_slot_.is_lost())
            error = write_slot_.diagnose_lost("writer of " + std::string(role), type_name<W>(),
                                              [this](Inspector& to) { writing_.inspect(to); });
        return error;
    }
    void cancel() noexcept {
        read_slot_.end([this] { buffer_.cancel(); });
        write_slot_.end([this] { writing_.cancel(); });
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
    bool run(Context& cx, ChildSet& set) {
        LoopBudget budget;
        const auto write = [&](auto poll) { return write_slot_.poll(cx, set, poll); };
        while (!ends_) {
            writes_ = false;
            auto bytes = read_slot_.poll(cx, set, [this](Context& own) { return buffer_.poll_bytes(own); });
            if (bytes.is_pending()) {
                // What was copied shall not lie in a buffer of the writer while we wait for more.
                if (unflushed_) {
                    auto poll = write([this](Context& own) { return writing_.poll_flush(own); });
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
            auto poll = write([&](Context& own) { return writing_.poll(own, *bytes.value()); });
            if (poll.is_pending()) return false;
            if (!poll.value()) return fails(poll.value().error(), true);
            if (*poll.value() == 0) return fails(make_error_code(IoError::write_zero), true);
            buffer_.consume(*poll.value());
            copied_ += *poll.value();
            unflushed_ = true;
            if (!budget.spend(cx)) return false;
        }
        auto poll = write([this](Context& own) {
            return shuts_down ? writing_.poll_shutdown(own) : writing_.poll_flush(own);
        });
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
    ChildPart read_slot_;
    ChildPart write_slot_;
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
    /// Before the first poll.
    Copy(Copy&& other) noexcept : way_(std::move(other.way_)) {}
    Poll<Output> poll(Context& cx) {
        if (!way_.poll(cx, set_)) {
            if (std::exception_ptr lost = way_.diagnose_lost("copy")) {
                way_.cancel();
                std::rethrow_exception(std::move(lost));
            }
            return Pending;
        }
        if (way_.error()) return Poll<Output>(std::in_place, std::unexpect, way_.error());
        return Poll<Output>(std::in_place, way_.copied());
    }
    void inspect(Inspector& to) const { way_.inspect(to); }
    /// How many bytes the writer has taken; meanwhile, and after an error, too.
    [[nodiscard]] std::uint64_t copied() const noexcept { return way_.copied(); }
    /// After an error: it is the reader's, not the writer's.
    [[nodiscard]] bool read_failed() const noexcept { return way_.read_failed(); }

private:
    ChildSet set_;
    CopyOneWay<Buffer, W, false> way_;
};

template <class A, class B>
class [[nodiscard]] CopyBidirectional {
public:
    using Output = Result<std::pair<std::uint64_t, std::uint64_t>>;
    CopyBidirectional(A& a, B& b, std::size_t a_to_b_size, std::size_t b_to_a_size) noexcept
        : there_(OwnCopyBuffer<A>(a, a_to_b_size), b), back_(OwnCopyBuffer<B>(b, b_to_a_size), a) {}
    /// Before the first poll.
    CopyBidirectional(CopyBidirectional&& other) noexcept
        : there_(std::move(other.there_)), back_(std::move(other.back_)) {}
    Poll<Output> poll(Context& cx) {
        const bool there = there_.poll(cx, set_);
        const bool back = there_.error() ? false : back_.poll(cx, set_);
        const std::error_code error = there_.error() ? there_.error() : back_.error();
        if (error) {
            cancel();
            return Poll<Output>(std::in_place, std::unexpect, error);
        }
        if (!there || !back) {
            std::exception_ptr lost = there_.diagnose_lost(there_role);
            if (!lost) lost = back_.diagnose_lost(back_role);
            if (!lost) return Pending;
            cancel();
            std::rethrow_exception(std::move(lost));
        }
        return Poll<Output>(std::in_place, std::in_place, a_to_b(), b_to_a());
    }
    void inspect(Inspector& to) const {
        if (!there_.is_done()) inspect_way(there_, there_role, to);
        if (!back_.is_done()) inspect_way(back_, back_role, to);
    }
    /// How many bytes were written; meanwhile, and after an error, too.
    [[nodiscard]] std::uint64_t a_to_b() const noexcept { return there_.copied(); }
    [[nodiscard]] std::uint64_t b_to_a() const noexcept { return back_.copied(); }

private:
    static constexpr std::string_view there_role = "a to b";
    static constexpr std::string_view back_role = "b to a";
    void cancel() noexcept {
        there_.cancel();
        back_.cancel();
    }
    template <class Way>
    static void inspect_way(const Way& way, std::string_view role, Inspector& to) {
        to.begin_child(role);
        way.inspect(to);
        to.end_child();
    }
    ChildSet set_;
    CopyOneWay<OwnCopyBuffer<A>, B, true> there_;
    CopyOneWay<OwnCopyBuffer<B>, A, true> back_;
};

} // namespace rouse::detail

namespace rouse::io {

// The streams outlive the future. Wake, thread, errors: as the streams'. A stream that can never be woken
// again throws `LostWaker` at once, though another one that is waited for still can.

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
