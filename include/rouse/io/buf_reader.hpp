// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/io/forward.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

namespace rouse::io {

inline constexpr std::size_t default_buffer_size = 8192;

/// A buffer before an AsyncRead, so that many small reads are few large ones; an AsyncBufRead. Writes, where
/// `S` takes any, go past it.
///
/// Wake, errors, thread: as `S`. Cancel: what was read ahead stays in the buffer for the next read of this
/// object; it is lost when the object goes, or `into_inner` takes it apart.
template <AsyncRead S>
class BufReader : public detail::ForwardsWrite<BufReader<S>, S> {
public:
    explicit BufReader(S inner, std::size_t capacity = default_buffer_size)
        : inner_(std::move(inner)),
          capacity_(std::max<std::size_t>(capacity, 1)),
          buffer_(std::make_unique_for_overwrite<std::byte[]>(capacity_)) {}

    [[nodiscard]] auto read(Bytes room) { return io::read(*this, room); }
    Poll<Result<std::size_t>> poll_read(Context& cx, Bytes room) {
        if (begin_ == end_ && room.size() >= capacity_) return inner_.poll_read(cx, room);
        if (room.empty()) return Poll<Result<std::size_t>>(std::in_place, std::size_t(0));
        auto poll = poll_fill_buf(cx);
        if (poll.is_pending()) return Pending;
        if (!poll.value())
            return Poll<Result<std::size_t>>(std::in_place, std::unexpect, poll.value().error());
        const std::size_t count = std::min(room.size(), poll.value()->size());
        std::copy_n(poll.value()->begin(), count, room.begin());
        consume(count);
        return Poll<Result<std::size_t>>(std::in_place, count);
    }
    Poll<Result<ConstBytes>> poll_fill_buf(Context& cx) {
        if (begin_ == end_) {
            auto poll = inner_.poll_read(cx, Bytes(buffer_.get(), capacity_));
            if (poll.is_pending()) return Pending;
            if (!poll.value())
                return Poll<Result<ConstBytes>>(std::in_place, std::unexpect, poll.value().error());
            begin_ = 0;
            end_ = *poll.value();
        }
        return Poll<Result<ConstBytes>>(std::in_place, buffer());
    }
    /// At most what is in the buffer.
    void consume(std::size_t count) noexcept { begin_ += std::min(count, end_ - begin_); }
    void cancel_read() noexcept {
        if constexpr (requires(S& s) { s.cancel_read(); }) inner_.cancel_read();
    }
    void inspect(Inspector& to, Interest interest) const { detail::inspect_stream(inner_, to, interest); }

    /// What was read ahead.
    [[nodiscard]] ConstBytes buffer() const noexcept {
        return ConstBytes(buffer_.get() + begin_, end_ - begin_);
    }
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
    /// The stream below. What is read of it here comes before what is in the buffer.
    [[nodiscard]] S& inner() noexcept { return inner_; }
    /// What is in the buffer is lost.
    [[nodiscard]] S into_inner() && { return std::move(inner_); }
    [[nodiscard]] S& writes_to() noexcept { return inner_; }

private:
    S inner_;
    std::size_t capacity_;
    std::unique_ptr<std::byte[]> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

} // namespace rouse::io
