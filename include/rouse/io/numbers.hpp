// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/io/read.hpp"
#include "rouse/io/write.hpp"

#include <array>
#include <bit>
#include <concepts>
#include <cstdint>
#include <type_traits>

namespace rouse::detail {

/// The integer that `bytes` are, at most eight.
template <class T>
[[nodiscard]] T read_integer(io::ConstBytes bytes, std::endian endian) noexcept {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const std::byte one = bytes[endian == std::endian::big ? i : bytes.size() - 1 - i];
        value = value << 8 | std::to_integer<std::uint64_t>(one);
    }
    return static_cast<T>(value);
}
inline void write_integer(io::Bytes room, std::uint64_t value, std::endian endian) noexcept {
    for (std::size_t i = 0; i < room.size(); ++i, value >>= 8)
        room[endian == std::endian::little ? i : room.size() - 1 - i] = static_cast<std::byte>(value);
}

template <class S, class T>
class [[nodiscard]] ReadInteger {
public:
    using Output = Result<T>;
    ReadInteger(S& stream, std::endian endian) noexcept : reading_(stream), endian_(endian) {}
    Poll<Output> poll(Context& cx) {
        while (filled_ < sizeof(T)) {
            auto poll = reading_.poll(cx, io::Bytes(bytes_).subspan(filled_));
            if (poll.is_pending()) return Pending;
            const auto& count = poll.value();
            if (!count) return Poll<Output>(std::in_place, std::unexpect, count.error());
            if (*count == 0)
                return Poll<Output>(std::in_place, std::unexpect, make_error_code(IoError::unexpected_end));
            filled_ += *count;
        }
        return Poll<Output>(std::in_place, read_integer<T>(bytes_, endian_));
    }
    void inspect(Inspector& to) const { reading_.inspect(to); }

private:
    Reading<S> reading_;
    std::array<std::byte, sizeof(T)> bytes_;
    std::size_t filled_ = 0;
    std::endian endian_;
};

template <class S, class T>
class [[nodiscard]] WriteInteger {
public:
    using Output = Result<>;
    WriteInteger(S& stream, T value, std::endian endian) noexcept : writing_(stream) {
        write_integer(bytes_, static_cast<std::uint64_t>(value), endian);
    }
    Poll<Output> poll(Context& cx) {
        while (written_ < sizeof(T)) {
            auto poll = writing_.poll(cx, io::ConstBytes(bytes_).subspan(written_));
            if (poll.is_pending()) return Pending;
            const auto& count = poll.value();
            if (!count) return Poll<Output>(std::in_place, std::unexpect, count.error());
            if (*count == 0)
                return Poll<Output>(std::in_place, std::unexpect, make_error_code(IoError::write_zero));
            written_ += *count;
        }
        return Poll<Output>(std::in_place);
    }
    void inspect(Inspector& to) const { writing_.inspect(to); }

private:
    Writing<S> writing_;
    std::array<std::byte, sizeof(T)> bytes_;
    std::size_t written_ = 0;
};

} // namespace rouse::detail

namespace rouse::io {

// Integers as bytes, the most significant first; those in _le the least significant first. The stream
// outlives the future. Wake, thread, errors: as the stream's. For a stream with a buffer: each of these is a
// read or a write of its own.

/// Any integer: `co_await read_int<std::int16_t>(stream)`. Errors: `IoError::unexpected_end` too. Cancel:
/// destroy it; what it has read is lost.
template <std::integral T, AsyncRead S>
[[nodiscard]] auto read_int(S& stream) {
    return detail::ReadInteger<S, T>(stream, std::endian::big);
}
template <std::integral T, AsyncRead S>
[[nodiscard]] auto read_int_le(S& stream) {
    return detail::ReadInteger<S, T>(stream, std::endian::little);
}
/// `write_int(stream, std::int16_t(-1))`. Errors: `IoError::write_zero` too. Cancel: destroy it; some of the
/// bytes may have been written.
template <std::integral T, AsyncWrite S>
[[nodiscard]] auto write_int(S& stream, T value) {
    return detail::WriteInteger<S, T>(stream, value, std::endian::big);
}
template <std::integral T, AsyncWrite S>
[[nodiscard]] auto write_int_le(S& stream, T value) {
    return detail::WriteInteger<S, T>(stream, value, std::endian::little);
}

template <AsyncRead S>
[[nodiscard]] auto read_u8(S& stream) {
    return read_int<std::uint8_t>(stream);
}
template <AsyncRead S>
[[nodiscard]] auto read_u16(S& stream) {
    return read_int<std::uint16_t>(stream);
}
template <AsyncRead S>
[[nodiscard]] auto read_u32(S& stream) {
    return read_int<std::uint32_t>(stream);
}
template <AsyncRead S>
[[nodiscard]] auto read_u64(S& stream) {
    return read_int<std::uint64_t>(stream);
}
template <AsyncRead S>
[[nodiscard]] auto read_u16_le(S& stream) {
    return read_int_le<std::uint16_t>(stream);
}
template <AsyncRead S>
[[nodiscard]] auto read_u32_le(S& stream) {
    return read_int_le<std::uint32_t>(stream);
}
template <AsyncRead S>
[[nodiscard]] auto read_u64_le(S& stream) {
    return read_int_le<std::uint64_t>(stream);
}
template <AsyncWrite S>
[[nodiscard]] auto write_u8(S& stream, std::uint8_t value) {
    return write_int(stream, value);
}
template <AsyncWrite S>
[[nodiscard]] auto write_u16(S& stream, std::uint16_t value) {
    return write_int(stream, value);
}
template <AsyncWrite S>
[[nodiscard]] auto write_u32(S& stream, std::uint32_t value) {
    return write_int(stream, value);
}
template <AsyncWrite S>
[[nodiscard]] auto write_u64(S& stream, std::uint64_t value) {
    return write_int(stream, value);
}
template <AsyncWrite S>
[[nodiscard]] auto write_u16_le(S& stream, std::uint16_t value) {
    return write_int_le(stream, value);
}
template <AsyncWrite S>
[[nodiscard]] auto write_u32_le(S& stream, std::uint32_t value) {
    return write_int_le(stream, value);
}
template <AsyncWrite S>
[[nodiscard]] auto write_u64_le(S& stream, std::uint64_t value) {
    return write_int_le(stream, value);
}

} // namespace rouse::io
