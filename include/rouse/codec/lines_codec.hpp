// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/codec/codec.hpp"

#include <bitset>
#include <limits>
#include <string>
#include <string_view>

namespace rouse::detail {

/// Looks for the next delimiter, each byte once, and skips what is too long.
class DelimiterScan {
public:
    explicit DelimiterScan(std::size_t limit) noexcept : limit_(limit) {}

    /// `find(bytes)` gives the position of the first delimiter, or their size. What lies before it, which is
    /// taken out with it; or nothing yet. `what` it is, for the error.
    template <class Find>
    codec::FrameResult<std::optional<codec::BytesMut>> next(codec::BytesMut& from, const char* what,
                                                            Find find) {
        if (seen_ > from.size()) seen_ = 0; // it was another buffer
        for (;;) {
            const std::size_t at = seen_ + find(from.bytes().subspan(seen_));
            const bool found = at < from.size();
            if (skips_) {
                from.advance(found ? at + 1 : at);
                seen_ = 0;
                if (!found) return std::nullopt;
                skips_ = false;
            } else if (at > limit_) {
                // It is over once more than the limit has come; what belongs to it is skipped, here or as it
                // comes.
                from.advance(found ? at + 1 : at);
                seen_ = 0;
                skips_ = !found;
                return std::unexpected(too_long(at, found, what));
            } else if (found) {
                seen_ = 0;
                auto frame = from.split_to(at);
                from.advance(1);
                return frame;
            } else {
                seen_ = at;
                return std::nullopt;
            }
        }
    }
    /// No more bytes will come: what is left, if anything is.
    std::optional<codec::BytesMut> last(codec::BytesMut& from) {
        forget();
        if (from.empty()) return std::nullopt;
        return from.split();
    }
    /// What comes now belongs to nothing that came before.
    void forget() noexcept {
        seen_ = 0;
        skips_ = false;
    }
    [[nodiscard]] std::size_t limit() const noexcept { return limit_; }

private:
    [[nodiscard]] codec::FrameError too_long(std::size_t size, bool whole, const char* what) const;

    std::size_t limit_;
    std::size_t seen_ = 0; // so many have no delimiter among them
    bool skips_ = false;
};

} // namespace rouse::detail

namespace rouse::codec {

inline constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

/// Lines. Decoded, they are without their "\n" or "\r\n"; the last one needs none. Encoded, they get "\n".
///
/// One of more than `max_length` bytes is an error (`IoError::too_long`), once, as soon as that is known; the
/// rest of it is skipped, and the next line is the next item. Without a limit a peer who sends no newline
/// fills the memory. (A "\r" before the newline counts.) The bytes may be any; they are not checked to be
/// UTF-8.
class LinesCodec {
public:
    using Item = std::string;

    /// Without a limit.
    LinesCodec() noexcept = default;
    explicit LinesCodec(std::size_t max_length) noexcept : scan_(max_length) {}
    [[nodiscard]] static LinesCodec with_max_length(std::size_t max_length) noexcept {
        return LinesCodec(max_length);
    }
    [[nodiscard]] std::size_t max_length() const noexcept { return scan_.limit(); }

    FrameResult<std::optional<std::string>> decode(BytesMut& from);
    FrameResult<std::optional<std::string>> decode_eof(BytesMut& from);
    FrameResult<> encode(std::string_view line, BytesMut& into);
    [[nodiscard]] bool resumes() const noexcept { return true; }

private:
    detail::DelimiterScan scan_{no_limit};
};

/// What lies between any of some bytes, as LinesCodec does lines. Encoded, an item gets `sequence` behind it.
class AnyDelimiterCodec {
public:
    using Item = BytesMut;

    explicit AnyDelimiterCodec(std::string_view delimiters = ",;\n\r", std::string sequence = ",",
                               std::size_t max_length = no_limit);
    [[nodiscard]] std::size_t max_length() const noexcept { return scan_.limit(); }

    FrameResult<std::optional<BytesMut>> decode(BytesMut& from);
    FrameResult<std::optional<BytesMut>> decode_eof(BytesMut& from);
    FrameResult<> encode(std::string_view chunk, BytesMut& into);
    [[nodiscard]] bool resumes() const noexcept { return true; }

private:
    detail::DelimiterScan scan_;
    std::bitset<256> delimiters_;
    std::string sequence_;
};

/// Bytes as they come, and as they are.
class BytesCodec {
public:
    using Item = BytesMut;

    BytesCodec() noexcept = default;
    FrameResult<std::optional<BytesMut>> decode(BytesMut& from) {
        if (from.empty()) return std::nullopt;
        return from.split();
    }
    FrameResult<> encode(io::ConstBytes bytes, BytesMut& into) {
        into.put(bytes);
        return {};
    }
    FrameResult<> encode(std::string_view text, BytesMut& into) { return encode(io::bytes(text), into); }
};

} // namespace rouse::codec
