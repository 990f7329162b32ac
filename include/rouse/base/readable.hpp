// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/source_location.hpp"

#include <string>
#include <string_view>

namespace rouse {

/// A function as a person writes it, from `source_location::function_name()` of either compiler, or from what
/// GCC makes of the name of a coroutine: `fetch(unsigned)`, `main()::(lambda)`.
[[nodiscard]] std::string readable_function(std::string_view function_name);

/// The name alone, without parameters: what a task is called by that was given no name.
[[nodiscard]] std::string readable_name(std::string_view function_name);

/// A type as a person writes it, from `type_name`: without `rouse::`, anonymous namespaces and default
/// arguments.
[[nodiscard]] std::string readable_type(std::string_view type_name);

/// `src/fetch.cpp:41`: the file relative to the current directory if it is below it, else as the compiler was
/// given it.
[[nodiscard]] std::string readable_place(const SourceLocation& where);

} // namespace rouse
