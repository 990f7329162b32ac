// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The exception runtime, as exceptions.test.mjs asks for it: each function returns what it saw.
#include "rouse/web/export.hpp"

#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

std::string trace;
class Noted {
public:
    explicit Noted(const char* name) : name_(name) {}
    Noted(const Noted&) = delete;
    Noted& operator=(const Noted&) = delete;
    ~Noted() { trace += name_; }

private:
    const char* name_;
};

class Base {
public:
    virtual ~Base() = default;
};
class Left : public virtual Base {};
class Right : public virtual Base {
public:
    int number = 42;
};
class Both : public Left, public Right {};

std::string unwinds_innermost_first() {
    trace.clear();
    try {
        const Noted a("a");
        const Noted b("b");
        throw 1;
    } catch (int) {
        trace += "|";
    }
    return trace;
}
ROUSE_EXPORT(unwinds_innermost_first)

std::string catches_by_base() {
    try {
        throw Both();
    } catch (const std::exception&) {
        return "wrong type";
    } catch (const Right& right) {
        return std::to_string(right.number);
    }
}
ROUSE_EXPORT(catches_by_base)

std::string catches_pointers() {
    static Both both;
    try {
        throw &both;
    } catch (Right* right) {
        return std::to_string(right->number);
    }
}
ROUSE_EXPORT(catches_pointers)

std::string throws_again() {
    trace.clear();
    try {
        try {
            throw std::runtime_error("inner");
        } catch (const std::exception&) {
            trace += "1";
            throw;
        }
    } catch (const std::runtime_error& error) {
        trace += error.what();
    }
    return trace + std::to_string(std::uncaught_exceptions());
}
ROUSE_EXPORT(throws_again)

std::string throws_in_a_handler() {
    try {
        try {
            throw 1;
        } catch (int) {
            throw std::string("other");
        }
    } catch (const std::string& text) {
        return text + (std::current_exception() ? "!" : "?");
    }
}
ROUSE_EXPORT(throws_in_a_handler)

int alive = 0;
class Counted {
public:
    Counted() { ++alive; }
    Counted(const Counted&) { ++alive; }
    Counted& operator=(const Counted&) = default;
    ~Counted() { --alive; }
};
std::string keeps_exceptions() {
    std::exception_ptr kept;
    try {
        throw Counted();
    } catch (...) {
        kept = std::current_exception();
    }
    std::string text = std::to_string(alive);
    for (int i = 0; i < 3; ++i) {
        try {
            std::rethrow_exception(kept);
        } catch (const Counted&) {
            text += std::to_string(alive);
        }
    }
    kept = std::make_exception_ptr(Counted());
    text += std::to_string(alive);
    kept = nullptr;
    return text + std::to_string(alive);
}
ROUSE_EXPORT(keeps_exceptions)

std::string nested() {
    try {
        try {
            throw std::runtime_error("cause");
        } catch (...) {
            std::throw_with_nested(std::runtime_error("effect"));
        }
    } catch (const std::exception& effect) {
        try {
            std::rethrow_if_nested(effect);
        } catch (const std::exception& cause) {
            return std::string(effect.what()) + " of " + cause.what();
        }
    }
    return "not nested";
}
ROUSE_EXPORT(nested)

/// Thrown in the compiled part of libc++, or by an expression.
std::string library_errors() {
    std::string text;
    try {
        (void)std::stoi("no number");
    } catch (const std::invalid_argument&) {
        text += "invalid_argument ";
    }
    try {
        (void)std::stoi("99999999999999999999");
    } catch (const std::out_of_range&) {
        text += "out_of_range ";
    }
    try {
        (void)std::vector<int>(3).at(7);
    } catch (const std::out_of_range&) {
        text += "at ";
    }
    try {
        const Left left;
        (void)dynamic_cast<const Both&>(static_cast<const Base&>(left));
    } catch (const std::bad_cast&) {
        text += "bad_cast ";
    }
    try {
        std::string().append(std::string(3, 'x'), 9, 1);
    } catch (const std::out_of_range&) {
        text += "append ";
    }
    try {
        static void* volatile memory; // so that it is not optimised away
        memory = ::operator new(0xf0000000);
        ::operator delete(memory);
    } catch (const std::bad_alloc&) {
        text += "bad_alloc";
    }
    return text;
}
ROUSE_EXPORT(library_errors)

void throw_error() { throw std::runtime_error("no way out"); }
void throw_in_noexcept() noexcept { throw_error(); }
ROUSE_EXPORT(throw_in_noexcept)

} // namespace
