// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/net/tcp_listener.hpp"
#include "rouse/time/timeout.hpp"

#include <limits>

#include <netinet/tcp.h>
#include <sys/socket.h>

namespace rouse::net {

Task<Result<TcpStream>> TcpStream::connect(SocketAddress to, Duration patience) {
    auto timed = co_await timeout(patience, connect(to));
    if (!timed) co_return std::unexpected(std::error_code(ETIMEDOUT, std::system_category()));
    co_return std::move(*timed);
}

Result<TcpStream> TcpStream::own(int fd) {
    auto descriptor = detail::own_socket(fd, "a TcpStream was made");
    if (!descriptor) return std::unexpected(descriptor.error());
    return TcpStream(std::move(*descriptor));
}

Result<> TcpStream::set_nodelay(bool on) const noexcept {
    return detail::set_option(fd(), IPPROTO_TCP, TCP_NODELAY, on);
}
Result<bool> TcpStream::nodelay() const noexcept {
    const auto value = detail::option(fd(), IPPROTO_TCP, TCP_NODELAY);
    if (!value) return std::unexpected(value.error());
    return *value != 0;
}

Result<> TcpStream::set_linger(std::optional<std::chrono::seconds> time) const noexcept {
    const struct linger value{time.has_value(), time ? static_cast<int>(time->count()) : 0};
    if (::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &value, sizeof(value)) != 0) return detail::last_error();
    return {};
}
Result<std::optional<std::chrono::seconds>> TcpStream::linger() const noexcept {
    struct linger value{};
    socklen_t size = sizeof(value);
    if (::getsockopt(fd(), SOL_SOCKET, SO_LINGER, &value, &size) != 0) return detail::last_error();
    if (!value.l_onoff) return std::nullopt;
    return std::chrono::seconds(value.l_linger);
}

Result<> TcpStream::set_keepalive(std::optional<KeepAlive> keepalive) const noexcept {
    if (keepalive) {
        const auto seconds = [](std::chrono::seconds time) { return static_cast<int>(time.count()); };
        if (auto set = detail::set_option(fd(), IPPROTO_TCP, TCP_KEEPIDLE, seconds(keepalive->idle)); !set)
            return set;
        if (auto set = detail::set_option(fd(), IPPROTO_TCP, TCP_KEEPINTVL, seconds(keepalive->interval));
            !set)
            return set;
        if (auto set = detail::set_option(fd(), IPPROTO_TCP, TCP_KEEPCNT, keepalive->probes); !set)
            return set;
    }
    return detail::set_option(fd(), SOL_SOCKET, SO_KEEPALIVE, keepalive.has_value());
}
Result<std::optional<KeepAlive>> TcpStream::keepalive() const noexcept {
    const auto on = detail::option(fd(), SOL_SOCKET, SO_KEEPALIVE);
    if (!on) return std::unexpected(on.error());
    if (!*on) return std::nullopt;
    const auto idle = detail::option(fd(), IPPROTO_TCP, TCP_KEEPIDLE);
    const auto interval = detail::option(fd(), IPPROTO_TCP, TCP_KEEPINTVL);
    const auto probes = detail::option(fd(), IPPROTO_TCP, TCP_KEEPCNT);
    if (!idle || !interval || !probes) return detail::last_error();
    KeepAlive keepalive;
    keepalive.idle = std::chrono::seconds(*idle);
    keepalive.interval = std::chrono::seconds(*interval);
    keepalive.probes = *probes;
    return keepalive;
}

Result<> TcpStream::set_user_timeout(std::optional<std::chrono::milliseconds> time) const noexcept {
    // 0 is the system's own; a time that rounds to it, or is no time, is not meant so.
    constexpr std::chrono::milliseconds most(std::numeric_limits<int>::max());
    if (time && (time->count() <= 0 || *time > most))
        return std::unexpected(std::error_code(EINVAL, std::system_category()));
    return detail::set_option(fd(), IPPROTO_TCP, TCP_USER_TIMEOUT,
                              time ? static_cast<int>(time->count()) : 0);
}
Result<std::optional<std::chrono::milliseconds>> TcpStream::user_timeout() const noexcept {
    const auto time = detail::option(fd(), IPPROTO_TCP, TCP_USER_TIMEOUT);
    if (!time) return std::unexpected(time.error());
    if (*time == 0) return std::nullopt;
    return std::chrono::milliseconds(*time);
}

Result<TcpListener> TcpListener::bind(const SocketAddress& address, const BindOptions& options) {
    auto fd = detail::open_socket(address, SOCK_STREAM);
    if (!fd) return std::unexpected(fd.error());
    const auto set = [&](int level, int name, bool on) {
        return detail::set_option(fd->get(), level, name, on);
    };
    if (options.reuse_address)
        if (auto done = set(SOL_SOCKET, SO_REUSEADDR, true); !done) return std::unexpected(done.error());
    if (options.reuse_port)
        if (auto done = set(SOL_SOCKET, SO_REUSEPORT, true); !done) return std::unexpected(done.error());
    if (options.v6_only && address.is_v6())
        if (auto done = set(IPPROTO_IPV6, IPV6_V6ONLY, *options.v6_only); !done)
            return std::unexpected(done.error());
    if (::bind(fd->get(), address.raw(), address.raw_size()) != 0) return detail::last_error();
    if (::listen(fd->get(), options.backlog) != 0) return detail::last_error();
    auto descriptor =
        detail::Descriptor::own(std::move(*fd), 0, &detail::describe_socket, "a TcpListener was made");
    if (!descriptor) return std::unexpected(descriptor.error());
    return TcpListener(std::move(*descriptor));
}

Result<TcpListener> TcpListener::own(int fd) {
    auto descriptor = detail::own_socket(fd, "a TcpListener was made");
    if (!descriptor) return std::unexpected(descriptor.error());
    return TcpListener(std::move(*descriptor));
}

} // namespace rouse::net
