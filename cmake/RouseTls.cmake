# SPDX-FileCopyrightText: The rouse authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

# rouse::tls: TLS by OpenSSL 3, in a library of its own, so that nobody else needs OpenSSL.

set(ROUSE_WITH_TLS AUTO CACHE STRING "Build rouse::tls, which needs OpenSSL 3: ON, OFF, or AUTO (if it is found)")
set_property(CACHE ROUSE_WITH_TLS PROPERTY STRINGS AUTO ON OFF)

string(TOUPPER "${ROUSE_WITH_TLS}" with_tls)
if(with_tls STREQUAL "AUTO")
    find_package(OpenSSL 3.0 QUIET)
elseif(ROUSE_WITH_TLS)
    find_package(OpenSSL 3.0 QUIET)
    if(NOT OpenSSL_FOUND)
        message(FATAL_ERROR "OpenSSL 3 was not found. Install it (Debian: libssl-dev), or configure with -DROUSE_WITH_TLS=OFF.")
    endif()
else()
    return()
endif()
if(NOT OpenSSL_FOUND)
    message(STATUS "rouse: without TLS (no OpenSSL 3 was found; Debian: libssl-dev)")
    return()
endif()

file(GLOB_RECURSE rouse_tls_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/tls/*.cpp")
add_library(rouse_tls ${rouse_tls_sources})
add_library(rouse::tls ALIAS rouse_tls)
target_include_directories(rouse_tls PRIVATE "${PROJECT_SOURCE_DIR}/src")
target_link_libraries(rouse_tls PUBLIC rouse OpenSSL::SSL OpenSSL::Crypto PRIVATE "$<BUILD_INTERFACE:rouse_warnings>")
set_target_properties(
    rouse_tls
    PROPERTIES EXPORT_NAME tls
               CXX_EXTENSIONS OFF
               DEFINE_SYMBOL ""
               VERSION ${PROJECT_VERSION}
               SOVERSION ${rouse_soversion})
