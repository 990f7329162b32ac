// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/io/read.hpp"
#include "rouse/io/write.hpp"

namespace rouse::io {

/// An AsyncRead that has a buffer. `poll_fill_buf` gives what is in it, and reads only when that is nothing;
/// no bytes is the end. `consume(n)` takes the first `n` of them out. The bytes are good until the next call.
template <class S>
concept AsyncBufRead = AsyncRead<S> && requires(S& stream, Context& cx, std::size_t count) {
    { stream.poll_fill_buf(cx) } -> std::same_as<Poll<Result<ConstBytes>>>;
    stream.consume(count);
};

} // namespace rouse::io

namespace rouse::detail {

// What a wrapper hands on to a stream `S`, which `Self::reads_from()` or `writes_to()` gives.

template <class Self, class S>
class ForwardsRead {
public:
    Poll<Result<std::size_t>> poll_read(Context& cx, io::Bytes room)
        requires io::AsyncRead<S>
    {
        return stream().poll_read(cx, room);
    }
    Poll<Result<io::ConstBytes>> poll_fill_buf(Context& cx)
        requires io::AsyncBufRead<S>
    {
        return stream().poll_fill_buf(cx);
    }
    void consume(std::size_t count)
        requires io::AsyncBufRead<S>
    {
        stream().consume(count);
    }
    void cancel_read() noexcept
        requires requires(S& s) { s.cancel_read(); }
    {
        stream().cancel_read();
    }

private:
    S& stream() noexcept { return static_cast<Self*>(this)->reads_from(); }
};

template <class Self, class S>
class ForwardsWrite {
public:
    Poll<Result<std::size_t>> poll_write(Context& cx, io::ConstBytes bytes)
        requires io::AsyncWrite<S>
    {
        return stream().poll_write(cx, bytes);
    }
    Poll<Result<std::size_t>> poll_write_vectored(Context& cx, std::span<const io::ConstBytes> buffers)
        requires requires(S& s) { s.poll_write_vectored(cx, buffers); }
    {
        return stream().poll_write_vectored(cx, buffers);
    }
    Poll<Result<>> poll_flush(Context& cx)
        requires io::AsyncWrite<S>
    {
        return stream().poll_flush(cx);
    }
    Poll<Result<>> poll_shutdown(Context& cx)
        requires io::AsyncWrite<S>
    {
        return stream().poll_shutdown(cx);
    }
    void cancel_write() noexcept
        requires requires(S& s) { s.cancel_write(); }
    {
        stream().cancel_write();
    }

private:
    S& stream() noexcept { return static_cast<Self*>(this)->writes_to(); }
};

} // namespace rouse::detail
