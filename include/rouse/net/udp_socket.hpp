// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/net/datagram.hpp"

namespace rouse::net {

/// A UDP socket. See DatagramSocket.
///
/// ```cpp
/// auto socket = rouse::or_throw(rouse::net::UdpSocket::bind(rouse::net::SocketAddress::loopback(0)));
/// auto got = rouse::or_throw(co_await socket.receive_from(room));
/// rouse::or_throw(co_await socket.send_to(rouse::io::ConstBytes(room).first(got.first), got.second));
/// ```
class UdpSocket : public DatagramSocket {
public:
    /// Within a runtime. Errors: the system's.
    [[nodiscard]] static Result<UdpSocket> bind(const SocketAddress& address);
    /// Takes over a socket, and makes it non-blocking; closes it if this fails.
    [[nodiscard]] static Result<UdpSocket> own(int fd);
    Result<> set_broadcast(bool on) const noexcept;

private:
    explicit UdpSocket(detail::Descriptor descriptor) noexcept : DatagramSocket(std::move(descriptor)) {}
};

} // namespace rouse::net
