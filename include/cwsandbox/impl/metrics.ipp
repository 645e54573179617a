// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_METRICS_IPP
#define CWSANDBOX_IMPL_METRICS_IPP

#include <cwsandbox/metrics.hpp>

#include <cwsandbox/detail/metrics_registry.hpp>

#include <array>
#include <charconv>
#include <ostream>
#include <utility>

namespace cwsandbox::inline v1 {

namespace detail {

inline std::string number_text(double value) {
  std::array<char, 32> text{};
  auto const end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

CWSANDBOX_DECL metrics_registry& metrics_registry::instance() {
  static metrics_registry all;
  return all;
}
CWSANDBOX_DECL void metrics_registry::set(std::string name, metrics_reporter reporter) {
  std::lock_guard lock{mutex_};
  if (reporter)
    reporters_.insert_or_assign(std::move(name), std::move(reporter));
  else
    reporters_.erase(name);
}
CWSANDBOX_DECL metrics_reporter metrics_registry::find(std::string const& name) const {
  std::lock_guard lock{mutex_};
  auto const it = reporters_.find(name);
  return it == reporters_.end() ? metrics_reporter{} : it->second;
}

}  // namespace detail

CWSANDBOX_DECL metrics_reporter json_lines_reporter(std::ostream& os) {
  return [&os](metrics const& values, std::optional<std::int64_t> step) {
    std::string line{"{"};
    std::string_view comma = "";
    if (step) {
      line.append("\"step\": ").append(std::to_string(*step));
      comma = ", ";
    }
    for (auto const& [name, value] : values) {
      line.append(comma).append("\"").append(name).append("\": ");
      line.append(detail::number_text(value));
      comma = ", ";
    }
    os << line.append("}\n") << std::flush;
  };
}

CWSANDBOX_DECL std::string to_prometheus(metrics const& values) {
  std::string text;
  for (auto const& [key, value] : values) {
    std::string name = key;
    for (char& c : name) {
      bool const allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '_' || c == ':';
      if (!allowed) c = '_';
    }
    bool const derived = name.find("_rate") != std::string::npos ||
                         name.find("avg_") != std::string::npos ||
                         name.find("min_") != std::string::npos ||
                         name.find("max_") != std::string::npos;
    text.append("# TYPE ").append(name).append(derived ? " gauge\n" : " counter\n");
    text.append(name).append(" ").append(detail::number_text(value)).append("\n");
  }
  return text;
}

CWSANDBOX_DECL void set_metrics_reporter(std::string name, metrics_reporter reporter) {
  detail::metrics_registry::instance().set(std::move(name), std::move(reporter));
}

}  // namespace cwsandbox::inline v1

#endif
