// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_LOCAL_TEMPLATES_HPP
#define CWSANDBOX_TRANSPORT_LOCAL_TEMPLATES_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/outcome.hpp>
#include <cwsandbox/wire/sandbox.hpp>
#include <cwsandbox/wire/templates.hpp>

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace cwsandbox::inline v1::detail::local {

/// Stored specs, in memory. Members may be called from any thread.
class template_store {
 public:
  [[nodiscard]] CWSANDBOX_DECL outcome<wire::SandboxTemplate> create(
      wire::CreateSandboxTemplateRequest const& request);
  [[nodiscard]] CWSANDBOX_DECL outcome<wire::SandboxTemplate> get(
      wire::GetSandboxTemplateRequest const& request) const;
  [[nodiscard]] CWSANDBOX_DECL outcome<wire::ListSandboxTemplatesResponse> list(
      wire::ListSandboxTemplatesRequest const& request) const;
  [[nodiscard]] CWSANDBOX_DECL outcome<wire::SandboxTemplate> update(
      wire::UpdateSandboxTemplateRequest const& request);
  [[nodiscard]] CWSANDBOX_DECL outcome<wire::Empty> remove(
      wire::DeleteSandboxTemplateRequest const& request);

 private:
  struct entry {
    wire::SandboxTemplate stored{};
    std::string request_id{};
  };
  using entries = std::map<std::uint64_t, entry>;
  /// Among constant entries or others.
  template <class Entries>
  [[nodiscard]] static auto find(Entries& all, std::string const& id, bool deleted_too)
      -> decltype(&all.begin()->second.stored) {
    for (auto& [number, e] : all) {
      if (e.stored.sandbox_template_id == id && (deleted_too || !e.stored.deleted))
        return &e.stored;
    }
    return nullptr;
  }

  mutable std::mutex mutex_;
  std::uint64_t next_{1};
  entries entries_;
};

/// The spec of a template with what the overrides say put over it. A field that is set replaces the template's as a
/// whole, lists, maps and messages too.
[[nodiscard]] CWSANDBOX_DECL wire::SandboxSpec apply_overrides(
    wire::PartialSandboxSpec base, wire::PartialSandboxSpec const& overrides);

}  // namespace cwsandbox::inline v1::detail::local

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/local/templates.ipp>
#endif

#endif
