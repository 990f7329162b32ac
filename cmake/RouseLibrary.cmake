# SPDX-FileCopyrightText: The rouse authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

# The library: rouse::static, rouse::shared, and rouse::rouse for whichever of them is meant when nobody says.

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

file(GLOB_RECURSE rouse_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/*.cpp")
list(FILTER rouse_sources EXCLUDE REGEX "/src/tls/[^/]*$") # a library of its own: see RouseTls.cmake
if(NOT rouse_has_io_uring) # see RouseIoUring.cmake
    list(FILTER rouse_sources EXCLUDE REGEX "/src/io/io_uring/[^/]*$")
endif()
# In a unity build each folder is a unit: which files share one does not depend on what else there is.
foreach(source IN LISTS rouse_sources)
    cmake_path(GET source PARENT_PATH folder)
    cmake_path(GET folder FILENAME folder)
    set_source_files_properties("${source}" PROPERTIES UNITY_GROUP ${folder})
endforeach()
set_source_files_properties("${PROJECT_SOURCE_DIR}/src/io/backend.cpp"
                            PROPERTIES COMPILE_DEFINITIONS "ROUSE_HAS_IO_URING=$<BOOL:${rouse_has_io_uring}>")
file(GLOB_RECURSE rouse_headers CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/include/*.hpp")

# Options that change the layout or the meaning of the headers. Whoever includes them must see what the library was built with.
set(rouse_definitions)
if(ROUSE_NO_VERDICT)
    list(APPEND rouse_definitions ROUSE_NO_VERDICT=1)
endif()
string(TOUPPER "${ROUSE_FRAME_CACHE}" frame_cache)
if(NOT frame_cache STREQUAL "AUTO") # AUTO leaves it to base/config.hpp, which knows the sanitizer
    if(ROUSE_FRAME_CACHE)
        list(APPEND rouse_definitions ROUSE_FRAME_CACHE=1)
    else()
        list(APPEND rouse_definitions ROUSE_FRAME_CACHE=0)
    endif()
endif()

# What compiling against the library needs, and compiling the library.
function(rouse_compile_settings target)
    target_compile_features(${target} PUBLIC cxx_std_23)
    target_compile_definitions(${target} PUBLIC ${rouse_definitions})
    target_include_directories(
        ${target}
        PUBLIC "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>" "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>"
        PRIVATE "${PROJECT_SOURCE_DIR}/src")
    target_link_libraries(${target} PUBLIC Threads::Threads PRIVATE "$<BUILD_INTERFACE:rouse_warnings>")
    if(rouse_has_io_uring)
        target_link_libraries(${target} PRIVATE rouse::liburing)
    endif()
    set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF UNITY_BUILD ${ROUSE_UNITY_BUILD}
                                               UNITY_BUILD_MODE GROUP)
endfunction()

# rouse_add_library(<kind> <type> <source>...)
function(rouse_add_library kind type)
    set(target rouse_${kind})
    add_library(${target} ${type} ${ARGN})
    add_library(rouse::${kind} ALIAS ${target})
    rouse_compile_settings(${target})
    set_target_properties(
        ${target}
        PROPERTIES OUTPUT_NAME rouse
                   EXPORT_NAME ${kind}
                   DEFINE_SYMBOL "" # everything is visible; the macro that CMake would define means nothing here
                   VERSION ${PROJECT_VERSION}
                   SOVERSION ${rouse_soversion})
endfunction()

# Before 1.0 a minor release may break the ABI.
if(PROJECT_VERSION_MAJOR EQUAL 0)
    set(rouse_soversion ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
else()
    set(rouse_soversion ${PROJECT_VERSION_MAJOR})
endif()

if(BUILD_SHARED_LIBS)
    set(rouse_default shared)
else()
    set(rouse_default static)
endif()
set(rouse_kinds ${rouse_default}) # what there is to install
if(ROUSE_BUILD_BOTH)
    set(rouse_kinds static shared)
    # Compiled once, as the shared one needs it; then the static one may go into somebody's shared library as well.
    add_library(rouse_objects OBJECT ${rouse_sources} ${rouse_headers})
    rouse_compile_settings(rouse_objects)
    set_target_properties(rouse_objects PROPERTIES POSITION_INDEPENDENT_CODE ON)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        # Clang's default: nobody replaces one function of ours by another, so we may inline it.
        target_compile_options(rouse_objects PRIVATE -fno-semantic-interposition)
    endif()
    rouse_add_library(static STATIC $<TARGET_OBJECTS:rouse_objects>)
    rouse_add_library(shared SHARED $<TARGET_OBJECTS:rouse_objects>)
else()
    string(TOUPPER ${rouse_default} type)
    rouse_add_library(${rouse_default} ${type} ${rouse_sources} ${rouse_headers})
endif()

add_library(rouse INTERFACE)
add_library(rouse::rouse ALIAS rouse)
target_link_libraries(rouse INTERFACE rouse_${rouse_default})
