# SPDX-FileCopyrightText: The rouse authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

# What a user of rouse must know about the compiler at hand. Installed beside rouseConfig.cmake, so that a consumer is told as well,
# whichever way it takes the library in. Set ROUSE_COMPILER_NOTES to OFF when you have read them.

include_guard(DIRECTORY)

# rouse_note_compiler_bugs(<compiler id> <compiler version>)
#
# PR 101367 and 100611 (https://gcc.gnu.org/bugzilla/show_bug.cgi?id=101367 and =100611; 99576 and 101976 are the same fault): a
# temporary that directly initialises another object inside a co_await full-expression is "promoted" to the frame although it
# never exists on its own, so its destructor runs once more than its constructor. Closures with captures and aggregates are hit.
# Cured on trunk on 2022-12-04 ("find_interesting_subtree: Do not promote temporaries that are only used as direct
# initializers for some other object", gcc/cp/ChangeLog-2022), that is with GCC 13.1. Not carried to the release branches: the
# ChangeLog of GCC 12.3.0 lists several coroutine backports and not this one. GCC 12.2 was measured to be wrong at every level
# of optimisation.
#
# PR 124584: GCC 15 and 16 may skip the destructor of what `auto [a, b] = co_await e` binds to.
function(rouse_note_compiler_bugs id version)
    if(NOT id STREQUAL "GNU" OR (DEFINED ROUSE_COMPILER_NOTES AND NOT ROUSE_COMPILER_NOTES))
        return()
    endif()
    get_property(said GLOBAL PROPERTY _ROUSE_COMPILER_NOTES_SAID)
    if(said)
        return()
    endif()
    set_property(GLOBAL PROPERTY _ROUSE_COMPILER_NOTES_SAID TRUE)

    if(version VERSION_LESS 13.1)
        message(
            WARNING
                "rouse: GCC ${version} destroys some temporaries twice, in silence: a closure with captures, or an "
                "aggregate, that is made inside a co_await expression (GCC bugs 101367 and 100611; cured in GCC 13.1, not in "
                "any GCC 12 that we know of; no clang is affected).\n"
                "    co_await f([x] { ... });                      // x is destroyed twice\n"
                "    auto g = [x] { ... };  co_await f(std::move(g));   // right: give it a name first\n"
                "The same for co_await f({a, b}), co_await Aggregate{...} and `c ? co_await a() : T{}`. "
                "-DROUSE_COMPILER_NOTES=OFF silences this message.")
    elseif(version VERSION_GREATER_EQUAL 15)
        message(STATUS "rouse: GCC ${version} may leak what `auto [a, b] = co_await e` binds (GCC bug 124584): "
                       "write `auto r = co_await e; auto& [a, b] = r;`")
    endif()
endfunction()

# Stops with a sentence where the alternative is a page of template errors.
function(rouse_require_compiler)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 12)
        message(FATAL_ERROR "rouse needs GCC 12 or newer (this is ${CMAKE_CXX_COMPILER_VERSION}); 13 is better.")
    endif()
    if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 15)
        message(FATAL_ERROR "rouse needs clang 15 or newer (this is ${CMAKE_CXX_COMPILER_VERSION}): older ones crash on its "
                            "coroutines. 22 is the one it is developed with.")
    endif()
    include(CheckCXXSourceCompiles)
    set(CMAKE_CXX_STANDARD 23)
    set(CMAKE_CXX_STANDARD_REQUIRED ON)
    set(CMAKE_CXX_EXTENSIONS OFF)
    check_cxx_source_compiles(
        "#include <coroutine>\n#include <expected>\nint main() { return std::expected<int, int>(0).value(); }"
        ROUSE_HAVE_EXPECTED)
    if(NOT ROUSE_HAVE_EXPECTED)
        message(FATAL_ERROR "rouse needs <coroutine> and std::expected. With libstdc++ that means GCC 12, or clang 19, or newer.")
    endif()
endfunction()
