# SPDX-FileCopyrightText: The rouse authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

# Checks a target's sources for what GCC before 13 compiles wrongly in coroutines. Installed beside rouseConfig.cmake; works with the
# checker of the build tree as with the installed one (the target rouse::coroutine_check).

include_guard(GLOBAL)

# rouse_check_coroutines(<target> [STRICT] [ERRORS_ONLY] [ALWAYS])
#
# Before the target is compiled, rouse-coroutine-check reads its C++ sources, and the headers that are listed as sources or in a
# header set, and the build stops if it finds an error. It reads them again when one of them has changed.
#
#   STRICT       its warnings stop the build too
#   ERRORS_ONLY  no warnings
#   ALWAYS       with every compiler; else only with GCC before 13.1, the first release without the fault
function(rouse_check_coroutines target)
    cmake_parse_arguments(PARSE_ARGV 1 arg "STRICT;ERRORS_ONLY;ALWAYS" "" "")
    if(arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "rouse_check_coroutines: unknown argument: ${arg_UNPARSED_ARGUMENTS}")
    endif()
    if(arg_STRICT AND arg_ERRORS_ONLY)
        message(FATAL_ERROR "rouse_check_coroutines: STRICT and ERRORS_ONLY exclude each other")
    endif()
    if(NOT TARGET "${target}")
        message(FATAL_ERROR "rouse_check_coroutines: there is no target ${target}")
    endif()
    if(NOT arg_ALWAYS AND NOT (CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13.1))
        return()
    endif()

    set(options "")
    if(arg_STRICT)
        set(options --strict)
    elseif(arg_ERRORS_ONLY)
        set(options --errors-only)
    endif()
    # Sources may be added after this call, so the list is read when their folder has been read to its end.
    get_target_property(folder "${target}" SOURCE_DIR)
    if(folder STREQUAL CMAKE_CURRENT_SOURCE_DIR)
        cmake_language(EVAL CODE "cmake_language(DEFER CALL _rouse_add_coroutine_check [[${target}]] [[${options}]])")
    else()
        _rouse_add_coroutine_check("${target}" "${options}")
    endif()
endfunction()

function(_rouse_add_coroutine_check target options)
    _rouse_find_coroutine_check(checker)
    _rouse_list_cpp_files("${target}" files)
    if(NOT files)
        return()
    endif()
    set(stamp "${CMAKE_CURRENT_BINARY_DIR}/${target}_coroutine_check${options}.stamp")
    add_custom_command(
        OUTPUT "${stamp}"
        COMMAND ${checker} ${options} -- ${files}
        COMMAND "${CMAKE_COMMAND}" -E touch "${stamp}"
        DEPENDS ${files} ${checker}
        COMMENT "Checking the coroutines of ${target}"
        VERBATIM)
    add_custom_target(${target}_coroutine_check DEPENDS "${stamp}")
    add_dependencies("${target}" ${target}_coroutine_check)
endfunction()

# What to run: our target, unless it was built for another machine than this one.
function(_rouse_find_coroutine_check result)
    if(TARGET rouse::coroutine_check AND (NOT CMAKE_CROSSCOMPILING OR CMAKE_CROSSCOMPILING_EMULATOR))
        set(${result} rouse::coroutine_check PARENT_SCOPE)
        return()
    endif()
    find_program(ROUSE_COROUTINE_CHECK NAMES rouse-coroutine-check NO_CMAKE_FIND_ROOT_PATH)
    mark_as_advanced(ROUSE_COROUTINE_CHECK)
    if(NOT ROUSE_COROUTINE_CHECK)
        message(FATAL_ERROR "rouse_check_coroutines needs rouse-coroutine-check, a program for this machine. Build it with its "
                            "compiler (one file: tools/check/coroutine_check.cpp) and set ROUSE_COROUTINE_CHECK to it.")
    endif()
    set(${result} "${ROUSE_COROUTINE_CHECK}" PARENT_SCOPE)
endfunction()

# The C++ files that belong to a target and were written by hand, with their full names.
function(_rouse_list_cpp_files target result)
    get_target_property(folder "${target}" SOURCE_DIR)
    set(listed "")
    foreach(property SOURCES HEADER_SETS INTERFACE_HEADER_SETS)
        get_target_property(value "${target}" ${property})
        if(NOT value)
            continue()
        elseif(property STREQUAL "SOURCES")
            list(APPEND listed ${value})
            continue()
        endif()
        foreach(set IN LISTS value)
            get_target_property(headers "${target}" HEADER_SET_${set})
            if(headers)
                list(APPEND listed ${headers})
            endif()
        endforeach()
    endforeach()

    set(files "")
    foreach(file IN LISTS listed)
        if(file MATCHES "\\$<" OR NOT file MATCHES "\\.(C|cc|cpp|cxx|c\\+\\+|cppm|ixx|h|hh|hpp|hxx|h\\+\\+|ipp|tpp|txx|tcc|inl)$")
            continue()
        endif()
        cmake_path(ABSOLUTE_PATH file BASE_DIRECTORY "${folder}" NORMALIZE)
        get_source_file_property(generated "${file}" TARGET_DIRECTORY "${target}" GENERATED)
        if(NOT generated AND EXISTS "${file}")
            list(APPEND files "${file}")
        endif()
    endforeach()
    list(REMOVE_DUPLICATES files)
    set(${result} "${files}" PARENT_SCOPE)
endfunction()
