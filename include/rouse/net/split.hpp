// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/net/socket.hpp"

#include <type_traits>
#include <utility>

namespace rouse::net {

/// Which directions of a stream are to end: as shutdown(2).
enum class Shutdown : int { read = SHUT_RD, write = SHUT_WR, both = SHUT_RDWR };

/// The half of a stream that reads. `P` points to the stream: a plain pointer for `split`, which must not
/// outlive the stream; a shared one for `into_split`.
template <class P>
class ReadHalf {
public:
    explicit ReadHalf(P stream) noexcept : stream_(std::move(stream)) {}
    [[nodiscard]] auto read(io::Bytes room) const noexcept { return stream_->read(room); }
    [[nodiscard]] auto read_vectored(std::span<const io::Bytes> room) const noexcept {
        return stream_->read_vectored(room);
    }
    [[nodiscard]] auto peek(io::Bytes room) const noexcept { return stream_->peek(room); }
    [[nodiscard]] auto readable() const noexcept { return stream_->readable(); }
    Result<std::size_t> try_read(io::Bytes room) const noexcept { return stream_->try_read(room); }

    Poll<Result<std::size_t>> poll_read(Context& cx, io::Bytes room) { return stream_->poll_read(cx, room); }
    void cancel_read() noexcept { stream_->cancel_read(); }
    void inspect(Inspector& to, io::Interest interest) const { stream_->inspect(to, interest); }
    [[nodiscard]] const auto& stream() const noexcept { return *stream_; }

private:
    P stream_;
};

/// The half that writes. One of `into_split` tells the peer that no more will come when it is destroyed.
template <class P>
class WriteHalf {
    static constexpr bool owns = !std::is_pointer_v<P>;

public:
    explicit WriteHalf(P stream) noexcept : stream_(std::move(stream)) {}
    WriteHalf(WriteHalf&& other) noexcept : stream_(std::exchange(other.stream_, nullptr)) {}
    WriteHalf& operator=(WriteHalf&& other) noexcept {
        WriteHalf old(std::move(*this));
        stream_ = std::exchange(other.stream_, nullptr);
        return *this;
    }
    ~WriteHalf() {
        if constexpr (owns)
            if (stream_) (void)stream_->shutdown(Shutdown::write);
    }
    [[nodiscard]] auto write(io::ConstBytes bytes) const noexcept { return stream_->write(bytes); }
    [[nodiscard]] auto write_vectored(std::span<const io::ConstBytes> buffers) const noexcept {
        return stream_->write_vectored(buffers);
    }
    [[nodiscard]] auto writable() const noexcept { return stream_->writable(); }
    Result<std::size_t> try_write(io::ConstBytes bytes) const noexcept { return stream_->try_write(bytes); }

    Poll<Result<std::size_t>> poll_write(Context& cx, io::ConstBytes bytes) {
        return stream_->poll_write(cx, bytes);
    }
    Poll<Result<std::size_t>> poll_write_vectored(Context& cx, std::span<const io::ConstBytes> buffers) {
        return stream_->poll_write_vectored(cx, buffers);
    }
    Poll<Result<>> poll_flush(Context& cx) { return stream_->poll_flush(cx); }
    Poll<Result<>> poll_shutdown(Context& cx) { return stream_->poll_shutdown(cx); }
    void cancel_write() noexcept { stream_->cancel_write(); }
    void inspect(Inspector& to, io::Interest interest) const { stream_->inspect(to, interest); }
    [[nodiscard]] const auto& stream() const noexcept { return *stream_; }

private:
    P stream_;
};

} // namespace rouse::net
