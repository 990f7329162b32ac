// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <rouse/codec/length_delimited_codec.hpp>
#include <rouse/codec/lines_codec.hpp>
#include <rouse/testing/harness.hpp>

#include "support/slow_streams.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

// What codecs make of bytes.
namespace codec_test {

using rouse::IoError;
using rouse::codec::AnyDelimiterCodec;
using rouse::codec::BytesCodec;
using rouse::codec::BytesMut;
using rouse::codec::Framed;
using rouse::codec::FramedParts;
using rouse::codec::FramedRead;
using rouse::codec::FramedWrite;
using rouse::codec::FrameError;
using rouse::codec::FrameResult;
using rouse::codec::LengthDelimitedBuilder;
using rouse::codec::LengthDelimitedCodec;
using rouse::codec::LinesCodec;
using rouse::io::by_ref;
using rouse::io::bytes;
using rouse::testing::Harness;
using rouse_test::ByChance;
using rouse_test::ChanceStream;
using rouse_test::StepStream;
using namespace std::string_literals;

inline std::string text_of(const std::string& item) { return item; }
inline std::string text_of(const BytesMut& item) { return std::string(item.text()); }
inline std::string text_of(const FrameError& error) { return "(" + error.message() + ")"; }

/// All that a decoder makes of `input`, which comes in one piece.
template <class D>
std::vector<std::string> decode_all(D decoder, std::string_view input) {
    BytesMut from(input);
    std::vector<std::string> got;
    for (bool at_end = false;;) {
        auto frame = at_end ? decoder.decode_eof(from) : decoder.decode(from);
        if (!frame) {
            got.push_back(text_of(frame.error()));
            if constexpr (!requires { decoder.resumes(); }) return got;
        } else if (*frame) {
            got.push_back(text_of(**frame));
        } else if (std::exchange(at_end, true)) {
            return got;
        }
    }
}
/// The same of a FramedRead, over a stream in pieces by chance.
template <class D>
std::vector<std::string> read_all(D decoder, std::string_view input, std::uint32_t seed, std::size_t most) {
    FramedRead frames(ChanceStream(input, ByChance(seed, most)), std::move(decoder));
    std::vector<std::string> got;
    for (;;) {
        Harness next(frames.next());
        auto poll = next.poll_while_woken();
        EXPECT_TRUE(poll.is_ready());
        if (!poll.value()) return got;
        got.push_back(poll.value()->has_value() ? text_of(**poll.value()) : text_of(poll.value()->error()));
    }
}
template <class D>
void expect_frames(const D& decoder, std::string_view input, const std::vector<std::string>& want) {
    EXPECT_EQ(decode_all(decoder, input), want);
    for (std::uint32_t seed = 1; seed <= 20; ++seed)
        ASSERT_EQ(read_all(decoder, input, seed, seed % 4 == 0 ? 100 : seed % 4), want) << "seed " << seed;
}
template <class E, class T>
std::string encoded(E encoder, const T& item) {
    BytesMut into;
    auto result = encoder.encode(item, into);
    return result ? std::string(into.text()) : text_of(result.error());
}

using Texts = std::vector<std::string>;

inline LengthDelimitedBuilder with() { return LengthDelimitedCodec::builder(); }
/// Any choice that goes with frames of 20 to 300 bytes.
inline LengthDelimitedBuilder by_chance(std::minstd_rand& random) {
    auto options = with();
    const std::size_t offset = random() % 4, width = 1 + random() % 8, head = offset + width;
    options.length_field_offset(offset).length_field_length(width).max_frame_length(300);
    if (random() % 2 == 0) options.little_endian();
    const std::size_t skip = random() % 2 == 0 ? head : random() % (head + 4);
    if (skip != head || random() % 2 == 0) options.num_skip(skip);
    // Frames have at least 20 bytes: any head is in them, and any adjustment.
    options.length_adjustment(static_cast<std::int64_t>(random() % 41) - 20);
    return options;
}

} // namespace codec_test
