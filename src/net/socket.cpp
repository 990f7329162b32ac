// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/net/socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>

namespace rouse::detail {

Result<UniqueFd> open_socket(const net::SocketAddress& address, int type) noexcept {
    UniqueFd fd(::socket(address.family(), type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (fd.get() < 0) return last_error();
    return fd;
}

Result<Descriptor> own_socket(int fd, std::string_view what) {
    UniqueFd owned(fd);
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) return last_error();
    return Descriptor::own(std::move(owned), io::Readiness::readable | io::Readiness::writable,
                           &describe_socket, what);
}

Result<> set_option(int fd, int level, int name, int value) noexcept {
    if (::setsockopt(fd, level, name, &value, sizeof(value)) != 0) return last_error();
    return {};
}

Result<int> option(int fd, int level, int name) noexcept {
    int value = 0;
    socklen_t size = sizeof(value);
    if (::getsockopt(fd, level, name, &value, &size) != 0) return last_error();
    return value;
}

namespace {

template <class Call>
Result<net::SocketAddress> address_by(Call call, int fd) noexcept {
    sockaddr_storage storage{};
    socklen_t size = sizeof(storage);
    if (call(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return last_error();
    return net::SocketAddress::from_raw(reinterpret_cast<const sockaddr*>(&storage), size);
}

} // namespace

Result<net::SocketAddress> local_address(int fd) noexcept { return address_by(::getsockname, fd); }
Result<net::SocketAddress> peer_address(int fd) noexcept { return address_by(::getpeername, fd); }

std::string describe_socket(int fd) {
    const auto local = local_address(fd);
    if (!local) return describe_any(fd);
    const auto peer = peer_address(fd);
    const int type = option(fd, SOL_SOCKET, SO_TYPE).value_or(0);
    const bool listens = option(fd, SOL_SOCKET, SO_ACCEPTCONN).value_or(0) != 0;
    std::string text = local->is_unix()      ? (type == SOCK_DGRAM ? "datagram " : "")
                       : type == SOCK_STREAM ? "tcp "
                                             : "udp ";
    if (listens) text += "listener ";
    const net::SocketAddress& shown = peer && !(peer->is_unix() && peer->path().empty()) ? *peer : *local;
    return text + shown.to_string();
}

Result<> shutdown_socket(int fd, int how) noexcept {
    if (::shutdown(fd, how) != 0) return last_error();
    return {};
}

} // namespace rouse::detail
