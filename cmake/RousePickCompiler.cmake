# SPDX-FileCopyrightText: The rouse authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

# The clang presets set ROUSE_PREFER_CLANG. A preset cannot say "22, or else 19", so the search is here. Whoever names a compiler
# (-DCMAKE_CXX_COMPILER, $CXX, a toolchain file) gets that one.
if(ROUSE_PREFER_CLANG AND NOT DEFINED CMAKE_CXX_COMPILER AND NOT DEFINED ENV{CXX} AND NOT CMAKE_TOOLCHAIN_FILE)
    find_program(ROUSE_CLANGXX NAMES clang++-22 clang++-19 clang++)
    mark_as_advanced(ROUSE_CLANGXX)
    if(ROUSE_CLANGXX)
        set(CMAKE_CXX_COMPILER "${ROUSE_CLANGXX}")
    else()
        message(WARNING "This preset is for clang and none was found; going on with the system's compiler.")
    endif()
endif()
