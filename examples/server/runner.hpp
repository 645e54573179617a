// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_EXAMPLES_SERVER_RUNNER_HPP
#define CWSANDBOX_EXAMPLES_SERVER_RUNNER_HPP

#include <cwsandbox/outcome.hpp>
#include <cwsandbox/wire/discovery.hpp>
#include <cwsandbox/wire/timestamp.hpp>

#include <cstdint>
#include <string>

namespace server {

/// The one runner of this server: this machine.
class runner {
 public:
  explicit runner(std::string id);

  /// Does it pass the filters of a list request? An error for a request that makes no sense.
  [[nodiscard]] cwsandbox::outcome<bool> matches(
      cwsandbox::wire::ListAvailableRunnersRequest const& request) const;

  /// Not found when the request asks for another one.
  [[nodiscard]] cwsandbox::outcome<void> check(
      cwsandbox::wire::GetAvailableRunnerRequest const& request) const;

  /// With resources when `running_sandboxes` is not negative.
  [[nodiscard]] cwsandbox::wire::AvailableRunner describe(std::int32_t running_sandboxes) const;

 private:
  std::string id_;
  cwsandbox::wire::Timestamp connected_at_;
};

}  // namespace server

#endif
