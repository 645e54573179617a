# SPDX-License-Identifier: Apache-2.0
# Copyright The cwsandbox for C++ authors

# Installs BUILD_DIR below SCRATCH_DIR and uses it from there: find_package, then pkg-config.

cmake_minimum_required(VERSION 3.20)

file(REMOVE_RECURSE "${SCRATCH_DIR}")
set(prefix "${SCRATCH_DIR}/prefix")

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    string(REPLACE ";" " " command "${ARGN}")
    message(FATAL_ERROR "failed (${status}): ${command}")
  endif()
endfunction()

run("${CMAKE_COMMAND}" --install "${BUILD_DIR}" --prefix "${prefix}")

run("${CMAKE_COMMAND}" -S "${CONSUMER_DIR}" -B "${SCRATCH_DIR}/build" -G "${GENERATOR}"
    "-DCMAKE_CXX_COMPILER=${CXX}" "-DCMAKE_PREFIX_PATH=${prefix}" "-DEXPECTED_VERSION=${VERSION}")
run("${CMAKE_COMMAND}" --build "${SCRATCH_DIR}/build")
run("${SCRATCH_DIR}/build/consumer")

find_program(PKG_CONFIG NAMES pkg-config pkgconf)
if(NOT PKG_CONFIG)
  message(FATAL_ERROR "pkg-config is not installed")
endif()
set(ENV{PKG_CONFIG_PATH} "${prefix}/${PKGCONFIG_DIR}")
execute_process(COMMAND "${PKG_CONFIG}" --modversion cwsandbox OUTPUT_VARIABLE found
                OUTPUT_STRIP_TRAILING_WHITESPACE)
if(NOT found STREQUAL VERSION)
  message(FATAL_ERROR "pkg-config finds version '${found}', not ${VERSION}")
endif()
execute_process(COMMAND "${PKG_CONFIG}" --cflags --libs cwsandbox OUTPUT_VARIABLE flags
                OUTPUT_STRIP_TRAILING_WHITESPACE)
separate_arguments(flags UNIX_COMMAND "${flags}")
run("${CXX}" -std=c++20 -fsyntax-only ${flags} "${CONSUMER_DIR}/main.cpp")
