# SPDX-License-Identifier: Apache-2.0
# Copyright The cwsandbox for C++ authors

# What our own tests and examples are built with. Nothing here reaches users of the targets.

set(CMAKE_CXX_EXTENSIONS OFF)

if(CWSANDBOX_SANITIZE)
  add_compile_options(-fsanitize=${CWSANDBOX_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${CWSANDBOX_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Instrumented code confuses g++'s flow analysis, and asio's fences are unknown to its thread sanitizer.
    add_compile_options(-Wno-maybe-uninitialized)
    if(CWSANDBOX_SANITIZE MATCHES "thread")
      add_compile_options(-Wno-tsan)
    endif()
  endif()
endif()

find_program(CWSANDBOX_CCACHE ccache)
mark_as_advanced(CWSANDBOX_CCACHE)
if(CWSANDBOX_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Without the sloppiness ccache does not cache anything that uses a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      "${CMAKE_COMMAND}" -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      "${CWSANDBOX_CCACHE}")
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-fpch-preprocess)
  elseif(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
  endif()
endif()

add_library(cwsandbox_warnings INTERFACE)
target_compile_options(cwsandbox_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
if(CWSANDBOX_WERROR)
  target_compile_options(cwsandbox_warnings INTERFACE -Werror)
endif()

# How tests and examples use the library: header-only, or with everything that is no template compiled once.
add_library(cwsandbox_under_test INTERFACE)
target_link_libraries(cwsandbox_under_test INTERFACE cwsandbox cwsandbox_warnings)
if(CWSANDBOX_TEST_SEPARATE_COMPILATION)
  file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/cwsandbox_src.cpp"
       CONTENT "#include <cwsandbox/src.hpp>\n")
  add_library(cwsandbox_compiled STATIC "${PROJECT_BINARY_DIR}/cwsandbox_src.cpp")
  target_compile_definitions(cwsandbox_compiled PUBLIC CWSANDBOX_SEPARATE_COMPILATION)
  target_link_libraries(cwsandbox_compiled PUBLIC cwsandbox PRIVATE cwsandbox_warnings)
  target_link_libraries(cwsandbox_under_test INTERFACE cwsandbox_compiled)
endif()

# The same with the transports that use the network: with separate compilation they share a source file, because they
# share the connection layers.
add_library(cwsandbox_network_under_test INTERFACE)
target_link_libraries(cwsandbox_network_under_test INTERFACE cwsandbox_under_test)
set(cwsandbox_network_source "")
foreach(transport IN ITEMS grpc http function)
  if(TARGET cwsandbox::${transport})
    target_link_libraries(cwsandbox_network_under_test INTERFACE cwsandbox::${transport})
    string(APPEND cwsandbox_network_source "#include <cwsandbox/src_${transport}.hpp>\n")
  endif()
endforeach()
if(CWSANDBOX_TEST_SEPARATE_COMPILATION AND cwsandbox_network_source)
  file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/cwsandbox_src_network.cpp"
       CONTENT "${cwsandbox_network_source}")
  add_library(cwsandbox_compiled_network STATIC "${PROJECT_BINARY_DIR}/cwsandbox_src_network.cpp")
  target_link_libraries(cwsandbox_compiled_network PUBLIC cwsandbox_compiled
                        PRIVATE cwsandbox_warnings)
  foreach(transport IN ITEMS grpc http function)
    target_link_libraries(cwsandbox_compiled_network
                          PUBLIC $<TARGET_NAME_IF_EXISTS:cwsandbox::${transport}>)
  endforeach()
  target_link_libraries(cwsandbox_network_under_test INTERFACE cwsandbox_compiled_network)
endif()

find_program(CWSANDBOX_BWRAP bwrap)
mark_as_advanced(CWSANDBOX_BWRAP)
if(NOT CWSANDBOX_BWRAP)
  message(WARNING "bwrap (package bubblewrap) is not installed: tests and examples of the local "
                  "engine will fail")
endif()
