// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/codec/length_delimited_codec.hpp"

#include "rouse/base/stop.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

namespace rouse::codec {
namespace {

/// "3 with an adjustment of -4".
std::string adjusted(std::uint64_t value, std::int64_t adjustment) {
    std::string text = std::to_string(value);
    if (adjustment != 0) text += " with an adjustment of " + std::to_string(adjustment);
    return text;
}
/// How much is taken away by a negative number.
std::uint64_t size_of_negative(std::int64_t number) noexcept {
    return ~static_cast<std::uint64_t>(number) + 1;
}
std::uint64_t largest_in(std::size_t bytes) noexcept { return ~std::uint64_t(0) >> (64 - 8 * bytes); }

} // namespace

LengthDelimitedBuilder& LengthDelimitedBuilder::length_field_length(std::size_t bytes) {
    if (bytes < 1 || bytes > 8)
        detail::stop("LengthDelimitedBuilder::length_field_length(" + std::to_string(bytes) +
                     "): it has 1 to 8 bytes");
    width_ = bytes;
    return *this;
}

std::size_t LengthDelimitedCodec::needed_head() const noexcept {
    return std::max(options_.head(), options_.skip());
}

/// How many bytes come after those that are dropped.
FrameResult<std::size_t> LengthDelimitedCodec::length_of(io::ConstBytes head) const {
    const auto field = detail::read_integer<std::uint64_t>(head.subspan(options_.offset_, options_.width_),
                                                           options_.endian_);
    const std::int64_t adjustment = options_.adjustment_;
    std::uint64_t length = 0;
    if (adjustment < 0) {
        const std::uint64_t less = size_of_negative(adjustment);
        if (field < less)
            return std::unexpected(FrameError::bad_message("length field of " + adjusted(field, adjustment) +
                                                           ": less than nothing"));
        length = field - less;
    } else if (field > std::numeric_limits<std::uint64_t>::max() - static_cast<std::uint64_t>(adjustment)) {
        return std::unexpected(FrameError(make_error_code(IoError::too_long),
                                          "length field of " + adjusted(field, adjustment) +
                                              " is over the limit of " + std::to_string(options_.limit_)));
    } else {
        length = field + static_cast<std::uint64_t>(adjustment);
    }
    if (length > options_.limit_) return std::unexpected(FrameError::too_long(length, options_.limit_));
    // Else the next frame would begin inside of this one's head, or where it does.
    const std::size_t kept = options_.head() - std::min(options_.head(), options_.skip());
    if (length < kept)
        return std::unexpected(FrameError::bad_message(
            "frame of " + std::to_string(length) + " bytes (length field of " + adjusted(field, adjustment) +
            ") is shorter than the " + std::to_string(kept) + " bytes of its head"));
    return static_cast<std::size_t>(length);
}

FrameResult<std::optional<BytesMut>> LengthDelimitedCodec::decode(BytesMut& from) {
    if (!length_) {
        if (from.size() < needed_head()) return std::nullopt;
        auto length = length_of(from.bytes());
        if (!length) return std::unexpected(std::move(length.error()));
        from.advance(options_.skip());
        length_ = *length;
    }
    if (from.size() < *length_) return std::nullopt;
    auto frame = from.split_to(*length_);
    length_.reset();
    return frame;
}

FrameResult<std::optional<BytesMut>> LengthDelimitedCodec::decode_eof(BytesMut& from) {
    if (auto frame = decode(from); !frame || *frame) return frame;
    if (const auto length = std::exchange(length_, std::nullopt))
        return std::unexpected(FrameError::truncated(from.size(), *length));
    if (from.empty()) return std::nullopt;
    return std::unexpected(FrameError::truncated(from.size(), needed_head(), "the head of a frame"));
}

FrameResult<> LengthDelimitedCodec::encode(io::ConstBytes frame, BytesMut& into) {
    if (frame.size() > options_.limit_)
        return std::unexpected(FrameError::too_long(frame.size(), options_.limit_));
    const std::size_t skip = options_.skip();
    const std::size_t kept = options_.head() - std::min(options_.head(), skip);
    if (frame.size() < kept)
        return std::unexpected(FrameError::invalid_argument("frame of " + std::to_string(frame.size()) +
                                                            " bytes is shorter than the " +
                                                            std::to_string(kept) + " bytes of its head"));
    const std::int64_t adjustment = options_.adjustment_;
    const std::uint64_t size = frame.size();
    const std::uint64_t largest = largest_in(options_.width_);
    const bool fits = adjustment < 0 ? size_of_negative(adjustment) <= largest &&
                                           size <= largest - size_of_negative(adjustment)
                                     : size >= static_cast<std::uint64_t>(adjustment) &&
                                           size - static_cast<std::uint64_t>(adjustment) <= largest;
    if (!fits)
        return std::unexpected(FrameError::invalid_argument("frame of " + adjusted(size, adjustment) +
                                                            " does not fit a length field of " +
                                                            std::to_string(options_.width_) + " bytes"));
    const std::uint64_t field = size - static_cast<std::uint64_t>(adjustment); // modulo 2^64, and it fits

    const std::size_t begin = into.size();
    const auto source = into.reserve(skip + frame.size(), frame);
    into.put_zeros(skip);
    into.put(frame);
    detail::write_integer(into.bytes().subspan(begin + options_.offset_, options_.width_), field,
                          options_.endian_);
    return {};
}

} // namespace rouse::codec
