// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_WIRE_ENUMS_HPP
#define CWSANDBOX_WIRE_ENUMS_HPP

#include <cwsandbox/config.hpp>

#include <cwsandbox/wire/field.hpp>

#include <cstdint>
#include <string_view>

/// \file
/// The enums of all files of the schema. Each is open: a number without a name here is kept as it
/// is.

namespace cwsandbox::inline v1::wire {

/// Which kind of infrastructure runs a sandbox.
enum class SandboxMode : std::int32_t {
  unspecified = 0,
  serverless = 1,
  cks = 2,
};

template <>
struct enum_descriptor<SandboxMode> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.SandboxMode";
  static constexpr enum_value<SandboxMode> values[] = {
      {SandboxMode::unspecified, "SANDBOX_MODE_UNSPECIFIED"},
      {SandboxMode::serverless, "SANDBOX_MODE_SERVERLESS"},
      {SandboxMode::cks, "SANDBOX_MODE_CKS"},
  };
};

/// Where a sandbox, or one of its containers, is in its life.
enum class State : std::int32_t {
  unspecified = 0,
  creating = 1,
  running = 2,
  completed = 3,
  failed = 4,
  terminating = 5,
  terminated = 6,
  pending = 7,
  paused = 8,
};

template <>
struct enum_descriptor<State> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.State";
  static constexpr enum_value<State> values[] = {
      {State::unspecified, "STATE_UNSPECIFIED"},
      {State::creating, "STATE_CREATING"},
      {State::running, "STATE_RUNNING"},
      {State::completed, "STATE_COMPLETED"},
      {State::failed, "STATE_FAILED"},
      {State::terminating, "STATE_TERMINATING"},
      {State::terminated, "STATE_TERMINATED"},
      {State::pending, "STATE_PENDING"},
      {State::paused, "STATE_PAUSED"},
  };
};

/// The transport protocol of a service port.
enum class ServiceProtocol : std::int32_t {
  unspecified = 0,
  tcp = 1,
  udp = 2,
  sctp = 3,
};

template <>
struct enum_descriptor<ServiceProtocol> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.ServiceProtocol";
  static constexpr enum_value<ServiceProtocol> values[] = {
      {ServiceProtocol::unspecified, "SERVICE_PROTOCOL_UNSPECIFIED"},
      {ServiceProtocol::tcp, "SERVICE_PROTOCOL_TCP"},
      {ServiceProtocol::udp, "SERVICE_PROTOCOL_UDP"},
      {ServiceProtocol::sctp, "SERVICE_PROTOCOL_SCTP"},
  };
};

/// How a public endpoint treats TLS.
enum class EndpointKind : std::int32_t {
  unspecified = 0,
  https = 1,
  tls_passthrough = 2,
};

template <>
struct enum_descriptor<EndpointKind> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.EndpointKind";
  static constexpr enum_value<EndpointKind> values[] = {
      {EndpointKind::unspecified, "ENDPOINT_KIND_UNSPECIFIED"},
      {EndpointKind::https, "ENDPOINT_KIND_HTTPS"},
      {EndpointKind::tls_passthrough, "ENDPOINT_KIND_TLS_PASSTHROUGH"},
  };
};

/// Who may call a public endpoint.
enum class EndpointAuth : std::int32_t {
  unspecified = 0,
  open = 1,
  token = 2,
};

template <>
struct enum_descriptor<EndpointAuth> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.EndpointAuth";
  static constexpr enum_value<EndpointAuth> values[] = {
      {EndpointAuth::unspecified, "ENDPOINT_AUTH_UNSPECIFIED"},
      {EndpointAuth::open, "ENDPOINT_AUTH_OPEN"},
      {EndpointAuth::token, "ENDPOINT_AUTH_TOKEN"},
  };
};

/// Who can reach a service of a sandbox.
enum class Visibility : std::int32_t {
  unspecified = 0,
  public_ = 1,
  private_ = 2,
  custom = 3,
};

template <>
struct enum_descriptor<Visibility> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.Visibility";
  static constexpr enum_value<Visibility> values[] = {
      {Visibility::unspecified, "VISIBILITY_UNSPECIFIED"},
      {Visibility::public_, "VISIBILITY_PUBLIC"},
      {Visibility::private_, "VISIBILITY_PRIVATE"},
      {Visibility::custom, "VISIBILITY_CUSTOM"},
  };
};

/// A group of sandboxes, as seen from one of them.
enum class TenantScope : std::int32_t {
  unspecified = 0,
  same_user = 1,
  same_org = 2,
  sandbox_network = 3,
};

template <>
struct enum_descriptor<TenantScope> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.TenantScope";
  static constexpr enum_value<TenantScope> values[] = {
      {TenantScope::unspecified, "TENANT_SCOPE_UNSPECIFIED"},
      {TenantScope::same_user, "TENANT_SCOPE_SAME_USER"},
      {TenantScope::same_org, "TENANT_SCOPE_SAME_ORG"},
      {TenantScope::sandbox_network, "TENANT_SCOPE_SANDBOX_NETWORK"},
  };
};

/// What a scratch volume is made of.
enum class StorageMedium : std::int32_t {
  unspecified = 0,
  disk = 1,
  memory = 2,
};

template <>
struct enum_descriptor<StorageMedium> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.StorageMedium";
  static constexpr enum_value<StorageMedium> values[] = {
      {StorageMedium::unspecified, "STORAGE_MEDIUM_UNSPECIFIED"},
      {StorageMedium::disk, "STORAGE_MEDIUM_DISK"},
      {StorageMedium::memory, "STORAGE_MEDIUM_MEMORY"},
  };
};

/// What a sandbox may do in object storage.
enum class ObjectStoragePermission : std::int32_t {
  unspecified = 0,
  read = 1,
  read_write = 2,
};

template <>
struct enum_descriptor<ObjectStoragePermission> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.ObjectStoragePermission";
  static constexpr enum_value<ObjectStoragePermission> values[] = {
      {ObjectStoragePermission::unspecified, "OBJECT_STORAGE_PERMISSION_UNSPECIFIED"},
      {ObjectStoragePermission::read, "OBJECT_STORAGE_PERMISSION_READ"},
      {ObjectStoragePermission::read_write, "OBJECT_STORAGE_PERMISSION_READ_WRITE"},
  };
};

/// Where a snapshot is in its life.
enum class SnapshotState : std::int32_t {
  unspecified = 0,
  creating = 1,
  ready = 2,
  failed = 3,
  deleting = 4,
};

template <>
struct enum_descriptor<SnapshotState> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.SnapshotState";
  static constexpr enum_value<SnapshotState> values[] = {
      {SnapshotState::unspecified, "SNAPSHOT_STATE_UNSPECIFIED"},
      {SnapshotState::creating, "SNAPSHOT_STATE_CREATING"},
      {SnapshotState::ready, "SNAPSHOT_STATE_READY"},
      {SnapshotState::failed, "SNAPSHOT_STATE_FAILED"},
      {SnapshotState::deleting, "SNAPSHOT_STATE_DELETING"},
  };
};

/// Why a snapshot was taken.
enum class SnapshotTrigger : std::int32_t {
  unspecified = 0,
  manual = 1,
  on_delete = 2,
};

template <>
struct enum_descriptor<SnapshotTrigger> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.SnapshotTrigger";
  static constexpr enum_value<SnapshotTrigger> values[] = {
      {SnapshotTrigger::unspecified, "SNAPSHOT_TRIGGER_UNSPECIFIED"},
      {SnapshotTrigger::manual, "SNAPSHOT_TRIGGER_MANUAL"},
      {SnapshotTrigger::on_delete, "SNAPSHOT_TRIGGER_ON_DELETE"},
  };
};

/// How much of a runner an answer tells.
enum class RunnerView : std::int32_t {
  unspecified = 0,
  basic = 1,
  full = 2,
};

template <>
struct enum_descriptor<RunnerView> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.RunnerView";
  static constexpr enum_value<RunnerView> values[] = {
      {RunnerView::unspecified, "RUNNER_VIEW_UNSPECIFIED"},
      {RunnerView::basic, "RUNNER_VIEW_BASIC"},
      {RunnerView::full, "RUNNER_VIEW_FULL"},
  };
};

/// Who owns the bucket that snapshots are kept in.
enum class FileSystemSnapshotBucketMode : std::int32_t {
  unspecified = 0,
  cw_managed = 1,
  bring_your_own = 2,
};

template <>
struct enum_descriptor<FileSystemSnapshotBucketMode> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.FileSystemSnapshotBucketMode";
  static constexpr enum_value<FileSystemSnapshotBucketMode> values[] = {
      {FileSystemSnapshotBucketMode::unspecified, "FILE_SYSTEM_SNAPSHOT_BUCKET_MODE_UNSPECIFIED"},
      {FileSystemSnapshotBucketMode::cw_managed, "FILE_SYSTEM_SNAPSHOT_BUCKET_MODE_CW_MANAGED"},
      {FileSystemSnapshotBucketMode::bring_your_own,
       "FILE_SYSTEM_SNAPSHOT_BUCKET_MODE_BRING_YOUR_OWN"},
  };
};

/// Which product a secret store is.
enum class SecretStoreProviderType : std::int32_t {
  unspecified = 0,
  wandb = 1,
};

template <>
struct enum_descriptor<SecretStoreProviderType> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.SecretStoreProviderType";
  static constexpr enum_value<SecretStoreProviderType> values[] = {
      {SecretStoreProviderType::unspecified, "SECRET_STORE_PROVIDER_TYPE_UNSPECIFIED"},
      {SecretStoreProviderType::wandb, "SECRET_STORE_PROVIDER_TYPE_WANDB"},
  };
};

/// Where a volume is in its life.
enum class VolumeState : std::int32_t {
  unspecified = 0,
  validating = 1,
  ready = 2,
  error = 3,
  deleting = 4,
};

template <>
struct enum_descriptor<VolumeState> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.VolumeState";
  static constexpr enum_value<VolumeState> values[] = {
      {VolumeState::unspecified, "VOLUME_STATE_UNSPECIFIED"},
      {VolumeState::validating, "VOLUME_STATE_VALIDATING"},
      {VolumeState::ready, "VOLUME_STATE_READY"},
      {VolumeState::error, "VOLUME_STATE_ERROR"},
      {VolumeState::deleting, "VOLUME_STATE_DELETING"},
  };
};

/// From where a volume can be attached.
enum class VolumeLocality : std::int32_t {
  unspecified = 0,
  cluster_local = 1,
  global = 2,
};

template <>
struct enum_descriptor<VolumeLocality> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.VolumeLocality";
  static constexpr enum_value<VolumeLocality> values[] = {
      {VolumeLocality::unspecified, "VOLUME_LOCALITY_UNSPECIFIED"},
      {VolumeLocality::cluster_local, "VOLUME_LOCALITY_CLUSTER_LOCAL"},
      {VolumeLocality::global, "VOLUME_LOCALITY_GLOBAL"},
  };
};

}  // namespace cwsandbox::inline v1::wire

#endif
