// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "grammar.hpp"
#include "tokens.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace rouse::check {

/// What one branch of a `?:` says about the type of the common value.
enum class Value {
    thrown,  // nothing
    plain,   // no destructor
    lvalue,  // no temporary, if the other one is an lvalue too
    moved,   // the same with xvalues
    unknown, // a call, an awaited value
    object,  // T{...}
};

/// Guesses about types, made from how the source is written. Where nothing can be told they err towards a
/// finding: what is missed is a double destruction, what is found in vain costs a comment.
class Guess {
public:
    explicit Guess(const Grammar& code) : code_(code) {}

    /// Captures by reference, `this`, numbers and pointers need no destructor, and without one nothing
    /// happens twice. `function_begin` is where the head of the function around it begins, or no_partner.
    bool owns_a_capture(Range captures, std::size_t function_begin) const {
        bool owns = false;
        code_.split(captures, ",", [&](Range part) { owns = owns || owns_capture(part, function_begin); });
        return owns;
    }

    /// The kinds of all branches of a chain `a ? b : c ? d : e`.
    std::vector<Value> branches(std::size_t question, std::size_t end) const {
        const std::size_t colon = matching_colon(question, end);
        if (colon == end) return {};
        std::size_t last = code_.find({colon + 1, end}, {",", ";"});
        std::vector<Value> values = values_of({question + 1, colon});
        const std::vector<Value> others = values_of({colon + 1, last});
        values.insert(values.end(), others.begin(), others.end());
        return values;
    }

    /// Whether it is certain of `T name = {`, `T name[] = {`, `T name[] {` that they initialise no aggregate
    /// with a destructor. `last` is the token before the brace.
    bool initialises_no_aggregate(std::size_t last) const {
        if (code_[last] == "=" && last > 0) --last;
        while (code_[last] == "]" && code_[last].partner != no_partner) {
            if (code_[last].partner == 0) return false;
            last = code_[last].partner - 1;
        }
        while (last > 0 && is_one_of(code_[last], {"&", "&&"})) --last;
        if (code_[last] == "auto") return true; // a structured binding
        return last > 0 && code_.is_word(last) && is_no_aggregate(last);
    }

    /// The same of `T {` and `T name {`.
    bool is_no_aggregate(std::size_t last) const {
        const std::size_t name = code_.name_begin(last);
        if (is_no_aggregate_type(name, last)) return true;
        if (name != last || last == 0) return false;
        std::size_t type = last - 1;
        while (type > 0 && is_one_of(code_[type], {"*", "&", "&&"})) --type;
        const bool is_type = (code_.is_word(type) && !begins_expression(code_[type])) || code_[type] == ">";
        return is_type && (code_[type] == "auto" || is_no_aggregate_type(code_.name_begin(type), type));
    }

private:
    // --- captures ---

    bool owns_capture(Range part, std::size_t function_begin) const {
        if (part.empty() || code_[part.begin] == "&" || code_[part.begin] == "this") return false;
        if (code_[part.begin] == "=" || code_[part.begin] == "*") return true; // [=] and [*this]
        std::size_t name = part.begin;
        if (code_[name] == "...") ++name;
        if (name >= part.end || !code_.is_word(name)) return false; // the rest of a template argument list
        if (name + 1 == part.end) return !is_plain_local(name, function_begin);
        const Token& after = code_[name + 1];
        if (after != "=") return is_one_of(after, {"(", "{", "..."});
        const Range value{name + 2, part.end};
        const bool one_token = value.begin + 1 == value.end;
        if (one_token && is_plain_value(code_[value.begin])) return false;
        return !(value.begin + 2 == value.end && code_[value.begin] == "&"); // [p = &x]
    }

    static bool is_plain_value(const Token& token) {
        return token.kind == TokenKind::number || token.kind == TokenKind::character ||
               is_one_of(token, {"true", "false", "nullptr", "this"});
    }

    // Whether the nearest declaration of the name, going back to the head of the function, gives it a type
    // without a destructor. Scopes that ended before it are passed over: closed braces, and closed
    // parentheses but for those in the head of a block that is still open (parameters, loop variables).
    bool is_plain_local(std::size_t name, std::size_t function_begin) const {
        if (function_begin == no_partner) return false;
        bool in_head = false;
        for (std::size_t i = name; i-- > function_begin + 1;) {
            const Token& token = code_[i];
            const bool closes = token.partner != no_partner && token.partner < i;
            if (closes && (token == "}" || (token == ")" && !in_head))) i = token.partner;
            if (is_one_of(token, {"{", ";", "}"})) in_head = token == "{";
            if (token.text != code_[name].text || !code_.is_word(i)) continue;
            const Declared declared = declared_at(i);
            if (declared != Declared::nothing) return declared == Declared::plain;
        }
        return false;
    }

    enum class Declared { nothing, plain, other };

    // What the name at `i` is declared as, if this is its declaration.
    Declared declared_at(std::size_t i) const {
        const Token& after = code_[i + 1];
        if (!is_one_of(after, {"=", ";", ",", ")", "{", "(", ":", "[", "]"})) return Declared::nothing;
        std::size_t type = i - 1;
        if (is_one_of(code_[type], {"[", ","})) {
            const bool capture = after == "="; // [name = value]
            return capture || is_bound(type) ? Declared::other : Declared::nothing;
        }
        if (code_[type] == "*") return declares_pointer(type) ? Declared::plain : Declared::nothing;
        if (type > 0 && is_one_of(code_[type], {"&", "&&", "const"})) --type;
        if (code_[type] == ">") return Declared::other;
        if (!code_.is_word(type) || begins_expression(code_[type])) return Declared::nothing;
        const bool literal =
            code_[type] == "auto" && after == "=" && is_plain_value(code_[i + 2]) && code_[i + 3] == ";";
        return literal || is_plain_type(code_[type]) ? Declared::plain : Declared::other;
    }

    // Whether what stands before a name begins or goes on with the list of a structured binding.
    bool is_bound(std::size_t before) const {
        while (before > 0 && (code_[before] == "," || code_.is_word(before))) --before;
        if (code_[before] != "[" || before == 0) return false;
        --before;
        if (before > 0 && is_one_of(code_[before], {"&", "&&"})) --before;
        return code_[before] == "auto";
    }

    // `T* name` or `T *name`, and not `a * name`: only the blanks tell.
    bool declares_pointer(std::size_t star) const {
        return star > 0 && code_.touch(star - 1, star) != code_.touch(star, star + 1) &&
               ((code_.is_word(star - 1) && !begins_expression(code_[star - 1])) || code_[star - 1] == ">");
    }

    // --- branches ---

    std::vector<Value> values_of(Range range) const {
        const std::size_t question = code_.find(range, {"?"});
        if (question != range.end) return branches(question, range.end);
        return {value_of(range)};
    }

    std::size_t matching_colon(std::size_t question, std::size_t end) const {
        int open = 0;
        for (std::size_t i = question; i < end; i = code_.next(i)) {
            if (code_[i] == "?") ++open;
            if (code_[i] == ":" && --open == 0) return i;
        }
        return end;
    }

    Value value_of(Range range) const {
        if (range.empty()) return Value::unknown; // GCC's a ?: b, where a is this value
        const Token& first = code_[range.begin];
        if (first == "throw") return Value::thrown;
        if (first == "(" && code_.opens(range.begin)) {
            const Range inside = code_.inside(range.begin);
            if (first.partner + 1 == range.end) return value_of(inside);
            if (inside.end == inside.begin + 1 && is_plain_type(code_[inside.begin]))
                return Value::plain; // (void)f()
        }
        if (is_one_of(first, {"!", "not", "-", "&", "new", "sizeof", "alignof", "noexcept"}))
            return Value::plain;
        if (code_.has(range, {"==", "!=", "<=", ">=", "&&", "||", "<=>", "and", "or"})) return Value::plain;
        for (std::size_t i = range.begin; i < range.end; i = code_.next(i)) {
            if (is_plain_value(code_[i]) && code_[i] != "nullptr" && code_[i] != "this")
                return Value::plain; // n + 1 too
        }
        if (first == "co_await") return Value::unknown;
        if (code_.has(range, {"+"})) return Value::unknown; // strings, perhaps
        const Token& last = code_[range.end - 1];
        if (last.kind == TokenKind::string)
            return last.text.ends_with('"') ? Value::lvalue : Value::unknown; // "..."s
        if (!is_one_of(last, {")", "}"}) || last.partner == no_partner || last.partner <= range.begin)
            return Value::lvalue;
        return value_of_call(range.begin, last.partner);
    }

    // `name(...)`, `name{...}`: `open` is the bracket.
    Value value_of_call(std::size_t begin, std::size_t open) const {
        if (code_.lambda_at(begin)) return Value::lvalue; // the closures are looked at in any case
        const std::size_t name = std::max(code_.name_begin(open - 1), begin);
        if (is_plain_type(code_[open - 1])) return Value::plain;
        if (is_one_of(code_[name], {"static_cast", "const_cast", "reinterpret_cast"})) {
            const Token& target = code_[open - 2]; // before the >
            return is_plain_type(target) || is_one_of(target, {"*", "&"}) ? Value::plain : Value::unknown;
        }
        if (is_one_of(code_[open - 1], {"move", "forward", "as_const", "get_if"})) return Value::moved;
        return code_[open] == "{" ? Value::object : Value::unknown;
    }

    // --- types ---

    // All that the standard library calls by a name of its own has constructors, but for std::array and a few
    // that need no destructor. So has every type of this library.
    bool is_no_aggregate_type(std::size_t name, std::size_t last) const {
        if (is_plain_type(code_[last])) return true;
        const std::size_t root = code_[name] == "::" ? name + 1 : name;
        if (root + 2 > last || code_[root + 1] != "::") return false;
        if (code_[root] == "std") return code_[root + 2] != "array";
        return code_[root] == "rouse";
    }

    const Grammar& code_;
};

} // namespace rouse::check
