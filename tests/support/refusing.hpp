// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstdint>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace rouse_test {

/// A TCP port of 127.0.0.1 where every connection is refused: it is bound, so nobody else gets it, and nobody
/// listens there.
class RefusingPort {
public:
    RefusingPort() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(address);
        auto* const any = reinterpret_cast<sockaddr*>(&address);
        EXPECT_EQ(::bind(fd_, any, size), 0);
        EXPECT_EQ(::getsockname(fd_, any, &size), 0);
        port_ = ntohs(address.sin_port);
    }
    ~RefusingPort() { ::close(fd_); }
    RefusingPort(const RefusingPort&) = delete;
    RefusingPort& operator=(const RefusingPort&) = delete;
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

private:
    int fd_;
    std::uint16_t port_ = 0;
};

/// An address of the loopback network that is this process's own: a port of it that is let go of is taken by
/// no test beside, for those use 127.0.0.1.
inline std::array<std::uint8_t, 4> own_loopback() noexcept {
    const auto pid = static_cast<std::uint32_t>(::getpid()); // less than 2^22
    return {127, static_cast<std::uint8_t>(64 | (pid >> 16)), static_cast<std::uint8_t>(pid >> 8),
            static_cast<std::uint8_t>(pid)};
}

} // namespace rouse_test
