// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

/// What readable.cpp is made of, and what differs between systems.
namespace rouse::detail {

inline constexpr std::size_t nowhere = std::string_view::npos;

/// The bracket, of any kind, that the one at `open` closes with.
[[nodiscard]] std::size_t close_of(std::string_view text, std::size_t open) noexcept;
[[nodiscard]] std::size_t open_of(std::string_view text, std::size_t close) noexcept;
/// Where the qualified name that ends before `end` begins.
[[nodiscard]] std::size_t name_before(std::string_view text, std::size_t end) noexcept;
/// The parameter list: the last parenthesis that is in no other bracket.
[[nodiscard]] std::size_t parameters_of(std::string_view text) noexcept;

/// `from`, where it begins and ends as a word, becomes `to`; and if it leaves a bracket open, all up to the
/// bracket that closes that one does.
class Change {
public:
    constexpr Change(std::string_view from, std::string_view to) noexcept
        : from(from), to(to), open(from.find_last_of("(<")) {
        if (open != nowhere && from.find_first_of(")>", open) != nowhere) open = nowhere;
    }
    std::string_view from;
    std::string_view to;
    std::size_t open; // in `from`
};
/// Until there is nothing to be changed any more. Of two changes in one place the first of the list is made.
[[nodiscard]] std::string changed(std::string_view text, std::span<const Change> changes);

/// A name as clang would have written it, in the main.
[[nodiscard]] std::string without_gcc(std::string_view text);

/// The path from the current directory, if the file is below it.
[[nodiscard]] std::string_view path_from_here(std::string_view file) noexcept;

} // namespace rouse::detail
