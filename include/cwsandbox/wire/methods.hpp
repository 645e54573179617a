// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_WIRE_METHODS_HPP
#define CWSANDBOX_WIRE_METHODS_HPP

#include <cwsandbox/config.hpp>

#include <cwsandbox/wire/messages.hpp>

#include <cstdint>
#include <string_view>

/// \file
/// The methods of all services: what they take and give, and how gRPC and REST address them.

namespace cwsandbox::inline v1::wire {

/// How many messages each side of a call sends.
enum class streaming : std::uint8_t {
  none,           ///< one request, one response
  server,         ///< one request, any number of responses
  bidirectional,  ///< any number of both, in any order
};

/// The verb of an HTTP request.
enum class http_verb : std::uint8_t { get, post, patch, delete_ };

/// The spelling of a verb in a request line.
[[nodiscard]] constexpr std::string_view to_string(http_verb verb) noexcept {
  switch (verb) {
    case http_verb::get:
      return "GET";
    case http_verb::post:
      return "POST";
    case http_verb::patch:
      return "PATCH";
    case http_verb::delete_:
      return "DELETE";
  }
  return {};
}

/// Where a method is found over REST.
struct http_binding {
  http_verb verb{};
  /// The path, with request fields in braces: `/v1/sandboxes/{sandbox_id}`. A dot enters a message.
  std::string_view path{};
  /// The request field that is the body, `*` for all fields that are not in the path, empty for no
  /// body. What is neither in the path nor in the body goes into the query.
  std::string_view body{};
};

/// A method descriptor of `wire::rpc`.
template <class T>
concept method = requires {
  typename T::request;
  typename T::response;
  T::path;
  T::stream;
};

/// A method that REST has too; the streaming ones exist in gRPC alone.
template <class T>
concept http_method = method<T> && requires {
  T::http;
};

}  // namespace cwsandbox::inline v1::wire

namespace cwsandbox::inline v1::wire::rpc {

/// Makes a sandbox.
struct CreateSandbox {
  using request = CreateSandboxRequest;
  using response = Sandbox;
  static constexpr std::string_view service = "coreweave.sandbox.v1.SandboxService";
  static constexpr std::string_view name = "CreateSandbox";
  static constexpr std::string_view path = "/coreweave.sandbox.v1.SandboxService/CreateSandbox";
  static constexpr streaming stream = streaming::none;
  static constexpr http_binding http{http_verb::post, "/v1/sandboxes", "sandbox"};
};

/// Makes a sandbox from a stored template.
struct CreateSandboxFromTemplate {
  using request = CreateSandboxFromTemplateRequest;
  using response = Sandbox;
  static constexpr std::string_view service = "coreweave.sandbox.v1.SandboxService";
  static constexpr std::string_view name = "CreateSandboxFromTemplate";
  static constexpr std::string_view path =
      "/coreweave.sandbox.v1.SandboxService/CreateSandboxFromTemplate";
  static constexpr streaming stream = streaming::none;
  static constexpr http_binding http{http_verb::post, "/v1/sandboxes:createFromTemplate", "*"};
};

/// Looks a sandbox up.
struct GetSandbox {
  using request = GetSandboxRequest;
  using response = Sandbox;
  static constexpr std::string_view service = "coreweave.sandbox.v1.SandboxService";
  static constexpr std::string_view name = "GetSandbox";
  static constexpr std::string_view path = "/coreweave.sandbox.v1.SandboxService/GetSandbox";
  static constexpr streaming stream = streaming::none;
  static constexpr http_binding http{http_verb::get, "/v1/sandboxes/{sandbox_id}", ""};
};

/// Lists sandboxes, page by page.
struct ListSandboxes {
  using request = ListSandboxesRequest;
  using response = ListSandboxesResponse;
  static constexpr std::string_view service = "coreweave.sandbox.v1.SandboxService";
  static constexpr std::string_view name = "ListSandboxes";
  static constexpr std::string_view path = "/coreweave.sandbox.v1.SandboxService/ListSandboxes";
  static constexpr streaming stream = streaming::none;
  static constexpr http_binding http{http_verb::get, "/v1/sandboxes", ""};
};

/// Ends a sandbox.
struct DeleteSandbox {
  using request = DeleteSandboxRequest;
  using response = DeleteSandboxResponse;
  static constexpr std::string_view service = "coreweave.sandbox.v1.SandboxService";
  static constexpr std::string_view name = "DeleteSandbox";
  static constexpr std::string_view path = "/coreweave.sandbox.v1.SandboxService/DeleteSandbox";
  static constexpr streaming stream = streaming::none;
  static constexpr http_binding http{http_verb::delete_, "/v1/sandboxes/{sandbox_id}", ""};
};

/// Ends many sandboxes at once.
struct PurgeSandboxes {
  using request = PurgeSandboxesRequest;
  using response = PurgeSandboxesResponse;
  static constexpr std::string_view service = "coreweave.sandbox.v1.SandboxService";
  static constexpr std::string_view name = "PurgeSandboxes";
  static constexpr std::string_view path = "/coreweave.sandbox.v1.SandboxService/PurgeSandboxes";
  static constexpr streaming stream = streaming::none;
  static constexpr http_binding http{http_verb::post, "/v1/sandboxes:purge", "*"};
};

/// Runs a command and waits for its end.
struct Exec {
  using request = ExecRequest;
  using response = ExecResponse;
  static constexpr std::string_view service = "coreweave.sandbox.v1.SandboxService";
  static constexpr std::string_view name = "Exec";
  static constexpr std::string_view path = "/coreweave.sandbox.v1.SandboxService/Exec";
  static constexpr streaming stream = streaming::none;
  static constexpr http_binding http{http_verb::post, "/v1/sandboxes/{sandbox_id}:exec", "*"};
};

/// Runs a command with its input and output as streams.
struct StreamExec {
  using request = ExecStreamRequest;
  using response = ExecStreamResponse;
  static constexpr std::string_view service = "coreweave.sandbox.v1.SandboxService";
  static constexpr std::string_view name = "StreamExec";
  static constexpr std::string_view path = "/coreweave.sandbox.v1.SandboxService/StreamExec";
  static constexpr streaming stream = streaming::bidirectional;
};

/// Follows the log of a sandbox.
struct StreamLogs {
  using request = StreamLogsRequest;
  using response = LogEntry;
  static constexpr std::string_view service = "coreweave.sandbox.v1.SandboxService";
  static constexpr std::string_view name = "StreamLogs";
  static constexpr std::string_view path = "/coreweave.sandbox.v1.SandboxService/StreamLogs";
  static constexpr streaming stream = streaming::server;
};

/// Writes a file in a sandbox.
struct WriteFile {
  using request = WriteFileRequest;
  using response = WriteFileResponse;
  static constexpr std::string_view service = "coreweave.sandbox.v1.SandboxService";
  static constexpr std::string_view name = "WriteFile";
  static constexpr std::string_view path = "/coreweave.sandbox.v1.SandboxService/WriteFile";
  static constexpr streaming stream = streaming::none;
  static constexpr http_binding http{http_verb::post, "/v1/sandboxes/{sandbox_id}:writeFile", "*"};
};

/// Reads a file of a sandbox.
struct ReadFile {
  using request = ReadFileRequest;
  using response = ReadFileResponse;
  static constexpr std::string_view service = "coreweave.sandbox.v1.SandboxService";
  static constexpr std::string_view name = "ReadFile";
  static constexpr std::string_view path = "/coreweave.sandbox.v1.SandboxService/ReadFile";
  static constexpr streaming stream = streaming::none;
  static constexpr http_binding http{http_verb::get, "/v1/sandboxes/{sandbox_id}:readFile", ""};
};

/// Takes a snapshot of a scratch volume.
struct CreateFileSystemSnapshot {
  using request = CreateFileSystemSnapshotRequest;
  using response = FileSystemSnapshot;
  static constexpr std::string_view service = "coreweave.sandbox.v1.SandboxService";
  static constexpr std::string_view name = "CreateFileSystemSnapshot";
  static constexpr std::string_view path =
      "/coreweave.sandbox.v1.SandboxService/CreateFileSystemSnapshot";
  static constexpr streaming stream = streaming::none;
  static constexpr http_binding http{http_verb::post, "/v1/sandboxes/{sandbox_id}:snapshot", "*"};
};

/// Looks a snapshot up.
struct GetFileSystemSnapshot {
  using request = GetFileSystemSnapshotRequest;
  using response = FileSystemSnapshot;
  static constexpr std::string_view service = "coreweave.sandbox.v1.SandboxService";
  static constexpr std::string_view name = "GetFileSystemSnapshot";
  static constexpr std::string_view path =
      "/coreweave.sandbox.v1.SandboxService/GetFileSystemSnapshot";
  static constexpr streaming stream = streaming::none;
  static constexpr http_binding http{
      http_verb::get, "/v1/fileSystemSnapshots/{file_system_snapshot_id}", ""};
};

/// Lists snapshots, page by page.
struct ListFileSystemSnapshots {
  using request = ListFileSystemSnapshotsRequest;
  using response = ListFileSystemSnapshotsResponse;
  static constexpr std::string_view service = "coreweave.sandbox.v1.SandboxService";
  static constexpr std::string_view name = "ListFileSystemSnapshots";
  static constexpr std::string_view path =
      "/coreweave.sandbox.v1.SandboxService/ListFileSystemSnapshots";
  static constexpr streaming stream = streaming::none;
  static constexpr http_binding http{http_verb::get, "/v1/fileSystemSnapshots", ""};
};

/// Deletes a snapshot.
struct DeleteFileSystemSnapshot {
  using request = DeleteFileSystemSnapshotRequest;
  using response = FileSystemSnapshot;
  static constexpr std::string_view service = "coreweave.sandbox.v1.SandboxService";
  static constexpr std::string_view name = "DeleteFileSystemSnapshot";
  static constexpr std::string_view path =
      "/coreweave.sandbox.v1.SandboxService/DeleteFileSystemSnapshot";
  static constexpr streaming stream = streaming::none;
  static constexpr http_binding http{
      http_verb::delete_, "/v1/fileSystemSnapshots/{file_system_snapshot_id}", ""};
};

/// Lists runners, page by page.
struct ListAvailableRunners {
  using request = ListAvailableRunnersRequest;
  using response = ListAvailableRunnersResponse;
  static constexpr std::string_view service = "coreweave.sandbox.v1.DiscoveryService";
  static constexpr std::string_view name = "ListAvailableRunners";
  static constexpr std::string_view path =
      "/coreweave.sandbox.v1.DiscoveryService/ListAvailableRunners";
  static constexpr streaming stream = streaming::none;
  static constexpr http_binding http{http_verb::get, "/v1/availableRunners", ""};
};

/// Looks a runner up.
struct GetAvailableRunner {
  using request = GetAvailableRunnerRequest;
  using response = AvailableRunner;
  static constexpr std::string_view service = "coreweave.sandbox.v1.DiscoveryService";
  static constexpr std::string_view name = "GetAvailableRunner";
  static constexpr std::string_view path =
      "/coreweave.sandbox.v1.DiscoveryService/GetAvailableRunner";
  static constexpr streaming stream = streaming::none;
  static constexpr http_binding http{
      http_verb::get, "/v1/organizations/{organization_id}/availableRunners/{runner_id}", ""};
};

/// Stores a template.
struct CreateSandboxTemplate {
  using request = CreateSandboxTemplateRequest;
  using response = SandboxTemplate;
  static constexpr std::string_view service = "coreweave.sandbox.v1.SandboxTemplateService";
  static constexpr std::string_view name = "CreateSandboxTemplate";
  static constexpr std::string_view path =
      "/coreweave.sandbox.v1.SandboxTemplateService/CreateSandboxTemplate";
  static constexpr streaming stream = streaming::none;
  static constexpr http_binding http{http_verb::post, "/v1/sandboxTemplates", "sandbox_template"};
};

/// Looks a template up.
struct GetSandboxTemplate {
  using request = GetSandboxTemplateRequest;
  using response = SandboxTemplate;
  static constexpr std::string_view service = "coreweave.sandbox.v1.SandboxTemplateService";
  static constexpr std::string_view name = "GetSandboxTemplate";
  static constexpr std::string_view path =
      "/coreweave.sandbox.v1.SandboxTemplateService/GetSandboxTemplate";
  static constexpr streaming stream = streaming::none;
  static constexpr http_binding http{
      http_verb::get, "/v1/sandboxTemplates/{sandbox_template_id}", ""};
};

/// Lists templates, page by page.
struct ListSandboxTemplates {
  using request = ListSandboxTemplatesRequest;
  using response = ListSandboxTemplatesResponse;
  static constexpr std::string_view service = "coreweave.sandbox.v1.SandboxTemplateService";
  static constexpr std::string_view name = "ListSandboxTemplates";
  static constexpr std::string_view path =
      "/coreweave.sandbox.v1.SandboxTemplateService/ListSandboxTemplates";
  static constexpr streaming stream = streaming::none;
  static constexpr http_binding http{http_verb::get, "/v1/sandboxTemplates", ""};
};

/// Changes a template.
struct UpdateSandboxTemplate {
  using request = UpdateSandboxTemplateRequest;
  using response = SandboxTemplate;
  static constexpr std::string_view service = "coreweave.sandbox.v1.SandboxTemplateService";
  static constexpr std::string_view name = "UpdateSandboxTemplate";
  static constexpr std::string_view path =
      "/coreweave.sandbox.v1.SandboxTemplateService/UpdateSandboxTemplate";
  static constexpr streaming stream = streaming::none;
  static constexpr http_binding http{
      http_verb::patch, "/v1/sandboxTemplates/{sandbox_template_id}", "sandbox_template"};
};

/// Deletes a template.
struct DeleteSandboxTemplate {
  using request = DeleteSandboxTemplateRequest;
  using response = Empty;
  static constexpr std::string_view service = "coreweave.sandbox.v1.SandboxTemplateService";
  static constexpr std::string_view name = "DeleteSandboxTemplate";
  static constexpr std::string_view path =
      "/coreweave.sandbox.v1.SandboxTemplateService/DeleteSandboxTemplate";
  static constexpr streaming stream = streaming::none;
  static constexpr http_binding http{
      http_verb::delete_, "/v1/sandboxTemplates/{sandbox_template_id}", ""};
};

/// Reads the object storage setting.
struct GetObjectStorageWifConfig {
  using request = GetObjectStorageWifConfigRequest;
  using response = ObjectStorageWifConfig;
  static constexpr std::string_view service = "coreweave.sandbox.v1.SettingsService";
  static constexpr std::string_view name = "GetObjectStorageWifConfig";
  static constexpr std::string_view path =
      "/coreweave.sandbox.v1.SettingsService/GetObjectStorageWifConfig";
  static constexpr streaming stream = streaming::none;
  static constexpr http_binding http{http_verb::get, "/v1/settings/objectStorageWifConfig", ""};
};

/// Changes the object storage setting.
struct UpdateObjectStorageWifConfig {
  using request = UpdateObjectStorageWifConfigRequest;
  using response = ObjectStorageWifConfig;
  static constexpr std::string_view service = "coreweave.sandbox.v1.SettingsService";
  static constexpr std::string_view name = "UpdateObjectStorageWifConfig";
  static constexpr std::string_view path =
      "/coreweave.sandbox.v1.SettingsService/UpdateObjectStorageWifConfig";
  static constexpr streaming stream = streaming::none;
  static constexpr http_binding http{
      http_verb::patch, "/v1/settings/objectStorageWifConfig", "object_storage_wif_config"};
};

/// Deletes the object storage setting.
struct DeleteObjectStorageWifConfig {
  using request = DeleteObjectStorageWifConfigRequest;
  using response = Empty;
  static constexpr std::string_view service = "coreweave.sandbox.v1.SettingsService";
  static constexpr std::string_view name = "DeleteObjectStorageWifConfig";
  static constexpr std::string_view path =
      "/coreweave.sandbox.v1.SettingsService/DeleteObjectStorageWifConfig";
  static constexpr streaming stream = streaming::none;
  static constexpr http_binding http{http_verb::delete_, "/v1/settings/objectStorageWifConfig", ""};
};

/// Reads the snapshot bucket setting.
struct GetFileSystemSnapshotBucketConfig {
  using request = GetFileSystemSnapshotBucketConfigRequest;
  using response = FileSystemSnapshotBucketConfig;
  static constexpr std::string_view service = "coreweave.sandbox.v1.SettingsService";
  static constexpr std::string_view name = "GetFileSystemSnapshotBucketConfig";
  static constexpr std::string_view path =
      "/coreweave.sandbox.v1.SettingsService/GetFileSystemSnapshotBucketConfig";
  static constexpr streaming stream = streaming::none;
  static constexpr http_binding http{
      http_verb::get, "/v1/settings/fileSystemSnapshotBucketConfig", ""};
};

/// Changes the snapshot bucket setting.
struct UpdateFileSystemSnapshotBucketConfig {
  using request = UpdateFileSystemSnapshotBucketConfigRequest;
  using response = FileSystemSnapshotBucketConfig;
  static constexpr std::string_view service = "coreweave.sandbox.v1.SettingsService";
  static constexpr std::string_view name = "UpdateFileSystemSnapshotBucketConfig";
  static constexpr std::string_view path =
      "/coreweave.sandbox.v1.SettingsService/UpdateFileSystemSnapshotBucketConfig";
  static constexpr streaming stream = streaming::none;
  static constexpr http_binding http{http_verb::patch,
                                     "/v1/settings/fileSystemSnapshotBucketConfig",
                                     "file_system_snapshot_bucket_config"};
};

/// Registers a secret store.
struct CreateSecretStore {
  using request = CreateSecretStoreRequest;
  using response = SecretStore;
  static constexpr std::string_view service = "coreweave.sandbox.v1.SettingsService";
  static constexpr std::string_view name = "CreateSecretStore";
  static constexpr std::string_view path =
      "/coreweave.sandbox.v1.SettingsService/CreateSecretStore";
  static constexpr streaming stream = streaming::none;
  static constexpr http_binding http{http_verb::post, "/v1/settings/secretStores", "secret_store"};
};

/// Looks a secret store up.
struct GetSecretStore {
  using request = GetSecretStoreRequest;
  using response = SecretStore;
  static constexpr std::string_view service = "coreweave.sandbox.v1.SettingsService";
  static constexpr std::string_view name = "GetSecretStore";
  static constexpr std::string_view path = "/coreweave.sandbox.v1.SettingsService/GetSecretStore";
  static constexpr streaming stream = streaming::none;
  static constexpr http_binding http{http_verb::get, "/v1/settings/secretStores/{name}", ""};
};

/// Lists secret stores, page by page.
struct ListSecretStores {
  using request = ListSecretStoresRequest;
  using response = ListSecretStoresResponse;
  static constexpr std::string_view service = "coreweave.sandbox.v1.SettingsService";
  static constexpr std::string_view name = "ListSecretStores";
  static constexpr std::string_view path = "/coreweave.sandbox.v1.SettingsService/ListSecretStores";
  static constexpr streaming stream = streaming::none;
  static constexpr http_binding http{http_verb::get, "/v1/settings/secretStores", ""};
};

/// Changes a secret store.
struct UpdateSecretStore {
  using request = UpdateSecretStoreRequest;
  using response = SecretStore;
  static constexpr std::string_view service = "coreweave.sandbox.v1.SettingsService";
  static constexpr std::string_view name = "UpdateSecretStore";
  static constexpr std::string_view path =
      "/coreweave.sandbox.v1.SettingsService/UpdateSecretStore";
  static constexpr streaming stream = streaming::none;
  static constexpr http_binding http{
      http_verb::patch, "/v1/settings/secretStores/{secret_store.name}", "secret_store"};
};

/// Removes a secret store.
struct DeleteSecretStore {
  using request = DeleteSecretStoreRequest;
  using response = Empty;
  static constexpr std::string_view service = "coreweave.sandbox.v1.SettingsService";
  static constexpr std::string_view name = "DeleteSecretStore";
  static constexpr std::string_view path =
      "/coreweave.sandbox.v1.SettingsService/DeleteSecretStore";
  static constexpr streaming stream = streaming::none;
  static constexpr http_binding http{http_verb::delete_, "/v1/settings/secretStores/{name}", ""};
};

/// Registers a volume.
struct CreateVolume {
  using request = CreateVolumeRequest;
  using response = Volume;
  static constexpr std::string_view service = "coreweave.sandbox.v1.VolumeService";
  static constexpr std::string_view name = "CreateVolume";
  static constexpr std::string_view path = "/coreweave.sandbox.v1.VolumeService/CreateVolume";
  static constexpr streaming stream = streaming::none;
  static constexpr http_binding http{http_verb::post, "/v1/volumes", "volume"};
};

/// Looks a volume up.
struct GetVolume {
  using request = GetVolumeRequest;
  using response = Volume;
  static constexpr std::string_view service = "coreweave.sandbox.v1.VolumeService";
  static constexpr std::string_view name = "GetVolume";
  static constexpr std::string_view path = "/coreweave.sandbox.v1.VolumeService/GetVolume";
  static constexpr streaming stream = streaming::none;
  static constexpr http_binding http{http_verb::get, "/v1/volumes/{volume_id}", ""};
};

/// Lists volumes, page by page.
struct ListVolumes {
  using request = ListVolumesRequest;
  using response = ListVolumesResponse;
  static constexpr std::string_view service = "coreweave.sandbox.v1.VolumeService";
  static constexpr std::string_view name = "ListVolumes";
  static constexpr std::string_view path = "/coreweave.sandbox.v1.VolumeService/ListVolumes";
  static constexpr streaming stream = streaming::none;
  static constexpr http_binding http{http_verb::get, "/v1/volumes", ""};
};

/// Changes a volume.
struct UpdateVolume {
  using request = UpdateVolumeRequest;
  using response = Volume;
  static constexpr std::string_view service = "coreweave.sandbox.v1.VolumeService";
  static constexpr std::string_view name = "UpdateVolume";
  static constexpr std::string_view path = "/coreweave.sandbox.v1.VolumeService/UpdateVolume";
  static constexpr streaming stream = streaming::none;
  static constexpr http_binding http{http_verb::patch, "/v1/volumes/{volume_id}", "volume"};
};

/// Removes a volume.
struct DeleteVolume {
  using request = DeleteVolumeRequest;
  using response = Volume;
  static constexpr std::string_view service = "coreweave.sandbox.v1.VolumeService";
  static constexpr std::string_view name = "DeleteVolume";
  static constexpr std::string_view path = "/coreweave.sandbox.v1.VolumeService/DeleteVolume";
  static constexpr streaming stream = streaming::none;
  static constexpr http_binding http{http_verb::delete_, "/v1/volumes/{volume_id}", ""};
};

/// Checks a volume again.
struct ValidateVolume {
  using request = ValidateVolumeRequest;
  using response = Volume;
  static constexpr std::string_view service = "coreweave.sandbox.v1.VolumeService";
  static constexpr std::string_view name = "ValidateVolume";
  static constexpr std::string_view path = "/coreweave.sandbox.v1.VolumeService/ValidateVolume";
  static constexpr streaming stream = streaming::none;
  static constexpr http_binding http{http_verb::post, "/v1/volumes/{volume_id}:validate", ""};
};

/// The methods of `SandboxService`.
using sandbox_methods = type_list<CreateSandbox,
                                  CreateSandboxFromTemplate,
                                  GetSandbox,
                                  ListSandboxes,
                                  DeleteSandbox,
                                  PurgeSandboxes,
                                  Exec,
                                  StreamExec,
                                  StreamLogs,
                                  WriteFile,
                                  ReadFile,
                                  CreateFileSystemSnapshot,
                                  GetFileSystemSnapshot,
                                  ListFileSystemSnapshots,
                                  DeleteFileSystemSnapshot>;

/// The methods of `DiscoveryService`.
using discovery_methods = type_list<ListAvailableRunners, GetAvailableRunner>;

/// The methods of `SandboxTemplateService`.
using template_methods = type_list<CreateSandboxTemplate,
                                   GetSandboxTemplate,
                                   ListSandboxTemplates,
                                   UpdateSandboxTemplate,
                                   DeleteSandboxTemplate>;

/// The methods of `SettingsService`.
using settings_methods = type_list<GetObjectStorageWifConfig,
                                   UpdateObjectStorageWifConfig,
                                   DeleteObjectStorageWifConfig,
                                   GetFileSystemSnapshotBucketConfig,
                                   UpdateFileSystemSnapshotBucketConfig,
                                   CreateSecretStore,
                                   GetSecretStore,
                                   ListSecretStores,
                                   UpdateSecretStore,
                                   DeleteSecretStore>;

/// The methods of `VolumeService`.
using volume_methods =
    type_list<CreateVolume, GetVolume, ListVolumes, UpdateVolume, DeleteVolume, ValidateVolume>;

}  // namespace cwsandbox::inline v1::wire::rpc

#endif
