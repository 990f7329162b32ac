// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Linked into every program of a sanitizer build. The environment (ASAN_OPTIONS and so on) still overrides
// each of these.

#if defined(ROUSE_SYMBOLIZER)
#define ROUSE_SYMBOLIZER_OPTION ":external_symbolizer_path=" ROUSE_SYMBOLIZER
#else
#define ROUSE_SYMBOLIZER_OPTION ""
#endif

extern "C" {

const char* __asan_default_options() {
    return "detect_stack_use_after_return=1:check_initialization_order=1:strict_init_order=1"
           ":detect_leaks=1" ROUSE_SYMBOLIZER_OPTION;
}

const char* __ubsan_default_options() { return "print_stacktrace=1:halt_on_error=1" ROUSE_SYMBOLIZER_OPTION; }

const char* __tsan_default_options() {
    return "halt_on_error=1:second_deadlock_stack=1" ROUSE_SYMBOLIZER_OPTION;
}

// libstdc++ is not instrumented: TSan does not see that the counts of an exception_ptr order its last release
// after what other threads read of the exception.
const char* __tsan_default_suppressions() { return "race:std::__exception_ptr::exception_ptr::_M_release\n"; }

} // extern "C"
