// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/base/text.hpp"

#include <iterator>

namespace rouse::detail {

Text& Text::operator<<(std::string_view words) {
    text_.append(words.data(), words.size());
    return *this;
}

Text& Text::operator<<(const char* words) { return *this << std::string_view(words); }

// std::to_string has a table of all pairs of digits, for speed.
Text& Text::add(std::uint64_t number) {
    char digits[20];
    char* first = std::end(digits);
    do {
        *--first = static_cast<char>('0' + number % 10);
        number /= 10;
    } while (number != 0);
    return *this << std::string_view(first, static_cast<std::size_t>(std::end(digits) - first));
}

Text& Text::spaces(std::size_t count) {
    for (; count != 0; --count) *this << " ";
    return *this;
}

} // namespace rouse::detail
