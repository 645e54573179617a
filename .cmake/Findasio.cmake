# SPDX-License-Identifier: Apache-2.0
# Copyright The cwsandbox for C++ authors

# Finds standalone asio, which most distributions package without a CMake config of its own.
# Defines asio_FOUND, asio_VERSION and the target asio::asio.

if(TARGET asio::asio AND NOT asio_INCLUDE_DIR)
  # made by a package manager's own config or by the parent project
  set(asio_FOUND TRUE)
  return()
endif()

find_path(asio_INCLUDE_DIR NAMES asio/version.hpp)
mark_as_advanced(asio_INCLUDE_DIR)

if(asio_INCLUDE_DIR)
  file(STRINGS "${asio_INCLUDE_DIR}/asio/version.hpp" asio_version_line
       REGEX "^#define ASIO_VERSION [0-9]+")
  if(asio_version_line MATCHES "ASIO_VERSION ([0-9]+)")
    math(EXPR asio_major "${CMAKE_MATCH_1} / 100000")
    math(EXPR asio_minor "${CMAKE_MATCH_1} / 100 % 1000")
    math(EXPR asio_patch "${CMAKE_MATCH_1} % 100")
    set(asio_VERSION "${asio_major}.${asio_minor}.${asio_patch}")
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(asio REQUIRED_VARS asio_INCLUDE_DIR VERSION_VAR asio_VERSION)

if(asio_FOUND AND NOT TARGET asio::asio)
  add_library(asio::asio INTERFACE IMPORTED)
  set_target_properties(asio::asio PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${asio_INCLUDE_DIR}")
endif()
