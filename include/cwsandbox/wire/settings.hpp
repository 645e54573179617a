// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_WIRE_SETTINGS_HPP
#define CWSANDBOX_WIRE_SETTINGS_HPP

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
/// Settings of an organization: object storage, the bucket of snapshots, secret stores.

namespace cwsandbox::inline v1::wire {

/// How the sandboxes of an organization log in to object storage by workload identity.
struct ObjectStorageWifConfig {
  std::string wif_config_id{};
  bool enabled{};
  std::vector<std::string> allowed_buckets{};
  ObjectStoragePermission max_permission{};
  std::optional<Timestamp> create_time{};
  std::optional<Timestamp> update_time{};

  bool operator==(ObjectStorageWifConfig const&) const = default;
};

template <>
struct descriptor<ObjectStorageWifConfig> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.ObjectStorageWifConfig";
  template <class M = ObjectStorageWifConfig>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "wif_config_id", "wifConfigId", &M::wif_config_id),
                 field(2, "enabled", &M::enabled),
                 field(3, "allowed_buckets", "allowedBuckets", &M::allowed_buckets),
                 field(4, "max_permission", "maxPermission", &M::max_permission),
                 field(5, "create_time", "createTime", &M::create_time),
                 field(6, "update_time", "updateTime", &M::update_time));
  }
};

/// Asks for the object storage setting.
struct GetObjectStorageWifConfigRequest {
  bool operator==(GetObjectStorageWifConfigRequest const&) const = default;
};

template <>
struct descriptor<GetObjectStorageWifConfigRequest> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.GetObjectStorageWifConfigRequest";
  template <class M = GetObjectStorageWifConfigRequest>
  static constexpr auto fields(auto&& visit) {
    return visit();
  }
};

/// Asks for the masked fields of the object storage setting to be replaced.
struct UpdateObjectStorageWifConfigRequest {
  std::optional<ObjectStorageWifConfig> object_storage_wif_config{};
  std::optional<FieldMask> update_mask{};

  bool operator==(UpdateObjectStorageWifConfigRequest const&) const = default;
};

template <>
struct descriptor<UpdateObjectStorageWifConfigRequest> {
  static constexpr std::string_view name =
      "coreweave.sandbox.v1.UpdateObjectStorageWifConfigRequest";
  template <class M = UpdateObjectStorageWifConfigRequest>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1,
                       "object_storage_wif_config",
                       "objectStorageWifConfig",
                       &M::object_storage_wif_config),
                 field(2, "update_mask", "updateMask", &M::update_mask));
  }
};

/// Asks for the object storage setting to be deleted.
struct DeleteObjectStorageWifConfigRequest {
  bool allow_missing{};

  bool operator==(DeleteObjectStorageWifConfigRequest const&) const = default;
};

template <>
struct descriptor<DeleteObjectStorageWifConfigRequest> {
  static constexpr std::string_view name =
      "coreweave.sandbox.v1.DeleteObjectStorageWifConfigRequest";
  template <class M = DeleteObjectStorageWifConfigRequest>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "allow_missing", "allowMissing", &M::allow_missing));
  }
};

/// Where the snapshots of an organization are kept.
struct FileSystemSnapshotBucketConfig {
  std::string bucket_name{};
  std::string region{};
  FileSystemSnapshotBucketMode mode{};
  std::string effective_bucket_name{};

  bool operator==(FileSystemSnapshotBucketConfig const&) const = default;
};

template <>
struct descriptor<FileSystemSnapshotBucketConfig> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.FileSystemSnapshotBucketConfig";
  template <class M = FileSystemSnapshotBucketConfig>
  static constexpr auto fields(auto&& visit) {
    return visit(
        field(1, "bucket_name", "bucketName", &M::bucket_name),
        field(2, "region", &M::region),
        field(3, "mode", &M::mode),
        field(4, "effective_bucket_name", "effectiveBucketName", &M::effective_bucket_name));
  }
};

/// Asks for the snapshot bucket setting.
struct GetFileSystemSnapshotBucketConfigRequest {
  bool operator==(GetFileSystemSnapshotBucketConfigRequest const&) const = default;
};

template <>
struct descriptor<GetFileSystemSnapshotBucketConfigRequest> {
  static constexpr std::string_view name =
      "coreweave.sandbox.v1.GetFileSystemSnapshotBucketConfigRequest";
  template <class M = GetFileSystemSnapshotBucketConfigRequest>
  static constexpr auto fields(auto&& visit) {
    return visit();
  }
};

/// Asks for the masked fields of the snapshot bucket setting to be replaced.
struct UpdateFileSystemSnapshotBucketConfigRequest {
  std::optional<FileSystemSnapshotBucketConfig> file_system_snapshot_bucket_config{};
  std::optional<FieldMask> update_mask{};

  bool operator==(UpdateFileSystemSnapshotBucketConfigRequest const&) const = default;
};

template <>
struct descriptor<UpdateFileSystemSnapshotBucketConfigRequest> {
  static constexpr std::string_view name =
      "coreweave.sandbox.v1.UpdateFileSystemSnapshotBucketConfigRequest";
  template <class M = UpdateFileSystemSnapshotBucketConfigRequest>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1,
                       "file_system_snapshot_bucket_config",
                       "fileSystemSnapshotBucketConfig",
                       &M::file_system_snapshot_bucket_config),
                 field(2, "update_mask", "updateMask", &M::update_mask));
  }
};

/// A secret store of Weights & Biases.
struct WandBStoreConfig {
  std::string api_url{};
  std::string team{};

  bool operator==(WandBStoreConfig const&) const = default;
};

template <>
struct descriptor<WandBStoreConfig> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.WandBStoreConfig";
  template <class M = WandBStoreConfig>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "api_url", "apiUrl", &M::api_url), field(2, "team", &M::team));
  }
};

/// A place from which sandboxes may take secrets.
struct SecretStore {
  std::string name{};
  SecretStoreProviderType provider_type{};
  std::variant<std::monostate, WandBStoreConfig> provider_config{};
  std::optional<Timestamp> create_time{};
  std::optional<Timestamp> update_time{};

  bool operator==(SecretStore const&) const = default;
};

template <>
struct descriptor<SecretStore> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.SecretStore";
  template <class M = SecretStore>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "name", &M::name),
                 field(2, "provider_type", "providerType", &M::provider_type),
                 oneof_field<1>(10, "wandb", &M::provider_config),
                 field(3, "create_time", "createTime", &M::create_time),
                 field(4, "update_time", "updateTime", &M::update_time));
  }
};

/// Asks for a secret store to be registered.
struct CreateSecretStoreRequest {
  std::optional<SecretStore> secret_store{};
  std::string request_id{};

  bool operator==(CreateSecretStoreRequest const&) const = default;
};

template <>
struct descriptor<CreateSecretStoreRequest> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.CreateSecretStoreRequest";
  template <class M = CreateSecretStoreRequest>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "secret_store", "secretStore", &M::secret_store),
                 field(2, "request_id", "requestId", &M::request_id));
  }
};

/// Asks for one secret store.
struct GetSecretStoreRequest {
  std::string name{};

  bool operator==(GetSecretStoreRequest const&) const = default;
};

template <>
struct descriptor<GetSecretStoreRequest> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.GetSecretStoreRequest";
  template <class M = GetSecretStoreRequest>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "name", &M::name));
  }
};

/// Asks for a page of secret stores.
struct ListSecretStoresRequest {
  std::int32_t page_size{};
  std::string page_token{};

  bool operator==(ListSecretStoresRequest const&) const = default;
};

template <>
struct descriptor<ListSecretStoresRequest> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.ListSecretStoresRequest";
  template <class M = ListSecretStoresRequest>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "page_size", "pageSize", &M::page_size),
                 field(2, "page_token", "pageToken", &M::page_token));
  }
};

/// A page of secret stores.
struct ListSecretStoresResponse {
  std::vector<SecretStore> secret_stores{};
  std::string next_page_token{};

  bool operator==(ListSecretStoresResponse const&) const = default;
};

template <>
struct descriptor<ListSecretStoresResponse> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.ListSecretStoresResponse";
  template <class M = ListSecretStoresResponse>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "secret_stores", "secretStores", &M::secret_stores),
                 field(2, "next_page_token", "nextPageToken", &M::next_page_token));
  }
};

/// Asks for the masked fields of a secret store to be replaced.
struct UpdateSecretStoreRequest {
  std::optional<SecretStore> secret_store{};
  std::optional<FieldMask> update_mask{};

  bool operator==(UpdateSecretStoreRequest const&) const = default;
};

template <>
struct descriptor<UpdateSecretStoreRequest> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.UpdateSecretStoreRequest";
  template <class M = UpdateSecretStoreRequest>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "secret_store", "secretStore", &M::secret_store),
                 field(2, "update_mask", "updateMask", &M::update_mask));
  }
};

/// Asks for a secret store to be removed.
struct DeleteSecretStoreRequest {
  std::string name{};
  bool allow_missing{};

  bool operator==(DeleteSecretStoreRequest const&) const = default;
};

template <>
struct descriptor<DeleteSecretStoreRequest> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.DeleteSecretStoreRequest";
  template <class M = DeleteSecretStoreRequest>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "name", &M::name),
                 field(2, "allow_missing", "allowMissing", &M::allow_missing));
  }
};

}  // namespace cwsandbox::inline v1::wire

#endif
