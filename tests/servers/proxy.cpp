// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "servers/program.hpp"
#include "support/refusing.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using servers_test::Client;
using servers_test::Outcome;
using servers_test::Server;

/// Where the proxy connects to: a socket that the test plays the server on.
class Target {
public:
    Target() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&at), sizeof(at)), 0);
        EXPECT_EQ(::listen(fd_, 16), 0);
        socklen_t size = sizeof(at);
        EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size), 0);
        port_ = ntohs(at.sin_port);
    }
    ~Target() { ::close(fd_); }
    Target(const Target&) = delete;
    Target& operator=(const Target&) = delete;
    Client accept() const { return Client::own(::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC)); }
    [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

private:
    int fd_;
    std::uint16_t port_ = 0;
};

class Proxy : public testing::TestWithParam<unsigned> {};
INSTANTIATE_TEST_SUITE_P(threads, Proxy, testing::Values(1u, 2u));

TEST_P(Proxy, hands_on_much_in_both_directions_at_once) {
    Target target;
    Server proxy("proxy", {"--target", target.address()}, GetParam());
    Client client(proxy.port());
    Client server = target.accept();
    const std::string up(4 << 20, 'u');
    const std::string down(5 << 20, 'd');
    std::jthread client_writes([&] { client.send(up); });
    std::jthread server_writes([&] { server.send(down); });
    std::string got_up;
    std::jthread server_reads([&] { got_up = server.receive(up.size()); });
    EXPECT_TRUE(client.receive(down.size()) == down);
    server_reads.join();
    EXPECT_TRUE(got_up == up);
}

TEST_P(Proxy, hands_on_the_end_of_each_direction_and_leaves_the_other_open) {
    Target target;
    Server proxy("proxy", {"--target", target.address()}, GetParam());
    {
        Client client(proxy.port());
        Client server = target.accept();
        client.send("question");
        client.shut_down_writing();
        EXPECT_EQ(server.receive_all(), "question");
        server.send("answer");
        server.shut_down_writing();
        EXPECT_EQ(client.receive_all(), "answer");
        EXPECT_EQ(client.error(), 0);
    }
    Client client(proxy.port());
    Client server = target.accept();
    server.send("banner");
    server.shut_down_writing();
    EXPECT_EQ(client.receive_all(), "banner");
    client.send("late");
    client.shut_down_writing();
    EXPECT_EQ(server.receive_all(), "late");
    EXPECT_EQ(server.error(), 0);
}

TEST_P(Proxy, hands_on_a_reset_as_one) {
    Target target;
    Server proxy("proxy", {"--target", target.address()}, GetParam());
    Client client(proxy.port());
    Client server = target.accept();
    server.send("half an ans");
    EXPECT_EQ(client.receive(11), "half an ans");
    server.reset();
    EXPECT_EQ(client.receive_all(), "");
    EXPECT_EQ(client.error(), ECONNRESET);
}

TEST_P(Proxy, resets_the_client_when_nobody_is_there_and_goes_on) {
    const rouse_test::RefusingPort nobody;
    Server proxy("proxy", {"--target", "127.0.0.1:" + std::to_string(nobody.port())}, GetParam());
    for (int i = 0; i < 3; ++i) {
        Client client(proxy.port());
        EXPECT_EQ(client.receive_all(), "");
        EXPECT_EQ(client.error(), ECONNRESET);
    }
}

TEST_P(Proxy, curl_fetches_a_page_through_it) {
    Server http("http_hello", {}, GetParam());
    Server proxy("proxy", {"--target", http.address()}, GetParam());
    const Outcome curl =
        servers_test::run({"curl", "-sS", "--max-time", "20", "http://" + proxy.address() + "/"});
    EXPECT_EQ(curl.exit_code, 0) << curl.err;
    EXPECT_EQ(curl.out, "Hello, world!\n");
}

} // namespace
