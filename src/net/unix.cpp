// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/net/unix_datagram.hpp"
#include "rouse/net/unix_stream.hpp"

#include <array>

#include <sys/socket.h>

namespace rouse::net {
namespace {

Result<std::pair<detail::Descriptor, detail::Descriptor>> make_pair_of(int type, std::string_view what) {
    std::array<int, 2> fds{};
    if (::socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()) != 0)
        return detail::last_error();
    detail::UniqueFd second(fds[1]);
    auto a = detail::own_socket(fds[0], what);
    if (!a) return std::unexpected(a.error());
    auto b = detail::own_socket(second.release(), what);
    if (!b) return std::unexpected(b.error());
    return std::pair(std::move(*a), std::move(*b));
}

} // namespace

Result<std::pair<UnixStream, UnixStream>> UnixStream::pair() {
    auto made = make_pair_of(SOCK_STREAM, "a UnixStream was made");
    if (!made) return std::unexpected(made.error());
    return std::pair(UnixStream(std::move(made->first)), UnixStream(std::move(made->second)));
}

Result<UnixStream> UnixStream::own(int fd) {
    auto descriptor = detail::own_socket(fd, "a UnixStream was made");
    if (!descriptor) return std::unexpected(descriptor.error());
    return UnixStream(std::move(*descriptor));
}

Result<UnixListener> UnixListener::bind(const SocketAddress& address, int backlog) {
    auto fd = detail::open_socket(address, SOCK_STREAM);
    if (!fd) return std::unexpected(fd.error());
    if (::bind(fd->get(), address.raw(), address.raw_size()) != 0) return detail::last_error();
    if (::listen(fd->get(), backlog) != 0) return detail::last_error();
    return own(fd->release());
}

Result<UnixListener> UnixListener::own(int fd) {
    auto descriptor = detail::own_socket(fd, "a UnixListener was made");
    if (!descriptor) return std::unexpected(descriptor.error());
    return UnixListener(std::move(*descriptor));
}

Result<UnixDatagram> UnixDatagram::bind(const SocketAddress& address) {
    auto fd = detail::open_socket(address, SOCK_DGRAM);
    if (!fd) return std::unexpected(fd.error());
    if (::bind(fd->get(), address.raw(), address.raw_size()) != 0) return detail::last_error();
    auto descriptor = detail::own_socket(fd->release(), "a UnixDatagram was made");
    if (!descriptor) return std::unexpected(descriptor.error());
    return UnixDatagram(std::move(*descriptor));
}

Result<UnixDatagram> UnixDatagram::unbound() {
    auto fd = detail::open_socket(SocketAddress(), SOCK_DGRAM);
    if (!fd) return std::unexpected(fd.error());
    auto descriptor = detail::own_socket(fd->release(), "a UnixDatagram was made");
    if (!descriptor) return std::unexpected(descriptor.error());
    return UnixDatagram(std::move(*descriptor));
}

Result<std::pair<UnixDatagram, UnixDatagram>> UnixDatagram::pair() {
    auto made = make_pair_of(SOCK_DGRAM, "a UnixDatagram was made");
    if (!made) return std::unexpected(made.error());
    return std::pair(UnixDatagram(std::move(made->first)), UnixDatagram(std::move(made->second)));
}

} // namespace rouse::net
