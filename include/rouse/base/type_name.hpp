// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <string_view>

namespace rouse {

namespace detail {
template <class T>
constexpr std::string_view find_type_name() noexcept {
    // clang: "std::string_view rouse::detail::find_type_name() [T = X]"; GCC: "constexpr std::string_view
    // rouse::detail::find_type_name() [with T = X; ...]".
    std::string_view text = __PRETTY_FUNCTION__;
    constexpr std::string_view key = "T = ";
    text.remove_prefix(text.find(key) + key.size());
    int depth = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '<' || c == '(' || c == '[' || c == '{') ++depth;
        if (depth == 0 && (c == ';' || c == ']')) return text.substr(0, i);
        if (c == '>' || c == ')' || c == ']' || c == '}') --depth;
    }
    return text;
}
template <class T>
inline constexpr std::string_view found_type_name = find_type_name<T>();
} // namespace detail

/// The name of `T` as the compiler spells it, for messages. Lives for the whole program.
template <class T>
[[nodiscard]] constexpr std::string_view type_name() noexcept {
    return detail::found_type_name<T>;
}

} // namespace rouse
