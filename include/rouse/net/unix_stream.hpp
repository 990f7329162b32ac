// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/net/stream_socket.hpp"

namespace rouse::net {

/// A connection within this machine: an AsyncRead and AsyncWrite. As TcpStream.
class UnixStream : public StreamSocket<UnixStream> {
public:
    /// A future of `Result<UnixStream>`. Errors: the system's; EAGAIN when the listener's queue is full, for
    /// which there is no waiting.
    [[nodiscard]] static Connect<UnixStream> connect(const SocketAddress& to) noexcept {
        return Connect<UnixStream>(to);
    }
    /// Two that are connected to each other.
    [[nodiscard]] static Result<std::pair<UnixStream, UnixStream>> pair();
    /// Takes over a connected socket, and makes it non-blocking; closes it if this fails.
    [[nodiscard]] static Result<UnixStream> own(int fd);

    /// For the library: of a connected socket.
    explicit UnixStream(detail::Descriptor descriptor) noexcept
        : StreamSocket(std::move(descriptor), detail::StreamKind::socket) {}
};

/// Takes connections within this machine. As TcpListener. The file of its path stays when it is closed:
/// remove it before the next bind.
class UnixListener {
public:
    [[nodiscard]] static Result<UnixListener> bind(const SocketAddress& address, int backlog = 1024);
    [[nodiscard]] static Result<UnixListener> own(int fd);

    /// See TcpListener::accept.
    [[nodiscard]] Accept<UnixStream> accept() const noexcept { return Accept<UnixStream>(descriptor_.io()); }
    [[nodiscard]] Result<SocketAddress> local_address() const noexcept {
        return detail::local_address(descriptor_.fd());
    }
    [[nodiscard]] int fd() const noexcept { return descriptor_.fd(); }
    /// Ends it: who waits gets `IoError::closed`. False: it was closed before.
    bool close() noexcept { return descriptor_.close(); }

private:
    explicit UnixListener(detail::Descriptor descriptor) noexcept : descriptor_(std::move(descriptor)) {}
    detail::Descriptor descriptor_;
};

} // namespace rouse::net
