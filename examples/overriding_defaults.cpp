// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// What a session's sandboxes share, and what one of them wants otherwise.
#include <cwsandbox/cwsandbox.hpp>

#include <iostream>

namespace cw = cwsandbox;

int main() {
  cw::local_transport engine;
  cw::SandboxDefaults const defaults{
      .container_image = "python:3.11",
      .tags = {"project-alpha"},
      .environment_variables = {{"MODE", "production"}, {"REGION", "eu"}},
  };
  cw::basic_session session{engine, defaults};

  auto plain = session.sandbox();
  auto heavy = session.sandbox({
      .tags = {"heavy"},  // tags are added to the defaults'
      .resources =
          cw::ResourceOptions{
              .requests = {.cpu = "500m", .memory = "128Mi"},
              .limits = {.cpu = "1", .memory = "256Mi"},
          },
      .environment_variables = {{"MODE", "test"}},  // this key wins, the others stay
  });

  for (auto sb : {plain, heavy}) {
    auto env = sb.exec({"sh", "-c", "echo $MODE in $REGION"}).result();
    std::cout << env.out << "  tags:";
    for (auto const& tag : sb.tags()) std::cout << ' ' << tag;
    std::cout << '\n';
  }

  auto found = session.list({.tags = {"heavy"}}).result();
  bool const same = found.size() == 1 && found.front().id() == heavy.id();
  std::cout << "listing by tag finds " << (same ? "the heavy one" : "something else") << '\n';
}
