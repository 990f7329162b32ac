// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include <rouse/net/address.hpp>

#include <gtest/gtest.h>

#include <cstring>
#include <string>

namespace {

using rouse::IoError;
using rouse::net::SocketAddress;

TEST(SocketAddress, reads_what_it_writes) {
    for (const char* text :
         {"127.0.0.1:80", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:8080", "[::]:1", "[fe80::1%3]:22",
          "[2001:db8::ff00:42:8329]:443", "unix:/run/x.sock", "unix:@name", "unix:"}) {
        const auto address = SocketAddress::parse(text);
        ASSERT_TRUE(address.has_value()) << text;
        EXPECT_EQ(address->to_string(), text);
        EXPECT_EQ(SocketAddress::from_raw(address->raw(), address->raw_size()), *address);
    }
}

TEST(SocketAddress, refuses_what_is_none) {
    for (const char* text : {"",
                             ":",
                             "80",
                             "127.0.0.1",
                             "127.0.0.1:",
                             "127.0.0.1:65536",
                             "127.0.0.1:-1",
                             "127.0.0.1:8o",
                             "127.0.0:80",
                             "256.0.0.1:80",
                             "localhost:80",
                             "::1:80",
                             "[::1]",
                             "[::1:80",
                             "[::1]80",
                             "[::g]:80",
                             "[fe80::1%]:80",
                             "[1.2.3.4]:80",
                             "[1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa]:80",
                             " 127.0.0.1:80"}) {
        const auto address = SocketAddress::parse(text);
        EXPECT_FALSE(address.has_value()) << text;
        if (!address) {
            EXPECT_EQ(address.error(), IoError::bad_address);
        }
    }
}

TEST(SocketAddress, knows_its_parts) {
    const auto v4 = SocketAddress::loopback(80);
    EXPECT_TRUE(v4.is_v4());
    EXPECT_EQ(v4.ip(), "127.0.0.1");
    EXPECT_EQ(v4.port(), 80);
    const auto v6 = SocketAddress::loopback_v6(81);
    EXPECT_TRUE(v6.is_v6());
    EXPECT_EQ(v6.to_string(), "[::1]:81");
    EXPECT_EQ(SocketAddress::any(1).to_string(), "0.0.0.0:1");
    EXPECT_EQ(SocketAddress::any_v6(1).to_string(), "[::]:1");
    const auto path = SocketAddress::unix_path("/tmp/s").value();
    EXPECT_TRUE(path.is_unix());
    EXPECT_EQ(path.path(), "/tmp/s");
    EXPECT_EQ(path.port(), 0);
    EXPECT_EQ(path.ip(), "");
    EXPECT_EQ(SocketAddress().path(), "");
}

TEST(SocketAddress, equality_is_that_of_the_family) {
    EXPECT_EQ(SocketAddress::loopback(80), SocketAddress::parse("127.0.0.1:80"));
    EXPECT_NE(SocketAddress::loopback(80), SocketAddress::loopback(81));
    EXPECT_NE(SocketAddress::any(80), SocketAddress::any_v6(80));
    EXPECT_NE(SocketAddress::parse("[fe80::1%1]:1"), SocketAddress::parse("[fe80::1%2]:1"));
    EXPECT_NE(SocketAddress::unix_path("@a"), SocketAddress::unix_path("a"));
    EXPECT_EQ(SocketAddress(), SocketAddress());
}

TEST(SocketAddress, a_path_has_its_bound) {
    EXPECT_TRUE(SocketAddress::unix_path(std::string(107, 'p')).has_value());
    EXPECT_FALSE(SocketAddress::unix_path(std::string(108, 'p')).has_value());
    EXPECT_FALSE(SocketAddress::unix_path("").has_value());
    EXPECT_FALSE(SocketAddress::unix_path(std::string_view("a\0b", 3)).has_value());
}

} // namespace
