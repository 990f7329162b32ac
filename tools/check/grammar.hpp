// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "tokens.hpp"

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <vector>

// What can be told of C++ without knowing any type: where a lambda is, which braces are a list and which a
// block, and what kind of value an expression probably has.

namespace rouse::check {

/// Tokens [begin, end).
struct Range {
    std::size_t begin;
    std::size_t end;

    bool empty() const { return begin >= end; }
};

struct Lambda {
    Range captures; // between the brackets
    Range body;     // between the braces
};

inline bool is_one_of(const Token& token, std::initializer_list<std::string_view> texts) {
    for (const std::string_view text : texts) {
        if (token.text == text) return true;
    }
    return false;
}

/// Types whose values need no destructor.
inline bool is_plain_type(const Token& token) {
    return is_one_of(token,
                     {"bool",         "char",        "char8_t", "char16_t",  "char32_t",    "wchar_t",
                      "short",        "int",         "long",    "signed",    "unsigned",    "float",
                      "double",       "size_t",      "ssize_t", "ptrdiff_t", "intptr_t",    "uintptr_t",
                      "int8_t",       "int16_t",     "int32_t", "int64_t",   "uint8_t",     "uint16_t",
                      "uint32_t",     "uint64_t",    "byte",    "nullptr_t", "nanoseconds", "microseconds",
                      "milliseconds", "seconds",     "minutes", "hours",     "string_view", "uintmax_t",
                      "intmax_t",     "max_align_t", "void"});
}

/// Keywords behind which an expression may begin, so that neither `[` nor `{` behind them continues anything.
inline bool begins_expression(const Token& token) {
    return is_one_of(token, {"return", "co_return", "co_await", "co_yield", "throw", "else", "do", "case",
                             "and", "or", "not"});
}

class Grammar {
public:
    explicit Grammar(const std::vector<Token>& tokens) : tokens_(tokens) {}

    const Token& operator[](std::size_t i) const { return tokens_[i]; }
    std::size_t size() const { return tokens_.size(); }

    bool is_word(std::size_t i) const { return tokens_[i].kind == TokenKind::word; }

    bool opens(std::size_t i) const {
        return i < tokens_.size() && tokens_[i].partner != no_partner && tokens_[i].partner > i;
    }
    Range inside(std::size_t open) const { return {open + 1, tokens_[open].partner}; }
    /// The token behind this one, or behind the bracket that it opens.
    std::size_t next(std::size_t i) const { return opens(i) ? tokens_[i].partner + 1 : i + 1; }

    /// Whether one of the texts stands in the range outside of all brackets in it.
    bool has(Range range, std::initializer_list<std::string_view> texts) const {
        return find(range, texts) != range.end;
    }
    std::size_t find(Range range, std::initializer_list<std::string_view> texts) const {
        for (std::size_t i = range.begin; i < range.end; i = next(i)) {
            if (is_one_of(tokens_[i], texts)) return i;
        }
        return range.end;
    }

    /// The same inside of brackets too, but for the bodies of lambdas.
    std::size_t find_deep(Range range, std::initializer_list<std::string_view> texts) const {
        for (std::size_t i = range.begin; i < range.end; ++i) {
            if (const auto lambda = lambda_at(i)) i = lambda->body.end;
            else if (is_one_of(tokens_[i], texts)) return i;
        }
        return range.end;
    }

    /// Whether nothing stands between two tokens that follow one another.
    bool touch(std::size_t left, std::size_t right) const {
        return tokens_[left].text.data() + tokens_[left].text.size() == tokens_[right].text.data();
    }

    /// Calls `use(Range)` for each part between separators that stand outside of all brackets in the range.
    template <typename Use>
    void split(Range range, std::string_view separator, Use use) const {
        std::size_t begin = range.begin;
        for (std::size_t i = range.begin; i < range.end; i = next(i)) {
            if (tokens_[i] == separator) {
                use(Range{begin, i});
                begin = i + 1;
            }
        }
        use(Range{begin, range.end});
    }

    bool is_attribute(std::size_t i) const {
        return opens(i) && tokens_[i] == "[" && tokens_[i + 1] == "[" && opens(i + 1);
    }

    /// The lambda whose introducer is the `[` at `i`, if it is one.
    std::optional<Lambda> lambda_at(std::size_t i) const {
        if (!opens(i) || tokens_[i] != "[" || is_attribute(i) || continues_an_expression(i))
            return std::nullopt;
        const std::size_t body = lambda_body(tokens_[i].partner + 1);
        if (body == no_partner) return std::nullopt;
        return Lambda{inside(i), inside(body)};
    }

    /// Whether a statement, or a part of a condition, declares a variable or a type. (`a * b;` looks as if it
    /// did.)
    bool names_something(Range range) const {
        std::size_t i = range.begin;
        while (i < range.end && (is_attribute(i) || is_one_of(tokens_[i], {"else", "do"}))) i = next(i);
        if (i >= range.end || !(is_word(i) || tokens_[i] == "::")) return false;
        if (is_one_of(tokens_[i], {"using", "typedef", "struct", "class", "enum", "union", "static",
                                   "constexpr", "const", "auto", "volatile", "thread_local"}))
            return true;
        if (begins_expression(tokens_[i]) ||
            is_one_of(tokens_[i], {"if", "while", "for", "switch", "try", "catch", "break", "continue",
                                   "default", "goto", "delete", "new", "static_assert", "this", "sizeof"}))
            return false;
        const std::size_t name = behind_type({i, range.end});
        return name < range.end && is_word(name) && !begins_expression(tokens_[name]);
    }

    /// Whether the `{` at `i` opens statements, members or the like, rather than a list of values. `begin` is
    /// where its statement begins.
    bool opens_block(std::size_t i, std::size_t begin) const {
        if (i == begin || has(inside(i), {";"})) return true;
        const Token& before = tokens_[i - 1];
        if (before == "]") return is_attribute(before.partner); // `[[likely]] {`, and not `int a[] {`
        if (before.kind == TokenKind::string) return true;      // extern "C" {
        if (is_one_of(before, {")", "}", ":", "&", "&&", "else", "do", "try", "const", "noexcept", "override",
                               "final", "mutable", "volatile"})) {
            return true;
        }
        if (opens_scope(i, begin)) return true;
        if (!is_word(i - 1) && before != ">") return false;
        return !begins_expression(before) && has_trailing_return({behind_template_head(begin), i});
    }

    /// Whether the `{` at `i` is that of a namespace, class, enumeration or the like, so that no local name
    /// is known in it.
    bool opens_scope(std::size_t i, std::size_t begin) const {
        const Range head{behind_template_head(begin), i};
        return has(head, {"namespace", "class", "struct", "union", "enum", "concept", "extern"}) &&
               tokens_[i - 1] != ")" && !has(head, {"=", "return", "co_return", "co_await", "co_yield"});
    }

    /// The first token of the (qualified) name, with template arguments or without, that ends at `last`.
    std::size_t name_begin(std::size_t last) const {
        std::size_t i = last;
        while (true) {
            if (tokens_[i] == ">") {
                i = template_arguments_begin(i);
                if (i == no_partner || i == 0) return last;
                --i;
            }
            if (!is_word(i)) return last;
            if (i < 2 || tokens_[i - 1] != "::") return i;
            if (!is_word(i - 2) && tokens_[i - 2] != ">") return i - 1;
            i -= 2;
        }
    }

private:
    // Behind a value, `[` is a subscript; behind a type, part of an array's; behind `auto`, a structured
    // binding.
    bool continues_an_expression(std::size_t i) const {
        if (i == 0) return false;
        const Token& before = tokens_[i - 1];
        if (before.kind == TokenKind::punctuation) {
            if (before == "&" || before == "&&") return i >= 2 && tokens_[i - 2] == "auto";
            if (before == "*") return follows_new(i - 1); // new T*[n]
            return before == "]" && !is_attribute(before.partner);
        }
        return !begins_expression(before);
    }

    bool follows_new(std::size_t i) const {
        while (i > 0 && (is_word(i) || tokens_[i] == "*" || tokens_[i] == "::")) {
            if (tokens_[i] == "new") return true;
            --i;
        }
        return tokens_[i] == "new";
    }

    // From behind the introducer over template parameters, parameters, specifiers, return type and
    // constraints.
    std::size_t lambda_body(std::size_t i) const {
        int angles = 0;
        for (; i < tokens_.size(); i = next(i)) {
            const Token& token = tokens_[i];
            if (token == "{" && angles == 0) return opens(i) ? i : no_partner;
            if (token == "<") ++angles;
            if (token == ">" && --angles < 0) return no_partner;
            const bool belongs = token.kind == TokenKind::word || opens(i) || angles > 0 ||
                                 is_one_of(token, {"<", ">", "::", "->", "*", "&", "&&", "||", "...", "!"});
            if (!belongs || token == ";") return no_partner;
        }
        return no_partner;
    }

    // `template <typename T = int>` says `=` and `class` in another sense.
    std::size_t behind_template_head(std::size_t begin) const {
        if (begin + 1 >= size() || tokens_[begin] != "template" || tokens_[begin + 1] != "<") return begin;
        int angles = 0;
        for (std::size_t i = begin + 1; i < size(); i = next(i)) {
            if (tokens_[i] == "<") ++angles;
            if (tokens_[i] == ">" && --angles == 0) return behind_template_head(i + 1);
        }
        return begin;
    }

    bool has_trailing_return(Range head) const {
        if (has(head, {"=", "return", "co_return"})) return false;
        const std::size_t parameters = find(head, {"("});
        return parameters != head.end && has({parameters, head.end}, {"->", "requires"});
    }

    // Over a type as far as its looks tell, and what belongs to the declarator.
    std::size_t behind_type(Range range) const {
        std::size_t i = range.begin;
        while (i < range.end) {
            if (tokens_[i] == "::") {
                ++i;
                continue;
            }
            if (!is_word(i)) return range.end;
            ++i;
            if (i < range.end && tokens_[i] == "<") {
                i = behind_template_arguments({i, range.end});
                if (i == range.end) return i;
            }
            const bool builtin = is_plain_type(tokens_[i - 1]) && i < range.end && is_word(i) &&
                                 is_plain_type(tokens_[i]); // unsigned long
            if (!builtin && (i >= range.end || tokens_[i] != "::")) break;
        }
        while (i < range.end && is_one_of(tokens_[i], {"*", "&", "&&", "const", "volatile", "..."})) ++i;
        return i;
    }

    std::size_t behind_template_arguments(Range range) const {
        int angles = 0;
        for (std::size_t i = range.begin; i < range.end; i = next(i)) {
            if (tokens_[i] == "<") ++angles;
            if (tokens_[i] == ">" && --angles == 0) return i + 1;
            if (is_one_of(tokens_[i], {"&&", "||", "="}) && angles == 1) return range.end;
        }
        return range.end;
    }

    std::size_t template_arguments_begin(std::size_t close) const {
        int angles = 0;
        for (std::size_t i = close;; --i) {
            const Token& token = tokens_[i];
            if (token == ">") ++angles;
            if (token == "<" && --angles == 0) return i;
            if (is_one_of(token, {";", "{", "(", "["})) return no_partner;
            if (token.partner != no_partner && token.partner < i) i = token.partner;
            if (i == 0) return no_partner;
        }
    }

    const std::vector<Token>& tokens_;
};

} // namespace rouse::check
