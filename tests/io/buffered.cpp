// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Readers and writers with buffers, lines, numbers, and streams made of streams.

#include <rouse/io/adapters.hpp>
#include <rouse/io/buf_read.hpp>
#include <rouse/io/buf_writer.hpp>
#include <rouse/io/copy.hpp>
#include <rouse/io/numbers.hpp>
#include <rouse/io/split.hpp>
#include <rouse/testing/harness.hpp>

#include "support/drop_anywhere.hpp"
#include "support/slow_streams.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace {

using rouse::IoError;
using rouse::Result;
using rouse::io::BufReader;
using rouse::io::BufWriter;
using rouse::io::by_ref;
using rouse::io::bytes;
using rouse::io::ConstBytes;
using rouse::io::lines;
using rouse::io::room;
using rouse::testing::Harness;
using rouse_test::ByChance;
using rouse_test::ChanceStream;
using rouse_test::drop_anywhere;
using rouse_test::DropPoint;
using rouse_test::StepByStep;
using rouse_test::StepStream;

/// Always a few bytes, at once.
class Steady {
public:
    explicit Steady(std::size_t bytes = 4) noexcept : bytes_(bytes) {}
    std::size_t next(rouse::Context&) {
        ++calls;
        return bytes_;
    }
    void cancel() noexcept {}
    std::size_t calls = 0;

private:
    std::size_t bytes_;
};
using Stream = rouse_test::SlowStream<Steady>;

static_assert(rouse::io::AsyncBufRead<BufReader<Stream>> && rouse::io::AsyncWrite<BufReader<Stream>>);
static_assert(rouse::io::AsyncWrite<BufWriter<Stream>> && rouse::io::AsyncRead<BufWriter<Stream>>);
static_assert(rouse::io::AsyncBufRead<rouse::io::Take<BufReader<Stream>>> &&
              !rouse::io::AsyncBufRead<rouse::io::Take<Stream>>);
static_assert(rouse::io::AsyncBufRead<rouse::io::StreamRef<BufReader<Stream>>>);
static_assert(rouse::io::AsyncRead<rouse::io::BufStream<Stream>> &&
              rouse::io::AsyncWrite<rouse::io::BufStream<Stream>>);

template <class F>
auto finish(F future) {
    Harness test(std::move(future));
    auto poll = test.poll_while_woken();
    EXPECT_TRUE(poll.is_ready());
    EXPECT_EQ(test.clones_alive(), 0u);
    return std::move(poll).value();
}
std::string rest_of(auto& stream) { return finish(rouse::io::read_to_string(stream)).value(); }

TEST(BufReader, reads_ahead_and_serves_from_that) {
    BufReader reader(Stream("hello world", Steady(8)), 8);
    std::string text(3, '-');
    for (const char* want : {"hel", "lo "}) {
        EXPECT_EQ(finish(reader.read(room(text))).value(), 3u);
        EXPECT_EQ(text, want);
    }
    EXPECT_EQ(reader.inner().reads().calls, 1u);
    EXPECT_EQ(finish(reader.read(room(text))).value(), 2u) << "what is left in the buffer";
    EXPECT_EQ(rest_of(reader), "rld");
}

TEST(BufReader, a_large_read_goes_past_the_buffer) {
    BufReader reader(Stream("hello world", Steady(100)), 4);
    std::string text(100, '-');
    EXPECT_EQ(finish(reader.read(room(text))).value(), 11u);
    EXPECT_TRUE(reader.buffer().empty());
}

TEST(BufReader, shows_its_buffer) {
    BufReader reader(Stream("abcdef"), 8);
    EXPECT_EQ(rouse::io::text(finish(rouse::io::fill_buf(reader)).value()), "abcd");
    reader.consume(1);
    EXPECT_EQ(rouse::io::text(reader.buffer()), "bcd");
    EXPECT_EQ(rouse::io::text(finish(rouse::io::fill_buf(reader)).value()), "bcd");
    reader.consume(100);
    EXPECT_EQ(rouse::io::text(finish(rouse::io::fill_buf(reader)).value()), "ef");
    EXPECT_EQ(finish(reader.read(rouse::io::Bytes())).value(), 0u);
}

TEST(BufReader, read_until_gives_the_delimiter_too) {
    BufReader reader(Stream("one;two;three"), 8);
    std::string text;
    std::vector<std::byte> second;
    EXPECT_EQ(finish(rouse::io::read_until(reader, std::byte(';'), text)).value(), 4u);
    EXPECT_EQ(finish(rouse::io::read_until(reader, std::byte(';'), second)).value(), 4u);
    EXPECT_EQ(finish(rouse::io::read_until(reader, std::byte(';'), text)).value(), 5u);
    EXPECT_EQ(finish(rouse::io::read_until(reader, std::byte(';'), text)).value(), 0u);
    EXPECT_EQ(text, "one;three");
    EXPECT_EQ(rouse::io::text(ConstBytes(second)), "two;");
}

TEST(BufReader, read_until_stops_at_its_limit_and_loses_nothing) {
    BufReader reader(Stream("12345;6"), 8);
    std::string text;
    EXPECT_EQ(finish(rouse::io::read_until(reader, std::byte(';'), text, 4)).error(), IoError::too_long);
    EXPECT_EQ(text, "1234");
    EXPECT_EQ(finish(rouse::io::read_until(reader, std::byte(';'), text, 1)).value(), 2u);
    EXPECT_EQ(text, "12345;");
}

TEST(BufReader, reads_and_skips_lines) {
    BufReader reader(Stream("first\nsecond\r\nskipped line\nlast"), 8);
    std::string text;
    EXPECT_EQ(finish(rouse::io::read_line(reader, text)).value(), 6u);
    EXPECT_EQ(finish(rouse::io::read_line(reader, text)).value(), 8u);
    EXPECT_EQ(text, "first\nsecond\r\n");
    EXPECT_EQ(finish(rouse::io::skip_until(reader, std::byte('\n'))).value(), 13u);
    EXPECT_EQ(finish(rouse::io::read_line(reader, text)).value(), 4u);
    EXPECT_EQ(finish(rouse::io::read_line(reader, text)).value(), 0u);
}

TEST(BufReader, writes_go_past_it) {
    BufReader reader(Stream("abc"));
    EXPECT_TRUE(finish(rouse::io::write_all(reader, bytes("xyz"))).has_value());
    EXPECT_EQ(reader.inner().output, "xyz");
    EXPECT_EQ(std::move(reader).into_inner().output, "xyz");
}

TEST(Lines, are_without_their_ends) {
    auto all = lines(BufReader(Stream("a\n\r\nlonger than the buffer\r\n\nlast\r"), 5));
    std::vector<std::string> got;
    while (auto line = finish(all.next_line()).value()) got.push_back(*line);
    EXPECT_EQ(got, (std::vector<std::string>{"a", "", "longer than the buffer", "", "last\r"}));
    EXPECT_EQ(finish(all.next_line()).value(), std::nullopt) << "and the end stays";
}

TEST(Lines, one_that_is_too_long_is_skipped) {
    auto all = lines(BufReader(Stream("1234\n12345\nok\n" + std::string(100, 'x') + "\n\nend"), 8), 4);
    std::vector<std::string> got;
    while (auto line = finish(all.next())) got.push_back(line->has_value() ? **line : "(too long)");
    EXPECT_EQ(got, (std::vector<std::string>{"1234", "(too long)", "ok", "(too long)", "", "end"}));
}

TEST(Lines, one_that_is_too_long_and_has_no_end_is_said_once) {
    auto all = lines(BufReader(Stream(std::string(100, 'x')), 8), 4);
    EXPECT_EQ(finish(all.next()).value().error(), IoError::too_long);
    EXPECT_FALSE(finish(all.next()).has_value());
}

TEST(Lines, an_error_of_the_stream_is_the_end) {
    class Broken {
    public:
        rouse::Poll<Result<std::size_t>> poll_read(rouse::Context&, rouse::io::Bytes) {
            return rouse::Poll<Result<std::size_t>>(std::in_place, std::unexpect,
                                                    std::make_error_code(std::errc::io_error));
        }
    };
    auto all = lines(BufReader(Broken()));
    EXPECT_EQ(finish(all.next_line()).error(), std::errc::io_error);
    EXPECT_EQ(finish(all.next_line()).value(), std::nullopt);
}

TEST(Split, divides_at_any_byte) {
    auto all = rouse::io::split(BufReader(Stream("a,b\r,,c"), 3), std::byte(','));
    std::vector<std::string> got;
    while (auto one = finish(all.next_segment()).value()) got.push_back(*one);
    EXPECT_EQ(got, (std::vector<std::string>{"a", "b\r", "", "c"}));
}

TEST(BufWriter, keeps_small_writes_until_it_is_full) {
    BufWriter writer(Stream("", Steady(), Steady(100)), 8);
    for (const char* text : {"abc", "def"})
        EXPECT_TRUE(finish(rouse::io::write_all(writer, bytes(text))).has_value());
    EXPECT_EQ(writer.inner().output, "");
    EXPECT_EQ(rouse::io::text(writer.buffer()), "abcdef");
    EXPECT_TRUE(finish(rouse::io::write_all(writer, bytes("ghi"))).has_value());
    EXPECT_EQ(writer.inner().output, "abcdef");
    EXPECT_TRUE(finish(rouse::io::flush(writer)).has_value());
    EXPECT_EQ(writer.inner().output, "abcdefghi");
    EXPECT_EQ(writer.inner().flushed, 9u);
}

TEST(BufWriter, a_large_write_goes_past_the_buffer_in_order) {
    BufWriter writer(Stream("", Steady(), Steady(5)), 8);
    EXPECT_TRUE(finish(rouse::io::write_all(writer, bytes("abc"))).has_value());
    EXPECT_TRUE(finish(rouse::io::write_all(writer, bytes("0123456789"))).has_value());
    EXPECT_TRUE(finish(rouse::io::shutdown(writer)).has_value());
    EXPECT_EQ(writer.inner().output, "abc0123456789");
    EXPECT_TRUE(writer.inner().is_shut);
}

TEST(BufWriter, a_stream_that_takes_nothing_is_an_error) {
    class Full {
    public:
        rouse::Poll<Result<std::size_t>> poll_write(rouse::Context&, ConstBytes) {
            return rouse::Poll<Result<std::size_t>>(std::in_place, std::size_t(0));
        }
        rouse::Poll<Result<>> poll_flush(rouse::Context&) { return rouse::Poll<Result<>>(std::in_place); }
        rouse::Poll<Result<>> poll_shutdown(rouse::Context&) { return rouse::Poll<Result<>>(std::in_place); }
    };
    BufWriter writer{Full()};
    EXPECT_TRUE(finish(rouse::io::write_all(writer, bytes("abc"))).has_value());
    EXPECT_EQ(finish(rouse::io::flush(writer)).error(), IoError::write_zero);
    EXPECT_EQ(rouse::io::text(writer.buffer()), "abc");
}

TEST(BufStream, has_a_buffer_for_either_direction) {
    auto stream = rouse::io::buf_stream(Stream("in"), 16, 16);
    EXPECT_TRUE(finish(rouse::io::write_all(stream, bytes("out"))).has_value());
    EXPECT_EQ(stream.inner().inner().output, "");
    EXPECT_EQ(rest_of(stream), "in");
    EXPECT_TRUE(finish(rouse::io::flush(stream)).has_value());
    EXPECT_EQ(stream.inner().inner().output, "out");
}

TEST(Take, ends_at_its_limit) {
    Stream stream("hello world");
    auto first = rouse::io::take(by_ref(stream), 5);
    EXPECT_EQ(rest_of(first), "hello");
    EXPECT_EQ(first.limit(), 0u);
    first.set_limit(2);
    EXPECT_EQ(rest_of(first), " w");
    EXPECT_EQ(rest_of(stream), "orld");
}

TEST(Take, of_a_buffer_takes_no_more_out_of_it) {
    BufReader reader(Stream("one\ntwo\nthree", Steady(100)));
    auto some = lines(rouse::io::take(by_ref(reader), 6));
    EXPECT_EQ(finish(some.next_line()).value(), "one");
    EXPECT_EQ(finish(some.next_line()).value(), "tw");
    EXPECT_EQ(finish(some.next_line()).value(), std::nullopt);
    EXPECT_EQ(rest_of(reader), "o\nthree");
}

TEST(Chain, is_one_after_the_other) {
    auto both = rouse::io::chain(Stream("one "), rouse::io::take(Stream("two and more"), 3));
    EXPECT_EQ(rest_of(both), "one two");
    auto buffered = lines(rouse::io::chain(BufReader(Stream("a\nb")), BufReader(Stream("c\nd"))));
    std::vector<std::string> got;
    while (auto line = finish(buffered.next_line()).value()) got.push_back(*line);
    EXPECT_EQ(got, (std::vector<std::string>{"a", "bc", "d"}));
}

TEST(Sources, empty_sink_and_repeat) {
    auto nothing = rouse::io::empty();
    EXPECT_EQ(rest_of(nothing), "");
    auto a = rouse::io::take(rouse::io::repeat(std::byte('a')), 1000);
    EXPECT_EQ(rest_of(a), std::string(1000, 'a'));
    auto sink = rouse::io::sink();
    auto some = rouse::io::take(rouse::io::repeat(std::byte('a')), 100'000);
    EXPECT_EQ(finish(rouse::io::copy_buf(some, sink)).value(), 100'000u);
}

TEST(Sources, what_never_ends_gives_way) {
    auto endless = rouse::io::repeat(std::byte('x'));
    auto sink = rouse::io::sink();
    Harness copying(rouse::io::copy(endless, sink));
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(copying.poll().is_pending());
        EXPECT_EQ(copying.take_wakes(), 1u);
    }
}

TEST(Joined, reads_here_and_writes_there) {
    auto both = rouse::io::join(Stream("in"), Stream("other"));
    EXPECT_EQ(rest_of(both), "in");
    EXPECT_TRUE(finish(rouse::io::write_all(both, bytes("out"))).has_value());
    EXPECT_EQ(both.writes_to().output, "out");
    EXPECT_EQ(std::move(both).into_inner().second.output, "out");
}

TEST(Integers, go_over_the_wire_and_back) {
    Stream stream("");
    EXPECT_TRUE(finish(rouse::io::write_u8(stream, 0x12)).has_value());
    EXPECT_TRUE(finish(rouse::io::write_u16(stream, 0x1234)).has_value());
    EXPECT_TRUE(finish(rouse::io::write_u16_le(stream, 0x1234)).has_value());
    EXPECT_TRUE(finish(rouse::io::write_u32(stream, 0x12345678)).has_value());
    EXPECT_TRUE(finish(rouse::io::write_u32_le(stream, 0x12345678)).has_value());
    EXPECT_TRUE(finish(rouse::io::write_u64(stream, 0x123456789abcdef0)).has_value());
    EXPECT_TRUE(finish(rouse::io::write_u64_le(stream, 0x123456789abcdef0)).has_value());
    EXPECT_TRUE(finish(rouse::io::write_int(stream, std::int16_t(-2))).has_value());
    EXPECT_TRUE(
        finish(rouse::io::write_int_le(stream, std::numeric_limits<std::int64_t>::min())).has_value());
    EXPECT_EQ(stream.output.substr(0, 13), "\x12\x12\x34\x34\x12\x12\x34\x56\x78\x78\x56\x34\x12");
    stream.input = stream.output;
    EXPECT_EQ(finish(rouse::io::read_u8(stream)), 0x12);
    EXPECT_EQ(finish(rouse::io::read_u16(stream)), 0x1234);
    EXPECT_EQ(finish(rouse::io::read_u16_le(stream)), 0x1234);
    EXPECT_EQ(finish(rouse::io::read_u32(stream)), 0x12345678u);
    EXPECT_EQ(finish(rouse::io::read_u32_le(stream)), 0x12345678u);
    EXPECT_EQ(finish(rouse::io::read_u64(stream)), 0x123456789abcdef0u);
    EXPECT_EQ(finish(rouse::io::read_u64_le(stream)), 0x123456789abcdef0u);
    EXPECT_EQ(finish(rouse::io::read_int<std::int16_t>(stream)), -2);
    EXPECT_EQ(finish(rouse::io::read_int_le<std::int64_t>(stream)), std::numeric_limits<std::int64_t>::min());
    stream.input = "abc";
    EXPECT_EQ(finish(rouse::io::read_u32(stream)).error(), IoError::unexpected_end);
}

TEST(ReadToString, stops_at_its_limit) {
    Stream stream("12345");
    EXPECT_EQ(finish(rouse::io::read_to_string(stream, 4)).error(), IoError::too_long);
}

TEST(Buffered, any_pieces_give_the_same) {
    std::string text;
    for (int i = 0; i < 200; ++i) text += std::string(static_cast<std::size_t>(i * 7 % 40), 'a') + "\n";
    for (std::uint32_t seed = 1; seed <= 50; ++seed) {
        ChanceStream from(text, ByChance(seed, 1 + seed % 50), ByChance());
        BufReader reader(by_ref(from), 1 + seed % 30);
        BufWriter writer(ChanceStream("", ByChance(), ByChance(seed * 3, 20)), 1 + seed % 23);
        auto all = lines(std::move(reader));
        while (auto line = finish(all.next_line()).value())
            EXPECT_TRUE(finish(rouse::io::write_all(writer, bytes(*line + "\n"))).has_value());
        EXPECT_TRUE(finish(rouse::io::flush(writer)).has_value());
        ASSERT_EQ(writer.inner().output, text) << "seed " << seed;
    }
}

// --- dropped anywhere -------------------------------------------------------------------------------------

constexpr std::string_view some_text = "one\ntwo and a half\r\n\nlast";

/// Reads `some_text`; what came is in `got`.
class Reads {
public:
    void go() { step(stream); }
    void check(std::size_t) { EXPECT_EQ(got, some_text); }

protected:
    StepStream stream{some_text};
    BufReader<rouse::io::StreamRef<StepStream>> reader{by_ref(stream), 4};
    std::string got;
    bool done = false;
};

class ReadsLine : public Reads {
public:
    auto make() { return done ? std::nullopt : std::optional(rouse::io::read_line(reader, got)); }
    void take(Result<std::size_t> count) { done = count.value() == 0; }
};
class ReadsToEnd : public Reads {
public:
    auto make() { return done ? std::nullopt : std::optional(rouse::io::read_to_end(reader, got)); }
    void take(Result<std::size_t>) { done = true; }
};
class FillsBuffer : public Reads {
public:
    auto make() { return done ? std::nullopt : std::optional(rouse::io::fill_buf(reader)); }
    void take(Result<ConstBytes> there) {
        got += rouse::io::text(there.value());
        done = there.value().empty();
        reader.consume(there.value().size());
    }
};
class ReadsSome : public Reads {
public:
    auto make() { return done ? std::nullopt : std::optional(reader.read(room(some))); }
    void take(Result<std::size_t> count) {
        got += some.substr(0, count.value());
        done = count.value() == 0;
    }

private:
    std::string some = "--";
};
class NextLine : public Reads {
public:
    auto make() { return done ? std::nullopt : std::optional(all.next_line()); }
    void take(Result<std::optional<std::string>> line) {
        if (line.value()) got += **line + "|";
        else done = true;
    }
    void check(std::size_t) { EXPECT_EQ(got, "one|two and a half||last|"); }

private:
    rouse::io::Lines<BufReader<rouse::io::StreamRef<StepStream>>> all{std::move(reader)};
};
class CopiesBuffer : public Reads {
public:
    auto make() { return done ? std::nullopt : std::optional(rouse::io::copy_buf(reader, stream)); }
    void take(Result<std::uint64_t>) { done = true; }
    void check(std::size_t) { EXPECT_EQ(stream.output, some_text); }
};
/// Loses what it has read, and says so.
class ReadsNumbers : public Reads {
public:
    auto make() { return done ? std::nullopt : std::optional(rouse::io::read_u64(stream)); }
    void take(Result<std::uint64_t> number) { done = !number; }
    void check(std::size_t) { EXPECT_EQ(stream.input, ""); }
};
class SkipsLines : public Reads {
public:
    auto make() {
        return done ? std::nullopt : std::optional(rouse::io::skip_until(reader, std::byte('\n')));
    }
    void take(Result<std::size_t> count) { done = count.value() == 0; }
    void check(std::size_t) { EXPECT_EQ(stream.input, ""); }
};
class MakesString : public Reads {
public:
    auto make() { return done ? std::nullopt : std::optional(rouse::io::read_to_string(stream)); }
    void take(Result<std::string>) { done = true; }
    void check(std::size_t) { EXPECT_EQ(stream.input, ""); }
};
/// Writes pieces; one that was dropped while it waited was not taken, and is written again.
class WritesSome {
public:
    auto make() {
        return at == pieces.size() ? std::nullopt : std::optional(writer.write(bytes(pieces[at])));
    }
    void take(Result<std::size_t> count) {
        want += pieces[at].substr(0, count.value());
        pieces[at].erase(0, count.value());
        if (pieces[at].empty()) ++at;
    }
    void go() { step(writer.inner()); }
    void check(std::size_t) {
        EXPECT_EQ(writer.inner().output + std::string(rouse::io::text(writer.buffer())), want);
    }

private:
    std::vector<std::string> pieces{"ab", "cde", "0123456789", "fg"};
    std::size_t at = 0;
    std::string want;
    BufWriter<StepStream> writer{StepStream(""), 6};
};
template <bool shuts_down>
class Flushes {
public:
    Flushes() { EXPECT_TRUE(finish(rouse::io::write_all(writer, bytes("0123456789"))).has_value()); }
    auto make() {
        if constexpr (shuts_down) return done ? std::nullopt : std::optional(rouse::io::shutdown(writer));
        else return done ? std::nullopt : std::optional(rouse::io::flush(writer));
    }
    void take(Result<> result) { done = result.has_value(); }
    void go() { step(writer.inner()); }
    void check(std::size_t) {
        EXPECT_EQ(writer.inner().output, "0123456789");
        EXPECT_EQ(shuts_down ? writer.inner().is_shut : writer.inner().flushed == 10, true);
    }

private:
    BufWriter<StepStream> writer{StepStream(""), 20};
    bool done = false;
};

template <class Case>
class DroppedAnywhere : public testing::Test {};
using Cases =
    testing::Types<ReadsLine, ReadsToEnd, FillsBuffer, ReadsSome, NextLine, CopiesBuffer, ReadsNumbers,
                   SkipsLines, MakesString, WritesSome, Flushes<false>, Flushes<true>>;
TYPED_TEST_SUITE(DroppedAnywhere, Cases);

TYPED_TEST(DroppedAnywhere, it_goes_on_where_it_was_and_keeps_no_waker) {
    drop_anywhere<TypeParam>(DropPoint::while_it_waits);
    drop_anywhere<TypeParam>(DropPoint::after_the_wake);
}

} // namespace
