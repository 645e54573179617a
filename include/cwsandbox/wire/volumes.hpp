// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_WIRE_VOLUMES_HPP
#define CWSANDBOX_WIRE_VOLUMES_HPP

#include <cwsandbox/config.hpp>

#include <cwsandbox/wire/enums.hpp>
#include <cwsandbox/wire/field.hpp>
#include <cwsandbox/wire/timestamp.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// \file
/// Volumes that outlive sandboxes.

namespace cwsandbox::inline v1::wire {

/// A persistent volume claim of a runner's cluster.
struct PvcVolumeSource {
  std::string runner_id{};
  std::string namespace_{};
  std::string claim_name{};
  std::string sub_path{};

  bool operator==(PvcVolumeSource const&) const = default;
};

template <>
struct descriptor<PvcVolumeSource> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.PvcVolumeSource";
  template <class M = PvcVolumeSource>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "runner_id", "runnerId", &M::runner_id),
                 field(2, "namespace", &M::namespace_),
                 field(3, "claim_name", "claimName", &M::claim_name),
                 field(4, "sub_path", "subPath", &M::sub_path));
  }
};

/// What a volume is asked to be.
struct VolumeSpec {
  std::variant<std::monostate, PvcVolumeSource> source{};
  bool read_only{};
  std::string description{};

  bool operator==(VolumeSpec const&) const = default;
};

template <>
struct descriptor<VolumeSpec> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.VolumeSpec";
  template <class M = VolumeSpec>
  static constexpr auto fields(auto&& visit) {
    return visit(oneof_field<1>(1, "pvc", &M::source),
                 field(2, "read_only", "readOnly", &M::read_only),
                 field(3, "description", &M::description));
  }
};

/// What became of a volume.
struct VolumeStatus {
  VolumeState state{};
  std::string state_reason{};
  VolumeLocality locality{};
  std::optional<Timestamp> create_time{};
  std::optional<Timestamp> update_time{};
  std::optional<Timestamp> last_validated_time{};
  std::vector<std::string> access_modes{};
  std::string capacity{};
  std::int32_t attached_sandbox_count{};

  bool operator==(VolumeStatus const&) const = default;
};

template <>
struct descriptor<VolumeStatus> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.VolumeStatus";
  template <class M = VolumeStatus>
  static constexpr auto fields(auto&& visit) {
    return visit(
        field(1, "state", &M::state),
        field(2, "state_reason", "stateReason", &M::state_reason),
        field(3, "locality", &M::locality),
        field(4, "create_time", "createTime", &M::create_time),
        field(5, "update_time", "updateTime", &M::update_time),
        field(6, "last_validated_time", "lastValidatedTime", &M::last_validated_time),
        field(7, "access_modes", "accessModes", &M::access_modes),
        field(8, "capacity", &M::capacity),
        field(9, "attached_sandbox_count", "attachedSandboxCount", &M::attached_sandbox_count));
  }
};

/// A volume that outlives the sandboxes that mount it.
struct Volume {
  std::string volume_id{};
  std::optional<VolumeSpec> spec{};
  std::optional<VolumeStatus> status{};

  bool operator==(Volume const&) const = default;
};

template <>
struct descriptor<Volume> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.Volume";
  template <class M = Volume>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "volume_id", "volumeId", &M::volume_id),
                 field(2, "spec", &M::spec),
                 field(3, "status", &M::status));
  }
};

/// Asks for a volume to be registered.
struct CreateVolumeRequest {
  std::optional<Volume> volume{};
  std::string request_id{};

  bool operator==(CreateVolumeRequest const&) const = default;
};

template <>
struct descriptor<CreateVolumeRequest> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.CreateVolumeRequest";
  template <class M = CreateVolumeRequest>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "volume", &M::volume),
                 field(2, "request_id", "requestId", &M::request_id));
  }
};

/// Asks for one volume.
struct GetVolumeRequest {
  std::string volume_id{};

  bool operator==(GetVolumeRequest const&) const = default;
};

template <>
struct descriptor<GetVolumeRequest> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.GetVolumeRequest";
  template <class M = GetVolumeRequest>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "volume_id", "volumeId", &M::volume_id));
  }
};

/// Asks for a page of volumes; every filter that is set must match.
struct ListVolumesRequest {
  std::int32_t page_size{};
  std::string page_token{};
  std::vector<VolumeState> states{};
  std::vector<std::string> runner_ids{};

  bool operator==(ListVolumesRequest const&) const = default;
};

template <>
struct descriptor<ListVolumesRequest> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.ListVolumesRequest";
  template <class M = ListVolumesRequest>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "page_size", "pageSize", &M::page_size),
                 field(2, "page_token", "pageToken", &M::page_token),
                 field(3, "states", &M::states),
                 field(4, "runner_ids", "runnerIds", &M::runner_ids));
  }
};

/// A page of volumes.
struct ListVolumesResponse {
  std::vector<Volume> volumes{};
  std::string next_page_token{};

  bool operator==(ListVolumesResponse const&) const = default;
};

template <>
struct descriptor<ListVolumesResponse> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.ListVolumesResponse";
  template <class M = ListVolumesResponse>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "volumes", &M::volumes),
                 field(2, "next_page_token", "nextPageToken", &M::next_page_token));
  }
};

/// Asks for the masked fields of a volume to be replaced.
struct UpdateVolumeRequest {
  std::string volume_id{};
  std::optional<Volume> volume{};
  std::optional<FieldMask> update_mask{};

  bool operator==(UpdateVolumeRequest const&) const = default;
};

template <>
struct descriptor<UpdateVolumeRequest> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.UpdateVolumeRequest";
  template <class M = UpdateVolumeRequest>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "volume_id", "volumeId", &M::volume_id),
                 field(2, "volume", &M::volume),
                 field(3, "update_mask", "updateMask", &M::update_mask));
  }
};

/// Asks for a volume to be removed.
struct DeleteVolumeRequest {
  std::string volume_id{};
  bool allow_missing{};
  bool force{};

  bool operator==(DeleteVolumeRequest const&) const = default;
};

template <>
struct descriptor<DeleteVolumeRequest> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.DeleteVolumeRequest";
  template <class M = DeleteVolumeRequest>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "volume_id", "volumeId", &M::volume_id),
                 field(2, "allow_missing", "allowMissing", &M::allow_missing),
                 field(3, "force", &M::force));
  }
};

/// Asks for a volume to be checked again.
struct ValidateVolumeRequest {
  std::string volume_id{};

  bool operator==(ValidateVolumeRequest const&) const = default;
};

template <>
struct descriptor<ValidateVolumeRequest> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.ValidateVolumeRequest";
  template <class M = ValidateVolumeRequest>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "volume_id", "volumeId", &M::volume_id));
  }
};

}  // namespace cwsandbox::inline v1::wire

#endif
