# SPDX-FileCopyrightText: The rouse authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

# Toolchain file for the web: clang for wasm32-wasi, which is the name under which Debian's libc++ and wasi-libc are found.
#   cmake -S . -B build/web -G Ninja -DCMAKE_TOOLCHAIN_FILE=cmake/wasm.cmake

set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR wasm32)
find_program(ROUSE_WASM_CLANGXX NAMES clang++-22 clang++-19 clang++ REQUIRED)
set(CMAKE_CXX_COMPILER "${ROUSE_WASM_CLANGXX}")
set(CMAKE_CXX_COMPILER_TARGET wasm32-wasi)
set(CMAKE_CXX_FLAGS_INIT "-Wno-deprecated") # clang would have the target called wasm32-wasip1, and then finds no headers
# A page pays for every byte: release builds are for size, across all files. (GNU ar makes no archives of what that compiles to.)
set(CMAKE_CXX_FLAGS_RELEASE "-Oz -DNDEBUG -flto" CACHE STRING "Flags of release builds")
find_program(ROUSE_WASM_AR NAMES llvm-ar-22 llvm-ar-19 llvm-ar REQUIRED)
set(CMAKE_AR "${ROUSE_WASM_AR}" CACHE FILEPATH "")
set(CMAKE_RANLIB ":" CACHE FILEPATH "")
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_EXECUTABLE_SUFFIX_CXX .wasm)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
