// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Names of hosts. No test asks a name server.

#include <rouse/core/block_on.hpp>
#include <rouse/net/lookup.hpp>
#include <rouse/time/timeout.hpp>

#include "net/loopback.hpp"
#include "support/refusing.hpp"

#include <algorithm>

#include <netdb.h>

namespace {

using namespace std::chrono_literals;
using rouse::or_throw;
using rouse::Task;
using rouse::net::lookup_host;
using rouse::net::SocketAddress;
using rouse::net::TcpListener;
using rouse::net::TcpStream;
using rouse_test::run;

TEST(Lookup, localhost_is_here) {
    run([]() -> Task<> {
        const auto found = or_throw(co_await lookup_host("localhost", 8080));
        EXPECT_FALSE(found.empty());
        EXPECT_TRUE(std::ranges::any_of(found, [](const SocketAddress& address) {
            return address == SocketAddress::loopback(8080) || address == SocketAddress::loopback_v6(8080);
        }));
    });
}

TEST(Lookup, digits_are_an_address) {
    run([]() -> Task<> {
        const auto v4 = or_throw(co_await lookup_host("127.0.0.1", 1));
        EXPECT_EQ(v4.size(), 1u);
        EXPECT_EQ(v4.at(0), SocketAddress::loopback(1));
        const auto v6 = or_throw(co_await lookup_host("::1", 2));
        EXPECT_EQ(v6.at(0), SocketAddress::loopback_v6(2));
    });
}

TEST(Lookup, a_name_that_cannot_be_is_an_error_value) {
    run([]() -> Task<> {
        const auto found = co_await lookup_host("not a name!", 80);
        EXPECT_EQ(found.error().category(), rouse::net::lookup_category());
        EXPECT_FALSE(found.error().message().empty());
        const auto stream = co_await TcpStream::connect("not a name!", 80);
        EXPECT_EQ(stream.error().category(), rouse::net::lookup_category());
        const auto half = co_await lookup_host(std::string("127.0.0.1\0.evil", 15), 80);
        EXPECT_EQ(half.error(), std::errc::invalid_argument) << "and not the address before the zero";
    });
}

TEST(Lookup, connect_by_name_tries_each_address) {
    run([]() -> Task<> {
        // Of 127.0.0.1 and ::1 only one is listened to; whichever comes first.
        auto listener = or_throw(TcpListener::bind(SocketAddress::loopback(0)));
        const auto port = or_throw(listener.local_address()).port();
        auto both = co_await rouse::join(TcpStream::connect("localhost", port), listener.accept());
        EXPECT_EQ(or_throw(or_throw(std::move(std::get<0>(both))).peer_address()).port(), port);
        const auto patient = co_await TcpStream::connect("localhost", port, 10s);
        EXPECT_TRUE(patient.has_value());
    });
}

TEST(Lookup, connect_by_name_gives_the_error_of_the_last_address) {
    run([]() -> Task<> {
        const rouse_test::RefusingPort nobody;
        const auto stream = co_await TcpStream::connect("127.0.0.1", nobody.port());
        EXPECT_EQ(stream.error(), std::errc::connection_refused);
    });
}

TEST(LookupDeathTest, outside_of_a_runtime_it_stops_with_a_message) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH((void)rouse::block_on(lookup_host("localhost", 1)), "lookup_host outside of a runtime");
}

} // namespace
