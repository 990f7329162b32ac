// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <bit>
#include <cstdint>
#include <source_location>

namespace rouse {

/// A place in the source. `std::source_location` already is one pointer on our compilers; a default-made one
/// is "nowhere". Take it as a defaulted argument: `SourceLocation where = std::source_location::current()`.
/// (It has no `current()` of its own: as a default argument GCC 12 would give the place of the declaration.)
class SourceLocation {
public:
    constexpr SourceLocation() noexcept = default;
    constexpr SourceLocation(std::source_location where) noexcept : where_(where) {}

    [[nodiscard]] constexpr const char* file_name() const noexcept { return where_.file_name(); }
    [[nodiscard]] constexpr const char* function_name() const noexcept { return where_.function_name(); }
    [[nodiscard]] constexpr std::uint32_t line() const noexcept { return where_.line(); }
    [[nodiscard]] constexpr std::uint32_t column() const noexcept { return where_.column(); }
    /// False for "nowhere".
    [[nodiscard]] constexpr explicit operator bool() const noexcept { return where_.line() != 0; }

private:
    std::source_location where_;
};

static_assert(sizeof(SourceLocation) == sizeof(void*), "each promise keeps one of these");

namespace detail {
/// A place as a number, for those who keep it in a word with other things.
[[nodiscard]] inline std::uintptr_t place_to_bits(SourceLocation where) noexcept {
    return std::bit_cast<std::uintptr_t>(where);
}
[[nodiscard]] inline SourceLocation place_of_bits(std::uintptr_t bits) noexcept {
    return std::bit_cast<SourceLocation>(bits);
}
} // namespace detail

} // namespace rouse
