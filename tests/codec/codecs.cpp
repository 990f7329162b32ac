// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The codecs: what they give, in any pieces, and what they say of what is wrong.

#include <rouse/io/adapters.hpp>

#include "codec/frames.hpp"

#include <cstdint>

namespace {

using namespace codec_test;

static_assert(rouse::codec::Decoder<LinesCodec> && rouse::codec::Encoder<LinesCodec, std::string>);
static_assert(rouse::codec::Encoder<LengthDelimitedCodec, rouse::codec::Bytes> &&
              rouse::codec::Encoder<LengthDelimitedCodec, const char*> &&
              rouse::codec::Encoder<BytesCodec, std::vector<std::byte>> &&
              !rouse::codec::Encoder<BytesCodec, int>);

// --- lines ------------------------------------------------------------------------------------------------

TEST(LinesCodec, gives_lines_without_their_ends) {
    expect_frames(LinesCodec(), "one\ntwo\r\n\n\r\nfi\rve\nlast", {"one", "two", "", "", "fi\rve", "last"});
    expect_frames(LinesCodec(), "one\n", {"one"});
    expect_frames(LinesCodec(), "", {});
    EXPECT_EQ(encoded(LinesCodec(), "line"), "line\n");
}

TEST(Codecs, encode_what_is_in_the_buffer_that_they_write_to) {
    const std::string text(64, 'x');
    BytesMut lines(text); // without room: the old memory goes
    ASSERT_TRUE(LinesCodec().encode(lines.text(), lines).has_value());
    EXPECT_EQ(lines, text + text + "\n");

    BytesMut frames(text);
    ASSERT_TRUE(LengthDelimitedCodec().encode(frames.bytes(), frames).has_value());
    EXPECT_EQ(frames, text + std::string("\0\0\0\x40", 4) + text);

    BytesMut chunks(text);
    ASSERT_TRUE(AnyDelimiterCodec(",", ",").encode(chunks.text(), chunks).has_value());
    EXPECT_EQ(chunks, text + text + ",");
}

TEST(LinesCodec, one_over_the_limit_is_said_once_and_skipped) {
    BytesMut from("12345\n123456\nok\n");
    LinesCodec codec(5);
    EXPECT_EQ(*codec.decode(from).value(), "12345");
    const auto error = codec.decode(from).error();
    EXPECT_EQ(error, IoError::too_long);
    EXPECT_EQ(error.code(), std::errc::message_size);
    EXPECT_EQ(error.message(), "line of 6 bytes is over the limit of 5");
    EXPECT_EQ(*codec.decode(from).value(), "ok");
}

TEST(LinesCodec, one_over_the_limit_that_has_not_ended_is_said_at_once) {
    BytesMut from("123456");
    LinesCodec codec(5);
    EXPECT_EQ(codec.decode(from).error().message(),
              "line is over the limit of 5 bytes: 6 came, and no end of it");
    EXPECT_TRUE(from.empty()) << "it is not kept";
    from.put("and more and more");
    EXPECT_EQ(codec.decode(from).value(), std::nullopt);
    EXPECT_TRUE(from.empty());
    from.put("end\nnext\n");
    EXPECT_EQ(*codec.decode(from).value(), "next");
}

TEST(LinesCodec, what_is_too_long_at_the_end_is_not_skipped_in_what_comes_after_it) {
    LinesCodec codec(5);
    BytesMut end("0123456789"), other("hello\nworld");
    EXPECT_EQ(codec.decode_eof(end).error(), IoError::too_long);
    EXPECT_EQ(*codec.decode(other).value(), "hello");
    AnyDelimiterCodec chunks(";", ";", 5);
    end.put("0123456789");
    EXPECT_EQ(chunks.decode_eof(end).error(), IoError::too_long);
    BytesMut chunk("a;");
    EXPECT_EQ(*chunks.decode(chunk).value(), "a");
}

TEST(LinesCodec, one_that_was_used_does_not_read_past_the_end_of_a_shorter_buffer) {
    LinesCodec codec;
    BytesMut first("a long line that has not come to its end"), second("hi\n");
    EXPECT_EQ(codec.decode(first).value(), std::nullopt);
    const auto line = codec.decode(second).value();
    ASSERT_TRUE(line.has_value());
    EXPECT_EQ(*line, "hi");
    EXPECT_EQ(codec.decode(first).value(), std::nullopt);
    second.clear();
    EXPECT_EQ(codec.decode(second).value(), std::nullopt);
}

TEST(LinesCodec, goes_on_after_an_error_in_any_pieces) {
    for (std::uint32_t seed = 1; seed <= 50; ++seed) {
        const auto got = read_all(LinesCodec(4), "123456789\nabcd\n\n" + std::string(50, 'x') + "\nend", seed,
                                  1 + seed % 20);
        ASSERT_EQ(got.size(), 5u);
        EXPECT_EQ(got[1], "abcd");
        EXPECT_EQ(got[2], "");
        EXPECT_EQ(got[4], "end");
    }
}

TEST(LinesCodec, one_over_the_limit_at_the_end_is_an_error_too) {
    const auto got = read_all(LinesCodec(4), "12345", 1, 100);
    ASSERT_EQ(got.size(), 1u);
    EXPECT_TRUE(got[0].starts_with("(line is over the limit"));
}

TEST(AnyDelimiterCodec, divides_at_any_of_them) {
    expect_frames(AnyDelimiterCodec(",;"), "a,b;;c", {"a", "b", "", "c"});
    EXPECT_EQ(decode_all(AnyDelimiterCodec(";", ";", 2), "ab;abc;d;"),
              (std::vector<std::string>{"ab", "(chunk of 3 bytes is over the limit of 2)", "d"}));
    EXPECT_EQ(encoded(AnyDelimiterCodec(",;", "--"), "chunk"), "chunk--");
}

TEST(BytesCodec, gives_bytes_as_they_come) {
    std::string whole;
    for (const std::string& part : read_all(BytesCodec(), "hello world", 3, 4)) whole += part;
    EXPECT_EQ(whole, "hello world");
    EXPECT_EQ(encoded(BytesCodec(), "as it is"), "as it is");
}

// --- lengths ----------------------------------------------------------------------------------------------

std::vector<std::string> decode_by(const LengthDelimitedBuilder& options, std::string_view input) {
    auto got = decode_all(options.new_codec(), input);
    for (std::uint32_t seed = 1; seed <= 10; ++seed)
        EXPECT_EQ(read_all(options.new_codec(), input, seed, 1 + seed % 4), got) << "seed " << seed;
    return got;
}
TEST(LengthDelimitedCodec, a_frame_that_was_cut_off_is_not_waited_for_in_what_comes_after_it) {
    LengthDelimitedCodec codec;
    BytesMut cut("\0\x10\0\0"s), other("\0\0\0\2hi"s);
    EXPECT_EQ(codec.decode_eof(cut).error(), IoError::unexpected_end);
    EXPECT_EQ(*codec.decode(other).value(), "hi");
}

TEST(LengthDelimitedCodec, has_four_bytes_of_length_unless_told) {
    EXPECT_EQ(decode_by(with(), "\0\0\0\5hello\0\0\0\0\0\0\0\1!"s), (Texts{"hello", "", "!"}));
    EXPECT_EQ(encoded(LengthDelimitedCodec(), "hello"), "\0\0\0\5hello"s);
    EXPECT_EQ(decode_by(with(), ""), Texts());
}

TEST(LengthDelimitedCodec, has_any_width_and_order) {
    EXPECT_EQ(decode_by(with().length_field_length(1), "\2ab"), Texts{"ab"});
    EXPECT_EQ(decode_by(with().length_field_length(3), "\0\0\2ab"s), Texts{"ab"});
    EXPECT_EQ(decode_by(with().length_field_type<std::uint64_t>(), "\0\0\0\0\0\0\0\2ab"s), Texts{"ab"});
    EXPECT_EQ(decode_by(with().length_field_length(2).little_endian(), "\2\0ab"s), Texts{"ab"});
    EXPECT_EQ(encoded(with().length_field_length(3).little_endian().new_codec(), "ab"), "\2\0\0ab"s);
    EXPECT_EQ(decode_by(with().length_field_length(2).little_endian().big_endian(), "\0\2ab"s), Texts{"ab"});
}

TEST(LengthDelimitedCodec, does_what_its_table_says) {
    EXPECT_EQ(decode_by(with().length_field_length(2), "\0\x0bHello world"s), Texts{"Hello world"});
    EXPECT_EQ(decode_by(with().length_field_length(2).length_adjustment(-2), "\0\x0dHello world"s),
              Texts{"Hello world"});
    EXPECT_EQ(decode_by(with().length_field_length(2).length_adjustment(2).num_skip(0), "\0\x0bHello world"s),
              Texts{"\0\x0bHello world"s});
    EXPECT_EQ(decode_by(with().length_field_offset(1).length_field_length(2).length_adjustment(1),
                        "\xca\0\x0b\xfeHello world"s),
              Texts{"\xfeHello world"});
}

TEST(LengthDelimitedCodec, skips_more_or_less_than_the_head) {
    EXPECT_EQ(decode_by(with().length_field_length(1).num_skip(3), "\2--ab\1--c"), (Texts{"ab", "c"}));
    EXPECT_EQ(decode_by(with().length_field_offset(2).length_field_length(2).num_skip(2).length_adjustment(2),
                        "xx\0\3abcyy\0\0"s),
              (Texts{"\0\3abc"s, "\0\0"s}));
}

TEST(LengthDelimitedCodec, a_frame_over_the_limit_is_an_error_that_ends_the_stream) {
    const auto options = with().max_frame_length(65536);
    EXPECT_EQ(decode_by(options, "\0\1\x11\x70 and more"s),
              Texts{"(frame of 70000 bytes is over the limit of 65536)"});
    EXPECT_EQ(encoded(options.new_codec(), std::string(70000, 'x')),
              "(frame of 70000 bytes is over the limit of 65536)");
}

TEST(LengthDelimitedCodec, the_limit_is_that_of_the_frame_after_the_adjustment) {
    const auto options = with().length_field_length(1).length_adjustment(-1).max_frame_length(10);
    const std::string most(10, 'x');
    EXPECT_EQ(decode_by(options, encoded(options.new_codec(), most)), Texts{most});
    EXPECT_EQ(decode_by(options, "\x0c"), Texts{"(frame of 11 bytes is over the limit of 10)"});
}

TEST(LengthDelimitedCodec, a_truncated_frame_is_an_error_with_both_sizes) {
    EXPECT_EQ(decode_by(with(), "\0\0\0\x0a"
                                "abc"s),
              Texts{"(stream ended inside a frame: 3 of 10 bytes)"});
    EXPECT_EQ(decode_by(with(), "\0\0"s), Texts{"(stream ended inside the head of a frame: 2 of 4 bytes)"});
    BytesMut from("\0"s);
    LengthDelimitedCodec codec;
    EXPECT_EQ(codec.decode_eof(from).error(), IoError::unexpected_end);
}

TEST(LengthDelimitedCodec, lengths_near_the_largest_number) {
    const std::string all(8, '\xff');
    constexpr auto most = ~std::size_t(0);
    EXPECT_EQ(decode_by(with().length_field_length(8), all),
              Texts{"(frame of 18446744073709551615 bytes is over the limit of 8388608)"});
    EXPECT_EQ(
        decode_by(with().length_field_length(8).length_adjustment(1), all),
        Texts{"(length field of 18446744073709551615 with an adjustment of 1 is over the limit of 8388608)"});
    EXPECT_EQ(
        decode_by(with().length_field_length(8).length_adjustment(INT64_MAX).max_frame_length(most), all),
        Texts{
            "(length field of 18446744073709551615 with an adjustment of 9223372036854775807 is over the limit "
            "of 18446744073709551615)"});
    EXPECT_EQ(decode_by(with().length_field_length(8).max_frame_length(most), all + "abc"),
              Texts{"(stream ended inside a frame: 3 of 18446744073709551615 bytes)"});
    EXPECT_EQ(
        decode_by(with().length_field_length(8).length_adjustment(INT64_MIN), "\x7f" + all.substr(1)),
        Texts{"(length field of 9223372036854775807 with an adjustment of -9223372036854775808: less than "
              "nothing)"});
    EXPECT_EQ(decode_by(with().length_field_length(8).length_adjustment(INT64_MIN),
                        "\x80" + std::string(6, '\0') + "\2ab"),
              Texts{"ab"});
}

TEST(LengthDelimitedCodec, a_length_that_does_not_cover_its_head_is_an_error) {
    EXPECT_EQ(decode_by(with().length_adjustment(-4), "\0\0\0\3"s),
              Texts{"(length field of 3 with an adjustment of -4: less than nothing)"});
    EXPECT_EQ(decode_by(with().num_skip(0), "\0\0\0\0"s),
              Texts{"(frame of 0 bytes (length field of 0) is shorter than the 4 bytes of its head)"});
    BytesMut from("\0\0\0\0"s);
    EXPECT_EQ(with().num_skip(0).new_codec().decode(from).error(), std::errc::bad_message);
}

TEST(LengthDelimitedCodec, does_not_encode_what_cannot_be_decoded) {
    const auto one = with().length_field_length(1);
    EXPECT_EQ(encoded(one.new_codec(), std::string(256, 'x')),
              "(frame of 256 does not fit a length field of 1 bytes)");
    EXPECT_EQ(encoded(one.new_codec(), std::string(255, 'x')).size(), 256u);
    auto counted = one;
    counted.length_adjustment(-1);
    EXPECT_EQ(encoded(counted.new_codec(), std::string(255, 'x')),
              "(frame of 255 with an adjustment of -1 does not fit a length field of 1 bytes)");
    auto added = one;
    added.length_adjustment(5);
    EXPECT_EQ(encoded(added.new_codec(), "1234"),
              "(frame of 4 with an adjustment of 5 does not fit a length field of 1 bytes)");
    auto kept = one;
    kept.num_skip(0);
    EXPECT_EQ(encoded(kept.new_codec(), ""), "(frame of 0 bytes is shorter than the 1 bytes of its head)");
    BytesMut into("before");
    FramedWrite frames(rouse::io::sink(), one.new_codec());
    EXPECT_EQ(frames.start_send(std::string(256, 'x')).error(), std::errc::invalid_argument);
    EXPECT_TRUE(frames.write_buffer().empty());
}

TEST(LengthDelimitedCodecDeathTest, a_width_that_is_none_stops) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH((void)with().length_field_length(9), "1 to 8 bytes");
    EXPECT_DEATH((void)with().length_field_length(0), "1 to 8 bytes");
}

// --- round trips ------------------------------------------------------------------------------------------

TEST(RoundTrip, every_choice_of_lengths_in_any_pieces) {
    for (std::uint32_t seed = 1; seed <= 300; ++seed) {
        std::minstd_rand random(seed);
        const auto options = by_chance(random);
        auto codec = options.new_codec();
        BytesMut wire, again;
        std::vector<std::string> frames;
        for (int i = 0; i < 20; ++i) {
            std::string frame(20 + random() % 200, '\0');
            for (char& one : frame) one = static_cast<char>(random());
            ASSERT_TRUE(codec.encode(frame, wire).has_value()) << "seed " << seed;
        }
        const std::string input(wire.text());
        frames = read_all(codec, input, seed, 1 + seed % 50);
        ASSERT_EQ(frames.size(), 20u) << "seed " << seed << ": " << frames.back();
        for (const std::string& one : frames) ASSERT_TRUE(codec.encode(one, again).has_value());
        ASSERT_EQ(again.text(), input) << "seed " << seed;
        ASSERT_EQ(read_all(codec, input, seed + 1, 300), frames);
    }
}

TEST(RoundTrip, lines_and_lengths_through_framed) {
    for (std::uint32_t seed = 1; seed <= 30; ++seed) {
        std::minstd_rand random(seed);
        ChanceStream lines("", ByChance(seed, 30), ByChance(seed, 20));
        ChanceStream lengths("", ByChance(seed, 30), ByChance(seed, 20));
        FramedWrite to_lines(by_ref(lines), LinesCodec());
        FramedWrite to_lengths(by_ref(lengths), LengthDelimitedCodec());
        to_lines.set_backpressure_boundary(1 + seed * 5);
        std::vector<std::string> items;
        for (int i = 0; i < 30; ++i) {
            items.push_back(std::string(random() % 60, static_cast<char>('a' + random() % 26)));
            if (i % 3 == 0) {
                EXPECT_TRUE(Harness(to_lines.send(items.back())).poll_while_woken().value().has_value());
                EXPECT_TRUE(to_lines.write_buffer().empty());
            } else {
                EXPECT_TRUE(Harness(to_lines.feed(items.back())).poll_while_woken().value().has_value());
            }
            EXPECT_TRUE(Harness(to_lengths.feed(items.back())).poll_while_woken().value().has_value());
        }
        EXPECT_TRUE(Harness(to_lines.close()).poll_while_woken().value().has_value());
        EXPECT_TRUE(Harness(to_lengths.close()).poll_while_woken().value().has_value());
        EXPECT_TRUE(lines.is_shut && lengths.is_shut);
        ASSERT_EQ(read_all(LinesCodec(), lines.output, seed, 40), items);
        ASSERT_EQ(read_all(LengthDelimitedCodec(), lengths.output, seed, 40), items);
    }
}

} // namespace
