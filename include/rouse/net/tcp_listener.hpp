// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/net/tcp_stream.hpp"

namespace rouse::net {

/// How a listener is bound.
class BindOptions {
public:
    BindOptions() noexcept = default;
    bool reuse_address = true; ///< Do not wait until old connections of the port are forgotten.
    bool reuse_port = false; ///< Several listeners on one port; the system spreads the connections over them.
    int backlog = 1024;      ///< How many connections may wait to be accepted.
    std::optional<bool> v6_only; ///< An IPv6 listener takes IPv6 only; none: as the system is set up.
};

/// Takes TCP connections.
///
/// ```cpp
/// auto listener = rouse::or_throw(rouse::net::TcpListener::bind(rouse::net::SocketAddress::any(8080)));
/// for (;;) {
///     auto accepted = co_await listener.accept();
///     if (accepted) rouse::spawn(serve, std::move(accepted->first));
/// }
/// ```
/// Thread: any; several tasks may accept. Outlives the futures that it gives.
class TcpListener {
public:
    /// Within a runtime. Errors: the system's (EADDRINUSE, EACCES, ...).
    [[nodiscard]] static Result<TcpListener> bind(const SocketAddress& address,
                                                  const BindOptions& options = BindOptions());
    /// Takes over a listening socket (from systemd, say), and makes it non-blocking.
    [[nodiscard]] static Result<TcpListener> own(int fd);

    /// A future of `Result<std::pair<TcpStream, SocketAddress>>`: the next connection, and its peer. It
    /// belongs to the driver of the runtime (the worker) in which this is polled. When the process or the
    /// system has no descriptor (EMFILE, ENFILE) or no memory left, it does not fail, nor spin: it waits 5
    /// ms, then longer, at most 500 ms, and tries again; the connections wait in the queue. Connections that
    /// failed in the queue are passed over. So an error is one of the listener, and ends it. Wake: by the
    /// driver, or its timer. Cancel: destroy it; no connection is lost. Errors: the system's;
    /// `IoError::closed`, `IoError::runtime_ended`.
    [[nodiscard]] Accept<TcpStream> accept() const noexcept { return Accept<TcpStream>(descriptor_.io()); }

    [[nodiscard]] Result<SocketAddress> local_address() const noexcept {
        return detail::local_address(descriptor_.fd());
    }
    [[nodiscard]] int fd() const noexcept { return descriptor_.fd(); }
    /// Ends it: who waits gets `IoError::closed`. False: it was closed before.
    bool close() noexcept { return descriptor_.close(); }

private:
    explicit TcpListener(detail::Descriptor descriptor) noexcept : descriptor_(std::move(descriptor)) {}
    detail::Descriptor descriptor_;
};

} // namespace rouse::net
