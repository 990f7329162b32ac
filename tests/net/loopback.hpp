// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/combine/join.hpp>
#include <rouse/net/tcp_listener.hpp>
#include <rouse/sync/oneshot.hpp>

#include "support/quiet_runtime.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace rouse_test {

/// Hooks that fail the test, and a clock that runs.
inline rouse::RuntimeOptions quiet_running() {
    auto options = quiet_options();
    options.paused_clock = false;
    return options;
}
template <class F>
auto run(F main) {
    return rouse::run(std::move(main), quiet_running());
}

/// Two ends of one connection, in one runtime.
class Connected {
public:
    Connected(rouse::net::TcpListener by, rouse::net::TcpStream a, rouse::net::TcpStream b)
        : listener(std::move(by)), client(std::move(a)), server(std::move(b)) {}
    rouse::net::TcpListener listener;
    rouse::net::TcpStream client;
    rouse::net::TcpStream server;
};
inline rouse::Task<Connected> connected() {
    auto listener = rouse::or_throw(rouse::net::TcpListener::bind(rouse::net::SocketAddress::loopback(0)));
    const auto address = rouse::or_throw(listener.local_address());
    auto both = co_await rouse::join(rouse::net::TcpStream::connect(address), listener.accept());
    auto client = rouse::or_throw(std::move(std::get<0>(both)));
    auto accepted = rouse::or_throw(std::move(std::get<1>(both)));
    co_return Connected(std::move(listener), std::move(client), std::move(accepted.first));
}

/// A client of the old kind, for a thread of its own.
class BlockingClient {
public:
    explicit BlockingClient(const rouse::net::SocketAddress& to)
        : fd_(::socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        EXPECT_EQ(::connect(fd_, to.raw(), to.raw_size()), 0);
    }
    BlockingClient(BlockingClient&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    BlockingClient& operator=(BlockingClient&&) = delete;
    ~BlockingClient() {
        if (fd_ >= 0) ::close(fd_);
    }
    void echo(std::string_view text) {
        send(text);
        std::string got(text.size(), '-');
        for (std::size_t have = 0; have < got.size();) {
            const ssize_t n = ::recv(fd_, got.data() + have, got.size() - have, 0);
            ASSERT_GT(n, 0);
            have += static_cast<std::size_t>(n);
        }
        EXPECT_EQ(got, text);
    }
    void send(std::string_view text) {
        EXPECT_EQ(::send(fd_, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
    }
    [[nodiscard]] int fd() const noexcept { return fd_; }

private:
    int fd_;
};

} // namespace rouse_test
