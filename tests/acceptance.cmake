# SPDX-License-Identifier: Apache-2.0
# Copyright The cwsandbox for C++ authors

# Programs as users write them, kept outside this repository: each is compiled unchanged, with the warnings that their
# authors ask for, and must exit 0. The number at the front of a name is the feature it needs; only those that have
# landed are built.

if(NOT CWSANDBOX_ACCEPTANCE_DIR)
  message(STATUS "CWSANDBOX_ACCEPTANCE_DIR is not set: no acceptance programs")
  return()
endif()

# cwsandbox_add_acceptance_program(name program [option...]): compiles it.
function(cwsandbox_add_acceptance_program name program)
  add_executable(acceptance_${name} "${program}")
  target_link_libraries(acceptance_${name} PRIVATE cwsandbox)
  target_compile_options(acceptance_${name} PRIVATE -Wall -Wextra -Werror ${ARGN})
  target_link_options(acceptance_${name} PRIVATE ${ARGN})
  if(TARGET cwsandbox::mock)
    target_link_libraries(acceptance_${name} PRIVATE cwsandbox::mock)
  endif()
endfunction()

# The same, and runs it.
function(cwsandbox_add_acceptance name program)
  cwsandbox_add_acceptance_program("${name}" "${program}" ${ARGN})
  add_test(NAME "acceptance: ${name}" COMMAND acceptance_${name})
  set_tests_properties("acceptance: ${name}" PROPERTIES LABELS acceptance TIMEOUT 120)
endfunction()

file(GLOB programs CONFIGURE_DEPENDS "${CWSANDBOX_ACCEPTANCE_DIR}/1_*.cpp")
foreach(program IN LISTS programs)
  get_filename_component(name "${program}" NAME_WE)
  cwsandbox_add_acceptance("${name}" "${program}")
endforeach()

# Memory errors that a compiler's coroutine bugs would cause show only under the address sanitizer.
set(coroutines "${CWSANDBOX_ACCEPTANCE_DIR}/1_coroutines.cpp")
if(NOT CWSANDBOX_SANITIZE AND EXISTS "${coroutines}")
  cwsandbox_add_acceptance(1_coroutines_asan "${coroutines}" -fsanitize=address
                           -fno-omit-frame-pointer)
endif()

# Those that need a server get its URL and its authority as arguments, in the clear and with TLS and a token.
# cwsandbox_add_server_acceptance(name transport [key]): `key` is what the server's first line calls the URL.
function(cwsandbox_add_server_acceptance name transport)
  set(program "${CWSANDBOX_ACCEPTANCE_DIR}/${name}.cpp")
  if(NOT TARGET cwsandbox_with_server OR NOT TARGET cwsandbox::${transport} OR NOT EXISTS "${program}")
    return()
  endif()
  cwsandbox_add_acceptance_program(${name} "${program}")
  target_link_libraries(acceptance_${name} PRIVATE cwsandbox::${transport})
  add_dependencies(acceptance_${name} cwsandbox_server cwsandbox_certificates)
  foreach(security IN ITEMS plaintext tls)
    add_test(NAME "acceptance: ${name}, ${security}"
             COMMAND "${PROJECT_SOURCE_DIR}/tests/support/with_server.sh" ${security}
                     "$<TARGET_FILE:cwsandbox_server>" "${CMAKE_CURRENT_BINARY_DIR}/certificates"
                     "$<TARGET_FILE:acceptance_${name}>" ${ARGN})
    set_tests_properties("acceptance: ${name}, ${security}" PROPERTIES LABELS acceptance TIMEOUT 120)
  endforeach()
endfunction()

cwsandbox_add_server_acceptance(2_grpc grpc)
if(cwsandbox_server_has_rest)
  cwsandbox_add_server_acceptance(3_http http rest)
endif()

if(TARGET cwsandbox::function AND EXISTS "${CWSANDBOX_ACCEPTANCE_DIR}/4_functions.cpp")
  cwsandbox_add_acceptance(4_functions "${CWSANDBOX_ACCEPTANCE_DIR}/4_functions.cpp")
  target_link_libraries(acceptance_4_functions PRIVATE cwsandbox::function)
endif()
