// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/net/datagram.hpp"

namespace rouse::net {

/// A socket for datagrams within this machine. See DatagramSocket. A receiver whose queue is full makes the
/// sender wait; one that is not connected to it may wait longer than it must, until one of its own datagrams
/// is taken out.
class UnixDatagram : public DatagramSocket {
public:
    [[nodiscard]] static Result<UnixDatagram> bind(const SocketAddress& address);
    /// Without an address of its own: nobody can answer.
    [[nodiscard]] static Result<UnixDatagram> unbound();
    /// Two that are connected to each other.
    [[nodiscard]] static Result<std::pair<UnixDatagram, UnixDatagram>> pair();

private:
    explicit UnixDatagram(detail::Descriptor descriptor) noexcept : DatagramSocket(std::move(descriptor)) {}
};

} // namespace rouse::net
