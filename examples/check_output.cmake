# SPDX-License-Identifier: Apache-2.0
# Copyright The cwsandbox for C++ authors

# Runs PROGRAM; it must exit 0 and print what the file EXPECTED holds, exactly.

cmake_minimum_required(VERSION 3.20)

execute_process(COMMAND "${PROGRAM}" OUTPUT_VARIABLE output ERROR_VARIABLE errors
                RESULT_VARIABLE status)
file(READ "${EXPECTED}" expected)
message("${output}")
if(NOT errors STREQUAL "")
  message("on standard error:\n${errors}")
endif()
if(NOT status EQUAL 0)
  message(FATAL_ERROR "exit status ${status}")
endif()
if(NOT output STREQUAL expected)
  message(FATAL_ERROR "expected:\n${expected}")
endif()
