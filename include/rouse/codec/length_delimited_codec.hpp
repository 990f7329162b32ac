// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/codec/framed.hpp"

#include <bit>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace rouse::codec {

class LengthDelimitedCodec;

/// How long the frames of a LengthDelimitedCodec are, and where that stands. Each function returns the
/// builder.
///
/// On the wire a frame begins with a head: `length_field_offset` bytes, then the length field. The decoder
/// drops the first `num_skip` bytes, by default the head; the frame is as many of the bytes after those as
/// **the length field plus `length_adjustment`** says. So where the head is kept (`num_skip(0)`), or a part
/// of it, it has to be counted: by the peer in the length field, or here in the adjustment.
///
/// ```text
///     00 0B | Hello world                  length_field_length(2)
///           -> Hello world
///     00 0D | Hello world                  the length counts the head:
///           -> Hello world                     length_field_length(2).length_adjustment(-2)
///     00 0B | Hello world                  the head is kept:
///     -> 00 0B Hello world                     length_field_length(2).length_adjustment(2).num_skip(0)
///     CA | 00 0B | FE | Hello world        a byte before the length, and one after that it does not count:
///                  -> FE Hello world           length_field_offset(1).length_field_length(2)
///                                              .length_adjustment(1)
/// ```
class LengthDelimitedBuilder {
public:
    LengthDelimitedBuilder() noexcept = default;

    /// How many bytes come before the length field: 0.
    LengthDelimitedBuilder& length_field_offset(std::size_t bytes) noexcept {
        offset_ = bytes;
        return *this;
    }
    /// How many bytes it has, 1 to 8: 4. Others stop the program.
    LengthDelimitedBuilder& length_field_length(std::size_t bytes);
    /// As many as a `T` has: `length_field_type<std::uint16_t>()`.
    template <class T>
    LengthDelimitedBuilder& length_field_type() {
        return length_field_length(sizeof(T));
    }
    /// What is added to the length: 0.
    LengthDelimitedBuilder& length_adjustment(std::int64_t bytes) noexcept {
        adjustment_ = bytes;
        return *this;
    }
    /// How many bytes the decoder drops before it takes the frame: those of the head.
    LengthDelimitedBuilder& num_skip(std::size_t bytes) noexcept {
        skip_ = bytes;
        return *this;
    }
    LengthDelimitedBuilder& big_endian() noexcept { return endian(std::endian::big); }
    LengthDelimitedBuilder& little_endian() noexcept { return endian(std::endian::little); }
    LengthDelimitedBuilder& endian(std::endian order) noexcept {
        endian_ = order;
        return *this;
    }
    /// How long a frame may be, after the adjustment: 8 MiB.
    LengthDelimitedBuilder& max_frame_length(std::size_t bytes) noexcept {
        limit_ = bytes;
        return *this;
    }

    [[nodiscard]] LengthDelimitedCodec new_codec() const noexcept;
    template <class S>
    [[nodiscard]] auto new_framed(S stream) const;
    template <class S>
    [[nodiscard]] auto new_read(S stream) const;
    template <class S>
    [[nodiscard]] auto new_write(S stream) const;

private:
    friend class LengthDelimitedCodec;
    [[nodiscard]] std::size_t head() const noexcept { return offset_ + width_; }
    [[nodiscard]] std::size_t skip() const noexcept { return skip_.value_or(head()); }

    std::size_t offset_ = 0;
    std::size_t width_ = 4;
    std::int64_t adjustment_ = 0;
    std::optional<std::size_t> skip_;
    std::size_t limit_ = 8u << 20;
    std::endian endian_ = std::endian::big;
};

/// Frames with their length before them: any bytes. See LengthDelimitedBuilder for all that can be chosen.
///
/// Errors of `decode`: `IoError::too_long` where the length is over the limit, as soon as it is known;
/// `std::errc::bad_message` where it is less than what it must count; `IoError::unexpected_end` where the
/// stream ends inside a frame. The stream of frames is over then. Memory: what came of a frame, however long
/// its head says that it is.
///
/// `encode` is the opposite of `decode`: what that drops is zeros but for the length field; what it keeps of
/// the head is taken from the item, and the length field filled in. Errors: `IoError::too_long`;
/// `std::errc::invalid_argument` where the length does not fit its field, or the item is shorter than what is
/// kept of the head.
///
/// ```cpp
/// auto frames = rouse::codec::LengthDelimitedCodec::builder().little_endian().new_framed(std::move(stream));
/// rouse::or_throw(co_await frames.send("hello"));
/// ```
class LengthDelimitedCodec {
public:
    using Item = BytesMut;

    /// Four bytes of length, the most significant first.
    LengthDelimitedCodec() noexcept = default;
    explicit LengthDelimitedCodec(const LengthDelimitedBuilder& options) noexcept : options_(options) {}
    [[nodiscard]] static LengthDelimitedBuilder builder() noexcept { return {}; }

    FrameResult<std::optional<BytesMut>> decode(BytesMut& from);
    FrameResult<std::optional<BytesMut>> decode_eof(BytesMut& from);
    FrameResult<> encode(io::ConstBytes frame, BytesMut& into);
    FrameResult<> encode(std::string_view frame, BytesMut& into) { return encode(io::bytes(frame), into); }

    [[nodiscard]] std::size_t max_frame_length() const noexcept { return options_.limit_; }
    /// Of the frames whose head has not been decoded.
    void set_max_frame_length(std::size_t bytes) noexcept { options_.limit_ = bytes; }

private:
    FrameResult<std::size_t> length_of(io::ConstBytes head) const;
    [[nodiscard]] std::size_t needed_head() const noexcept;

    LengthDelimitedBuilder options_;
    std::optional<std::size_t> length_; // of the frame whose head has been dropped
};

inline LengthDelimitedCodec LengthDelimitedBuilder::new_codec() const noexcept {
    return LengthDelimitedCodec(*this);
}
template <class S>
auto LengthDelimitedBuilder::new_framed(S stream) const {
    return Framed<S, LengthDelimitedCodec>(std::move(stream), new_codec());
}
template <class S>
auto LengthDelimitedBuilder::new_read(S stream) const {
    return FramedRead<S, LengthDelimitedCodec>(std::move(stream), new_codec());
}
template <class S>
auto LengthDelimitedBuilder::new_write(S stream) const {
    return FramedWrite<S, LengthDelimitedCodec>(std::move(stream), new_codec());
}

} // namespace rouse::codec
