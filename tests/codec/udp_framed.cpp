// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Frames in datagrams, over real sockets.

#include <rouse/rouse.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using rouse::or_throw;
using rouse::Task;
using rouse::codec::LinesCodec;
using rouse::codec::UdpFramed;
using rouse::net::SocketAddress;
using rouse::net::UdpSocket;
using Lines = UdpFramed<UdpSocket, LinesCodec>;

Lines lines(LinesCodec codec = LinesCodec()) {
    return {or_throw(UdpSocket::bind(SocketAddress::loopback(0))), std::move(codec)};
}
SocketAddress address_of(Lines& lines) { return or_throw(lines.socket().local_address()); }
static_assert(rouse::Stream<Lines>);
static_assert(rouse::Sink<Lines, std::pair<std::string, SocketAddress>>);

TEST(UdpFramed, frames_go_there_and_back_with_their_addresses) {
    rouse::run([]() -> Task<> {
        Lines a = lines(), b = lines();
        auto greeting = std::pair(std::string("hello"), address_of(b));
        or_throw(co_await a.send(std::move(greeting)));
        auto got = co_await b.next();
        EXPECT_EQ((*got)->first, "hello");
        EXPECT_EQ((*got)->second, address_of(a));
        auto answer = std::pair(std::string("well"), (*got)->second);
        or_throw(co_await b.send(std::move(answer)));
        auto back = co_await a.next();
        EXPECT_EQ((*back)->first, "well");
    });
}

TEST(UdpFramed, a_datagram_may_have_several_frames_and_an_empty_one_has_none) {
    rouse::run([]() -> Task<> {
        Lines b = lines();
        auto raw = or_throw(UdpSocket::bind(SocketAddress::loopback(0)));
        for (const std::string_view datagram : {"", "one\ntwo\n", "three"})
            EXPECT_EQ(co_await raw.send_to(rouse::io::bytes(datagram), address_of(b)), datagram.size());
        std::vector<std::string> got;
        for (int i = 0; i < 3; ++i) {
            auto next = co_await b.next();
            got.push_back((*next)->first);
        }
        EXPECT_EQ(got, (std::vector<std::string>{"one", "two", "three"}));
    });
}

/// Two bytes are a frame.
class PairsOfLetters {
public:
    using Item = std::string;
    rouse::codec::FrameResult<std::optional<std::string>> decode(rouse::codec::BytesMut& from) {
        if (from.size() < 2) return std::nullopt;
        return std::string(from.split_to(2).text());
    }
};

TEST(UdpFramed, a_datagram_that_ends_inside_a_frame_is_an_error_and_the_next_begins_anew) {
    rouse::run([]() -> Task<> {
        UdpFramed<UdpSocket, PairsOfLetters> pairs(or_throw(UdpSocket::bind(SocketAddress::loopback(0))),
                                                   PairsOfLetters());
        const auto to = or_throw(pairs.socket().local_address());
        auto raw = or_throw(UdpSocket::bind(SocketAddress::loopback(0)));
        for (const std::string_view datagram : {"abc", "de"})
            EXPECT_EQ(co_await raw.send_to(rouse::io::bytes(datagram), to), datagram.size());
        auto first = co_await pairs.next();
        EXPECT_EQ((*first)->first, "ab");
        auto second = co_await pairs.next();
        EXPECT_EQ(second->error(), rouse::IoError::unexpected_end);
        auto third = co_await pairs.next();
        EXPECT_EQ((*third)->first, "de");
    });
}

TEST(UdpFramed, a_next_that_is_dropped_loses_nothing) {
    rouse::run([]() -> Task<> {
        Lines a = lines(), b = lines();
        auto in_time = co_await rouse::timeout(1ms, b.next());
        EXPECT_FALSE(in_time.has_value());
        auto item = std::pair(std::string("late"), address_of(b));
        or_throw(co_await a.send(std::move(item)));
        auto got = co_await b.next();
        EXPECT_EQ((*got)->first, "late");
    });
}

TEST(UdpFramed, what_cannot_be_encoded_or_is_too_large_is_an_error_and_the_next_goes_out) {
    rouse::run([]() -> Task<> {
        Lines a = lines(), b = lines();
        auto large = std::pair(std::string(70'000, 'x'), address_of(b));
        auto refused = co_await a.send(std::move(large));
        EXPECT_EQ(refused.error(), std::errc::message_size);
        auto small = std::pair(std::string("x"), address_of(b));
        or_throw(co_await a.send(std::move(small)));
        auto got = co_await b.next();
        EXPECT_EQ((*got)->first, "x");
    });
}

TEST(UdpFramed, is_over_when_its_socket_is_closed) {
    rouse::run([]() -> Task<> {
        Lines a = lines();
        auto closes = [&]() -> Task<> {
            co_await rouse::yield_now();
            a.socket().close();
        };
        auto closing = rouse::spawn(closes);
        auto last = co_await a.next();
        EXPECT_EQ(last->error(), rouse::IoError::closed);
        auto none = co_await a.next();
        EXPECT_FALSE(none.has_value());
        co_await closing;
    });
}

} // namespace
