# SPDX-License-Identifier: Apache-2.0
# Copyright The cwsandbox for C++ authors

# Which headers may include which. Run as: cmake -DSOURCE_DIR=<repository> -P include_boundaries.cmake

cmake_minimum_required(VERSION 3.20)

set(include_dir "${SOURCE_DIR}/include")
set(failures 0)

macro(report text)
  message(SEND_ERROR "${text}")
  math(EXPR failures "${failures} + 1")
endmacro()

# Sets `out` to what a file includes, as written between the brackets or quotes.
function(includes_of file out)
  file(STRINGS "${file}" lines REGEX "^[ \t]*#[ \t]*include[ \t]*[<\"]")
  set(result "")
  foreach(line IN LISTS lines)
    if(line MATCHES "#[ \t]*include[ \t]*[<\"]([^>\"]+)[>\"]")
      list(APPEND result "${CMAKE_MATCH_1}")
    endif()
  endforeach()
  set(${out} "${result}" PARENT_SCOPE)
endfunction()

# Sets `out` to everything a header of ours includes, directly or through other headers of ours.
function(closure_of header out)
  set(seen "${header}")
  set(todo "${header}")
  while(todo)
    list(POP_FRONT todo current)
    if(EXISTS "${include_dir}/${current}")
      includes_of("${include_dir}/${current}" found)
      foreach(name IN LISTS found)
        if(NOT name IN_LIST seen)
          list(APPEND seen "${name}")
          list(APPEND todo "${name}")
        endif()
      endforeach()
    endif()
  endwhile()
  list(REMOVE_ITEM seen "${header}")
  set(${out} "${seen}" PARENT_SCOPE)
endfunction()

# Nothing that `header` pulls in may match `regex`.
macro(must_not_reach header regex)
  if(EXISTS "${include_dir}/${header}")
    closure_of("${header}" reached)
    foreach(name IN LISTS reached)
      if(name MATCHES "${regex}")
        report("${header} must not pull in <${name}>")
      endif()
    endforeach()
  endif()
endmacro()

set(third_party "^(trompeloeil|catch2|nghttp2|simdjson|protozero|openssl|asio/ssl)[./]")

# The core knows no transport, and needs nothing but asio and the standard library.
file(GLOB core RELATIVE "${include_dir}" "${include_dir}/cwsandbox/*.hpp")
list(REMOVE_ITEM core cwsandbox/cwsandbox.hpp cwsandbox/src.hpp cwsandbox/src_grpc.hpp
     cwsandbox/src_http.hpp cwsandbox/src_function.hpp cwsandbox/function.hpp
     cwsandbox/value_codec.hpp)
foreach(header IN LISTS core)
  must_not_reach("${header}" "^cwsandbox/transport/")
  must_not_reach("${header}" "${third_party}")
endforeach()

# The umbrella header is the core and the local engine, so it needs asio only as well.
must_not_reach(cwsandbox/cwsandbox.hpp "${third_party}")
must_not_reach(cwsandbox/cwsandbox.hpp "^cwsandbox/transport/(mock|grpc|http)")
must_not_reach(cwsandbox/transport/local.hpp "${third_party}")
must_not_reach(cwsandbox/transport/local.hpp "^cwsandbox/transport/(mock|grpc|http)")
must_not_reach(cwsandbox/transport/mock.hpp "^(nghttp2|simdjson|protozero|openssl|asio/ssl)[./]")
must_not_reach(cwsandbox/transport/mock.hpp "^cwsandbox/transport/(local|grpc|http)")

# Remote functions need a JSON parser and no transport.
foreach(header IN ITEMS function value_codec)
  must_not_reach(cwsandbox/${header}.hpp "^(trompeloeil|catch2|nghttp2|protozero|openssl|asio/ssl)[./]")
  must_not_reach(cwsandbox/${header}.hpp "^cwsandbox/transport/")
endforeach()

must_not_reach(cwsandbox/transport/grpc.hpp "^(trompeloeil|catch2|simdjson)[./]")
must_not_reach(cwsandbox/transport/grpc.hpp "^cwsandbox/transport/(local|mock|http)")
must_not_reach(cwsandbox/transport/http.hpp "^(trompeloeil|catch2|nghttp2|protozero)[./]")
must_not_reach(cwsandbox/transport/http.hpp "^cwsandbox/transport/(local|mock|grpc)")
foreach(header IN ITEMS any recording logging fault_injecting)
  must_not_reach(cwsandbox/transport/${header}.hpp "${third_party}")
  must_not_reach(cwsandbox/transport/${header}.hpp "^cwsandbox/transport/(local|mock|grpc|http)")
endforeach()

# Compile time, and macro order: single asio headers, after config.hpp. Guards have one form.
file(GLOB_RECURSE all RELATIVE "${include_dir}" "${include_dir}/*.hpp" "${include_dir}/*.ipp")
foreach(header IN LISTS all)
  includes_of("${include_dir}/${header}" found)
  if("asio.hpp" IN_LIST found)
    report("${header} includes <asio.hpp>; include the single headers it needs")
  endif()
  foreach(name IN LISTS found)
    if(name MATCHES "\\.ipp$" AND header MATCHES "\\.ipp$")
      report("${header} includes <${name}>; include its .hpp")
    endif()
    if(name MATCHES "^cwsandbox/" AND NOT EXISTS "${include_dir}/${name}")
      report("${header} includes <${name}>, which does not exist")
    endif()
  endforeach()
  string(TOUPPER "${header}" guard)
  string(REGEX REPLACE "[/.]" "_" guard "${guard}")
  file(STRINGS "${include_dir}/${header}" guard_lines REGEX "^#(ifndef|define) ${guard}$")
  list(LENGTH guard_lines guard_count)
  if(NOT guard_count EQUAL 2)
    report("${header} has no include guard ${guard}")
  endif()
endforeach()

list(LENGTH all count)
if(failures)
  message(FATAL_ERROR "${failures} violation(s) in ${count} headers")
endif()
message(STATUS "${count} headers keep to their boundaries")
