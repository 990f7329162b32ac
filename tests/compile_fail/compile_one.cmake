# SPDX-FileCopyrightText: The rouse authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

# cmake -D COMPILER= -D SOURCE= -D INCLUDE= -D FAULT=n -P compile_one.cmake
# FAULT=0: the file compiles. Else it does not, and the output matches what the file expects of this fault.

cmake_minimum_required(VERSION 3.25)

if(FAULT GREATER 0)
    file(STRINGS "${SOURCE}" expected REGEX "^// FAULT ${FAULT}: ")
    list(LENGTH expected count)
    if(NOT count EQUAL 1)
        message(FATAL_ERROR "${SOURCE} has ${count} lines `// FAULT ${FAULT}: `")
    endif()
    string(REGEX REPLACE "^// FAULT [0-9]+: " "" expected "${expected}")
endif()

# In English, with plain quotes. -Werror for the one group in which [[nodiscard]] speaks. All of it is front end: nothing is generated.
execute_process(
    COMMAND "${CMAKE_COMMAND}" -E env LC_ALL=C "${COMPILER}" -std=c++23 -fsyntax-only -Wall -Wextra -Werror=unused-result -Werror=unused-value -fno-diagnostics-color
            -DFAULT=${FAULT} "-I${INCLUDE}" "${SOURCE}"
    RESULT_VARIABLE status
    OUTPUT_VARIABLE output
    ERROR_VARIABLE output)

if(FAULT EQUAL 0)
    if(NOT status EQUAL 0)
        message(FATAL_ERROR "It does not compile without a fault either:\n${output}")
    endif()
elseif(status EQUAL 0)
    message(FATAL_ERROR "It compiles.")
elseif(NOT output MATCHES "${expected}")
    message(FATAL_ERROR "It is refused, but not with\n    ${expected}\nbut with\n${output}")
endif()
