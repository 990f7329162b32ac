// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/net/stream_socket.hpp"
#include "rouse/task/task.hpp"
#include "rouse/time/instant.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace rouse::net {

/// When and how the system looks whether a silent peer is still there.
class KeepAlive {
public:
    KeepAlive() noexcept = default;
    std::chrono::seconds idle{7200};   ///< Silence before the first probe.
    std::chrono::seconds interval{75}; ///< Between two probes.
    int probes = 9;                    ///< Unanswered ones after which the connection is given up.
};

/// A TCP connection: an AsyncRead and AsyncWrite. Its futures are said at `detail::ByteStream`.
///
/// ```cpp
/// auto stream = rouse::or_throw(co_await rouse::net::TcpStream::connect(address));
/// rouse::or_throw(co_await rouse::io::write_all(stream, rouse::io::bytes("ping")));
/// std::string answer(64, '\0');
/// answer.resize(rouse::or_throw(co_await stream.read(rouse::io::room(answer))));
/// ```
/// Destroying it closes the connection. Thread: any; it stays with the driver of the runtime it was made in.
/// Outlives the futures that it gives.
class TcpStream : public StreamSocket<TcpStream> {
public:
    /// A future of `Result<TcpStream>`. Wake: once, when the connection stands or has failed. Cancel: destroy
    /// it; the attempt ends. Errors: the system's (ECONNREFUSED, ETIMEDOUT, ENETUNREACH, ...). The system
    /// itself gives up after some two minutes.
    [[nodiscard]] static Connect<TcpStream> connect(const SocketAddress& to) noexcept {
        return Connect<TcpStream>(to);
    }
    /// The same, for at most `patience`: then `std::errc::timed_out`.
    [[nodiscard]] static Task<Result<TcpStream>> connect(SocketAddress to, Duration patience);
    /// To a host by its name (see `lookup_host`): tries its addresses one after another, each until it stands
    /// or fails. Errors: of the lookup; else that of the last address. `connect("example.org", 80)`.
    [[nodiscard]] static Task<Result<TcpStream>> connect(std::string host, std::uint16_t port);
    /// The same, for at most `patience` in all: then `std::errc::timed_out`.
    [[nodiscard]] static Task<Result<TcpStream>> connect(std::string host, std::uint16_t port,
                                                         Duration patience);
    /// Takes over a connected socket, and makes it non-blocking; closes it if this fails.
    [[nodiscard]] static Result<TcpStream> own(int fd);

    /// Small writes go out at once (true) or are gathered while an answer is due (the system's default).
    Result<> set_nodelay(bool on) const noexcept;
    [[nodiscard]] Result<bool> nodelay() const noexcept;
    /// What closing does with bytes that are not sent yet: 0 drops them and resets the connection; a time
    /// makes the close wait, and with it the thread; none (the default) sends them behind our back.
    Result<> set_linger(std::optional<std::chrono::seconds> time) const noexcept;
    [[nodiscard]] Result<std::optional<std::chrono::seconds>> linger() const noexcept;
    /// None: off.
    Result<> set_keepalive(std::optional<KeepAlive> keepalive) const noexcept;
    [[nodiscard]] Result<std::optional<KeepAlive>> keepalive() const noexcept;
    /// How long what was sent may be without an answer of the peer's system before the connection is given up
    /// (TCP_USER_TIMEOUT): then reads and writes give `std::errc::timed_out`, or what the net says of the
    /// peer (`host_unreachable`). It bounds the probes of keepalive as well, and the wait for a peer that
    /// is there and does not read. None: the system's own patience, some 15 minutes.
    ///
    /// ```cpp
    /// // A peer that has vanished is given up within 30 s, whether we write or only wait.
    /// rouse::net::KeepAlive probes;
    /// probes.idle = probes.interval = std::chrono::seconds(10);
    /// rouse::or_throw(stream.set_keepalive(probes));
    /// rouse::or_throw(stream.set_user_timeout(std::chrono::seconds(30)));
    /// ```
    Result<> set_user_timeout(std::optional<std::chrono::milliseconds> time) const noexcept;
    [[nodiscard]] Result<std::optional<std::chrono::milliseconds>> user_timeout() const noexcept;

    /// For the library: of a connected socket.
    explicit TcpStream(detail::Descriptor descriptor) noexcept
        : StreamSocket(std::move(descriptor), detail::StreamKind::tcp) {}
};

using TcpReadHalf = ReadHalf<TcpStream*>;
using TcpWriteHalf = WriteHalf<TcpStream*>;
using OwnedTcpReadHalf = ReadHalf<std::shared_ptr<TcpStream>>;
using OwnedTcpWriteHalf = WriteHalf<std::shared_ptr<TcpStream>>;

} // namespace rouse::net
