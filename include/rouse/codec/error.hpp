// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/io/result.hpp"

#include <cstdint>
#include <expected>
#include <string>
#include <system_error>
#include <utility>

namespace rouse::codec {

/// Why there is no frame, or none was sent: a code for the program, and a text for whoever reads of it.
///
///   `IoError::too_long`         a frame is over the limit; `std::errc::message_size`
///   `IoError::unexpected_end`   the stream ended inside a frame
///   `std::errc::bad_message`    what came is no frame of this codec
///   `std::errc::invalid_argument`   what is to be sent is none
///   any other                   an error of the stream
class FrameError {
public:
    /// An error of the stream. Its text is the code's.
    FrameError(std::error_code code) noexcept : code_(code) {}
    FrameError(std::error_code code, std::string text) noexcept : code_(code), text_(std::move(text)) {}

    /// "frame of 70000 bytes is over the limit of 65536".
    [[nodiscard]] static FrameError too_long(std::uint64_t size, std::uint64_t limit,
                                             const char* what = "frame");
    /// "stream ended inside a frame: 3 of 10 bytes". `whole` 0: nobody knows how many they are.
    [[nodiscard]] static FrameError truncated(std::uint64_t size, std::uint64_t whole,
                                              const char* what = "a frame");
    [[nodiscard]] static FrameError bad_message(std::string text);
    [[nodiscard]] static FrameError invalid_argument(std::string text);

    [[nodiscard]] const std::error_code& code() const noexcept { return code_; }
    /// What happened, with the sizes.
    [[nodiscard]] std::string message() const { return text_.empty() ? code_.message() : text_; }

    friend bool operator==(const FrameError& a, const FrameError& b) noexcept {
        return a.code_ == b.code_ && a.text_ == b.text_;
    }
    friend bool operator==(const FrameError& a, const std::error_code& b) noexcept { return a.code_ == b; }
    friend bool operator==(const FrameError& a, IoError b) noexcept { return a.code_ == make_error_code(b); }
    friend bool operator==(const FrameError& a, std::errc b) noexcept { return a.code_ == b; }

private:
    std::error_code code_;
    std::string text_;
};

template <class T = void>
using FrameResult = std::expected<T, FrameError>;

} // namespace rouse::codec

namespace rouse {

namespace detail {
[[noreturn]] void throw_frame_error(const codec::FrameError& error);
} // namespace detail

/// The value; throws `std::system_error`, with the text, where there is none.
template <class T>
T or_throw(codec::FrameResult<T> result) {
    if (!result) detail::throw_frame_error(result.error());
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

} // namespace rouse
