// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/codec/lines_codec.hpp"

#include "rouse/io/buf_read.hpp"

#include <algorithm>

namespace rouse::detail {

codec::FrameError DelimiterScan::too_long(std::size_t size, bool whole, const char* what) const {
    if (whole) return codec::FrameError::too_long(size, limit_, what);
    return codec::FrameError(make_error_code(IoError::too_long),
                             std::string(what) + " is over the limit of " + std::to_string(limit_) +
                                 " bytes: " + std::to_string(size) + " came, and no end of it");
}

} // namespace rouse::detail

namespace rouse::codec {
namespace {

std::string line_of(const BytesMut& bytes) {
    std::string_view text = bytes.text();
    if (text.ends_with('\r')) text.remove_suffix(1);
    return std::string(text);
}

} // namespace

FrameResult<std::optional<std::string>> LinesCodec::decode(BytesMut& from) {
    auto line = scan_.next(from, "line",
                           [](io::ConstBytes bytes) { return detail::find_byte(bytes, std::byte('\n')); });
    if (!line) return std::unexpected(std::move(line.error()));
    if (!*line) return std::nullopt;
    return line_of(**line);
}
FrameResult<std::optional<std::string>> LinesCodec::decode_eof(BytesMut& from) {
    auto line = decode(from);
    if (!line) scan_.forget();
    if (!line || *line) return line;
    const auto last = scan_.last(from);
    if (!last) return std::nullopt;
    return std::string(last->text());
}
FrameResult<> LinesCodec::encode(std::string_view line, BytesMut& into) {
    const auto source = into.reserve(line.size() + 1, io::bytes(line));
    into.put(line);
    into.put("\n");
    return {};
}

AnyDelimiterCodec::AnyDelimiterCodec(std::string_view delimiters, std::string sequence,
                                     std::size_t max_length)
    : scan_(max_length), sequence_(std::move(sequence)) {
    for (const char one : delimiters) delimiters_.set(static_cast<unsigned char>(one));
}
FrameResult<std::optional<BytesMut>> AnyDelimiterCodec::decode(BytesMut& from) {
    return scan_.next(from, "chunk", [this](io::ConstBytes bytes) {
        const auto at = std::find_if(bytes.begin(), bytes.end(), [this](std::byte one) {
            return delimiters_.test(std::to_integer<std::size_t>(one));
        });
        return static_cast<std::size_t>(at - bytes.begin());
    });
}
FrameResult<std::optional<BytesMut>> AnyDelimiterCodec::decode_eof(BytesMut& from) {
    auto chunk = decode(from);
    if (!chunk) scan_.forget();
    if (!chunk || *chunk) return chunk;
    return scan_.last(from);
}
FrameResult<> AnyDelimiterCodec::encode(std::string_view chunk, BytesMut& into) {
    into.put(chunk);
    into.put(sequence_);
    return {};
}

} // namespace rouse::codec
