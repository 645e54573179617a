# SPDX-License-Identifier: Apache-2.0
# Copyright The cwsandbox for C++ authors

include(CMakePackageConfigHelpers)

set(cwsandbox_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/cwsandbox")

install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")

set(cwsandbox_targets cwsandbox)
foreach(transport IN LISTS cwsandbox_transports)
  list(APPEND cwsandbox_targets cwsandbox_${transport})
endforeach()
install(TARGETS ${cwsandbox_targets} EXPORT cwsandboxTargets)
install(EXPORT cwsandboxTargets NAMESPACE cwsandbox:: DESTINATION "${cwsandbox_package_dir}")

configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/.cmake/cwsandboxConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/cwsandboxConfig.cmake" INSTALL_DESTINATION "${cwsandbox_package_dir}")
# Before 1.0 a minor version may change the interface.
write_basic_package_version_file(
  "${PROJECT_BINARY_DIR}/cwsandboxConfigVersion.cmake" COMPATIBILITY SameMinorVersion
  ARCH_INDEPENDENT)
install(FILES "${PROJECT_BINARY_DIR}/cwsandboxConfig.cmake"
              "${PROJECT_BINARY_DIR}/cwsandboxConfigVersion.cmake"
              "${PROJECT_SOURCE_DIR}/.cmake/Findasio.cmake"
              "${PROJECT_SOURCE_DIR}/.cmake/Findnghttp2.cmake"
              "${PROJECT_SOURCE_DIR}/.cmake/Findprotozero.cmake"
        DESTINATION "${cwsandbox_package_dir}")

# pkg-config: the prefix is found from where the file lies, so that the tree may be moved.
file(RELATIVE_PATH cwsandbox_pc_prefix "/${CMAKE_INSTALL_DATADIR}/pkgconfig" "/")
string(REGEX REPLACE "/$" "" cwsandbox_pc_prefix "${cwsandbox_pc_prefix}")
configure_file("${PROJECT_SOURCE_DIR}/.cmake/cwsandbox.pc.in" "${PROJECT_BINARY_DIR}/cwsandbox.pc"
               @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/cwsandbox.pc"
        DESTINATION "${CMAKE_INSTALL_DATADIR}/pkgconfig")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
