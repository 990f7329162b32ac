// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What libc++ would throw: it stops the module with its words, and without stdio.
#include "rouse/base/stop.hpp"

#include <cstdarg>
#include <string_view>
#include <version>

_LIBCPP_BEGIN_NAMESPACE_STD

[[noreturn]] void __libcpp_verbose_abort(const char* format, ...) noexcept;
void __libcpp_verbose_abort(const char* format, ...) noexcept {
    const char* what = format;
    if (std::string_view(format).find("%s") != std::string_view::npos) {
        va_list arguments;
        va_start(arguments, format);
        what = va_arg(arguments, const char*);
        va_end(arguments);
    }
    rouse::detail::stop(what);
}

_LIBCPP_END_NAMESPACE_STD
