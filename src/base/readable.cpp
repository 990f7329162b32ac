// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/base/readable.hpp"

#include "base/readable_parts.hpp"
#include "rouse/base/text.hpp"

#include <algorithm>

namespace rouse {
namespace detail {
namespace {

constexpr bool opens(char c) noexcept { return c == '(' || c == '<' || c == '[' || c == '{'; }
constexpr bool closes(char c) noexcept { return c == ')' || c == '>' || c == ']' || c == '}'; }
constexpr bool in_word(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}
bool ends_with_word(std::string_view text, std::string_view word) noexcept {
    return text.ends_with(word) &&
           (text.size() == word.size() || !in_word(text[text.size() - word.size() - 1]));
}

bool is_at(std::string_view text, std::size_t at, std::string_view from) noexcept {
    if (text[at] != from.front() || !text.substr(at).starts_with(from)) return false;
    const std::size_t end = at + from.size();
    const bool begins = at == 0 || !in_word(from.front()) || !in_word(text[at - 1]);
    return begins && (end == text.size() || !in_word(from.back()) || !in_word(text[end]));
}

} // namespace

std::size_t close_of(std::string_view text, std::size_t open) noexcept {
    int depth = 0;
    for (std::size_t i = open; i < text.size(); ++i) {
        if (opens(text[i])) ++depth;
        if (closes(text[i]) && --depth == 0) return i;
    }
    return nowhere;
}
std::size_t open_of(std::string_view text, std::size_t close) noexcept {
    int depth = 0;
    for (std::size_t i = close + 1; i-- > 0;) {
        if (closes(text[i])) ++depth;
        if (opens(text[i]) && --depth == 0) return i;
    }
    return nowhere;
}

std::size_t name_before(std::string_view text, std::size_t end) noexcept {
    int depth = 0;
    for (std::size_t i = end; i-- > 0;) {
        const char c = text[i];
        if (closes(c)) ++depth;
        if (opens(c) && --depth < 0) return i + 1;
        if (depth == 0 && (c == ' ' || c == ',') && !ends_with_word(text.substr(0, i), "operator"))
            return i + 1;
    }
    return 0;
}

std::size_t parameters_of(std::string_view text) noexcept {
    const std::size_t close = text.rfind(')');
    return close == nowhere ? nowhere : open_of(text, close);
}

std::string changed(std::string_view text, std::span<const Change> changes) {
    std::string firsts; // where none of these is, nothing begins
    for (const Change& change : changes) firsts += change.from.front();
    std::string before;
    std::string after(text);
    do {
        before.swap(after);
        after.clear();
        for (std::size_t at = 0; at < before.size();) {
            const std::size_t candidate = std::min(before.find_first_of(firsts, at), before.size());
            after.append(before, at, candidate - at);
            at = candidate;
            if (at == before.size()) break;
            std::size_t end = nowhere;
            for (const Change& change : changes) {
                if (!is_at(before, at, change.from)) continue;
                end = at + change.from.size();
                if (change.open != nowhere) end = close_of(before, at + change.open) + 1;
                if (end == 0) continue; // `nowhere` + 1: it is not closed
                after.append(change.to);
                break;
            }
            if (end - 1 < before.size()) at = end;
            else after.append(&before[at++], 1);
        }
    } while (after != before);
    return after;
}

namespace {

constexpr Change names[] = {
    {"(anonymous namespace)::", ""},
    {"(anonymous class)", "(lambda)"},
    {"(lambda at ", "(lambda)"},
};
constexpr Change types[] = {
    {"std::__1::", "std::"},
    {"std::__2::", "std::"}, // Debian's libc++ for wasm
    {"rouse::", ""},
    {", std::char_traits<", ""},
    {", std::allocator<", ""},
    {", std::default_delete<", ""},
    {" >", ">"},
    {" *", "*"},
    {" &", "&"},
    {"std::basic_string<char>", "std::string"},
    {"std::basic_string_view<char>", "std::string_view"},
    {"unsigned int", "unsigned"},
    {"(void)", "()"},
    {"(lambda)::operator()(", "(lambda)"},
};

/// ` [T = int]`, ` [with T = int; ...]`
std::string_view without_template_note(std::string_view text) noexcept {
    if (!text.ends_with(']')) return text;
    const std::size_t open = open_of(text, text.size() - 1);
    return open != nowhere && open > 0 && text[open - 1] == ' ' ? text.substr(0, open - 1) : text;
}

} // namespace
} // namespace detail

using detail::nowhere;

std::string readable_function(std::string_view function_name) {
    const std::string plain =
        detail::changed(detail::without_template_note(detail::without_gcc(function_name)), detail::names);
    std::string_view text = plain;
    if (const std::size_t open = detail::parameters_of(text); open != nowhere) {
        // A lambda's parenthesis is no parameter list: GCC ends with it.
        if (!text.substr(open).starts_with("(lambda)"))
            text = text.substr(0, detail::close_of(text, open) + 1); // what follows is `const` and the like
        text.remove_prefix(detail::name_before(text, open));
        while (text.starts_with('*') || text.starts_with('&')) text.remove_prefix(1);
    }
    return detail::changed(text, detail::types);
}

std::string readable_name(std::string_view function_name) {
    std::string text = readable_function(function_name);
    if (!text.ends_with("(lambda)"))
        if (const std::size_t open = detail::parameters_of(text); open != nowhere) text.erase(open);
    return text;
}

std::string readable_type(std::string_view type_name) {
    return detail::changed(detail::changed(detail::without_gcc(type_name), detail::names), detail::types);
}

std::string readable_place(const SourceLocation& where) {
    if (!where) return "(unknown)";
    detail::Text text(detail::path_from_here(where.file_name()));
    text << ":" << where.line();
    return std::move(text).take();
}

} // namespace rouse
