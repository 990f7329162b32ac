// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace rouse::io {

/// Bytes to be written: lent until the future that got them has completed or is destroyed.
using ConstBytes = std::span<const std::byte>;
/// Room for bytes, lent in the same way.
using Bytes = std::span<std::byte>;

/// The bytes of a text.
[[nodiscard]] inline ConstBytes bytes(std::string_view text) noexcept {
    return std::as_bytes(std::span(text.data(), text.size()));
}
/// The room that a text has, as bytes.
[[nodiscard]] inline Bytes room(std::string& text) noexcept {
    return std::as_writable_bytes(std::span(text.data(), text.size()));
}
/// The same of a `std::array<char, N>`, a `std::vector<char>`, or a part of one.
[[nodiscard]] inline Bytes room(std::span<char> chars) noexcept { return std::as_writable_bytes(chars); }
/// Bytes as a text, without a copy.
[[nodiscard]] inline std::string_view text(ConstBytes bytes) noexcept {
    return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

} // namespace rouse::io
