// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/hang.hpp"
#include "rouse/web/value.hpp"

#include <exception>
#include <string>

namespace rouse::js {

/// What JavaScript threw, or rejected a Promise with. Let out of a task it goes back to JavaScript as it
/// came.
class Error : public std::exception {
public:
    explicit Error(Value value);
    [[nodiscard]] const char* what() const noexcept override { return what_.c_str(); }
    [[nodiscard]] const Value& value() const noexcept { return value_; }

private:
    Value value_;
    std::string what_;
};

/// Throws `js::Error`; without exceptions it stops the program with what the value says.
[[noreturn]] void throw_error(Value value);

} // namespace rouse::js

namespace rouse::web::detail {

/// What a Promise is rejected with for an exception of C++: the value of a js::Error as it is, else an Error
/// with its message.
[[nodiscard]] js::Value error_of(const std::exception_ptr& error);
/// An Error named LostWaker: its message is the report, its stack the awaits, innermost first.
[[nodiscard]] js::Value lost_error(const HangReport& report);
/// The words of an exception; empty: it goes back to a hang, which was reported.
[[nodiscard]] std::string text_of_failure(const std::exception_ptr& error);
/// What a Promise is rejected with whose task was destroyed before its end.
[[nodiscard]] js::Value cancelled_error();

} // namespace rouse::web::detail
