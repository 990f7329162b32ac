// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/codec/bytes_mut.hpp"
#include "rouse/codec/error.hpp"

#include <concepts>
#include <optional>
#include <utility>

namespace rouse::codec {

/// Makes frames of bytes. `decode(from)` takes the next frame out of the front of `from`; nothing: there is
/// none yet, and it is called again when there are more bytes. It may take bytes out without a frame (and has
/// to, where they would else become too many), and remember what it has seen.
///
/// An error says that the stream is broken: it is handed on, and then the stream of frames is over. A decoder
/// that can go on with the next frame has `bool resumes() const`, which says so.
///
/// It may have `decode_eof(from)`, which is called instead of `decode` when no more bytes will come, until it
/// gives nothing or an error. Without one, bytes that are left then are an error.
///
/// ```cpp
/// class Pairs { // of bytes
/// public:
///     using Item = std::pair<std::byte, std::byte>;
///     FrameResult<std::optional<Item>> decode(BytesMut& from) {
///         if (from.size() < 2) return std::nullopt;
///         const Item pair(from[0], from[1]);
///         from.advance(2);
///         return pair;
///     }
/// };
/// ```
template <class D>
concept Decoder = requires(D& decoder, BytesMut& from) {
    typename D::Item;
    { decoder.decode(from) } -> std::same_as<FrameResult<std::optional<typename D::Item>>>;
};

/// Makes bytes of a `T`: `encode(item, into)` puts them behind what is there. After an error, and when it has
/// thrown, what it has put is taken back.
template <class E, class T>
concept Encoder = requires(E& encoder, T&& item, BytesMut& into) {
    { encoder.encode(std::forward<T>(item), into) } -> std::same_as<FrameResult<>>;
};

} // namespace rouse::codec
