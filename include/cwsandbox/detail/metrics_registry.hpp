// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_METRICS_REGISTRY_HPP
#define CWSANDBOX_DETAIL_METRICS_REGISTRY_HPP

#include <cwsandbox/metrics.hpp>

#include <map>
#include <mutex>
#include <string>

namespace cwsandbox::inline v1::detail {

/// The reporters that have a name in this process.
class metrics_registry {
 public:
  [[nodiscard]] CWSANDBOX_DECL static metrics_registry& instance();
  CWSANDBOX_DECL void set(std::string name, metrics_reporter reporter);
  /// Empty when there is none of this name.
  [[nodiscard]] CWSANDBOX_DECL metrics_reporter find(std::string const& name) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, metrics_reporter> reporters_;
};

}  // namespace cwsandbox::inline v1::detail

#endif
