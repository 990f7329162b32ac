// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Frames over streams, and what a peer may send.

#include <rouse/io/adapters.hpp>
#include <rouse/io/duplex.hpp>
#include <rouse/task/task.hpp>

#include "codec/frames.hpp"
#include "support/stress_rounds.hpp"

#include <memory>
#include <optional>
#include <stdexcept>

namespace {

using namespace codec_test;

// --- streams and sinks ------------------------------------------------------------------------------------

TEST(FramedRead, an_item_after_the_last_is_none) {
    FramedRead frames(ChanceStream("one\n"), LinesCodec());
    EXPECT_EQ(**Harness(frames.next()).poll_while_woken().value(), "one");
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(Harness(frames.next()).poll_while_woken().value().has_value());
}

class Pairs {
public:
    using Item = std::string;
    FrameResult<std::optional<std::string>> decode(BytesMut& from) {
        if (from.size() < 2) return std::nullopt;
        return std::string(from.split_to(2).text());
    }
};
TEST(FramedRead, bytes_that_are_left_are_an_error_unless_the_decoder_takes_them) {
    EXPECT_EQ(read_all(Pairs(), "abcd", 1, 3), (Texts{"ab", "cd"}));
    EXPECT_EQ(read_all(Pairs(), "abc", 1, 3), (Texts{"ab", "(stream ended inside a frame: 1 bytes)"}));
}

TEST(FramedRead, an_error_of_the_stream_is_the_last_item) {
    class Broken {
    public:
        rouse::Poll<rouse::Result<std::size_t>> poll_read(rouse::Context&, rouse::io::Bytes) {
            return rouse::Poll<rouse::Result<std::size_t>>(std::in_place, std::unexpect,
                                                           std::make_error_code(std::errc::io_error));
        }
    };
    FramedRead frames{Broken(), LinesCodec()};
    auto item = Harness(frames.next()).poll_while_woken().value();
    EXPECT_EQ(item->error(), std::errc::io_error);
    EXPECT_EQ(item->error().message(), std::make_error_code(std::errc::io_error).message());
    EXPECT_FALSE(Harness(frames.next()).poll_while_woken().value().has_value());
    EXPECT_THROW(rouse::or_throw(std::move(*item)), std::system_error);
}

/// One letter is a frame; a "b" is none.
class ThrowsAtB {
public:
    using Item = char;
    FrameResult<std::optional<char>> decode(BytesMut& from) {
        if (from.empty()) return std::nullopt;
        const char letter = from.text().front();
        from.advance(1);
        if (letter == 'b') throw std::runtime_error("b");
        return letter;
    }
};
TEST(FramedRead, is_over_when_its_decoder_has_thrown) {
    FramedRead frames(ChanceStream("abc"), ThrowsAtB());
    EXPECT_EQ(**Harness(frames.next()).poll_while_woken().value(), 'a');
    EXPECT_THROW((void)Harness(frames.next()).poll_while_woken(), std::runtime_error);
    for (int i = 0; i < 2; ++i) EXPECT_FALSE(Harness(frames.next()).poll_while_woken().value().has_value());
}

class ThrowsInside {
public:
    FrameResult<> encode(std::string_view text, BytesMut& into) {
        into.put("<");
        if (text == "bad") throw std::runtime_error("bad");
        into.put(text);
        into.put(">");
        return {};
    }
};
TEST(FramedWrite, takes_back_what_an_encoder_put_before_it_threw) {
    StepStream stream("");
    FramedWrite frames(by_ref(stream), ThrowsInside());
    EXPECT_TRUE(frames.start_send("one").has_value());
    EXPECT_THROW((void)frames.start_send("bad"), std::runtime_error);
    EXPECT_TRUE(frames.start_send("two").has_value());
    EXPECT_EQ(frames.write_buffer(), "<one><two>");
}

TEST(FramedWrite, waits_at_its_boundary_and_not_before) {
    StepStream stream("");
    FramedWrite frames(by_ref(stream), LinesCodec());
    frames.set_backpressure_boundary(10);
    EXPECT_TRUE(Harness(frames.feed("12345678")).poll().is_ready());
    EXPECT_TRUE(Harness(frames.feed("over the boundary")).poll().is_ready());
    Harness third(frames.feed("third"));
    EXPECT_TRUE(third.poll().is_pending());
    EXPECT_EQ(third.clones_alive(), 1u);
    while (third.poll_while_woken().is_pending()) step(stream);
    EXPECT_LT(frames.write_buffer().size(), 10u + 6u);
    Harness close(frames.close());
    while (close.poll_while_woken().is_pending()) step(stream);
    EXPECT_EQ(stream.output, "12345678\nover the boundary\nthird\n");
}

TEST(FramedWrite, a_peer_that_is_gone_is_an_error) {
    auto ends = rouse::io::duplex(64);
    FramedWrite frames(std::move(ends.first), LinesCodec());
    { const auto gone = std::move(ends.second); }
    EXPECT_EQ(Harness(frames.send("x")).poll().value().error(), std::errc::broken_pipe);
}

TEST(Framed, reads_and_writes_at_the_same_time) {
    auto [a, b] = rouse::io::duplex(4);
    Framed here(std::move(a), LinesCodec());
    Framed there(std::move(b), LinesCodec());
    Harness next(here.next());
    EXPECT_TRUE(next.poll().is_pending());
    Harness send(here.send("a question"));
    EXPECT_TRUE(send.poll_while_woken().is_pending());
    Harness asked(there.next());
    while (asked.poll_while_woken().is_pending())
        EXPECT_TRUE(send.poll_while_woken().is_ready() || asked.is_woken());
    Harness answer(there.send("yes"));
    EXPECT_TRUE(answer.poll_while_woken().is_ready());
    EXPECT_EQ(**next.poll_while_woken().value(), "yes");
}

TEST(Framed, comes_apart_and_goes_on_with_another_codec) {
    auto [a, b] = rouse::io::duplex(64);
    Harness(rouse::io::write_all(b, bytes("upgrade\n\0\0\0\3abc\0\0\0\2"s))).poll().value().value();
    Framed lines(std::move(a), LinesCodec());
    EXPECT_EQ(**Harness(lines.next()).poll_while_woken().value(), "upgrade");
    EXPECT_TRUE(Harness(lines.feed("yes")).poll().value().has_value());
    auto parts = std::move(lines).into_parts();
    EXPECT_EQ(parts.write_buffer, "yes\n");
    Framed frames(FramedParts(std::move(parts.stream), LengthDelimitedCodec(), std::move(parts.read_buffer),
                              std::move(parts.write_buffer)));
    EXPECT_EQ(**Harness(frames.next()).poll_while_woken().value(), "abc");
    EXPECT_TRUE(Harness(frames.send("ok")).poll().value().has_value());
    std::string got(100, '-');
    got.resize(Harness(b.read(rouse::io::room(got))).poll().value().value());
    EXPECT_EQ(got, "yes\n\0\0\0\2ok"s);
    Harness(rouse::io::write_all(b, bytes("de"))).poll().value().value();
    EXPECT_EQ(**Harness(frames.next()).poll_while_woken().value(), "de");
}

// --- what a peer may send ---------------------------------------------------------------------------------

/// A peer who sends what `make` makes, for ever or `left` bytes of it, as much at a time as is asked for.
class Hostile {
public:
    Hostile(std::size_t left, std::string pattern, std::size_t at_a_time)
        : left_(left), pattern_(std::move(pattern)), at_a_time_(at_a_time) {}
    rouse::Poll<rouse::Result<std::size_t>> poll_read(rouse::Context&, rouse::io::Bytes room) {
        most_room = std::max(most_room, room.size());
        const std::size_t count = std::min({room.size(), left_, at_a_time_});
        for (std::size_t i = 0; i < count; ++i, ++at_)
            room[i] = static_cast<std::byte>(pattern_[at_ % pattern_.size()]);
        left_ -= count;
        return rouse::Poll<rouse::Result<std::size_t>>(std::in_place, count);
    }
    std::size_t most_room = 0;

private:
    std::size_t left_;
    std::string pattern_;
    std::size_t at_a_time_;
    std::size_t at_ = 0;
};

/// Reads all, and checks what memory the buffer takes after each item; how many items there were.
template <class D>
std::pair<std::size_t, std::size_t> survive(Hostile peer, D decoder, std::size_t most_memory) {
    FramedRead frames(by_ref(peer), std::move(decoder));
    std::size_t items = 0, errors = 0;
    const rouse::testing::CountingWaker waker;
    rouse::Context cx(waker.waker());
    for (;;) {
        auto poll = frames.poll_next(cx);
        EXPECT_LE(frames.read_buffer().capacity(), most_memory);
        if (testing::Test::HasFailure()) return {items, errors};
        if (poll.is_pending()) continue; // it gives way
        if (!poll.value()) return {items, errors};
        ++(poll.value()->has_value() ? items : errors);
    }
}

TEST(HostilePeer, a_line_without_an_end) {
    const auto [items, errors] = survive(Hostile(10'000'000, "x", 100'000), LinesCodec(1000), 100'000);
    EXPECT_EQ(items, 0u);
    EXPECT_EQ(errors, 1u);
}

TEST(HostilePeer, one_byte_at_a_time) {
    const auto [items, errors] = survive(Hostile(300'000, "12345\n", 1), LinesCodec(10), 20'000);
    EXPECT_EQ(items, 50'000u);
    EXPECT_EQ(errors, 0u);
    EXPECT_EQ(survive(Hostile(70'000, "\0\0\0\3abc"s, 1), LengthDelimitedCodec(), 20'000).first, 10'000u);
}

TEST(HostilePeer, a_long_line_one_byte_at_a_time_is_looked_at_once) {
    // By looking at all of it at each byte this would take minutes.
    EXPECT_EQ(survive(Hostile(300'000, std::string(299'999, 'x') + "\n", 1), LinesCodec(), 1'000'000).first,
              1u);
}

TEST(HostilePeer, nothing_but_empty_frames) {
    EXPECT_EQ(survive(Hostile(400'000, "\0"s, 100'000), LengthDelimitedCodec(), 200'000).first, 100'000u);
    EXPECT_EQ(survive(Hostile(100'000, "\n", 100'000), LinesCodec(), 200'000).first, 100'000u);
}

TEST(HostilePeer, a_head_that_promises_much_gets_no_memory_for_it) {
    Hostile peer(1000, "\0\x7f\xff\xff"s, 100);
    FramedRead frames(by_ref(peer), LengthDelimitedCodec());
    Harness next(frames.next());
    const auto item = next.poll_while_woken().value();
    EXPECT_EQ(item->error().message(), "stream ended inside a frame: 996 of 8388607 bytes");
    EXPECT_LE(frames.read_buffer().capacity(), 20'000u);
    EXPECT_LE(peer.most_room, 20'000u);
}

TEST(HostilePeer, any_bytes_at_all) {
    for (std::uint32_t seed = 1; seed <= rouse_test::scaled(60); ++seed) {
        std::minstd_rand random(seed);
        std::string noise(20'000, '\0');
        for (char& one : noise) one = static_cast<char>(random() % 3 == 0 ? random() : random() % 4);
        auto options = by_chance(random);
        const Hostile peer(noise.size(), noise, 1 + random() % 5000);
        // A limit of 300 and a read: what is left of one buffer, and a new one.
        survive(peer, options.new_codec(), 40'000);
        survive(peer, LinesCodec(random() % 300), 40'000);
        survive(peer, AnyDelimiterCodec("\1\2", "", random() % 300), 40'000);
        survive(peer, BytesCodec(), 40'000);
        ASSERT_FALSE(HasFailure()) << "seed " << seed;
    }
}

/// A peer who sends empty frames for ever holds up nobody: each item that is awaited takes from the budget.
TEST(HostilePeer, a_storm_of_empty_frames_leaves_others_their_turn) {
    class Endless {
    public:
        rouse::Poll<rouse::Result<std::size_t>> poll_read(rouse::Context&, rouse::io::Bytes room) {
            std::fill(room.begin(), room.end(), std::byte(0));
            return rouse::Poll<rouse::Result<std::size_t>>(std::in_place, room.size());
        }
    };
    const auto storm = []() -> rouse::Task<> {
        FramedRead frames{Endless(), LengthDelimitedCodec()};
        for (;;) (void)co_await frames.next();
    };
    Harness reading(storm());
    for (int i = 0; i < 10; ++i) {
        EXPECT_TRUE(reading.poll().is_pending()) << "a poll ends";
        EXPECT_EQ(reading.take_wakes(), 1u) << "and goes on";
    }
}

/// A decoder that takes bytes and gives nothing: the loop is in one poll, which ends all the same.
TEST(HostilePeer, what_is_only_skipped_leaves_others_their_turn) {
    Harness reading(rouse::poll_fn([frames = std::make_shared<FramedRead<rouse::io::Repeat, LinesCodec>>(
                                        rouse::io::repeat(std::byte('x')), LinesCodec(10)),
                                    errors = 0](rouse::Context& cx) mutable -> rouse::Poll<> {
        for (;;) {
            if (frames->poll_next(cx).is_pending()) return rouse::Pending;
            EXPECT_EQ(++errors, 1);
        }
    }));
    for (int i = 0; i < 10; ++i) {
        EXPECT_TRUE(reading.poll().is_pending());
        EXPECT_EQ(reading.take_wakes(), 1u);
    }
}

} // namespace
