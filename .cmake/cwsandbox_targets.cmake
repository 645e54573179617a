# SPDX-License-Identifier: Apache-2.0
# Copyright The cwsandbox for C++ authors

# cwsandbox::cwsandbox is the core. Each transport is a target of its own that carries the dependencies of its header
# and nothing else. cwsandbox_transports lists those that can be used on this machine.

find_package(asio 1.22 REQUIRED)
find_package(Threads REQUIRED)
find_package(trompeloeil QUIET)
find_package(nghttp2 1.40 QUIET)
find_package(protozero 1.7 QUIET)
find_package(OpenSSL 1.1.1 QUIET)
find_package(simdjson 3 QUIET)

add_library(cwsandbox INTERFACE)
add_library(cwsandbox::cwsandbox ALIAS cwsandbox)
target_compile_features(cwsandbox INTERFACE cxx_std_20)
target_include_directories(
  cwsandbox INTERFACE "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>"
                      "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
target_link_libraries(cwsandbox INTERFACE asio::asio Threads::Threads)

set(cwsandbox_transports "")
function(cwsandbox_add_transport name)
  add_library(cwsandbox_${name} INTERFACE)
  add_library(cwsandbox::${name} ALIAS cwsandbox_${name})
  set_target_properties(cwsandbox_${name} PROPERTIES EXPORT_NAME ${name})
  target_link_libraries(cwsandbox_${name} INTERFACE cwsandbox ${ARGN})
  set(cwsandbox_transports ${cwsandbox_transports} ${name} PARENT_SCOPE)
endfunction()

cwsandbox_add_transport(local)
if(TARGET trompeloeil::trompeloeil)
  cwsandbox_add_transport(mock trompeloeil::trompeloeil)
endif()
if(nghttp2_FOUND AND protozero_FOUND AND OPENSSL_FOUND)
  cwsandbox_add_transport(grpc nghttp2::nghttp2 protozero::protozero OpenSSL::SSL OpenSSL::Crypto)
endif()
# no transport, but with a dependency of its own as well
if(TARGET simdjson::simdjson)
  cwsandbox_add_transport(function simdjson::simdjson)
endif()
if(TARGET simdjson::simdjson AND OPENSSL_FOUND)
  cwsandbox_add_transport(http simdjson::simdjson OpenSSL::SSL OpenSSL::Crypto)
endif()
