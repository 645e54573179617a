// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_WIRE_TEMPLATES_HPP
#define CWSANDBOX_WIRE_TEMPLATES_HPP

#include <cwsandbox/config.hpp>

#include <cwsandbox/wire/field.hpp>
#include <cwsandbox/wire/spec.hpp>
#include <cwsandbox/wire/timestamp.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// \file
/// Stored sandbox specs.

namespace cwsandbox::inline v1::wire {

/// A stored spec from which sandboxes are made.
struct SandboxTemplate {
  std::string sandbox_template_id{};
  std::string display_name{};
  std::optional<PartialSandboxSpec> spec{};
  std::int64_t revision{};
  std::optional<Timestamp> create_time{};
  std::optional<Timestamp> update_time{};
  std::optional<Timestamp> delete_time{};
  std::string create_user_id{};
  bool deleted{};

  bool operator==(SandboxTemplate const&) const = default;
};

template <>
struct descriptor<SandboxTemplate> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.SandboxTemplate";
  template <class M = SandboxTemplate>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "sandbox_template_id", "sandboxTemplateId", &M::sandbox_template_id),
                 field(2, "display_name", "displayName", &M::display_name),
                 field(3, "spec", &M::spec),
                 field(4, "revision", &M::revision),
                 field(5, "create_time", "createTime", &M::create_time),
                 field(6, "update_time", "updateTime", &M::update_time),
                 field(7, "delete_time", "deleteTime", &M::delete_time),
                 field(8, "create_user_id", "createUserId", &M::create_user_id),
                 field(9, "deleted", &M::deleted));
  }
};

/// Asks for a template to be stored.
struct CreateSandboxTemplateRequest {
  std::optional<SandboxTemplate> sandbox_template{};
  std::string request_id{};

  bool operator==(CreateSandboxTemplateRequest const&) const = default;
};

template <>
struct descriptor<CreateSandboxTemplateRequest> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.CreateSandboxTemplateRequest";
  template <class M = CreateSandboxTemplateRequest>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "sandbox_template", "sandboxTemplate", &M::sandbox_template),
                 field(2, "request_id", "requestId", &M::request_id));
  }
};

/// Asks for one template.
struct GetSandboxTemplateRequest {
  std::string sandbox_template_id{};
  bool show_deleted{};

  bool operator==(GetSandboxTemplateRequest const&) const = default;
};

template <>
struct descriptor<GetSandboxTemplateRequest> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.GetSandboxTemplateRequest";
  template <class M = GetSandboxTemplateRequest>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "sandbox_template_id", "sandboxTemplateId", &M::sandbox_template_id),
                 field(2, "show_deleted", "showDeleted", &M::show_deleted));
  }
};

/// Asks for a page of templates.
struct ListSandboxTemplatesRequest {
  std::int32_t page_size{};
  std::string page_token{};
  bool show_deleted{};

  bool operator==(ListSandboxTemplatesRequest const&) const = default;
};

template <>
struct descriptor<ListSandboxTemplatesRequest> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.ListSandboxTemplatesRequest";
  template <class M = ListSandboxTemplatesRequest>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "page_size", "pageSize", &M::page_size),
                 field(2, "page_token", "pageToken", &M::page_token),
                 field(3, "show_deleted", "showDeleted", &M::show_deleted));
  }
};

/// A page of templates.
struct ListSandboxTemplatesResponse {
  std::vector<SandboxTemplate> sandbox_templates{};
  std::string next_page_token{};

  bool operator==(ListSandboxTemplatesResponse const&) const = default;
};

template <>
struct descriptor<ListSandboxTemplatesResponse> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.ListSandboxTemplatesResponse";
  template <class M = ListSandboxTemplatesResponse>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "sandbox_templates", "sandboxTemplates", &M::sandbox_templates),
                 field(2, "next_page_token", "nextPageToken", &M::next_page_token));
  }
};

/// Asks for the masked fields of a template to be replaced.
struct UpdateSandboxTemplateRequest {
  std::string sandbox_template_id{};
  std::optional<SandboxTemplate> sandbox_template{};
  std::optional<FieldMask> update_mask{};

  bool operator==(UpdateSandboxTemplateRequest const&) const = default;
};

template <>
struct descriptor<UpdateSandboxTemplateRequest> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.UpdateSandboxTemplateRequest";
  template <class M = UpdateSandboxTemplateRequest>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "sandbox_template_id", "sandboxTemplateId", &M::sandbox_template_id),
                 field(2, "sandbox_template", "sandboxTemplate", &M::sandbox_template),
                 field(3, "update_mask", "updateMask", &M::update_mask));
  }
};

/// Asks for a template to be deleted.
struct DeleteSandboxTemplateRequest {
  std::string sandbox_template_id{};

  bool operator==(DeleteSandboxTemplateRequest const&) const = default;
};

template <>
struct descriptor<DeleteSandboxTemplateRequest> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.DeleteSandboxTemplateRequest";
  template <class M = DeleteSandboxTemplateRequest>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "sandbox_template_id", "sandboxTemplateId", &M::sandbox_template_id));
  }
};

}  // namespace cwsandbox::inline v1::wire

#endif
