# SPDX-License-Identifier: Apache-2.0
# Copyright The cwsandbox for C++ authors

# g++ 11 and 12 miscompile an aggregate with non-trivial members that is made by braces inside a co_await expression.
# In our own headers a statement therefore has no `{.` together with co_await: name the request first.
# Run as: cmake -DSOURCE_DIR=<repository> -P coroutine_braces.cmake

cmake_minimum_required(VERSION 3.20)

file(GLOB_RECURSE files "${SOURCE_DIR}/include/*.hpp" "${SOURCE_DIR}/include/*.ipp")
set(failures 0)
set(statements 0)
foreach(file IN LISTS files)
  file(READ "${file}" text)
  # lists of CMake split at ';' and keep brackets together, so none of them may remain
  string(REGEX REPLACE "//[^\n]*" "" text "${text}")
  string(REGEX REPLACE "[][\"\\]" "_" text "${text}")
  string(REGEX REPLACE "\n[ \t]*#[^\n]*" "" text "${text}")
  string(REGEX MATCHALL "[^;]*co_await[^;]*" found "${text}")
  foreach(statement IN LISTS found)
    math(EXPR statements "${statements} + 1")
    # what stands before the statement's own block is not part of its expression
    string(REGEX REPLACE "^.*[{}][ \t\n]+([^{}]*co_await)" "\\1" statement "${statement}")
    if(statement MATCHES "{[ \t\n]*\\.[a-z]")
      string(REGEX REPLACE "[ \t\n]+" " " statement "${statement}")
      message(SEND_ERROR "${file}: name the aggregate before the co_await: ${statement}")
      math(EXPR failures "${failures} + 1")
    endif()
  endforeach()
endforeach()

if(failures)
  message(FATAL_ERROR "${failures} statement(s) with co_await and '{.'")
endif()
message(STATUS "${statements} co_await statements hold no braced aggregate")
