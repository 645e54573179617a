# SPDX-License-Identifier: Apache-2.0
# Copyright The cwsandbox for C++ authors

# Finds protozero, which is headers only and packaged without a CMake config.
# Defines protozero_FOUND, protozero_VERSION and the target protozero::protozero.

if(TARGET protozero::protozero AND NOT protozero_INCLUDE_DIR)
  # made by a package manager's own config or by the parent project
  set(protozero_FOUND TRUE)
  return()
endif()

find_path(protozero_INCLUDE_DIR NAMES protozero/version.hpp)
mark_as_advanced(protozero_INCLUDE_DIR)

if(protozero_INCLUDE_DIR)
  file(STRINGS "${protozero_INCLUDE_DIR}/protozero/version.hpp" protozero_version_line
       REGEX "^#define PROTOZERO_VERSION_STRING \"")
  if(protozero_version_line MATCHES "\"([0-9.]+)\"")
    set(protozero_VERSION "${CMAKE_MATCH_1}")
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(protozero REQUIRED_VARS protozero_INCLUDE_DIR
                                  VERSION_VAR protozero_VERSION)

if(protozero_FOUND AND NOT TARGET protozero::protozero)
  add_library(protozero::protozero INTERFACE IMPORTED)
  set_target_properties(protozero::protozero PROPERTIES INTERFACE_INCLUDE_DIRECTORIES
                                                        "${protozero_INCLUDE_DIR}")
endif()
