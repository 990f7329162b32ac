// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A stream of pieces as an AsyncRead, and a sink of pieces as an AsyncWrite.

#include <rouse/codec/framed.hpp>
#include <rouse/codec/lines_codec.hpp>
#include <rouse/codec/stream_reader.hpp>
#include <rouse/io/buf_read.hpp>
#include <rouse/stream/channels.hpp>
#include <rouse/stream/iter.hpp>
#include <rouse/stream/sender_sink.hpp>
#include <rouse/sync/mpsc.hpp>
#include <rouse/testing/harness.hpp>

#include <gtest/gtest.h>

#include <expected>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace {

namespace codec = rouse::codec;
namespace stream = rouse::stream;
using rouse::codec::Bytes;
using rouse::io::bytes;
using rouse::testing::Harness;
using Piece = std::expected<std::string, std::error_code>;

template <class S>
std::string read_some(codec::StreamReader<S>& reader, std::size_t most) {
    std::string text(most, '-');
    Harness read(rouse::io::read(reader, rouse::io::room(text)));
    const auto count = read.poll_while_woken().value();
    return count ? text.substr(0, *count) : "(" + count.error().message() + ")";
}

static_assert(rouse::io::AsyncBufRead<codec::StreamReader<stream::Iter<std::vector<Bytes>>>>);

TEST(StreamReader, reads_piece_by_piece_and_passes_over_empty_ones) {
    codec::StreamReader reader(stream::iter({Bytes::from_static("hello"), Bytes(), Bytes::from_static("!")}));
    EXPECT_EQ(read_some(reader, 3), "hel");
    EXPECT_EQ(read_some(reader, 0), "");
    EXPECT_EQ(read_some(reader, 9), "lo") << "a read is of one piece";
    EXPECT_EQ(read_some(reader, 9), "!");
    EXPECT_EQ(read_some(reader, 9), "");
    EXPECT_EQ(read_some(reader, 9), "") << "the end stays";
}

TEST(StreamReader, takes_pieces_of_other_types_and_their_errors) {
    const auto broken = std::make_error_code(std::errc::io_error);
    codec::StreamReader reader(stream::iter({Piece("a"), Piece(std::unexpect, broken), Piece("b")}));
    EXPECT_EQ(read_some(reader, 9), "a");
    EXPECT_EQ(read_some(reader, 9), "(" + broken.message() + ")");
    EXPECT_EQ(read_some(reader, 9), "b");
    codec::StreamReader numbers(stream::iter({std::vector<unsigned char>{65, 66}}));
    EXPECT_EQ(read_some(numbers, 9), "AB");
}

TEST(StreamReader, leaves_pieces_alone_that_are_elsewhere) {
    std::vector<std::string> texts = {std::string(50, 'a'), "b"};
    codec::StreamReader reader(stream::iter(texts));
    EXPECT_EQ(read_some(reader, 99), std::string(50, 'a'));
    EXPECT_EQ(read_some(reader, 99), "b");
    EXPECT_EQ(texts, (std::vector<std::string>{std::string(50, 'a'), "b"}));

    std::vector<Piece> pieces = {Piece(std::string(50, 'a')), Piece("b")};
    codec::StreamReader fallible(stream::iter(pieces));
    EXPECT_EQ(read_some(fallible, 99), std::string(50, 'a'));
    EXPECT_EQ(read_some(fallible, 99), "b");
    EXPECT_EQ(pieces, (std::vector<Piece>{Piece(std::string(50, 'a')), Piece("b")}));
}

TEST(StreamReader, lines_go_across_pieces) {
    codec::FramedRead lines(
        codec::StreamReader(stream::iter({Bytes::from_static("one\ntw"), Bytes::from_static("o\n")})),
        codec::LinesCodec());
    EXPECT_EQ(**Harness(lines.next()).poll_while_woken().value(), "one");
    EXPECT_EQ(**Harness(lines.next()).poll_while_woken().value(), "two");
    EXPECT_FALSE(Harness(lines.next()).poll_while_woken().value().has_value());
}

TEST(StreamReader, a_read_that_waits_is_woken_by_the_stream_and_a_dropped_one_loses_nothing) {
    auto [tx, rx] = rouse::mpsc::channel<Bytes>(4);
    codec::StreamReader reader(stream::from(std::move(rx)));
    std::string text(9, '-');
    Harness dropped(rouse::io::read(reader, rouse::io::room(text)));
    EXPECT_TRUE(dropped.poll().is_pending());
    dropped.drop();
    Harness read(rouse::io::read(reader, rouse::io::room(text)));
    EXPECT_TRUE(read.poll().is_pending());
    EXPECT_TRUE(tx.try_send(Bytes::from_static("x")).has_value());
    EXPECT_EQ(read.take_wakes(), 1u);
    EXPECT_EQ(read.poll().value().value(), 1u);
    EXPECT_EQ(text[0], 'x');
}

TEST(SinkWriter, sends_each_write_as_a_piece) {
    auto [tx, rx] = rouse::mpsc::channel<Bytes>(1);
    codec::SinkWriter writer(stream::SenderSink<Bytes>(std::move(tx)));
    static_assert(rouse::io::AsyncWrite<decltype(writer)>);
    Harness first(rouse::io::write(writer, bytes("one")));
    EXPECT_EQ(first.poll().value().value(), 3u);
    Harness second(rouse::io::write(writer, bytes("two")));
    EXPECT_TRUE(second.poll().is_pending()); // no room
    EXPECT_EQ(rx.try_recv()->text(), "one");
    EXPECT_EQ(second.take_wakes(), 1u);
    EXPECT_EQ(second.poll().value().value(), 3u);
    EXPECT_EQ(rx.try_recv()->text(), "two");
    Harness empty(rouse::io::write(writer, bytes("")));
    EXPECT_EQ(empty.poll().value().value(), 0u);
    EXPECT_EQ(rx.try_recv().error(), rouse::mpsc::TryRecvError::empty) << "nothing is no piece";
    EXPECT_TRUE(Harness(rouse::io::shutdown(writer)).poll().value().has_value());
    EXPECT_EQ(rx.try_recv().error(), rouse::mpsc::TryRecvError::disconnected);
}

TEST(SinkWriter, cuts_what_is_large_and_makes_the_pieces_that_the_sink_takes) {
    auto [tx, rx] = rouse::mpsc::channel<std::string>(8);
    codec::SinkWriter<stream::SenderSink<std::string>, std::string> writer{
        stream::SenderSink<std::string>(std::move(tx))};
    const std::string large(100'000, 'x');
    EXPECT_TRUE(Harness(rouse::io::write_all(writer, bytes(large))).poll_while_woken().value().has_value());
    EXPECT_EQ(rx.try_recv()->size(), 65536u);
    EXPECT_EQ(rx.try_recv()->size(), 100'000u - 65536u);
}

TEST(SinkWriter, the_end_of_the_receiver_is_a_broken_pipe) {
    auto [tx, rx] = rouse::mpsc::channel<Bytes>(1);
    codec::SinkWriter writer(stream::SenderSink<Bytes>(std::move(tx)));
    rx.close();
    Harness write(rouse::io::write(writer, bytes("x")));
    EXPECT_EQ(write.poll().value().error(), std::errc::broken_pipe);
}

} // namespace
