// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_INSTANTIATE_HPP
#define CWSANDBOX_INSTANTIATE_HPP

/// \file
/// For programs with many source files: compiles the session layer for a transport once.
///
/// At global scope, after the transport's header, with the transport's full name:
/// - `CWSANDBOX_EXTERN_TEMPLATES(my_transport);` in a header says that the templates are instantiated elsewhere,
/// - `CWSANDBOX_INSTANTIATE_TEMPLATES(my_transport);` in one source file instantiates them.
///
/// For the local engine `CWSANDBOX_SEPARATE_COMPILATION` and `cwsandbox/src.hpp` do both.

#include <cwsandbox/session.hpp>

#define CWSANDBOX_EXTERN_TEMPLATES(Transport)                             \
  extern template class ::cwsandbox::detail::exec_driver<Transport>;      \
  extern template class ::cwsandbox::detail::log_driver<Transport>;       \
  extern template class ::cwsandbox::detail::sandbox_core<Transport>;     \
  extern template class ::cwsandbox::detail::session_core<Transport>;     \
  extern template class ::cwsandbox::basic_sandbox<Transport>;            \
  extern template class ::cwsandbox::basic_session<Transport>

#define CWSANDBOX_INSTANTIATE_TEMPLATES(Transport)                        \
  template class ::cwsandbox::detail::exec_driver<Transport>;             \
  template class ::cwsandbox::detail::log_driver<Transport>;              \
  template class ::cwsandbox::detail::sandbox_core<Transport>;            \
  template class ::cwsandbox::detail::session_core<Transport>;            \
  template class ::cwsandbox::basic_sandbox<Transport>;                   \
  template class ::cwsandbox::basic_session<Transport>

#endif
