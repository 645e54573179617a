// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_WIRE_SPEC_HPP
#define CWSANDBOX_WIRE_SPEC_HPP

#include <cwsandbox/config.hpp>

#include <cwsandbox/wire/enums.hpp>
#include <cwsandbox/wire/field.hpp>
#include <cwsandbox/wire/network.hpp>
#include <cwsandbox/wire/string_map.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// \file
/// What a sandbox is asked to be.

namespace cwsandbox::inline v1::wire {

/// How many GPUs, chosen by type or by memory in GB.
struct Gpu {
  std::int64_t count{};
  std::variant<std::monostate, std::string, std::int64_t> selector{};

  bool operator==(Gpu const&) const = default;
};

template <>
struct descriptor<Gpu> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.Gpu";
  template <class M = Gpu>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "count", &M::count),
                 oneof_field<1>(2, "type", &M::selector),
                 oneof_field<2>(3, "memory_gb", "memoryGb", &M::selector));
  }
};

/// Amounts of CPU and memory as Kubernetes quantities (`500m`, `2Gi`), and GPUs.
struct Resources {
  std::string cpu{};
  std::string memory{};
  std::optional<Gpu> gpu{};

  bool operator==(Resources const&) const = default;
};

template <>
struct descriptor<Resources> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.Resources";
  template <class M = Resources>
  static constexpr auto fields(auto&& visit) {
    return visit(
        field(1, "cpu", &M::cpu), field(2, "memory", &M::memory), field(3, "gpu", &M::gpu));
  }
};

/// A file that is there when the container starts.
struct FileMount {
  std::string path{};
  std::string content{};

  bool operator==(FileMount const&) const = default;
};

template <>
struct descriptor<FileMount> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.FileMount";
  template <class M = FileMount>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "path", &M::path), bytes_field(2, "content", &M::content));
  }
};

/// Where a container sees a volume of the sandbox.
struct VolumeMount {
  std::string volume{};
  std::string mount_path{};
  bool read_only{};
  std::string sub_path{};

  bool operator==(VolumeMount const&) const = default;
};

template <>
struct descriptor<VolumeMount> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.VolumeMount";
  template <class M = VolumeMount>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "volume", &M::volume),
                 field(2, "mount_path", "mountPath", &M::mount_path),
                 field(3, "read_only", "readOnly", &M::read_only),
                 field(4, "sub_path", "subPath", &M::sub_path));
  }
};

/// One secret and the environment variable that receives it.
struct SecretMapping {
  std::string path{};
  std::string field{};
  std::string env_var{};

  bool operator==(SecretMapping const&) const = default;
};

template <>
struct descriptor<SecretMapping> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.SecretMapping";
  template <class M = SecretMapping>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "path", &M::path),
                 field(2, "field", &M::field),
                 field(3, "env_var", "envVar", &M::env_var));
  }
};

/// Secrets that a container takes from one store.
struct SecretStoreReference {
  std::string store_name{};
  std::vector<SecretMapping> secrets{};

  bool operator==(SecretStoreReference const&) const = default;
};

template <>
struct descriptor<SecretStoreReference> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.SecretStoreReference";
  template <class M = SecretStoreReference>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "store_name", "storeName", &M::store_name),
                 field(2, "secrets", &M::secrets));
  }
};

/// What a container is guaranteed, and what it may use at most.
struct ResourceRequirements {
  std::optional<Resources> requests{};
  std::optional<Resources> limits{};

  bool operator==(ResourceRequirements const&) const = default;
};

template <>
struct descriptor<ResourceRequirements> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.ResourceRequirements";
  template <class M = ResourceRequirements>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "requests", &M::requests), field(2, "limits", &M::limits));
  }
};

/// The privileges of a container; what is not set is left to the service.
struct SecurityContext {
  std::optional<std::uint32_t> run_as_user{};
  std::optional<std::uint32_t> run_as_group{};
  std::optional<bool> privileged{};
  std::optional<bool> allow_privilege_escalation{};
  std::optional<bool> read_only_root_filesystem{};
  std::vector<std::string> capabilities_add{};
  std::vector<std::string> capabilities_drop{};
  std::string seccomp_profile{};

  bool operator==(SecurityContext const&) const = default;
};

template <>
struct descriptor<SecurityContext> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.SecurityContext";
  template <class M = SecurityContext>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "run_as_user", "runAsUser", &M::run_as_user),
                 field(2, "run_as_group", "runAsGroup", &M::run_as_group),
                 field(3, "privileged", &M::privileged),
                 field(4,
                       "allow_privilege_escalation",
                       "allowPrivilegeEscalation",
                       &M::allow_privilege_escalation),
                 field(5,
                       "read_only_root_filesystem",
                       "readOnlyRootFilesystem",
                       &M::read_only_root_filesystem),
                 field(6, "capabilities_add", "capabilitiesAdd", &M::capabilities_add),
                 field(7, "capabilities_drop", "capabilitiesDrop", &M::capabilities_drop),
                 field(8, "seccomp_profile", "seccompProfile", &M::seccomp_profile));
  }
};

/// Where in a secret store a value is found.
struct SecretSource {
  std::string store_name{};
  std::string path{};
  std::string field{};

  bool operator==(SecretSource const&) const = default;
};

template <>
struct descriptor<SecretSource> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.SecretSource";
  template <class M = SecretSource>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "store_name", "storeName", &M::store_name),
                 field(2, "path", &M::path),
                 field(3, "field", &M::field));
  }
};

/// How to log in to the registry of an image.
struct ImagePullCredentials {
  std::string registry{};
  std::optional<SecretSource> credentials{};

  bool operator==(ImagePullCredentials const&) const = default;
};

template <>
struct descriptor<ImagePullCredentials> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.ImagePullCredentials";
  template <class M = ImagePullCredentials>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "registry", &M::registry), field(2, "credentials", &M::credentials));
  }
};

/// One container of a sandbox.
struct Container {
  std::string name{};
  std::string image{};
  std::string command{};
  std::vector<std::string> args{};
  string_map environment_variables{};
  std::optional<Resources> resources{};
  std::vector<FileMount> files{};
  std::vector<VolumeMount> volume_mounts{};
  std::vector<SecretStoreReference> secret_stores{};
  std::string working_dir{};
  std::optional<ResourceRequirements> resource_requirements{};
  std::optional<SecurityContext> security_context{};
  std::optional<ImagePullCredentials> image_pull_credentials{};

  bool operator==(Container const&) const = default;
};

template <>
struct descriptor<Container> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.Container";
  template <class M = Container>
  static constexpr auto fields(auto&& visit) {
    return visit(
        field(1, "name", &M::name),
        field(2, "image", &M::image),
        field(3, "command", &M::command),
        field(4, "args", &M::args),
        field(5, "environment_variables", "environmentVariables", &M::environment_variables),
        field(6, "resources", &M::resources),
        field(7, "files", &M::files),
        field(8, "volume_mounts", "volumeMounts", &M::volume_mounts),
        field(9, "secret_stores", "secretStores", &M::secret_stores),
        field(10, "working_dir", "workingDir", &M::working_dir),
        field(11, "resource_requirements", "resourceRequirements", &M::resource_requirements),
        field(12, "security_context", "securityContext", &M::security_context),
        field(13, "image_pull_credentials", "imagePullCredentials", &M::image_pull_credentials));
  }
};

/// Storage that lives as long as its sandbox, possibly filled from a snapshot.
struct ScratchVolume {
  std::string size{};
  StorageMedium medium{};
  std::string restore_from_snapshot_id{};

  bool operator==(ScratchVolume const&) const = default;
};

template <>
struct descriptor<ScratchVolume> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.ScratchVolume";
  template <class M = ScratchVolume>
  static constexpr auto fields(auto&& visit) {
    return visit(
        field(1, "size", &M::size),
        field(2, "medium", &M::medium),
        field(
            3, "restore_from_snapshot_id", "restoreFromSnapshotId", &M::restore_from_snapshot_id));
  }
};

/// A volume that the containers of a sandbox may mount.
struct SandboxVolume {
  std::string name{};
  std::variant<std::monostate, ScratchVolume, std::string> source{};

  bool operator==(SandboxVolume const&) const = default;
};

template <>
struct descriptor<SandboxVolume> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.SandboxVolume";
  template <class M = SandboxVolume>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "name", &M::name),
                 oneof_field<1>(2, "scratch", &M::source),
                 oneof_field<2>(3, "volume_id", "volumeId", &M::source));
  }
};

/// Which buckets a sandbox may use, and how.
struct ObjectStorageAccess {
  std::vector<std::string> buckets{};
  ObjectStoragePermission permission{};
  std::string object_prefix{};

  bool operator==(ObjectStorageAccess const&) const = default;
};

template <>
struct descriptor<ObjectStorageAccess> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.ObjectStorageAccess";
  template <class M = ObjectStorageAccess>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "buckets", &M::buckets),
                 field(2, "permission", &M::permission),
                 field(3, "object_prefix", "objectPrefix", &M::object_prefix));
  }
};

/// What a sandbox is asked to be.
struct SandboxSpec {
  std::vector<Container> containers{};
  std::string primary_container{};
  std::vector<SandboxVolume> volumes{};
  std::vector<Service> services{};
  std::int32_t max_lifetime_seconds{};
  std::vector<std::string> network_ids{};
  std::optional<ObjectStorageAccess> object_storage_access{};
  std::vector<std::string> tags{};
  std::vector<std::string> runner_ids{};
  std::optional<NetworkOptions> network{};
  string_map annotations{};
  std::vector<Container> init_containers{};
  std::string instance_type{};
  SandboxMode mode{};
  std::string runtime_class{};

  bool operator==(SandboxSpec const&) const = default;
};

template <>
struct descriptor<SandboxSpec> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.SandboxSpec";
  template <class M = SandboxSpec>
  static constexpr auto fields(auto&& visit) {
    return visit(
        field(1, "containers", &M::containers),
        field(2, "primary_container", "primaryContainer", &M::primary_container),
        field(3, "volumes", &M::volumes),
        field(4, "services", &M::services),
        field(5, "max_lifetime_seconds", "maxLifetimeSeconds", &M::max_lifetime_seconds),
        field(6, "network_ids", "networkIds", &M::network_ids),
        field(7, "object_storage_access", "objectStorageAccess", &M::object_storage_access),
        field(8, "tags", &M::tags),
        field(9, "runner_ids", "runnerIds", &M::runner_ids),
        field(10, "network", &M::network),
        field(11, "annotations", &M::annotations),
        field(12, "init_containers", "initContainers", &M::init_containers),
        field(13, "instance_type", "instanceType", &M::instance_type),
        field(14, "mode", &M::mode),
        field(15, "runtime_class", "runtimeClass", &M::runtime_class));
  }
};

/// A container in a template or in overrides: each field that is set replaces or extends.
struct PartialContainer {
  std::string name{};
  std::string image{};
  std::string command{};
  std::vector<std::string> args{};
  string_map environment_variables{};
  std::optional<Resources> resources{};
  std::vector<FileMount> files{};
  std::vector<VolumeMount> volume_mounts{};
  std::vector<SecretStoreReference> secret_stores{};
  std::string working_dir{};
  std::optional<ResourceRequirements> resource_requirements{};
  std::optional<SecurityContext> security_context{};

  bool operator==(PartialContainer const&) const = default;
};

template <>
struct descriptor<PartialContainer> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.PartialContainer";
  template <class M = PartialContainer>
  static constexpr auto fields(auto&& visit) {
    return visit(
        field(1, "name", &M::name),
        field(2, "image", &M::image),
        field(3, "command", &M::command),
        field(4, "args", &M::args),
        field(5, "environment_variables", "environmentVariables", &M::environment_variables),
        field(6, "resources", &M::resources),
        field(7, "files", &M::files),
        field(8, "volume_mounts", "volumeMounts", &M::volume_mounts),
        field(9, "secret_stores", "secretStores", &M::secret_stores),
        field(10, "working_dir", "workingDir", &M::working_dir),
        field(11, "resource_requirements", "resourceRequirements", &M::resource_requirements),
        field(12, "security_context", "securityContext", &M::security_context));
  }
};

/// A sandbox spec in a template or in overrides, of which any part may be missing.
struct PartialSandboxSpec {
  std::vector<PartialContainer> containers{};
  std::string primary_container{};
  std::vector<SandboxVolume> volumes{};
  std::vector<Service> services{};
  std::int32_t max_lifetime_seconds{};
  std::vector<std::string> network_ids{};
  std::optional<ObjectStorageAccess> object_storage_access{};
  std::vector<std::string> tags{};
  std::vector<std::string> runner_ids{};
  std::optional<NetworkOptions> network{};
  string_map annotations{};
  std::vector<PartialContainer> init_containers{};
  std::string instance_type{};
  SandboxMode mode{};
  std::string runtime_class{};

  bool operator==(PartialSandboxSpec const&) const = default;
};

template <>
struct descriptor<PartialSandboxSpec> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.PartialSandboxSpec";
  template <class M = PartialSandboxSpec>
  static constexpr auto fields(auto&& visit) {
    return visit(
        field(1, "containers", &M::containers),
        field(2, "primary_container", "primaryContainer", &M::primary_container),
        field(3, "volumes", &M::volumes),
        field(4, "services", &M::services),
        field(5, "max_lifetime_seconds", "maxLifetimeSeconds", &M::max_lifetime_seconds),
        field(6, "network_ids", "networkIds", &M::network_ids),
        field(7, "object_storage_access", "objectStorageAccess", &M::object_storage_access),
        field(8, "tags", &M::tags),
        field(9, "runner_ids", "runnerIds", &M::runner_ids),
        field(10, "network", &M::network),
        field(11, "annotations", &M::annotations),
        field(12, "init_containers", "initContainers", &M::init_containers),
        field(13, "instance_type", "instanceType", &M::instance_type),
        field(14, "mode", &M::mode),
        field(15, "runtime_class", "runtimeClass", &M::runtime_class));
  }
};

}  // namespace cwsandbox::inline v1::wire

#endif
