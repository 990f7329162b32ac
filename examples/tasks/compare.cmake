# SPDX-FileCopyrightText: The rouse authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

# cmake -D PROGRAM=... -D EXPECTED=... -P compare.cmake: PROGRAM ends with 0, and its output is the text of EXPECTED.

execute_process(COMMAND "${PROGRAM}" OUTPUT_VARIABLE output ERROR_VARIABLE errors RESULT_VARIABLE status)
if(NOT status EQUAL 0)
    message(FATAL_ERROR "${PROGRAM} ended with ${status}\n${output}${errors}")
endif()
file(READ "${EXPECTED}" expected)
if(NOT output STREQUAL expected)
    message(FATAL_ERROR "${PROGRAM} printed\n${output}${errors}\ninstead of ${EXPECTED}:\n${expected}")
endif()
