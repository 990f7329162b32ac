// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rouse/base/readable.hpp"

#include <unistd.h>

namespace rouse {
namespace {

constexpr std::size_t nowhere = std::string_view::npos;

constexpr bool opens(char c) noexcept { return c == '(' || c == '<' || c == '[' || c == '{'; }
constexpr bool closes(char c) noexcept { return c == ')' || c == '>' || c == ']' || c == '}'; }
constexpr bool in_word(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}
bool ends_with_word(std::string_view text, std::string_view word) noexcept {
    return text.ends_with(word) &&
           (text.size() == word.size() || !in_word(text[text.size() - word.size() - 1]));
}

/// The bracket that the one at `open` closes with.
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

/// `from` where it begins a name or a word.
void replace_words(std::string& text, std::string_view from, std::string_view to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos;) {
        const bool begins = !in_word(from.front()) || at == 0 || !in_word(text[at - 1]);
        const bool ends =
            !in_word(from.back()) || at + from.size() == text.size() || !in_word(text[at + from.size()]);
        if (begins && ends) {
            text.replace(at, from.size(), to);
            at += to.size();
        } else {
            at += from.size();
        }
    }
}
/// From `start` to the bracket that closes the last one that `start` opens: gone, with `to` in its place.
void replace_brackets(std::string& text, std::string_view start, std::string_view to) {
    for (std::size_t at = 0; (at = text.find(start, at)) != std::string::npos; at += to.size()) {
        const std::size_t close = close_of(text, at + start.find_last_of("(<"));
        if (close == nowhere) return;
        text.replace(at, close + 1 - at, to);
    }
}

void clean_names(std::string& text) {
    replace_words(text, "(anonymous namespace)::", "");
    replace_words(text, "{anonymous}::", "");
    replace_words(text, "(anonymous class)", "(lambda)");
    replace_brackets(text, "(lambda at", "(lambda)");
    replace_brackets(text, "<lambda(", "<lambda"); // GCC: <lambda(int)>
    replace_words(text, "<lambda>", "(lambda)");
}
void clean_types(std::string& text) {
    replace_words(text, "std::__cxx11::", "std::");
    replace_words(text, "std::__1::", "std::");
    replace_words(text, "std::__2::", "std::"); // Debian's libc++ for wasm
    replace_words(text, "rouse::", "");
    replace_brackets(text, ", std::char_traits<", "");
    replace_brackets(text, ", std::allocator<", "");
    replace_brackets(text, ", std::default_delete<", "");
    for (std::size_t at; (at = text.find("> >")) != std::string::npos;) text.erase(at + 1, 1);
    for (std::size_t at; (at = text.find(" >")) != std::string::npos;) text.erase(at, 1);
    for (const std::string_view sign : {" *", " &"})
        for (std::size_t at; (at = text.find(sign)) != std::string::npos;) text.erase(at, 1);
    replace_words(text, "std::basic_string<char>", "std::string");
    replace_words(text, "std::basic_string_view<char>", "std::string_view");
    replace_words(text, "long unsigned int", "unsigned long");
    replace_words(text, "long long unsigned int", "unsigned long long");
    replace_words(text, "short unsigned int", "unsigned short");
    replace_words(text, "long int", "long");
    replace_words(text, "unsigned int", "unsigned");
    replace_words(text, "(void)", "()");
}

/// Where the qualified name that ends before `end` begins.
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

/// The parameter list: the last parenthesis that is in no other bracket.
std::size_t parameters_of(std::string_view text) noexcept {
    const std::size_t close = text.rfind(')');
    return close == nowhere ? nowhere : open_of(text, close);
}

/// GCC names a coroutine by the function that resumes it: `void ns::work(work(int)::_Z4worki.Frame*)`. The
/// signature is in the parameter, up to the mangled name; its qualification may be missing there.
void undo_gcc_frames(std::string& text) {
    static constexpr std::string_view frame = ".Frame*)";
    for (std::size_t at; (at = text.find(frame)) != std::string::npos;) {
        const std::size_t close = at + frame.size() - 1;
        const std::size_t open = open_of(text, close);
        const std::size_t mangled = text.rfind("::_Z", at);
        if (open == nowhere || mangled == nowhere || mangled < open) return;
        const std::size_t begin = name_before(text, open);
        const std::string_view name(text.data() + begin, open - begin);
        std::string signature = text.substr(open + 1, mangled - open - 1);
        std::string_view bare = std::string_view(signature).substr(0, parameters_of(signature));
        if (const std::size_t arguments = bare.find('<'); arguments != nowhere)
            bare = bare.substr(0, arguments);
        if (name.size() > bare.size() && name.ends_with(bare) && name[name.size() - bare.size() - 1] == ':')
            signature.insert(0, name.substr(0, name.size() - bare.size()));
        text.replace(begin, close + 1 - begin, signature);
    }
}

/// ` [T = int]`, ` [with T = int; ...]`
void drop_template_note(std::string& text) {
    if (!text.ends_with(']')) return;
    const std::size_t open = open_of(text, text.size() - 1);
    if (open != nowhere && open > 0 && text[open - 1] == ' ') text.resize(open - 1);
}

} // namespace

std::string readable_function(std::string_view function_name) {
    std::string text(function_name);
    undo_gcc_frames(text);
    drop_template_note(text);
    clean_names(text);
    if (const std::size_t open = parameters_of(text); open != nowhere) {
        // A lambda's parenthesis is no parameter list: GCC ends with it.
        const bool is_lambda = std::string_view(text).substr(open).starts_with("(lambda)");
        if (!is_lambda) text.resize(close_of(text, open) + 1); // what follows is `const` and the like
        text.erase(0, name_before(text, open));
        while (text.starts_with('*') || text.starts_with('&')) text.erase(0, 1);
    }
    clean_types(text);
    replace_brackets(text, "(lambda)::operator()(", "(lambda)");
    return text;
}

std::string readable_name(std::string_view function_name) {
    std::string text = readable_function(function_name);
    if (!text.ends_with("(lambda)"))
        if (const std::size_t open = parameters_of(text); open != nowhere) text.resize(open);
    return text;
}

std::string readable_type(std::string_view type_name) {
    std::string text(type_name);
    clean_names(text);
    clean_types(text);
    return text;
}

std::string readable_place(const SourceLocation& where) {
    if (!where) return "(unknown)";
    std::string_view file = where.file_name();
    char buffer[4096];
    if (file.starts_with('/') && ::getcwd(buffer, sizeof(buffer))) {
        const std::string_view here = buffer;
        if (file.size() > here.size() + 1 && file.starts_with(here) && file[here.size()] == '/')
            file.remove_prefix(here.size() + 1);
    }
    return std::string(file) + ":" + std::to_string(where.line());
}

} // namespace rouse
