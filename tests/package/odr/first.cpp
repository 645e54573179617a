// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/cwsandbox.hpp>

namespace cw = cwsandbox;

int sandboxes_of_second(cw::local_transport const& engine);

int main() {
  cw::local_transport engine;
  cw::basic_session session{engine};
  auto a = session.sandbox();
  auto b = session.sandbox();
  bool const counted = session.sandbox_count() == 2 && sandboxes_of_second(engine) == 1;
  return counted && cw::version == std::string_view{CWSANDBOX_VERSION} ? 0 : 1;
}
