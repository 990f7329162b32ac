// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace rouse::detail {

/// Writes words and numbers one behind the other: what reports are made with. Each `<<` is a call and no
/// temporary string, for on the web every report is carried by every module.
class Text {
public:
    Text() = default;
    explicit Text(std::string_view words) : text_(words) {}

    Text& operator<<(std::string_view words);
    Text& operator<<(const char* words);
    Text& operator<<(std::integral auto number) {
        static_assert(!std::same_as<decltype(number), char> && !std::same_as<decltype(number), bool>);
        return add(static_cast<std::uint64_t>(number));
    }
    Text& spaces(std::size_t count);

    [[nodiscard]] std::string take() && { return std::move(text_); }
    [[nodiscard]] std::string_view view() const noexcept { return text_; }

private:
    Text& add(std::uint64_t number);
    std::string text_;
};

} // namespace rouse::detail
