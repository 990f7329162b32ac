// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Frames in datagrams, over real sockets.

#include <rouse/rouse.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using rouse::or_throw;
using rouse::Task;
using rouse::codec::LengthDelimitedCodec;
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

using Blocks = UdpFramed<UdpSocket, LengthDelimitedCodec>;

TEST(UdpFramed, a_head_without_its_frame_leaves_the_datagrams_of_other_peers_alone) {
    for (const std::string& hostile : {"\0\x10\0\0"s, "\0\0\0\1"s}) {
        rouse::run([&]() -> Task<> {
            Blocks blocks(or_throw(UdpSocket::bind(SocketAddress::loopback(0))), LengthDelimitedCodec());
            const auto to = or_throw(blocks.socket().local_address());
            auto raw = or_throw(UdpSocket::bind(SocketAddress::loopback(0)));
            const std::string good = "\0\0\0\2hi"s;
            for (const std::string* datagram : {&hostile, &good, &good})
                EXPECT_EQ(co_await raw.send_to(rouse::io::bytes(*datagram), to), datagram->size());
            auto first = co_await blocks.next();
            EXPECT_EQ(first->error(), rouse::IoError::unexpected_end);
            for (int i = 0; i < 2; ++i) {
                auto next = co_await blocks.next();
                EXPECT_EQ(*next ? (*next)->first.text() : next->error().message(), "hi");
            }
        });
    }
}

TEST(UdpFramed, a_line_over_the_limit_does_not_swallow_one_of_the_next_datagram) {
    rouse::run([]() -> Task<> {
        Lines b = lines(LinesCodec::with_max_length(5));
        auto raw = or_throw(UdpSocket::bind(SocketAddress::loopback(0)));
        for (const std::string_view datagram : {"0123456789", "hello\nworld"})
            EXPECT_EQ(co_await raw.send_to(rouse::io::bytes(datagram), address_of(b)), datagram.size());
        auto first = co_await b.next();
        EXPECT_EQ(first->error(), rouse::IoError::too_long);
        auto second = co_await b.next();
        EXPECT_EQ((*second)->first, "hello");
        auto third = co_await b.next();
        EXPECT_EQ((*third)->first, "world");
    });
}

/// Numbers what it encodes, and refuses what it decodes: with an exception.
class Numbered {
public:
    using Item = std::string;
    rouse::codec::FrameResult<std::optional<std::string>> decode(rouse::codec::BytesMut& from) {
        if (from.empty()) return std::nullopt;
        if (from.text() == "bad") {
            from.advance(1);
            throw std::runtime_error("bad");
        }
        return std::string(from.split().text());
    }
    rouse::codec::FrameResult<> encode(std::string_view text, rouse::codec::BytesMut& into) {
        into.put(std::to_string(++sent_));
        into.put(text);
        return {};
    }

private:
    int sent_ = 0;
};
using Numbers = UdpFramed<UdpSocket, Numbered>;

TEST(UdpFramed, what_comes_does_not_change_what_the_encoder_remembers) {
    rouse::run([]() -> Task<> {
        Numbers a(or_throw(UdpSocket::bind(SocketAddress::loopback(0))), Numbered());
        const auto itself = or_throw(a.socket().local_address());
        for (const std::string_view want : {"1x", "2x", "3x"}) {
            auto item = std::pair(std::string("x"), itself);
            or_throw(co_await a.send(std::move(item)));
            auto got = co_await a.next();
            EXPECT_EQ((*got)->first, want);
        }
    });
}

TEST(UdpFramed, what_is_set_of_the_codec_counts_from_the_next_datagram_on) {
    rouse::run([]() -> Task<> {
        Blocks a(or_throw(UdpSocket::bind(SocketAddress::loopback(0))), LengthDelimitedCodec());
        const auto itself = or_throw(a.socket().local_address());
        for (int i = 0; i < 2; ++i) {
            auto item = std::pair(std::string("hello"), itself);
            or_throw(co_await a.send(std::move(item)));
        }
        auto first = co_await a.next();
        EXPECT_EQ((*first)->first, "hello");
        a.codec().set_max_frame_length(4);
        auto second = co_await a.next();
        EXPECT_EQ(second->error(), rouse::IoError::too_long);
    });
}

TEST(UdpFramed, is_over_when_its_decoder_has_thrown) {
    rouse::run([]() -> Task<> {
        Numbers a(or_throw(UdpSocket::bind(SocketAddress::loopback(0))), Numbered());
        const auto itself = or_throw(a.socket().local_address());
        auto raw = or_throw(UdpSocket::bind(SocketAddress::loopback(0)));
        EXPECT_EQ(co_await raw.send_to(rouse::io::bytes("bad"), itself), 3u);
        bool thrown = false;
        try {
            (void)co_await a.next();
        } catch (const std::runtime_error&) {
            thrown = true;
        }
        EXPECT_TRUE(thrown);
        auto none = co_await a.next();
        EXPECT_FALSE(none.has_value());
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
