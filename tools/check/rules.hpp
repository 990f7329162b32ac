// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "grammar.hpp"
#include "guess.hpp"
#include "tokens.hpp"

#include <algorithm>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The rules. GCC before 13 keeps temporaries of a full-expression with a suspension point in the coroutine's
// frame. One that only initialises another object (a closure, an aggregate, the value of a `?:`) never exists
// on its own, but GCC 12 makes it, copies it bit by bit, and destroys both. So a rule asks two things: does
// the full-expression suspend, and is there such a temporary anywhere in it? Before or behind the co_await,
// inside its operand or beside it: that makes no difference.

namespace rouse::check {

enum class Severity {
    error,   // certain, as far as a reader without types can be
    warning, // depends on a type that only the compiler knows
};

struct Finding {
    int line;
    int column;
    Severity severity;
    std::string message;
    std::string_view rule;

    bool operator<(const Finding& other) const {
        return std::pair(line, column) < std::pair(other.line, other.column);
    }
};

class Checker {
public:
    explicit Checker(const Source& source) : source_(source), code_(source.tokens) {}

    std::vector<Finding> run() {
        statements({0, code_.size()});
        std::sort(findings_.begin(), findings_.end());
        return std::move(findings_);
    }

private:
    // What one full-expression consists of, without the bodies of its lambdas: they are functions of their
    // own.
    struct Parts {
        std::string_view suspends; // the keyword, or empty
        std::vector<std::size_t> closures;
        struct List {
            std::size_t open;
            bool awaits; // suspends between its own braces
        };
        std::vector<List> lists;
        struct Choice {
            std::size_t question;
            Range around; // the brackets, or the expression, that it stands in
            bool awaited; // it is the operand of a co_await
        };
        std::vector<Choice> choices;
    };

    // --- statements: cutting the source into full-expressions ---

    void statements(Range range) {
        std::size_t begin = range.begin;
        std::size_t i = range.begin;
        while (i < range.end) {
            if (code_[i] == ";") {
                declaration({begin, i});
                begin = ++i;
            } else if (const auto lambda = code_.lambda_at(i)) {
                i = lambda->body.end + 1;
            } else if (code_[i] == "(" && code_.opens(i) && is_condition(i, begin)) {
                condition(i);
                begin = i = code_.next(i);
            } else if (code_[i] == "{" && code_.opens(i) && code_.opens_block(i, begin)) {
                declaration({begin, i});
                block(i, begin);
                begin = i = code_.next(i);
            } else {
                i = code_.next(i);
            }
        }
        declaration({begin, range.end});
    }

    void block(std::size_t open, std::size_t begin) {
        // The outermost block that is no namespace or class is a function's. The names it declares are
        // searched from its head on.
        const bool is_function = function_begin_ == no_partner && !code_.opens_scope(open, begin);
        if (!is_function) {
            declares_a_name_ = declares_a_name_ || code_.opens_scope(open, begin);
            return statements(code_.inside(open));
        }
        function_begin_ = begin;
        declares_a_name_ = false;
        awaiting_conditions_.clear();
        statements(code_.inside(open));
        function_begin_ = no_partner;
        if (!declares_a_name_) report_conditions();
    }

    // Between the brackets of if, while, for, switch, catch: `init; condition; step`, or some of these.
    void condition(std::size_t open) {
        std::size_t count = 0;
        code_.split(code_.inside(open), ";", [&](Range) { ++count; });
        const bool is_for = count == 3;
        std::size_t index = 0;
        code_.split(code_.inside(open), ";", [&](Range part) {
            declaration(part);
            const bool decides = is_for ? index == 1 : index + 1 == count;
            const std::size_t await = code_.find_deep(part, {"co_await"});
            if (decides && await != part.end) awaiting_conditions_.push_back(await);
            ++index;
        });
    }

    bool is_condition(std::size_t open, std::size_t begin) const {
        for (std::size_t i = open; i > begin; --i) {
            const Token& before = code_[i - 1];
            if (is_one_of(before, {"if", "while", "for", "switch", "catch"})) return true;
            if (!is_one_of(before, {"constexpr", "co_await"})) return false;
        }
        return false;
    }

    // Each declarator with its initialiser is a full-expression: `auto g = [x] {}, r = co_await f(g)` is two.
    void declaration(Range range) {
        std::size_t begin = range.begin;
        declares_a_name_ = declares_a_name_ || code_.names_something(range);
        if (declares(range)) {
            for (std::size_t i = code_.find(range, {"="}); i < range.end; i = code_.next(i)) {
                if (code_[i] != ",") continue;
                std::size_t name = i + 1;
                while (name < range.end && is_one_of(code_[name], {"*", "&", "&&"})) ++name;
                if (name + 1 >= range.end || !code_.is_word(name) || code_[name + 1] != "=") continue;
                full_expression({begin, i});
                begin = i + 1;
            }
        }
        full_expression({begin, range.end});
    }

    // `T name = ...`, as against `name = ...` and `*name = ...`.
    bool declares(Range range) const {
        const std::size_t equals = code_.find(range, {"="});
        if (equals == range.end || equals < range.begin + 2 || !code_.is_word(equals - 1)) return false;
        std::size_t type = equals - 2;
        while (type > range.begin && is_one_of(code_[type], {"*", "&", "&&"})) --type;
        return code_.is_word(type) || code_[type] == ">";
    }

    void full_expression(Range range) {
        if (range.empty()) return;
        Parts parts;
        collect(range, parts, false);
        if (parts.suspends.empty()) return;
        for (const std::size_t closure : parts.closures) report_closure(closure, parts.suspends);
        for (const auto& choice : parts.choices) judge_choice(choice, parts.suspends);
        for (const auto& list : parts.lists) judge_list(list, parts.suspends);
    }

    // --- expressions: what is in them ---

    void collect(Range range, Parts& parts, bool in_list) {
        bool chosen = false; // only the first ? of a chain counts: the value of the others becomes the value
                             // of this one
        for (std::size_t i = range.begin; i < range.end; i = code_.next(i)) {
            const Token& token = code_[i];
            if (is_one_of(token, {"co_await", "co_yield"})) {
                if (parts.suspends.empty()) parts.suspends = token.text;
            } else if (is_one_of(token, {"sizeof", "decltype", "alignof", "typeid"}) && i + 1 < range.end &&
                       code_[i + 1] == "(") {
                ++i; // not evaluated
            } else if (const auto lambda = code_.lambda_at(i)) {
                if (guess_.owns_a_capture(lambda->captures, function_begin_)) parts.closures.push_back(i);
                collect(lambda->captures, parts, true); // their initialisers belong to us
                block_of_lambda(*lambda);
                i = lambda->body.end;
            } else if (token == "?" && !chosen) {
                parts.choices.push_back({i, range, is_awaited_group(range)});
                chosen = true;
            } else if (token == ",") {
                chosen = false;
            } else if (code_.opens(i)) {
                collect_group(i, parts, in_list);
            }
        }
    }

    void collect_group(std::size_t open, Parts& parts, bool in_list) {
        const Range inside = code_.inside(open);
        if (code_.has(inside, {";"}))
            return statements(inside); // ({ ... }), requires { ... }, statements given to a macro
        if (code_[open] != "{") return collect(inside, parts, false);
        const std::string_view before = std::exchange(parts.suspends, {});
        const std::size_t index = parts.lists.size();
        if (!in_list) parts.lists.push_back({open, false});
        collect(inside, parts, true);
        if (!in_list) parts.lists[index].awaits = !parts.suspends.empty();
        if (parts.suspends.empty()) parts.suspends = before;
    }

    // Its type is a name in the function around it; and its conditions GCC compiles as they are.
    void block_of_lambda(const Lambda& lambda) {
        const bool is_function = function_begin_ == no_partner;
        if (is_function) function_begin_ = lambda.captures.begin;
        std::vector<std::size_t> conditions;
        conditions.swap(awaiting_conditions_);
        statements(lambda.body);
        conditions.swap(awaiting_conditions_);
        declares_a_name_ = true;
        if (is_function) function_begin_ = no_partner;
    }

    bool is_awaited_group(Range inside) const {
        return inside.begin >= 2 && code_[inside.begin - 1] == "(" && code_[inside.begin - 2] == "co_await";
    }

    // --- conditions ---

    void report_conditions() {
        for (const std::size_t await : awaiting_conditions_)
            report(
                await, Severity::error, "rouse-gcc-condition",
                "co_await in a condition, in a coroutine that declares no name: GCC before 13 makes it read wild "
                "memory; bind the value to a name first");
    }

    // --- closures ---

    void report_closure(std::size_t at, std::string_view suspends) {
        report(at, Severity::error, "rouse-gcc-closure",
               "capturing closure made inside a " + std::string(suspends) +
                   " expression: GCC before 13 destroys it twice; bind it to a name first");
    }

    // --- ?: ---

    void judge_choice(const Parts::Choice& choice, std::string_view suspends) {
        const std::vector<Value> values = guess_.branches(choice.question, choice.around.end);
        const auto count = [&](Value value) { return std::count(values.begin(), values.end(), value); };
        if (count(Value::plain) > 0) return;
        const bool object = count(Value::object) > 0;
        const bool mixed = count(Value::moved) > 0 && count(Value::lvalue) > 0;
        if (!object && !mixed && count(Value::unknown) == 0) return;
        // What one awaits is a task or the like, and has a destructor.
        const bool certain = object || (choice.awaited && count(Value::unknown) > 0);
        const std::size_t end = code_.find({choice.question, choice.around.end}, {",", ";"});
        for (std::size_t i = choice.question; i < end; i = code_.next(i)) {
            if (code_[i] == "{") explained_.insert(i);
        }
        report(choice.question, certain ? Severity::error : Severity::warning, "rouse-gcc-ternary",
               std::string("value of ?: in a ") + std::string(suspends) +
                   " expression: GCC before 13 destroys it twice" +
                   (certain ? "" : " if its type has a destructor") + "; use if and else");
    }

    // --- braced lists ---

    void judge_list(const Parts::List& list, std::string_view suspends) {
        if (list.open == 0 || explained_.contains(list.open)) return;
        const std::size_t last = list.open - 1;
        const Token& before = code_[last];
        const bool named = (before.kind == TokenKind::word && !begins_expression(before)) || before == ">";
        if (named ? guess_.is_no_aggregate(last) : guess_.initialises_no_aggregate(last)) return;
        if (list.awaits) {
            report(list.open, Severity::warning, "rouse-gcc-braced-await",
                   std::string(suspends) +
                       " inside a braced list: if that makes an aggregate with a destructor, GCC before 13 "
                       "destroys its members twice; await into a name first");
        } else if (named || is_one_of(before, {"(", ",", "co_await", "co_yield"})) {
            report(
                list.open, Severity::warning, "rouse-gcc-aggregate",
                "braced temporary in a " + std::string(suspends) +
                    " expression: if its type is an aggregate with a destructor, GCC before 13 destroys it twice; bind it "
                    "to a name first");
        }
    }

    // ---

    void report(std::size_t at, Severity severity, std::string_view rule, std::string message) {
        const Token& token = code_[at];
        if (source_.excused.contains(token.line)) return;
        findings_.push_back({token.line, token.column, severity, std::move(message), rule});
    }

    const Source& source_;
    Grammar code_;
    Guess guess_{code_};
    std::set<std::size_t> explained_; // braces that a finding about a ?: has dealt with
    std::size_t function_begin_ = no_partner;
    bool declares_a_name_ = false;                 // the function, so far: a variable, a type, a lambda
    std::vector<std::size_t> awaiting_conditions_; // of it
    std::vector<Finding> findings_;
};

} // namespace rouse::check
