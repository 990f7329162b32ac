# SPDX-FileCopyrightText: The rouse authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

# io_uring, by liburing: part of the library where it is found. Sets rouse_has_io_uring, and makes rouse::liburing for
# RouseLibrary.cmake; an installed rouse makes it again where it is used (see rouseConfig.cmake.in), for its static library.

set(ROUSE_WITH_IO_URING AUTO CACHE STRING "Build the io_uring backend, which needs liburing 2.3: ON, OFF, or AUTO (if it is found)")
set_property(CACHE ROUSE_WITH_IO_URING PROPERTY STRINGS AUTO ON OFF)

set(rouse_has_io_uring FALSE)
string(TOUPPER "${ROUSE_WITH_IO_URING}" with_io_uring)
if(with_io_uring STREQUAL "AUTO" OR ROUSE_WITH_IO_URING)
    find_path(ROUSE_LIBURING_INCLUDE liburing.h)
    find_library(ROUSE_LIBURING uring)
    mark_as_advanced(ROUSE_LIBURING_INCLUDE ROUSE_LIBURING)
    if(ROUSE_LIBURING AND ROUSE_LIBURING_INCLUDE)
        # 2.3 is the first with what cancels requests at once.
        file(STRINGS "${ROUSE_LIBURING_INCLUDE}/liburing.h" sync_cancel REGEX "io_uring_register_sync_cancel")
        if(sync_cancel)
            set(rouse_has_io_uring TRUE)
        endif()
    endif()
    if(NOT rouse_has_io_uring)
        if(with_io_uring STREQUAL "AUTO")
            message(STATUS "rouse: without io_uring (no liburing 2.3 was found; Debian: liburing-dev)")
        else()
            message(FATAL_ERROR "liburing 2.3 was not found. Install it (Debian: liburing-dev), or configure with -DROUSE_WITH_IO_URING=OFF.")
        endif()
    endif()
endif()

if(rouse_has_io_uring)
    add_library(rouse::liburing INTERFACE IMPORTED GLOBAL)
    set_target_properties(rouse::liburing PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${ROUSE_LIBURING_INCLUDE}"
                                                     INTERFACE_LINK_LIBRARIES "${ROUSE_LIBURING}")
endif()
