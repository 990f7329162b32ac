# SPDX-FileCopyrightText: The rouse authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

# One executable per folder of tests/: tests/core/**/*.cpp is test_core, and so on. Two kinds of folder are no GoogleTest suite: those
# that bring a CMakeLists.txt of their own, which is used instead, and those named below.

file(GLOB rouse_test_folders LIST_DIRECTORIES true RELATIVE "${PROJECT_SOURCE_DIR}/tests" CONFIGURE_DEPENDS
     "${PROJECT_SOURCE_DIR}/tests/*")
list(REMOVE_ITEM rouse_test_folders consumer compile_fail tools support web)

# Debian's CMake files for GoogleTest; a prebuilt, uninstrumented library does, sanitizers included: it shares nothing with us
# but calls.
find_package(GTest QUIET)
if(NOT GTest_FOUND)
    message(FATAL_ERROR "GoogleTest was not found. Install it (Debian: libgtest-dev), or configure with -DROUSE_BUILD_TESTS=OFF.")
endif()
include(GoogleTest)

# gtest.h and our headers cost more to parse than most tests; parsed once, that is paid once per build. The standard headers that
# every test needs come along.
file(WRITE "${PROJECT_BINARY_DIR}/test_pch.cpp" "")
function(rouse_add_test_pch target)
    add_library(${target} OBJECT "${PROJECT_BINARY_DIR}/test_pch.cpp")
    rouse_program(${target})
    target_link_libraries(${target} PRIVATE GTest::gtest)
    target_compile_options(${target} PRIVATE ${ARGN})
    target_precompile_headers(
        ${target}
        PRIVATE
        <gtest/gtest.h>
        <chrono>
        <coroutine>
        <expected>
        <functional>
        <memory>
        <string>
        <thread>
        <vector>
        <rouse/rouse.hpp>)
endfunction()
rouse_add_test_pch(rouse_test_pch ${ROUSE_TEST_FLAGS})
if(NOT ROUSE_PLAIN_TEST_FLAGS STREQUAL ROUSE_TEST_FLAGS)
    rouse_add_test_pch(rouse_plain_test_pch ${ROUSE_PLAIN_TEST_FLAGS})
endif()

# What these test is templates: how the tests are compiled is how the tested code is compiled. Elsewhere it is in the library.
set(rouse_tests_of_templates core task combine sync hang)

add_library(rouse_test_options INTERFACE)
if(ROUSE_UNITY_TESTS)
    target_compile_options(rouse_test_options INTERFACE -Wno-shadow)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        target_compile_options(rouse_test_options INTERFACE -Wno-subobject-linkage) # it takes the tests for headers
    endif()
endif()

# rouse_test_target(<target> <plain>): what every target of tests has in common. <plain>: with ROUSE_PLAIN_TEST_FLAGS.
function(rouse_test_target target plain)
    rouse_program(${target})
    target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/tests" "${PROJECT_SOURCE_DIR}/src")
    target_link_libraries(${target} PRIVATE GTest::gtest rouse_test_options) # after -Wall
    if(plain AND TARGET rouse_plain_test_pch)
        target_compile_options(${target} PRIVATE ${ROUSE_PLAIN_TEST_FLAGS}) # as the precompiled header's
        target_precompile_headers(${target} REUSE_FROM rouse_plain_test_pch)
    else()
        target_compile_options(${target} PRIVATE ${ROUSE_TEST_FLAGS})
        target_precompile_headers(${target} REUSE_FROM rouse_test_pch)
    endif()
endfunction()

function(rouse_add_test_folder folder)
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/${folder}/*.cpp")
    if(NOT rouse_has_io_uring)
        list(FILTER sources EXCLUDE REGEX "/tests/io/io_uring/[^/]*$")
    endif()
    set(target test_${folder})
    set(plain ON)
    if(folder IN_LIST rouse_tests_of_templates)
        set(plain OFF)
    endif()
    # Tests of each of many types are much code that runs once: to optimise it takes longer than all else in the folder.
    set(each ${sources})
    list(FILTER each INCLUDE REGEX "/each_[^/]*\\.cpp$")
    list(FILTER sources EXCLUDE REGEX "/each_[^/]*\\.cpp$")
    add_executable(${target} ${sources})
    rouse_test_target(${target} ${plain})
    if(each)
        add_library(${target}_each OBJECT ${each})
        rouse_test_target(${target}_each ON)
        target_link_libraries(${target} PRIVATE ${target}_each)
    endif()
    if(NOT "${PROJECT_SOURCE_DIR}/tests/${folder}/main.cpp" IN_LIST sources)
        target_link_libraries(${target} PRIVATE GTest::gtest_main)
    endif()
    set_target_properties(${target} PROPERTIES UNITY_BUILD ${ROUSE_UNITY_TESTS} UNITY_BUILD_BATCH_SIZE 6)
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")

    # A test that waits for ever is what this library is about: none may hold up a run. Loose, for loaded machines and TSan.
    set(timeout 60)
    if(folder STREQUAL "stress")
        set(timeout 300)
    endif()
    if(ROUSE_TEST_PROCESSES STREQUAL "folder")
        # To start a process takes longer than most tests, with a sanitizer above all. And what a test leaves behind is found by
        # the next one. Each has a process of its own in the other builds.
        add_test(NAME ${folder} COMMAND ${target})
        set_tests_properties(${folder} PROPERTIES TIMEOUT 300)
        if(folder MATCHES "^(servers|runtime|sync)$") # the longest first, so that none of them is left alone at the end
            set_tests_properties(${folder} PROPERTIES COST 100)
        endif()
    else()
        gtest_discover_tests(
            ${target}
            TEST_PREFIX "${folder}."
            TEST_FILTER "-Each*"
            DISCOVERY_MODE PRE_TEST
            DISCOVERY_TIMEOUT 60
            PROPERTIES TIMEOUT ${timeout})
        if(each) # hundreds that are done at once: together in one process
            add_test(NAME ${folder}.each COMMAND ${target} --gtest_filter=Each*)
            set_tests_properties(${folder}.each PROPERTIES TIMEOUT ${timeout})
        endif()
    endif()
    # Once more on the other backend, but for those that run over both anyway. Elsewhere it is asked for by hand:
    # ROUSE_IO_BACKEND=io_uring build/release/tests/test_runtime
    if(rouse_has_io_uring AND folder MATCHES "^(io|net|fs)$")
        if(ROUSE_TEST_PROCESSES STREQUAL "folder")
            add_test(NAME io_uring.${folder} COMMAND ${target} --gtest_filter=-backends/*)
            set_tests_properties(io_uring.${folder} PROPERTIES TIMEOUT 300 ENVIRONMENT ROUSE_IO_BACKEND=io_uring)
        else()
            gtest_discover_tests(
                ${target}
                TEST_PREFIX "io_uring.${folder}."
                TEST_FILTER "-backends/*"
                DISCOVERY_MODE PRE_TEST
                DISCOVERY_TIMEOUT 60
                PROPERTIES TIMEOUT ${timeout} ENVIRONMENT ROUSE_IO_BACKEND=io_uring)
        endif()
    endif()
endfunction()

foreach(folder IN LISTS rouse_test_folders)
    if(EXISTS "${PROJECT_SOURCE_DIR}/tests/${folder}/CMakeLists.txt")
        add_subdirectory("${PROJECT_SOURCE_DIR}/tests/${folder}" "${PROJECT_BINARY_DIR}/tests/${folder}")
    elseif(IS_DIRECTORY "${PROJECT_SOURCE_DIR}/tests/${folder}")
        rouse_add_test_folder(${folder})
    endif()
endforeach()
add_subdirectory("${PROJECT_SOURCE_DIR}/tests/compile_fail" "${PROJECT_BINARY_DIR}/tests/compile_fail")
