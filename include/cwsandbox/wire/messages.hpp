// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_WIRE_MESSAGES_HPP
#define CWSANDBOX_WIRE_MESSAGES_HPP

#include <cwsandbox/config.hpp>

#include <cwsandbox/wire/discovery.hpp>
#include <cwsandbox/wire/enums.hpp>
#include <cwsandbox/wire/exec.hpp>
#include <cwsandbox/wire/field.hpp>
#include <cwsandbox/wire/files.hpp>
#include <cwsandbox/wire/network.hpp>
#include <cwsandbox/wire/sandbox.hpp>
#include <cwsandbox/wire/settings.hpp>
#include <cwsandbox/wire/snapshots.hpp>
#include <cwsandbox/wire/spec.hpp>
#include <cwsandbox/wire/string_map.hpp>
#include <cwsandbox/wire/templates.hpp>
#include <cwsandbox/wire/timestamp.hpp>
#include <cwsandbox/wire/volumes.hpp>

/// \file
/// All messages and enums of the API.
///
/// They are plain structs: names, fields and field numbers are those of the schema, a member that
/// would be a keyword or a macro has an underscore at its end (`namespace_`, `stdout_`), and what
/// is absent on the wire is an empty optional, an empty container or a zero. Distinct objects may
/// be used from distinct threads.

namespace cwsandbox::inline v1::wire {

/// The messages of `sandbox.proto`.
using sandbox_messages = type_list<Sandbox,
                                   SandboxSpec,
                                   SecurityContext,
                                   Container,
                                   PartialContainer,
                                   PartialSandboxSpec,
                                   SandboxStatus,
                                   ContainerStatus,
                                   Resources,
                                   ResourceRequirements,
                                   Gpu,
                                   Service,
                                   EndpointSpec,
                                   ServiceStatus,
                                   EndpointStatus,
                                   NetworkOptions,
                                   EgressRule,
                                   IngressRule,
                                   CidrBlock,
                                   SelectorBlock,
                                   PortRange,
                                   FileMount,
                                   SandboxVolume,
                                   ScratchVolume,
                                   VolumeMount,
                                   SecretStoreReference,
                                   SecretMapping,
                                   ImagePullCredentials,
                                   SecretSource,
                                   ObjectStorageAccess,
                                   ResourceUsage,
                                   CreateSandboxRequest,
                                   CreateSandboxFromTemplateRequest,
                                   GetSandboxRequest,
                                   ListSandboxesRequest,
                                   ListSandboxesResponse,
                                   DeleteSandboxRequest,
                                   DeleteSandboxResponse,
                                   PurgeSandboxesRequest,
                                   PurgeSandboxesResponse,
                                   ExecRequest,
                                   ExecResponse,
                                   ExecStreamRequest,
                                   ExecStreamClose,
                                   ExecStreamInit,
                                   ExecStreamResize,
                                   ExecStreamResponse,
                                   ExecStreamReady,
                                   ExecStreamOutput,
                                   ExecStreamExit,
                                   ExecStreamError,
                                   StreamLogsRequest,
                                   LogEntry,
                                   LogStreamError,
                                   WriteFileRequest,
                                   WriteFileResponse,
                                   ReadFileRequest,
                                   ReadFileResponse,
                                   FileSystemSnapshot,
                                   CreateFileSystemSnapshotRequest,
                                   GetFileSystemSnapshotRequest,
                                   ListFileSystemSnapshotsRequest,
                                   ListFileSystemSnapshotsResponse,
                                   DeleteFileSystemSnapshotRequest>;

/// The messages of `discovery.proto`.
using discovery_messages = type_list<AvailableRunner,
                                     RunnerCapabilitySummary,
                                     RunnerResourceSummary,
                                     ListAvailableRunnersRequest,
                                     ListAvailableRunnersResponse,
                                     GetAvailableRunnerRequest>;

/// The messages of `sandbox_template.proto`.
using template_messages = type_list<SandboxTemplate,
                                    CreateSandboxTemplateRequest,
                                    GetSandboxTemplateRequest,
                                    ListSandboxTemplatesRequest,
                                    ListSandboxTemplatesResponse,
                                    UpdateSandboxTemplateRequest,
                                    DeleteSandboxTemplateRequest>;

/// The messages of `settings.proto`.
using settings_messages = type_list<ObjectStorageWifConfig,
                                    GetObjectStorageWifConfigRequest,
                                    UpdateObjectStorageWifConfigRequest,
                                    DeleteObjectStorageWifConfigRequest,
                                    FileSystemSnapshotBucketConfig,
                                    GetFileSystemSnapshotBucketConfigRequest,
                                    UpdateFileSystemSnapshotBucketConfigRequest,
                                    WandBStoreConfig,
                                    SecretStore,
                                    CreateSecretStoreRequest,
                                    GetSecretStoreRequest,
                                    ListSecretStoresRequest,
                                    ListSecretStoresResponse,
                                    UpdateSecretStoreRequest,
                                    DeleteSecretStoreRequest>;

/// The messages of `volume.proto`.
using volume_messages = type_list<Volume,
                                  VolumeSpec,
                                  PvcVolumeSource,
                                  VolumeStatus,
                                  CreateVolumeRequest,
                                  GetVolumeRequest,
                                  ListVolumesRequest,
                                  ListVolumesResponse,
                                  UpdateVolumeRequest,
                                  DeleteVolumeRequest,
                                  ValidateVolumeRequest>;

/// The enums of all files.
using enums = type_list<SandboxMode,
                        State,
                        ServiceProtocol,
                        EndpointKind,
                        EndpointAuth,
                        Visibility,
                        TenantScope,
                        StorageMedium,
                        ObjectStoragePermission,
                        SnapshotState,
                        SnapshotTrigger,
                        ExecStreamOutput::Stream,
                        RunnerView,
                        FileSystemSnapshotBucketMode,
                        SecretStoreProviderType,
                        VolumeState,
                        VolumeLocality>;

}  // namespace cwsandbox::inline v1::wire

#endif
