// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/io/result.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace rouse::net {

/// Where a socket is, or is to go: an address of IPv4 or IPv6 with a port, or a place of the Unix domain. A
/// value.
///
/// ```cpp
/// auto address = rouse::or_throw(rouse::net::SocketAddress::parse("[::1]:8080"));
/// auto local = rouse::net::SocketAddress::loopback(8080);
/// ```
class SocketAddress {
public:
    /// An unnamed one of the Unix domain.
    SocketAddress() noexcept;
    [[nodiscard]] static SocketAddress v4(std::array<std::uint8_t, 4> ip, std::uint16_t port) noexcept;
    [[nodiscard]] static SocketAddress v6(std::array<std::uint8_t, 16> ip, std::uint16_t port,
                                          std::uint32_t scope = 0) noexcept;

    /// 127.0.0.1. Port 0: the system chooses one.
    [[nodiscard]] static SocketAddress loopback(std::uint16_t port) noexcept;
    [[nodiscard]] static SocketAddress loopback_v6(std::uint16_t port) noexcept;
    /// Every address of this machine, to be bound to.
    [[nodiscard]] static SocketAddress any(std::uint16_t port) noexcept;
    [[nodiscard]] static SocketAddress any_v6(std::uint16_t port) noexcept;
    /// A path, at most 107 bytes; with a first "@" a name of the abstract namespace, which is no file.
    /// Errors: `IoError::bad_address`.
    [[nodiscard]] static Result<SocketAddress> unix_path(std::string_view path) noexcept;
    /// "127.0.0.1:80", "[::1]:80", "[fe80::1%2]:80", "unix:/run/x.sock", "unix:@name": what `to_string`
    /// gives. Names of hosts are for `lookup_host`. Errors: `IoError::bad_address`.
    [[nodiscard]] static Result<SocketAddress> parse(std::string_view text) noexcept;

    [[nodiscard]] bool is_v4() const noexcept { return family() == AF_INET; }
    [[nodiscard]] bool is_v6() const noexcept { return family() == AF_INET6; }
    [[nodiscard]] bool is_unix() const noexcept { return family() == AF_UNIX; }
    /// 0 for the Unix domain.
    [[nodiscard]] std::uint16_t port() const noexcept;
    /// "127.0.0.1", "fe80::1%2"; empty for the Unix domain.
    [[nodiscard]] std::string ip() const;
    /// Of the Unix domain; an abstract name begins with "@". Empty for an unnamed one, and for IP.
    [[nodiscard]] std::string path() const;
    [[nodiscard]] std::string to_string() const;

    friend bool operator==(const SocketAddress& a, const SocketAddress& b) noexcept;

    // As the system takes and gives it.
    [[nodiscard]] static SocketAddress from_raw(const sockaddr* address, socklen_t size) noexcept;
    [[nodiscard]] const sockaddr* raw() const noexcept { return &storage_.any; }
    [[nodiscard]] socklen_t raw_size() const noexcept { return size_; }
    [[nodiscard]] int family() const noexcept { return storage_.any.sa_family; }

private:
    union Storage {
        sockaddr any;
        sockaddr_in v4;
        sockaddr_in6 v6;
        sockaddr_un local;
    };
    Storage storage_;
    socklen_t size_;
};

} // namespace rouse::net
