# SPDX-FileCopyrightText: The rouse authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

# How we build our own code: warnings for every target of ours, and, when rouse is the project being built, sanitizers, linker and
# compiler cache for the whole tree. None of it reaches a consumer.

include(CheckLinkerFlag)

add_library(rouse_warnings INTERFACE)
target_compile_options(
    rouse_warnings
    INTERFACE -Wall
              -Wextra
              -Wpedantic
              -Wconversion
              -Wno-sign-conversion # clang counts it to -Wconversion, GCC does not; sizes and differences would drown in casts
              -Wcast-align
              -Wold-style-cast
              -Wnon-virtual-dtor
              -Woverloaded-virtual
              -Wextra-semi
              -Wundef
              -Wimplicit-fallthrough)
if(ROUSE_WERROR)
    target_compile_options(rouse_warnings INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    target_compile_options(rouse_warnings INTERFACE -Wloop-analysis -Wthread-safety)
    if(CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 22)
        # An older one takes `[tx = std::move(tx)]` of a structured binding for a shadow.
        target_compile_options(rouse_warnings INTERFACE -Wshadow)
    endif()
else()
    # What clang means by -Wshadow: a constructor's parameter may have the name of the member that it initialises.
    target_compile_options(rouse_warnings INTERFACE -Wshadow=local)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 14)
    # These come out of the optimiser, which sees through a coroutine frame only halfway: initialised members of a frame look
    # uninitialised, and a frame that gave its prefix away looks freed at an offset; `"a" + text` of std::string looks like a copy
    # onto itself (GCC bug 105651). They are shown, they just do not stop a build.
    foreach(flow maybe-uninitialized uninitialized free-nonheap-object use-after-free array-bounds stringop-overflow
                 stringop-overread dangling-pointer mismatched-new-delete restrict)
        target_compile_options(rouse_warnings INTERFACE -Wno-error=${flow})
    endforeach()
endif()

if(NOT PROJECT_IS_TOP_LEVEL)
    return()
endif()

if(ROUSE_SANITIZE)
    add_compile_options(-fsanitize=${ROUSE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${ROUSE_SANITIZE})
    # The options a sanitizer reads at its start are compiled into our programs: they then hold by hand as under ctest.
    get_filename_component(compiler_folder "${CMAKE_CXX_COMPILER}" REALPATH)
    get_filename_component(compiler_folder "${compiler_folder}" DIRECTORY)
    find_program(ROUSE_SYMBOLIZER NAMES llvm-symbolizer HINTS "${compiler_folder}")
    mark_as_advanced(ROUSE_SYMBOLIZER)
    add_library(rouse_sanitizer_options OBJECT "${CMAKE_CURRENT_LIST_DIR}/sanitizer_options.cpp")
    if(ROUSE_SYMBOLIZER)
        target_compile_definitions(rouse_sanitizer_options PRIVATE ROUSE_SYMBOLIZER="${ROUSE_SYMBOLIZER}")
    endif()
endif()

if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    check_linker_flag(CXX -fuse-ld=lld ROUSE_HAVE_LLD)
    if(ROUSE_HAVE_LLD)
        add_link_options(-fuse-ld=lld)
    endif()
endif()

find_program(ROUSE_CCACHE NAMES ccache)
mark_as_advanced(ROUSE_CCACHE)
if(ROUSE_CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
    # The sloppiness is what ccache's manual asks for where precompiled headers are used.
    set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND};-E;env;CCACHE_SLOPPINESS=pch_defines,time_macros;${ROUSE_CCACHE}")
    if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
        add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
    endif()
endif()

# rouse_precompiled(<target>): its sources begin with rouse's headers precompiled, once for all programs that are built with the
# flags of the tree. To parse them costs more than most programs.
function(rouse_precompiled target)
    if(NOT TARGET rouse_program_pch)
        file(WRITE "${PROJECT_BINARY_DIR}/program_pch.cpp" "")
        add_library(rouse_program_pch OBJECT "${PROJECT_BINARY_DIR}/program_pch.cpp")
        rouse_program(rouse_program_pch)
        target_compile_options(rouse_program_pch PRIVATE ${ROUSE_EXAMPLE_FLAGS})
        target_precompile_headers(rouse_program_pch PRIVATE <rouse/rouse.hpp>)
    endif()
    target_compile_options(${target} PRIVATE ${ROUSE_EXAMPLE_FLAGS}) # as the precompiled header's
    target_precompile_headers(${target} REUSE_FROM rouse_program_pch)
endfunction()

# rouse_program(<target>): what every executable of this tree, and every library only for them, has in common.
function(rouse_program target)
    target_link_libraries(${target} PRIVATE rouse::rouse rouse_warnings)
    set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
    get_target_property(type ${target} TYPE)
    if(type STREQUAL "EXECUTABLE" AND TARGET rouse_sanitizer_options)
        target_link_libraries(${target} PRIVATE rouse_sanitizer_options)
    endif()
endfunction()
