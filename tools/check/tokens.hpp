// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <algorithm>
#include <cstddef>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

// C++ source as a flat list of tokens, in which every bracket knows its partner. No preprocessing: directives
// and the bodies of macros are left out, and a macro's use looks like the call that it is written as.

namespace rouse::check {

enum class TokenKind {
    word, // identifiers and keywords
    number,
    character,
    string,
    punctuation,
};

inline constexpr std::size_t no_partner = static_cast<std::size_t>(-1);

struct Token {
    TokenKind kind;
    std::string_view text;
    int line;   // from 1
    int column; // from 1, in bytes
    std::size_t partner = no_partner;

    bool operator==(std::string_view other) const { return text == other; }
};

struct Source {
    std::vector<Token> tokens;
    std::set<int> excused; // lines with `rouse-check: ok`, and lines below such a comment that stands alone
};

/// What no compiler would take either: the file is left unchecked, and the caller says so.
struct TooDeep : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class Tokenizer {
public:
    /// `text` must outlive the result, whose tokens point into it.
    explicit Tokenizer(std::string_view text) : text_(text) {}

    Source run() {
        if (text_.starts_with("\xEF\xBB\xBF")) at_ = line_start_ = 3;
        while (at_ < text_.size()) step();
        pair_brackets();
        return std::move(source_);
    }

private:
    // What a conditional group (#if ... #endif) has seen so far. Later branches are read as well, since each
    // may hold a fault, unless the first one left brackets open: then the branches are alternatives for half
    // a statement, and only one makes sense.
    struct Conditional {
        int depth;  // brackets open at the #if
        bool outer; // the whole group stands in skipped text
        bool unbalanced = false;
        bool zero = false; // #if 0: the branch at hand is for nobody
    };

    static bool is_word(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == '$' ||
               static_cast<unsigned char>(c) >= 0x80;
    }
    static bool is_digit(char c) { return c >= '0' && c <= '9'; }

    char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
    std::string_view rest() const { return text_.substr(at_); }

    // Moves on one character and counts lines.
    void advance() {
        if (text_[at_++] == '\n') {
            ++line_;
            line_start_ = at_;
            fresh_line_ = true;
        }
    }
    void advance(std::size_t count) {
        for (; count > 0 && at_ < text_.size(); --count) advance();
    }

    // The length of a backslash with the line end behind it, which the language takes for nothing at all;
    // else 0.
    std::size_t splice() const {
        if (peek() != '\\') return 0;
        if (peek(1) == '\n') return 2;
        return peek(1) == '\r' && peek(2) == '\n' ? 3 : 0;
    }

    bool skipping() const {
        return !conditionals_.empty() &&
               (conditionals_.back().outer || conditionals_.back().unbalanced || conditionals_.back().zero);
    }

    void step() {
        const char c = peek();
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == '\f') return advance();
        if (const std::size_t length = splice()) return advance(length);
        if (rest().starts_with("//")) return line_comment();
        if (rest().starts_with("/*")) return block_comment();
        if (c == '#' && fresh_line_) return directive();
        fresh_line_ = false;
        if (c == '"') return quoted(at_, '"');
        if (c == '\'') return quoted(at_, '\'');
        if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number();
        if (is_word(c)) return word();
        punctuation();
    }

    void emit(TokenKind kind, std::size_t begin, int line, int column) {
        if (skipping()) return;
        const std::string_view text = text_.substr(begin, at_ - begin);
        if (kind == TokenKind::punctuation) {
            if (text == "(" || text == "[" || text == "{") ++depth_;
            if (text == ")" || text == "]" || text == "}") --depth_;
        }
        source_.tokens.push_back({kind, text, line, column});
    }

    int column(std::size_t at) const { return static_cast<int>(at - line_start_) + 1; }

    // --- comments and directives ---

    void line_comment() {
        const std::size_t begin = at_;
        const int line = line_;
        while (at_ < text_.size() && peek() != '\n') advance(std::max<std::size_t>(splice(), 1));
        note_comment(text_.substr(begin + 2, at_ - begin - 2), line);
    }

    void block_comment() {
        const std::size_t begin = at_;
        const int line = line_;
        const bool fresh = fresh_line_;
        const std::size_t end = text_.find("*/", at_ + 2);
        advance((end == std::string_view::npos ? text_.size() : end + 2) - at_);
        note_comment(text_.substr(begin + 2, at_ - begin - 2), line);
        fresh_line_ = fresh || line != line_; // `/* x */ #define` is a directive
    }

    void note_comment(std::string_view comment, int line) {
        const std::size_t begin = comment.find_first_not_of(" \t/*!<");
        if (begin == std::string_view::npos || !comment.substr(begin).starts_with("rouse-check: ok")) return;
        source_.excused.insert(line);
        const bool alone = source_.tokens.empty() || source_.tokens.back().line < line;
        if (alone) source_.excused.insert(line_ + 1);
    }

    void directive() {
        advance();
        while (peek() == ' ' || peek() == '\t' || splice() != 0) advance(std::max<std::size_t>(splice(), 1));
        const std::size_t begin = at_;
        while (is_word(peek())) advance();
        const std::string_view name = text_.substr(begin, at_ - begin);
        const std::size_t value = at_;
        rest_of_directive();
        if (name.starts_with("if")) {
            conditionals_.push_back({depth_, skipping(), false, is_zero(text_.substr(value, at_ - value))});
        } else if (name.starts_with("el") && !conditionals_.empty()) { // else, elif, elifdef, elifndef
            Conditional& group = conditionals_.back();
            if (!skipping() && depth_ != group.depth) group.unbalanced = true;
            group.zero = false;
        } else if (name == "endif" && !conditionals_.empty()) {
            conditionals_.pop_back();
        }
    }

    void rest_of_directive() {
        while (at_ < text_.size() && peek() != '\n') {
            if (const std::size_t length = splice()) {
                advance(length);
            } else if (rest().starts_with("//")) {
                return line_comment();
            } else if (rest().starts_with("/*")) {
                block_comment();
            } else if (peek() == '"') { // "http://" is no comment
                literal('"');
            } else {
                advance();
            }
        }
    }

    static bool is_zero(std::string_view condition) {
        const std::size_t begin = condition.find_first_not_of(" \t");
        if (begin == std::string_view::npos) return false;
        condition.remove_prefix(begin);
        return condition.starts_with('0') && (condition.size() == 1 || !is_word(condition[1]));
    }

    // --- literals, words, punctuation ---

    // A literal without a suffix. An unfinished one ends with its line, as text in a skipped branch may well
    // hold one quote.
    void literal(char quote) {
        advance();
        while (at_ < text_.size() && peek() != quote && peek() != '\n') {
            const std::size_t length = splice();
            advance(length != 0 ? length : peek() == '\\' ? 2 : 1);
        }
        if (peek() == quote) advance();
    }

    // From the opening quote; `begin` is where its prefix begins.
    void quoted(std::size_t begin, char quote) {
        const int line = line_;
        const int where = column(begin);
        literal(quote);
        while (is_word(peek())) advance(); // a suffix of the user's
        emit(quote == '"' ? TokenKind::string : TokenKind::character, begin, line, where);
    }

    // R"mark( ... )mark": nothing in it means anything, line ends included.
    void raw_string(std::size_t begin) {
        const int line = line_;
        const int where = column(begin);
        const std::size_t open = text_.find('(', at_);
        std::size_t end = text_.size();
        if (open != std::string_view::npos) {
            const std::string closing = ')' + std::string(text_.substr(at_ + 1, open - at_ - 1)) + '"';
            const std::size_t found = text_.find(closing, open);
            if (found != std::string_view::npos) end = found + closing.size();
        }
        advance(end - at_);
        while (is_word(peek())) advance();
        fresh_line_ = false;
        emit(TokenKind::string, begin, line, where);
    }

    void number() {
        const std::size_t begin = at_;
        const int where = column(begin);
        while (is_word(peek()) || peek() == '.' || (peek() == '\'' && is_word(peek(1)))) {
            const bool exponent = std::string_view("eEpP").contains(peek());
            advance();
            if (exponent && (peek() == '+' || peek() == '-')) advance();
        }
        emit(TokenKind::number, begin, line_, where);
    }

    void word() {
        const std::size_t begin = at_;
        const int where = column(begin);
        while (is_word(peek())) advance();
        const std::string_view text = text_.substr(begin, at_ - begin);
        if (peek() == '"' && (text == "R" || text == "LR" || text == "uR" || text == "UR" || text == "u8R")) {
            return raw_string(begin);
        }
        if ((peek() == '"' || peek() == '\'') &&
            (text == "L" || text == "u" || text == "U" || text == "u8")) {
            return quoted(begin, peek());
        }
        emit(TokenKind::word, begin, line_, where);
    }

    void punctuation() {
        // `>` stands alone, so that two of them close two template argument lists.
        static constexpr std::string_view longer[] = {"...", "<=>", "<<=", "->*", "::", "->", "&&", "||",
                                                      "==",  "!=",  "<=",  ">=",  "++", "--", "<<", "+=",
                                                      "-=",  "*=",  "/=",  "%=",  "&=", "|=", "^=", ".*"};
        const std::size_t begin = at_;
        const int where = column(begin);
        std::size_t length = 1;
        for (const std::string_view candidate : longer) {
            if (rest().starts_with(candidate)) {
                length = candidate.size();
                break;
            }
        }
        advance(length);
        emit(TokenKind::punctuation, begin, line_, where);
    }

    // --- brackets ---

    // A closing bracket that fits nothing is left alone; one that fits an outer bracket closes what is open
    // inside it. So a macro that hides a bracket costs the neighbourhood and not the rest of the file.
    void pair_brackets() {
        std::vector<std::size_t> open;
        std::vector<Token>& tokens = source_.tokens;
        for (std::size_t i = 0; i < tokens.size(); ++i) {
            if (tokens[i].kind != TokenKind::punctuation) continue;
            if (tokens[i] == "(" || tokens[i] == "[" || tokens[i] == "{") {
                open.push_back(i);
                if (open.size() > 500) throw TooDeep("brackets are nested too deeply");
                continue;
            }
            const std::string_view wanted = tokens[i] == ")"   ? "("
                                            : tokens[i] == "]" ? "["
                                            : tokens[i] == "}" ? "{"
                                                               : "";
            if (wanted.empty()) continue;
            for (std::size_t level = open.size(); level > 0; --level) {
                const std::size_t candidate = open[level - 1];
                if (tokens[candidate] == wanted) {
                    tokens[candidate].partner = i;
                    tokens[i].partner = candidate;
                    open.resize(level - 1);
                    break;
                }
                if (tokens[candidate] == "{") break; // a stray ) or ] does not end a block
            }
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t line_start_ = 0;
    int line_ = 1;
    int depth_ = 0;
    bool fresh_line_ = true; // nothing but blanks and comments so far on this line
    std::vector<Conditional> conditionals_;
    Source source_;
};

} // namespace rouse::check
