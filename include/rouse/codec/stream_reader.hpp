// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/codec/bytes.hpp"
#include "rouse/codec/error.hpp"
#include "rouse/io/read.hpp"
#include "rouse/io/write.hpp"
#include "rouse/stream/sink.hpp"
#include "rouse/stream/stream.hpp"

#include <algorithm>
#include <cstring>
#include <expected>
#include <optional>
#include <utility>

namespace rouse::detail {

template <class Error>
std::error_code code_of(const Error& error) noexcept {
    if constexpr (std::is_convertible_v<const Error&, std::error_code>) return error;
    else if constexpr (requires {
                           { error.code() } -> std::convertible_to<std::error_code>;
                       })
        return error.code();
    else return make_error_code(std::errc::broken_pipe); // of a channel, say
}

/// A piece of a stream of bytes, and whether it came as a `std::expected`.
template <class Item>
struct ChunkOf {
    using type = std::remove_cvref_t<Item>;
    static constexpr bool may_fail = false;
};
template <class T, class E>
struct ChunkOf<std::expected<T, E>> {
    using type = T;
    static constexpr bool may_fail = true;
};

} // namespace rouse::detail

namespace rouse::codec {

/// Reads the pieces that a stream gives, one after the other: an AsyncRead and AsyncBufRead. The items are
/// `Bytes`, or anything else that has `bytes()` or is a range of bytes in one piece; or a `std::expected` of
/// that, whose error is the read's (its code; without one, `std::errc::broken_pipe`). Empty pieces are passed
/// over; of references, copies are read. It owns the stream.
/// Wake: as the stream. Cancel: a read that is dropped has taken nothing. Memory: one piece.
///
/// ```cpp
/// codec::StreamReader body(std::move(chunks));
/// auto text = co_await io::read_to_string(body);
/// ```
template <Stream S>
class StreamReader {
    using Item = std::remove_cvref_t<ItemOf<S>>;
    using Chunk = detail::ChunkOf<Item>::type;

public:
    explicit StreamReader(S stream) : stream_(std::move(stream)) {}

    Poll<Result<std::size_t>> poll_read(Context& cx, io::Bytes room) {
        if (room.empty()) return Poll<Result<std::size_t>>(std::in_place, std::size_t(0));
        auto filled = poll_fill_buf(cx);
        if (filled.is_pending()) return Pending;
        if (!filled.value())
            return Poll<Result<std::size_t>>(std::in_place, std::unexpect, filled.value().error());
        const io::ConstBytes from = *filled.value();
        const std::size_t count = std::min(from.size(), room.size());
        if (count != 0) std::memcpy(room.data(), from.data(), count);
        consume(count);
        return Poll<Result<std::size_t>>(std::in_place, count);
    }
    Poll<Result<io::ConstBytes>> poll_fill_buf(Context& cx) {
        using Filled = Poll<Result<io::ConstBytes>>;
        detail::LoopBudget budget;
        while (rest().empty()) {
            chunk_.reset();
            taken_ = 0;
            if (over_) return Filled(std::in_place, io::ConstBytes());
            auto next = stream_.poll_next(cx);
            if (next.is_pending()) return Pending;
            if (!next.value()) {
                over_ = true;
            } else if constexpr (detail::ChunkOf<Item>::may_fail) {
                auto& item = *next.value();
                if (!item) return Filled(std::in_place, std::unexpect, detail::code_of(item.error()));
                chunk_.emplace(*std::forward<ItemOf<S>>(item));
            } else {
                chunk_.emplace(std::forward<ItemOf<S>>(*next.value()));
            }
            if (rest().empty() && !over_ && !budget.spend(cx)) return Pending;
        }
        return Filled(std::in_place, rest());
    }
    void consume(std::size_t count) noexcept { taken_ += count; }
    void cancel_read() noexcept { detail::cancel_next(stream_); }
    void inspect(Inspector& to, io::Interest) const { detail::inspect_future(stream_, to); }
    [[nodiscard]] S& stream() noexcept { return stream_; }
    /// What is left of the piece that was begun is lost.
    [[nodiscard]] S into_inner() && { return std::move(stream_); }

private:
    [[nodiscard]] io::ConstBytes rest() const noexcept {
        if (!chunk_) return {};
        if constexpr (requires {
                          { chunk_->bytes() } -> std::convertible_to<io::ConstBytes>;
                      })
            return io::ConstBytes(chunk_->bytes()).subspan(taken_);
        else return std::as_bytes(std::span(*chunk_)).subspan(taken_);
    }
    S stream_;
    std::optional<Chunk> chunk_;
    std::size_t taken_ = 0; // of it
    bool over_ = false;
};

/// Writes each piece as an item to a sink: an AsyncWrite. A write is one item, a copy of its bytes as `Chunk`
/// (`Bytes`, or a `std::vector<std::byte>`, a `std::string`), or of the first 64 KiB. The sink's error is the
/// write's, by its code; one without a code is `std::errc::broken_pipe`. It owns the sink.
/// Wake, cancel: as the sink. Memory: one piece, beside what the sink keeps.
template <class K, class Chunk = Bytes>
    requires Sink<K, Chunk>
class SinkWriter {
public:
    explicit SinkWriter(K to) : to_(std::move(to)) {}

    Poll<Result<std::size_t>> poll_write(Context& cx, io::ConstBytes bytes) {
        using Written = Poll<Result<std::size_t>>;
        if (bytes.empty()) return Written(std::in_place, std::size_t(0));
        auto ready = to_.poll_ready(cx);
        if (ready.is_pending()) return Pending;
        if (!ready.value())
            return Written(std::in_place, std::unexpect, detail::code_of(ready.value().error()));
        const io::ConstBytes piece = bytes.first(std::min<std::size_t>(bytes.size(), 65536));
        if (auto sent = to_.start_send(chunk(piece)); !sent)
            return Written(std::in_place, std::unexpect, detail::code_of(sent.error()));
        return Written(std::in_place, piece.size());
    }
    Poll<Result<>> poll_flush(Context& cx) { return result_of(to_.poll_flush(cx)); }
    Poll<Result<>> poll_shutdown(Context& cx) { return result_of(to_.poll_close(cx)); }
    void inspect(Inspector& to, io::Interest) const { detail::inspect_future(to_, to); }
    [[nodiscard]] K& sink() noexcept { return to_; }
    [[nodiscard]] K into_inner() && { return std::move(to_); }

private:
    static Chunk chunk(io::ConstBytes bytes) {
        if constexpr (requires { Chunk::copy_of(bytes); }) {
            return Chunk::copy_of(bytes);
        } else {
            using Unit = Chunk::value_type;
            static_assert(sizeof(Unit) == 1, "the pieces of a SinkWriter are bytes");
            const auto* const first = reinterpret_cast<const Unit*>(bytes.data());
            return Chunk(first, first + bytes.size());
        }
    }
    static Poll<Result<>> result_of(const Poll<std::expected<void, typename K::Error>>& poll) {
        if (poll.is_pending()) return Pending;
        if (!poll.value())
            return Poll<Result<>>(std::in_place, std::unexpect, detail::code_of(poll.value().error()));
        return Poll<Result<>>(std::in_place);
    }
    K to_;
};

} // namespace rouse::codec
