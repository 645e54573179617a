// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_LOCAL_RUNNERS_HPP
#define CWSANDBOX_TRANSPORT_LOCAL_RUNNERS_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/outcome.hpp>
#include <cwsandbox/wire/discovery.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace cwsandbox::inline v1::detail::local {

/// This machine as a runner. Members may be called from any thread.
class machine_runner {
 public:
  CWSANDBOX_DECL explicit machine_runner(std::string id);

  /// `running` is the number of sandboxes, for the full view.
  [[nodiscard]] CWSANDBOX_DECL outcome<wire::ListAvailableRunnersResponse> list(
      wire::ListAvailableRunnersRequest const& request, std::int32_t running) const;
  [[nodiscard]] CWSANDBOX_DECL outcome<wire::AvailableRunner> get(
      wire::GetAvailableRunnerRequest const& request, std::int32_t running) const;

 private:
  [[nodiscard]] CWSANDBOX_DECL wire::AvailableRunner describe(wire::RunnerView view,
                                                              std::int32_t running) const;

  std::string const id_;
  wire::Timestamp const connected_at_;
};

}  // namespace cwsandbox::inline v1::detail::local

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/local/runners.ipp>
#endif

#endif
