// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The ends of a program that libc++abi would print to stderr: here they are a trap with words that JavaScript
// gets.
#include "rouse/base/config.hpp"
#include "rouse/base/stop.hpp"

#include <cstdint>
#include <exception>
#include <string>

extern "C" {
void* rouse_exception_in_flight() noexcept;
void __cxa_rethrow_primary_exception(void*);
}

namespace {

#if ROUSE_EXCEPTIONS
std::string words_of_exception() noexcept {
    void* const thrown = rouse_exception_in_flight();
    if (!thrown) return {};
    try {
        __cxa_rethrow_primary_exception(thrown);
    } catch (const std::exception& known) {
        return known.what();
    } catch (...) {}
    return "an exception that is no std::exception";
}
#else
std::string words_of_exception() noexcept { return {}; }
#endif

[[noreturn]] void stop_for_exception() noexcept {
    const std::string words = words_of_exception();
    if (words.empty()) rouse::detail::stop("std::terminate was called");
    rouse::detail::stop("an exception left a function that is noexcept: " + words);
}

std::terminate_handler handler = stop_for_exception;

} // namespace

namespace std {

terminate_handler set_terminate(terminate_handler next) noexcept {
    const terminate_handler before = handler;
    handler = next ? next : stop_for_exception;
    return before;
}
terminate_handler get_terminate() noexcept { return handler; }
void terminate() noexcept {
    handler();
    rouse::detail::stop("the terminate handler returned");
}

} // namespace std

extern "C" {

[[noreturn]] void __cxa_pure_virtual() { rouse::detail::stop("a pure virtual function was called"); }
[[noreturn]] void __cxa_deleted_virtual() { rouse::detail::stop("a deleted virtual function was called"); }

// libc++abi, of a fault in what it was handed.
[[noreturn]] void __abort_message(const char* format, ...) { rouse::detail::stop(format); }

// The one thread never ends: a module is let go of as a whole.
int __cxa_thread_atexit(void (*)(void*), void*, void*) noexcept { return 0; }

// Debian's compiler runtime for wasm is built with -fstack-protector, which its wasi-libc knows nothing of.
std::uintptr_t __stack_chk_guard = 0x5bd1e995;
[[noreturn]] void __stack_chk_fail() { rouse::detail::stop("the stack was overwritten"); }

} // extern "C"
