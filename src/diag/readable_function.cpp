// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/diag/reports.hpp"

#include <string_view>

namespace rouse {
namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
        text.replace(at, from.size(), to);
}

/// GCC names a coroutine by the function that resumes it: `void work(work(int)::_Z4worki.Frame*)`. The
/// signature is in the parameter, up to the frame's name.
std::string undo_gcc_frame(std::string text) {
    const std::size_t frame = text.find(".Frame*)");
    if (frame == std::string::npos) return text;
    const std::size_t mangled = text.rfind("::", frame);
    const std::size_t open = text.find('(');
    if (mangled == std::string::npos || open == std::string::npos || open >= mangled) return text;
    return text.substr(open + 1, mangled - open - 1);
}

/// The start of the parameter list: the parenthesis that matches the last one, leaving out a trailing `const`
/// or template note.
std::size_t parameters(std::string_view text) {
    std::size_t close = text.rfind(')');
    if (close == std::string_view::npos) return std::string_view::npos;
    int depth = 0;
    for (std::size_t i = close + 1; i-- > 0;) {
        if (text[i] == ')') ++depth;
        if (text[i] == '(' && --depth == 0) return i;
    }
    return std::string_view::npos;
}

/// Cuts the return type off: the last space before the parameters that is in no bracket.
std::string without_return_type(const std::string& text) {
    const std::size_t open = parameters(text);
    if (open == std::string::npos) return text;
    int depth = 0;
    for (std::size_t i = open; i-- > 0;) {
        const char c = text[i];
        if (c == '>' || c == ')' || c == '}' || c == ']') ++depth;
        if (c == '<' || c == '(' || c == '{' || c == '[') --depth;
        if (c == ' ' && depth == 0) return text.substr(i + 1);
    }
    return text;
}

} // namespace

std::string readable_function(const char* function_name) {
    std::string text = undo_gcc_frame(function_name);
    if (const std::size_t with = text.rfind(" [with "); with != std::string::npos) text.resize(with);
    if (const std::size_t with = text.rfind(" ["); with != std::string::npos && text.back() == ']')
        text.resize(with);
    replace_all(text, "(anonymous namespace)::", "");
    replace_all(text, "{anonymous}::", "");
    text = without_return_type(text);
    replace_all(text, "unsigned int", "unsigned");
    replace_all(text, "(void)", "()");
    // A lambda: clang gives its place, GCC its signature. What the reader wants is in which function it
    // stands, and the line follows anyway.
    replace_all(text, "auto ", "");
    return text;
}

} // namespace rouse
