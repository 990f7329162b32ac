// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/io/buf_reader.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace rouse::io {

/// A buffer before an AsyncWrite, so that many small writes are few large ones. Reads, where `S` gives any,
/// go past it.
///
/// What it has taken goes out when the buffer is full, by `io::flush`, and before `io::shutdown`. **What is
/// in it when it is destroyed is lost**: a destructor cannot wait. Flush it at the end of each message that
/// somebody waits for.
///
/// Wake, errors, thread: as `S`. Cancel: a write that is dropped while it waits has written nothing; what the
/// buffer took before stays in it, and goes out in order.
template <AsyncWrite S>
class BufWriter : public detail::ForwardsRead<BufWriter<S>, S> {
public:
    explicit BufWriter(S inner, std::size_t capacity = default_buffer_size)
        : inner_(std::move(inner)),
          capacity_(std::max<std::size_t>(capacity, 1)),
          buffer_(std::make_unique_for_overwrite<std::byte[]>(capacity_)) {}

    [[nodiscard]] auto write(ConstBytes bytes) { return io::write(*this, bytes); }
    Poll<Result<std::size_t>> poll_write(Context& cx, ConstBytes bytes) {
        if (bytes.size() > capacity_ - end_) {
            auto poll = poll_empty(cx);
            if (poll.is_pending()) return Pending;
            if (!poll.value())
                return Poll<Result<std::size_t>>(std::in_place, std::unexpect, poll.value().error());
        }
        if (bytes.size() >= capacity_) return inner_.poll_write(cx, bytes);
        std::copy_n(bytes.begin(), bytes.size(), buffer_.get() + end_);
        end_ += bytes.size();
        return Poll<Result<std::size_t>>(std::in_place, bytes.size());
    }
    Poll<Result<>> poll_flush(Context& cx) {
        auto poll = poll_empty(cx);
        if (poll.is_pending() || !poll.value()) return poll;
        return inner_.poll_flush(cx);
    }
    /// Flushes first.
    Poll<Result<>> poll_shutdown(Context& cx) {
        auto poll = poll_empty(cx);
        if (poll.is_pending() || !poll.value()) return poll;
        return inner_.poll_shutdown(cx);
    }
    void cancel_write() noexcept {
        if constexpr (requires(S& s) { s.cancel_write(); }) inner_.cancel_write();
    }
    void inspect(Inspector& to, Interest interest) const { detail::inspect_stream(inner_, to, interest); }

    /// What has not gone out.
    [[nodiscard]] ConstBytes buffer() const noexcept {
        return ConstBytes(buffer_.get() + begin_, end_ - begin_);
    }
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
    /// The stream below. What is written to it here comes before what is in the buffer.
    [[nodiscard]] S& inner() noexcept { return inner_; }
    /// What is in the buffer is lost.
    [[nodiscard]] S into_inner() && { return std::move(inner_); }
    [[nodiscard]] S& reads_from() noexcept { return inner_; }

private:
    /// Hands on what is in the buffer.
    Poll<Result<>> poll_empty(Context& cx) {
        detail::LoopBudget budget;
        while (begin_ != end_) {
            auto poll = inner_.poll_write(cx, buffer());
            if (poll.is_pending()) return Pending;
            if (!poll.value()) return Poll<Result<>>(std::in_place, std::unexpect, poll.value().error());
            if (*poll.value() == 0)
                return Poll<Result<>>(std::in_place, std::unexpect, make_error_code(IoError::write_zero));
            begin_ += *poll.value();
            if (begin_ != end_ && !budget.spend(cx)) return Pending;
        }
        begin_ = end_ = 0;
        return Poll<Result<>>(std::in_place);
    }

    S inner_;
    std::size_t capacity_;
    std::unique_ptr<std::byte[]> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

/// A stream with a buffer for either direction.
template <class S>
    requires AsyncRead<S> && AsyncWrite<S>
using BufStream = BufReader<BufWriter<S>>;

template <class S>
    requires AsyncRead<S> && AsyncWrite<S>
[[nodiscard]] BufStream<S> buf_stream(S stream, std::size_t read_capacity = default_buffer_size,
                                      std::size_t write_capacity = default_buffer_size) {
    return BufStream<S>(BufWriter<S>(std::move(stream), write_capacity), read_capacity);
}

} // namespace rouse::io
