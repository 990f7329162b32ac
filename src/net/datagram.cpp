// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/net/datagram.hpp"

#include "rouse/net/udp_socket.hpp"

#include <sys/socket.h>

namespace rouse {
namespace detail {

Result<std::size_t> SendCall::operator()(int fd) const noexcept {
    const sockaddr* const to = to_ ? to_->raw() : nullptr;
    const socklen_t size = to_ ? to_->raw_size() : 0;
    return retry_bytes([&] { return ::sendto(fd, bytes_.data(), bytes_.size(), MSG_NOSIGNAL, to, size); });
}

Result<std::size_t> ReceiveCall::operator()(int fd) const noexcept {
    return retry_bytes([&] { return ::recv(fd, room_.data(), room_.size(), peeks_ ? MSG_PEEK : 0); });
}

Result<std::pair<std::size_t, net::SocketAddress>> ReceiveFromCall::operator()(int fd) const noexcept {
    sockaddr_storage storage{};
    socklen_t size = sizeof(storage);
    auto* const from = reinterpret_cast<sockaddr*>(&storage);
    const auto count = retry_bytes(
        [&] { return ::recvfrom(fd, room_.data(), room_.size(), peeks_ ? MSG_PEEK : 0, from, &size); });
    if (!count) return std::unexpected(count.error());
    return std::pair(*count, net::SocketAddress::from_raw(from, size));
}

} // namespace detail

namespace net {

Result<> DatagramSocket::connect(const SocketAddress& to) const noexcept {
    const int done = detail::retry([&] { return ::connect(fd(), to.raw(), to.raw_size()); });
    if (done != 0) return detail::last_error();
    return {};
}

Result<UdpSocket> UdpSocket::bind(const SocketAddress& address) {
    auto fd = detail::open_socket(address, SOCK_DGRAM);
    if (!fd) return std::unexpected(fd.error());
    if (::bind(fd->get(), address.raw(), address.raw_size()) != 0) return detail::last_error();
    return own(fd->release());
}

Result<UdpSocket> UdpSocket::own(int fd) {
    auto descriptor = detail::own_socket(fd, "a UdpSocket was made");
    if (!descriptor) return std::unexpected(descriptor.error());
    return UdpSocket(std::move(*descriptor));
}

Result<> UdpSocket::set_broadcast(bool on) const noexcept {
    return detail::set_option(fd(), SOL_SOCKET, SO_BROADCAST, on);
}

} // namespace net
} // namespace rouse
