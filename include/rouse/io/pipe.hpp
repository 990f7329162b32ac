// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/io/byte_stream.hpp"

#include <utility>

namespace rouse::io {

/// The end of a pipe that is written to. Without a reader a write fails with EPIPE, and raises no signal.
class PipeSender : detail::ByteStream {
public:
    /// Makes `fd` non-blocking, and owns it.
    [[nodiscard]] static Result<PipeSender> own(int fd);
    using ByteStream::cancel_write;
    using ByteStream::close;
    using ByteStream::fd;
    using ByteStream::inspect;
    using ByteStream::into_fd;
    using ByteStream::poll_flush;
    using ByteStream::poll_write;
    using ByteStream::poll_write_vectored;
    using ByteStream::try_write;
    using ByteStream::try_write_vectored;
    using ByteStream::writable;
    using ByteStream::write;
    using ByteStream::write_vectored;
    /// Closes it: the reader finds the end.
    Poll<Result<>> poll_shutdown(Context&) noexcept {
        close();
        return Poll<Result<>>(std::in_place);
    }

private:
    explicit PipeSender(detail::Descriptor fd) noexcept
        : ByteStream(std::move(fd), detail::StreamKind::file) {}
};

/// The end of a pipe that is read from. It ends when no writer is left.
class PipeReceiver : detail::ByteStream {
public:
    /// Makes `fd` non-blocking, and owns it.
    [[nodiscard]] static Result<PipeReceiver> own(int fd);
    using ByteStream::cancel_read;
    using ByteStream::close;
    using ByteStream::fd;
    using ByteStream::inspect;
    using ByteStream::into_fd;
    using ByteStream::poll_read;
    using ByteStream::read;
    using ByteStream::read_vectored;
    using ByteStream::readable;
    using ByteStream::try_read;

private:
    explicit PipeReceiver(detail::Descriptor fd) noexcept
        : ByteStream(std::move(fd), detail::StreamKind::file) {}
};

/// A new pipe, within a runtime: `auto [sender, receiver] = rouse::or_throw(rouse::io::pipe());`
[[nodiscard]] Result<std::pair<PipeSender, PipeReceiver>> pipe();

} // namespace rouse::io
