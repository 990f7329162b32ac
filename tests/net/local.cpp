// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Unix sockets and datagrams.

#include <rouse/combine/join.hpp>
#include <rouse/io/write.hpp>
#include <rouse/net/udp_socket.hpp>
#include <rouse/net/unix_datagram.hpp>
#include <rouse/net/unix_stream.hpp>
#include <rouse/task/yield_now.hpp>
#include <rouse/time/timeout.hpp>

#include "net/loopback.hpp"
#include "support/refusing.hpp"

#include <array>
#include <cstring>

namespace {

using namespace std::chrono_literals;
using rouse::IoError;
using rouse::or_throw;
using rouse::Task;
using rouse::io::bytes;
using rouse::io::room;
using rouse::net::SocketAddress;
using rouse::net::UdpSocket;
using rouse::net::UnixDatagram;
using rouse::net::UnixListener;
using rouse::net::UnixStream;
using rouse_test::run;
static_assert(rouse::io::AsyncRead<UnixStream> && rouse::io::AsyncWrite<UnixStream>);

/// A name that no other run of this test has.
SocketAddress unique_name(const std::string& what) {
    return or_throw(SocketAddress::unix_path("@rouse-test-" + what + "-" + std::to_string(::getpid())));
}

TEST(UnixSockets, connect_accept_and_talk) {
    run([]() -> Task<> {
        auto listener = or_throw(UnixListener::bind(unique_name("talk")));
        EXPECT_EQ(UnixListener::bind(unique_name("talk")).error(), std::errc::address_in_use);
        auto client = or_throw(co_await UnixStream::connect(unique_name("talk")));
        auto accepted = or_throw(co_await listener.accept());
        EXPECT_EQ(accepted.second, SocketAddress()) << "the client has no name";
        EXPECT_EQ(or_throw(client.peer_address()), unique_name("talk"));
        or_throw(co_await rouse::io::write_all(client, bytes("hello")));
        or_throw(co_await rouse::io::shutdown(client));
        std::string text;
        EXPECT_EQ(co_await rouse::io::read_to_end(accepted.first, text), 5u);
        EXPECT_EQ(text, "hello");
    });
}

TEST(UnixSockets, nobody_listens) {
    run([]() -> Task<> {
        EXPECT_EQ((co_await UnixStream::connect(unique_name("nobody"))).error(),
                  std::errc::connection_refused);
        const auto missing = or_throw(SocketAddress::unix_path("/nowhere/at/all"));
        EXPECT_EQ((co_await UnixStream::connect(missing)).error(), std::errc::no_such_file_or_directory);
    });
}

TEST(UnixSockets, a_pair_whose_peer_goes) {
    run([]() -> Task<> {
        auto pair = or_throw(UnixStream::pair());
        auto& [a, b] = pair;
        std::string text(4, '-');
        EXPECT_EQ(co_await a.write(bytes("hi")), 2u);
        EXPECT_EQ(co_await b.read(room(text)), 2u);
        auto read = [&]() -> Task<rouse::Result<std::size_t>> { co_return co_await b.read(room(text)); };
        auto reading = rouse::spawn(read);
        co_await rouse::yield_now();
        a.close();
        EXPECT_EQ(co_await reading, 0u);
        EXPECT_EQ((co_await b.write(bytes("x"))).error(), std::errc::broken_pipe);
    });
}

// A read of a Unix socket stops where descriptors are in the stream, though there is more behind them.
TEST(UnixSockets, a_read_that_stops_at_a_descriptor_does_not_hide_what_follows) {
    run([]() -> Task<> {
        auto pair = or_throw(UnixStream::pair());
        auto& [a, b] = pair;
        const auto send_with_descriptor = [&](std::string text) {
            iovec part{text.data(), text.size()};
            alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
            msghdr message{};
            message.msg_iov = &part;
            message.msg_iovlen = 1;
            message.msg_control = control.data();
            message.msg_controllen = control.size();
            cmsghdr* const header = CMSG_FIRSTHDR(&message);
            header->cmsg_level = SOL_SOCKET;
            header->cmsg_type = SCM_RIGHTS;
            header->cmsg_len = CMSG_LEN(sizeof(int));
            const int fd = 0;
            std::memcpy(CMSG_DATA(header), &fd, sizeof(fd));
            EXPECT_EQ(::sendmsg(a.fd(), &message, MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
        };
        std::string nothing(1, '-');
        EXPECT_EQ(b.try_read(room(nothing)).error(), std::errc::resource_unavailable_try_again);
        send_with_descriptor("ab");
        EXPECT_EQ(a.try_write(bytes("cd")), 2u);
        EXPECT_TRUE((co_await b.readable()).has_value()); // all events are heard before the first read
        std::string got;
        while (got.size() < 4) {
            std::string text(16, '-');
            text.resize(or_throw(co_await b.read(room(text))));
            got += text;
        }
        EXPECT_EQ(got, "abcd");
    });
}

TEST(UnixSockets, datagrams_keep_their_bounds_and_say_who_sent_them) {
    run([]() -> Task<> {
        auto server = or_throw(UnixDatagram::bind(unique_name("server")));
        auto client = or_throw(UnixDatagram::bind(unique_name("client")));
        EXPECT_EQ(co_await client.send_to(bytes("one"), unique_name("server")), 3u);
        EXPECT_EQ(co_await client.send_to(bytes("three"), unique_name("server")), 5u);
        std::string text(16, '-');
        auto got = or_throw(co_await server.receive_from(room(text)));
        EXPECT_EQ(got.first, 3u);
        EXPECT_EQ(got.second, unique_name("client"));
        got = or_throw(co_await server.receive_from(room(text)));
        EXPECT_EQ(got.first, 5u);
        auto unnamed = or_throw(UnixDatagram::unbound());
        or_throw(unnamed.connect(unique_name("server")));
        EXPECT_EQ(co_await unnamed.send(bytes("x")), 1u);
        got = or_throw(co_await server.receive_from(room(text)));
        EXPECT_EQ(got.second, SocketAddress());
    });
}

TEST(UnixSockets, a_full_receiver_makes_the_sender_wait) {
    run([]() -> Task<> {
        auto pair = or_throw(UnixDatagram::pair());
        auto& [a, b] = pair;
        const std::string message(1024, 'm');
        int sent = 0;
        while (a.try_send(bytes(message))) ++sent;
        EXPECT_FALSE((co_await rouse::timeout(1ms, a.send(bytes(message)))).has_value());
        std::string text(2048, '-');
        auto receive = [&]() -> Task<> {
            for (int i = 0; i <= sent; ++i) EXPECT_EQ(co_await b.receive(room(text)), message.size());
        };
        auto receiving = rouse::spawn(receive);
        EXPECT_EQ(co_await a.send(bytes(message)), message.size());
        co_await receiving;
    });
}

TEST(Udp, there_and_back) {
    run([]() -> Task<> {
        auto server = or_throw(UdpSocket::bind(SocketAddress::loopback(0)));
        auto client = or_throw(UdpSocket::bind(SocketAddress::loopback(0)));
        const auto address = or_throw(server.local_address());
        std::string text(16, '-');
        auto serve = [&]() -> Task<> {
            const auto got = or_throw(co_await server.receive_from(room(text)));
            EXPECT_EQ(co_await server.send_to(bytes(text).first(got.first), got.second), got.first);
        };
        auto serving = rouse::spawn(serve);
        EXPECT_EQ(co_await client.send_to(bytes("hello"), address), 5u);
        std::string answer(16, '-');
        const auto peeked = or_throw(co_await client.peek_from(room(answer)));
        EXPECT_EQ(peeked.first, 5u);
        EXPECT_EQ(peeked.second, address);
        const auto got = or_throw(co_await client.receive_from(room(answer)));
        EXPECT_EQ(answer.substr(0, got.first), "hello");
        co_await serving;
    });
}

TEST(Udp, nobody_is_there) {
    run([]() -> Task<> {
        const auto own = SocketAddress::v4(rouse_test::own_loopback(), 0);
        std::optional<UdpSocket> gone(or_throw(UdpSocket::bind(own)));
        auto client = or_throw(UdpSocket::bind(SocketAddress::loopback(0)));
        or_throw(client.connect(or_throw(gone->local_address())));
        EXPECT_EQ(or_throw(client.peer_address()), or_throw(gone->local_address()));
        gone.reset();
        EXPECT_EQ(co_await client.send(bytes("x")), 1u);
        std::string text(4, '-');
        EXPECT_EQ((co_await client.receive(room(text))).error(), std::errc::connection_refused);
        // The error was that of one datagram: the socket is as good as before, and does not spin.
        EXPECT_FALSE((co_await rouse::timeout(2ms, client.receive(room(text)))).has_value());
    });
}

TEST(Udp, several_tasks_receive_and_close_ends_them) {
    run([]() -> Task<> {
        auto socket = or_throw(UdpSocket::bind(SocketAddress::loopback(0)));
        auto receive = [&]() -> Task<std::error_code> {
            std::string text(16, '-');
            for (;;) {
                const auto got = co_await socket.receive_from(room(text));
                if (!got) co_return got.error();
            }
        };
        auto one = rouse::spawn(receive);
        auto two = rouse::spawn(receive);
        auto client = or_throw(UdpSocket::bind(SocketAddress::loopback(0)));
        for (int i = 0; i < 10; ++i) {
            EXPECT_EQ(co_await client.send_to(bytes("x"), or_throw(socket.local_address())), 1u);
            co_await rouse::yield_now();
        }
        socket.close();
        EXPECT_EQ(co_await one, IoError::closed);
        EXPECT_EQ(co_await two, IoError::closed);
        or_throw(client.set_broadcast(true));
    });
}

} // namespace
