// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What libc++ throws from its compiled part. That is built without exceptions, and calls this in their place,
// with the name of the exception: so it is thrown from here.
#include "rouse/base/stop.hpp"

#include <cstdarg>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <string_view>

namespace {

template <class E>
[[noreturn]] void throw_as(const char* what) {
    throw E(what);
}

class Known {
public:
    std::string_view name;
    void (*raise)(const char* what);
};
constexpr Known known[] = {
    {"out_of_range", throw_as<std::out_of_range>},     {"invalid_argument", throw_as<std::invalid_argument>},
    {"length_error", throw_as<std::length_error>},     {"domain_error", throw_as<std::domain_error>},
    {"overflow_error", throw_as<std::overflow_error>}, {"range_error", throw_as<std::range_error>},
    {"runtime_error", throw_as<std::runtime_error>},   {"system_error", throw_as<std::runtime_error>},
};

} // namespace

// `__libcpp_verbose_abort` in the inline namespace (`__1`; Debian's is `__2`) of std.
#define ROUSE_TEXT_OF(x) #x
#define ROUSE_TEXT(x) ROUSE_TEXT_OF(x)
#define ROUSE_ABORT_NAME "_ZNSt3" ROUSE_TEXT(_LIBCPP_ABI_NAMESPACE) "22__libcpp_verbose_abortEPKcz"

// `std::__libcpp_verbose_abort`, by the name that the linker knows: it is declared noexcept, and a function
// of that name could not throw. Its callers in libc++ have nothing to clean up, as far as they know.
[[noreturn]] void throw_for_library(const char* format, ...) __asm__(ROUSE_ABORT_NAME);

// "out_of_range was thrown in -fno-exceptions mode with message \"%s\""
void throw_for_library(const char* format, ...) {
    const std::string_view text = format;
    const std::string_view name = text.substr(0, text.find(' '));
    const char* what = format;
    if (text.find("%s") != std::string_view::npos) {
        va_list arguments;
        va_start(arguments, format);
        what = va_arg(arguments, const char*);
        va_end(arguments);
    }
    if (name == "bad_alloc") throw std::bad_alloc();
    for (const Known& exception : known)
        if (exception.name == name) exception.raise(what);
    rouse::detail::stop(what);
}
