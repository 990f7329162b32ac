// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/net/socket.hpp"

namespace rouse::detail {

class SendCall {
public:
    SendCall(io::ConstBytes bytes, std::optional<net::SocketAddress> to) noexcept : bytes_(bytes), to_(to) {}
    Result<std::size_t> operator()(int fd) const noexcept;

private:
    io::ConstBytes bytes_;
    std::optional<net::SocketAddress> to_;
};

class ReceiveCall {
public:
    explicit ReceiveCall(io::Bytes room, bool peeks = false) noexcept : room_(room), peeks_(peeks) {}
    Result<std::size_t> operator()(int fd) const noexcept;

private:
    io::Bytes room_;
    bool peeks_;
};

class ReceiveFromCall {
public:
    explicit ReceiveFromCall(io::Bytes room, bool peeks = false) noexcept : room_(room), peeks_(peeks) {}
    Result<std::pair<std::size_t, net::SocketAddress>> operator()(int fd) const noexcept;

private:
    io::Bytes room_;
    bool peeks_;
};

} // namespace rouse::detail

namespace rouse::net {

/// What the sockets for datagrams have in common. Several tasks may send and receive at the same time. A
/// datagram that is longer than the room for it is cut off. Wake: by the driver, once. Cancel: destroy it;
/// nothing was sent or received. Errors: the system's (ECONNREFUSED too, of an earlier datagram);
/// `IoError::closed`, `IoError::runtime_ended`. Outlives the futures that it gives.
class DatagramSocket {
public:
    [[nodiscard]] auto send_to(io::ConstBytes bytes, const SocketAddress& to) const noexcept {
        return operation(io::Interest::writable, detail::SendCall(bytes, to));
    }
    /// A future of `Result<std::pair<std::size_t, SocketAddress>>`: how many bytes, and from where.
    [[nodiscard]] auto receive_from(io::Bytes room) const noexcept {
        return operation(io::Interest::readable, detail::ReceiveFromCall(room));
    }
    [[nodiscard]] auto peek_from(io::Bytes room) const noexcept {
        return operation(io::Interest::readable, detail::ReceiveFromCall(room, true));
    }
    /// To the peer that was chosen with `connect`.
    [[nodiscard]] auto send(io::ConstBytes bytes) const noexcept {
        return operation(io::Interest::writable, detail::SendCall(bytes, std::nullopt));
    }
    [[nodiscard]] auto receive(io::Bytes room) const noexcept {
        return operation(io::Interest::readable, detail::ReceiveCall(room));
    }
    /// Sends go to `to`, and only what comes from there is received. At once.
    Result<> connect(const SocketAddress& to) const noexcept;

    [[nodiscard]] auto ready(io::Interest interest) const noexcept {
        return detail::ReadyOperation(descriptor_.io(), interest, false);
    }
    [[nodiscard]] auto readable() const noexcept { return ready(io::Interest::readable); }
    [[nodiscard]] auto writable() const noexcept { return ready(io::Interest::writable); }
    Result<std::size_t> try_send_to(io::ConstBytes bytes, const SocketAddress& to) const noexcept {
        return detail::try_io(descriptor_.io(), io::Interest::writable, detail::SendCall(bytes, to));
    }
    Result<std::size_t> try_send(io::ConstBytes bytes) const noexcept {
        return detail::try_io(descriptor_.io(), io::Interest::writable,
                              detail::SendCall(bytes, std::nullopt));
    }
    Result<std::pair<std::size_t, SocketAddress>> try_receive_from(io::Bytes room) const noexcept {
        return detail::try_io(descriptor_.io(), io::Interest::readable, detail::ReceiveFromCall(room));
    }
    Result<std::size_t> try_receive(io::Bytes room) const noexcept {
        return detail::try_io(descriptor_.io(), io::Interest::readable, detail::ReceiveCall(room));
    }

    [[nodiscard]] Result<SocketAddress> local_address() const noexcept {
        return detail::local_address(descriptor_.fd());
    }
    [[nodiscard]] Result<SocketAddress> peer_address() const noexcept {
        return detail::peer_address(descriptor_.fd());
    }
    [[nodiscard]] int fd() const noexcept { return descriptor_.fd(); }
    /// Ends it: who waits gets `IoError::closed`. False: it was closed before.
    bool close() noexcept { return descriptor_.close(); }

protected:
    explicit DatagramSocket(detail::Descriptor descriptor) noexcept : descriptor_(std::move(descriptor)) {}

private:
    template <class Call>
    [[nodiscard]] detail::IoOperation<Call> operation(io::Interest interest, Call call) const noexcept {
        return detail::IoOperation<Call>(descriptor_.io(), interest, std::move(call));
    }
    detail::Descriptor descriptor_;
};

} // namespace rouse::net
