// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/cwsandbox.hpp>

int main() {
  cwsandbox::local_transport engine;
  cwsandbox::basic_session session{engine};
  return session.sandbox_count() == 0 ? 0 : 1;
}
