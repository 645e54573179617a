# SPDX-License-Identifier: Apache-2.0
# Copyright The cwsandbox for C++ authors

# Finds nghttp2, which most distributions package without a CMake config of its own.
# Defines nghttp2_FOUND, nghttp2_VERSION and the target nghttp2::nghttp2.

if(TARGET nghttp2::nghttp2 AND NOT nghttp2_INCLUDE_DIR)
  # made by a package manager's own config or by the parent project
  set(nghttp2_FOUND TRUE)
  return()
endif()

find_path(nghttp2_INCLUDE_DIR NAMES nghttp2/nghttp2.h)
find_library(nghttp2_LIBRARY NAMES nghttp2)
mark_as_advanced(nghttp2_INCLUDE_DIR nghttp2_LIBRARY)

if(nghttp2_INCLUDE_DIR AND EXISTS "${nghttp2_INCLUDE_DIR}/nghttp2/nghttp2ver.h")
  file(STRINGS "${nghttp2_INCLUDE_DIR}/nghttp2/nghttp2ver.h" nghttp2_version_line
       REGEX "^#define NGHTTP2_VERSION \"")
  if(nghttp2_version_line MATCHES "\"([0-9.]+)")
    set(nghttp2_VERSION "${CMAKE_MATCH_1}")
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(nghttp2 REQUIRED_VARS nghttp2_LIBRARY nghttp2_INCLUDE_DIR
                                  VERSION_VAR nghttp2_VERSION)

if(nghttp2_FOUND AND NOT TARGET nghttp2::nghttp2)
  add_library(nghttp2::nghttp2 UNKNOWN IMPORTED)
  set_target_properties(
    nghttp2::nghttp2 PROPERTIES IMPORTED_LOCATION "${nghttp2_LIBRARY}"
                                INTERFACE_INCLUDE_DIRECTORIES "${nghttp2_INCLUDE_DIR}")
endif()
