// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What holds for every future of codec: dropped anywhere, it loses no frame and keeps no waker; and it runs
// on any executor.

#include <rouse/codec/length_delimited_codec.hpp>
#include <rouse/codec/lines_codec.hpp>
#include <rouse/combine/join.hpp>
#include <rouse/combine/select.hpp>
#include <rouse/io/adapters.hpp>
#include <rouse/io/buf_read.hpp>
#include <rouse/io/buf_writer.hpp>
#include <rouse/io/copy.hpp>
#include <rouse/io/duplex.hpp>
#include <rouse/task/yield_now.hpp>

#include "support/drop_anywhere.hpp"
#include "support/four_executors.hpp"
#include "support/slow_streams.hpp"
#include "support/told.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using rouse::join;
using rouse::or_throw;
using rouse::Task;
using rouse::codec::BytesMut;
using rouse::codec::Framed;
using rouse::codec::FramedRead;
using rouse::codec::FramedWrite;
using rouse::codec::FrameResult;
using rouse::codec::LengthDelimitedCodec;
using rouse::codec::LinesCodec;
using rouse::io::BufReader;
using rouse::io::BufWriter;
using rouse::io::bytes;
using rouse::io::DuplexStream;
using rouse_test::DropPoint;
using rouse_test::StepStream;
using namespace std::string_literals;

// --- dropped anywhere -------------------------------------------------------------------------------------

class NextLine {
public:
    auto make() { return done ? std::nullopt : std::optional(frames.next()); }
    void take(std::optional<FrameResult<std::string>> line) {
        if (line) got += line->value() + "|";
        else done = true;
    }
    void go() { step(frames.stream()); }
    void check(std::size_t) { EXPECT_EQ(got, "one|two and a half||last|"); }

private:
    FramedRead<StepStream, LinesCodec> frames{StepStream("one\ntwo and a half\r\n\nlast"), LinesCodec()};
    std::string got;
    bool done = false;
};
class NextFrame {
public:
    auto make() { return done ? std::nullopt : std::optional(frames.next()); }
    void take(std::optional<FrameResult<BytesMut>> frame) {
        if (frame) got += std::string(frame->value().text()) + "|";
        else done = true;
    }
    void go() { step(frames.stream()); }
    void check(std::size_t) { EXPECT_EQ(got, "hello||world!|"); }

private:
    Framed<StepStream, LengthDelimitedCodec> frames{StepStream("\0\0\0\5hello\0\0\0\0\0\0\0\6world!"s),
                                                    LengthDelimitedCodec()};
    std::string got;
    bool done = false;
};

/// Sends 0, 1, ...; one that was dropped is not sent again.
template <bool flushes>
class Sends {
public:
    auto make() {
        if constexpr (flushes) return left() ? std::optional(frames.send(item())) : std::nullopt;
        else return left() ? std::optional(frames.feed(item())) : std::nullopt;
    }
    void take(FrameResult<> result) {
        EXPECT_TRUE(result.has_value());
        ++taken;
    }
    void go() { step(frames.stream()); }
    void check(std::size_t drops) {
        EXPECT_EQ(taken + drops, items);
        // Whole frames, in order; all that were taken, and of those that were dropped some.
        BytesMut wire(frames.stream().output);
        wire.put(frames.write_buffer().text());
        LengthDelimitedCodec codec;
        std::size_t count = 0, next = 0;
        for (;;) {
            auto frame = codec.decode_eof(wire);
            ASSERT_TRUE(frame.has_value()) << frame.error().message();
            if (!*frame) break;
            const auto number = static_cast<std::size_t>(std::stoul(std::string((*frame)->text())));
            EXPECT_GE(number, next);
            next = number + 1;
            ++count;
        }
        EXPECT_GE(count, taken);
        EXPECT_LE(count, items);
    }

private:
    static constexpr std::size_t items = 6;
    [[nodiscard]] bool left() const noexcept { return sent < items; }
    std::string item() { return std::to_string(sent++) + " and some more"; }
    static auto framed() {
        FramedWrite<StepStream, LengthDelimitedCodec> made(StepStream(""), LengthDelimitedCodec());
        made.set_backpressure_boundary(8);
        return made;
    }
    FramedWrite<StepStream, LengthDelimitedCodec> frames = framed();
    std::size_t sent = 0;
    std::size_t taken = 0;
};
template <bool closes>
class Flushes {
public:
    Flushes() { EXPECT_TRUE(frames.start_send("0123456789").has_value()); }
    auto make() {
        if constexpr (closes) return done ? std::nullopt : std::optional(frames.close());
        else return done ? std::nullopt : std::optional(frames.flush());
    }
    void take(FrameResult<> result) { done = result.has_value(); }
    void go() { step(frames.stream()); }
    void check(std::size_t) {
        EXPECT_EQ(frames.stream().output, "0123456789\n");
        EXPECT_TRUE(closes ? frames.stream().is_shut : frames.stream().flushed == 11);
    }

private:
    FramedWrite<StepStream, LinesCodec> frames{StepStream(""), LinesCodec()};
    bool done = false;
};

template <class Case>
class EachDropped : public testing::Test {};
using Cases = testing::Types<NextLine, NextFrame, Sends<true>, Sends<false>, Flushes<false>, Flushes<true>>;
TYPED_TEST_SUITE(EachDropped, Cases);

TYPED_TEST(EachDropped, no_frame_is_lost_or_torn_and_no_waker_is_kept) {
    rouse_test::drop_anywhere<TypeParam>(DropPoint::while_it_waits);
    rouse_test::drop_anywhere<TypeParam>(DropPoint::after_the_wake);
}

TEST(EachFuture, says_what_the_stream_below_waits_for) {
    auto [a, b] = rouse::io::duplex(1);
    Framed frames(BufReader(std::move(a)), LinesCodec());
    EXPECT_EQ(rouse_test::told_by(frames.next()), "bytes in a pipe in memory");
    EXPECT_EQ(rouse_test::told_by(frames.send("x")), "room in a pipe in memory");
    auto lines = rouse::io::lines(BufReader(std::move(b)));
    EXPECT_EQ(rouse_test::told_by(lines.next_line()), "bytes in a pipe in memory");
}

// --- on any executor --------------------------------------------------------------------------------------

template <class Executor>
class Everywhere : public testing::Test {};
TYPED_TEST_SUITE(Everywhere, rouse_test::FourExecutors);

/// Says each frame back; in upper case it would be a service.
template <class Codec>
Task<> echoes(DuplexStream stream, Codec codec) {
    Framed frames(std::move(stream), std::move(codec));
    for (;;) {
        auto frame = co_await frames.next();
        if (!frame) break;
        auto item = or_throw(std::move(*frame));
        auto sent = co_await frames.send(std::string(item.begin(), item.end()));
        or_throw(std::move(sent));
    }
    auto closed = co_await frames.close();
    or_throw(std::move(closed));
}
Task<> asks_lines(DuplexStream stream) {
    Framed frames(std::move(stream), LinesCodec());
    for (int i = 0; i < 50; ++i) {
        const std::string line(static_cast<std::size_t>(i), 'x');
        auto sent = co_await frames.send(line);
        or_throw(std::move(sent));
        auto answer = co_await frames.next();
        EXPECT_EQ(**answer, line);
    }
    auto closed = co_await frames.close();
    or_throw(std::move(closed));
    auto end = co_await frames.next();
    EXPECT_FALSE(end.has_value());
}
Task<> by_hand(DuplexStream stream) {
    BufReader buffered(BufWriter(std::move(stream), 7), 5);
    for (int i = 0; i < 50; ++i) {
        or_throw(co_await rouse::io::write_all(buffered, bytes("question\n")));
        or_throw(co_await rouse::io::flush(buffered));
        std::string answer;
        or_throw(co_await rouse::io::read_line(buffered, answer));
        EXPECT_EQ(answer, "question\n");
    }
    or_throw(co_await rouse::io::shutdown(buffered));
    const std::string rest = or_throw(co_await rouse::io::read_to_string(buffered));
    EXPECT_EQ(rest, "");
}
Task<> proxies(DuplexStream a, DuplexStream b) {
    auto counts = co_await rouse::io::copy_bidirectional(a, b, 3, 100);
    EXPECT_EQ(counts.value().first, counts.value().second);
}

TYPED_TEST(Everywhere, lines_through_a_proxy) {
    auto [client, a] = rouse::io::duplex(10);
    auto [b, server] = rouse::io::duplex(3);
    auto all = join(asks_lines(std::move(client)), proxies(std::move(a), std::move(b)),
                    echoes(std::move(server), LinesCodec()));
    const auto run = [&all]() -> Task<> { co_await all; };
    TypeParam::run(run());
}
TYPED_TEST(Everywhere, buffered_streams) {
    auto [client, server] = rouse::io::duplex(4);
    auto all = join(by_hand(std::move(client)), echoes(std::move(server), LinesCodec()));
    const auto run = [&all]() -> Task<> { co_await all; };
    TypeParam::run(run());
}

Task<> sends_frames(rouse::io::SimplexWriter stream) {
    FramedWrite frames(std::move(stream), LengthDelimitedCodec());
    for (int i = 0; i < 300; ++i) {
        auto fed = co_await frames.feed(std::to_string(i));
        or_throw(std::move(fed));
    }
    auto closed = co_await frames.close();
    or_throw(std::move(closed));
}
/// With a `next` that is given up in each turn: nothing of what had come is lost.
Task<> gives_up_and_goes_on(rouse::io::SimplexReader stream) {
    FramedRead frames(std::move(stream), LengthDelimitedCodec());
    for (int i = 0; i < 300;) {
        auto first = co_await rouse::select_biased(frames.next(), rouse::yield_now());
        if (first.index() != 0) continue;
        auto& frame = std::get<0>(first);
        if (!frame) break;
        EXPECT_EQ(frame->value(), std::to_string(i++));
    }
    auto end = co_await frames.next();
    EXPECT_FALSE(end.has_value());
}
TYPED_TEST(Everywhere, frames_of_which_each_wait_is_given_up) {
    auto [reader, writer] = rouse::io::simplex(5);
    auto all = join(sends_frames(std::move(writer)), gives_up_and_goes_on(std::move(reader)));
    const auto run = [&all]() -> Task<> { co_await all; };
    TypeParam::run(run());
}

Task<> in_tasks_of_their_own() {
    auto ends = rouse::io::duplex(16);
    auto server = rouse::spawn(echoes(std::move(ends.second), LinesCodec()));
    auto client = rouse::spawn(asks_lines(std::move(ends.first)));
    co_await client;
    co_await server;
}
TEST(Workers, talk_over_a_duplex) { rouse_test::MultiThread::run(in_tasks_of_their_own()); }

} // namespace
