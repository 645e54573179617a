// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/cwsandbox.hpp>

namespace cw = cwsandbox;

int sandboxes_of_second(cw::local_transport const& engine);

int sandboxes_of_second(cw::local_transport const& engine) {
  cw::basic_session session{engine};
  auto sb = session.sandbox();
  return static_cast<int>(session.sandbox_count());
}
