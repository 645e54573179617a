// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_TRANSPORT_CALLS_HPP
#define CWSANDBOX_DETAIL_TRANSPORT_CALLS_HPP

/// \file
/// The lists of the calls of a transport: `X(member of the transport, method of wire::rpc)`.

#include <cwsandbox/config.hpp>

// what every transport has
#define CWSANDBOX_DETAIL_UNARY_CALLS(X)                      \
  X(create_sandbox, CreateSandbox)                           \
  X(create_sandbox_from_template, CreateSandboxFromTemplate) \
  X(get_sandbox, GetSandbox)                                 \
  X(list_sandboxes, ListSandboxes)                           \
  X(delete_sandbox, DeleteSandbox)                           \
  X(purge_sandboxes, PurgeSandboxes)                         \
  X(exec, Exec)                                              \
  X(read_file, ReadFile)                                     \
  X(write_file, WriteFile)

// what a transport may have: snapshots and discovery
#define CWSANDBOX_DETAIL_OPTIONAL_CALLS(X)                                           \
  X(create_file_system_snapshot, CreateFileSystemSnapshot)                           \
  X(get_file_system_snapshot, GetFileSystemSnapshot)                                 \
  X(list_file_system_snapshots, ListFileSystemSnapshots)                             \
  X(delete_file_system_snapshot, DeleteFileSystemSnapshot)                           \
  X(get_file_system_snapshot_bucket_config, GetFileSystemSnapshotBucketConfig)       \
  X(update_file_system_snapshot_bucket_config, UpdateFileSystemSnapshotBucketConfig) \
  X(list_available_runners, ListAvailableRunners)                                    \
  X(get_available_runner, GetAvailableRunner)

// what a transport may have: the administration of an organization
#define CWSANDBOX_DETAIL_ADMIN_CALLS(X)                          \
  X(create_sandbox_template, CreateSandboxTemplate)              \
  X(get_sandbox_template, GetSandboxTemplate)                    \
  X(list_sandbox_templates, ListSandboxTemplates)                \
  X(update_sandbox_template, UpdateSandboxTemplate)              \
  X(delete_sandbox_template, DeleteSandboxTemplate)              \
  X(create_volume, CreateVolume)                                 \
  X(get_volume, GetVolume)                                       \
  X(list_volumes, ListVolumes)                                   \
  X(update_volume, UpdateVolume)                                 \
  X(delete_volume, DeleteVolume)                                 \
  X(validate_volume, ValidateVolume)                             \
  X(create_secret_store, CreateSecretStore)                      \
  X(get_secret_store, GetSecretStore)                            \
  X(list_secret_stores, ListSecretStores)                        \
  X(update_secret_store, UpdateSecretStore)                      \
  X(delete_secret_store, DeleteSecretStore)                      \
  X(get_object_storage_wif_config, GetObjectStorageWifConfig)    \
  X(update_object_storage_wif_config, UpdateObjectStorageWifConfig) \
  X(delete_object_storage_wif_config, DeleteObjectStorageWifConfig)

#define CWSANDBOX_DETAIL_STREAM_CALLS(X) \
  X(stream_exec, StreamExec)             \
  X(stream_logs, StreamLogs)

// all of them, in the order of rpc_method
#define CWSANDBOX_DETAIL_ALL_CALLS(X) \
  CWSANDBOX_DETAIL_UNARY_CALLS(X)     \
  CWSANDBOX_DETAIL_OPTIONAL_CALLS(X)  \
  CWSANDBOX_DETAIL_ADMIN_CALLS(X)     \
  CWSANDBOX_DETAIL_STREAM_CALLS(X)

#endif
