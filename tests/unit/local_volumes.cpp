// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include "support/catch.hpp"

#include "support/local_volumes.hpp"

#include <cwsandbox/reasons.hpp>

#include <functional>
#include <string>
#include <vector>

namespace {

using local_test::add_volume;
using local_test::container_of;
using local_test::driver;
using local_test::request_for;
using local_test::request_with_volume;
namespace cw = cwsandbox;
namespace wire = cwsandbox::wire;

std::string start(driver& d, wire::CreateSandboxRequest request) {
  return d.create(std::move(request)).value().sandbox_id;
}

cw::error refusal(driver& d, wire::CreateSandboxRequest request) {
  auto const refused = d.create(std::move(request));
  REQUIRE_FALSE(refused.has_value());
  return refused.error();
}

std::string field_of(cw::error const& e) {
  auto const& violations = e.details().field_violations;
  return violations.size() == 1 ? violations.front().field : std::string{};
}

}  // namespace

TEST_CASE("a volume is shared by its mounts, read-only where that is asked for") {
  driver d;
  auto request = request_with_volume();
  auto& second = container_of(request).volume_mounts.emplace_back();
  second.volume = "work";
  second.mount_path = "/view";
  second.read_only = true;
  auto const id = start(d, request);
  CHECK(d.shell(id, "echo text > /data/a; cat /view/a") == "text\n");
  CHECK(d.shell(id, "touch /view/b 2>/dev/null || echo refused") == "refused\n");
  CHECK(d.shell(id, "ls /data") == "a\n");
}

TEST_CASE("a part of a volume is mounted") {
  driver d;
  auto request = request_with_volume();
  auto& part = container_of(request).volume_mounts.emplace_back();
  part.volume = "work";
  part.mount_path = "/part";
  part.sub_path = "deep/er";
  auto const id = start(d, request);
  CHECK(d.shell(id, "echo text > /part/a; cat /data/deep/er/a") == "text\n");
}

TEST_CASE("volumes of two sandboxes are apart, and go with their sandbox") {
  driver d;
  auto const first = start(d, request_with_volume());
  auto const second = start(d, request_with_volume());
  CHECK(d.shell(first, "echo text > /data/a; ls /data") == "a\n");
  CHECK(d.shell(second, "ls /data").empty());
  CHECK(d.stop(first));
  d.ended(first);
  d.settle();
  std::size_t left = 0;
  for (auto const& engine : std::filesystem::directory_iterator(d.directory().path())) {
    for (auto const& entry : std::filesystem::directory_iterator(engine.path()))
      left += entry.path().filename().string().starts_with(first) ? 1 : 0;
  }
  CHECK(left == 0);
}

TEST_CASE("a volume with a size holds no more") {
  driver d;
  auto request = request_for({"sleep", "infinity"});
  auto const medium = GENERATE(wire::StorageMedium::unspecified, wire::StorageMedium::disk,
                               wire::StorageMedium::memory);
  auto& scratch = add_volume(request, "work", "/data");
  scratch.size = "1Mi";
  scratch.medium = medium;
  auto& view = container_of(request).volume_mounts.emplace_back();
  view.volume = "work";
  view.mount_path = "/view";
  view.sub_path = "sub";
  view.read_only = true;
  auto const id = start(d, request);
  CHECK(d.shell(id, "head -c 500000 /dev/zero > /data/a && echo fits") == "fits\n");
  CHECK(d.shell(id, "head -c 900000 /dev/zero > /data/b 2>/dev/null || echo full") == "full\n");
  CHECK(d.shell(id, "rm /data/*; echo text > /data/sub/c; cat /view/c").find("text") !=
        std::string::npos);
  CHECK(d.stop(id));
  d.ended(id);
  d.settle();
}

TEST_CASE("a volume in memory is one") {
  driver d;
  auto request = request_for({"sleep", "infinity"});
  add_volume(request, "work", "/data").medium = wire::StorageMedium::memory;
  auto const id = start(d, request);
  CHECK(d.shell(id, "stat -f -c %T /data") == "tmpfs\n");
}

TEST_CASE("what a volume cannot be is refused by field") {
  struct row {
    char const* name;
    std::function<void(wire::CreateSandboxRequest&)> change;
    char const* field;
  };
  auto const volume = [](wire::CreateSandboxRequest& r) -> wire::SandboxVolume& {
    return r.sandbox->spec->volumes.front();
  };
  auto const scratch = [volume](wire::CreateSandboxRequest& r) -> wire::ScratchVolume& {
    return std::get<wire::ScratchVolume>(volume(r).source);
  };
  auto const mount = [](wire::CreateSandboxRequest& r) -> wire::VolumeMount& {
    return container_of(r).volume_mounts.front();
  };
  std::string const volumes = "sandbox.spec.volumes[0]";
  std::string const mounts = "sandbox.spec.containers[0].volume_mounts[0]";
  std::vector<row> const rows{
      {"size that is none", [=](auto& r) { scratch(r).size = "much"; },
       "sandbox.spec.volumes[0].scratch.size"},
      {"no size at all", [=](auto& r) { scratch(r).size = "0"; },
       "sandbox.spec.volumes[0].scratch.size"},
      {"unknown medium", [=](auto& r) { scratch(r).medium = static_cast<wire::StorageMedium>(9); },
       "sandbox.spec.volumes[0].scratch.medium"},
      {"slash in a name", [=](auto& r) { volume(r).name = mount(r).volume = "a/b"; },
       "sandbox.spec.volumes[0].name"},
      {"name that leads up", [=](auto& r) { volume(r).name = mount(r).volume = ".."; },
       "sandbox.spec.volumes[0].name"},
      {"long name", [=](auto& r) { volume(r).name = mount(r).volume = std::string(64, 'a'); },
       "sandbox.spec.volumes[0].name"},
      {"unknown volume", [=](auto& r) { mount(r).volume = "other"; },
       "sandbox.spec.containers[0].volume_mounts[0].volume"},
      {"root as the place", [=](auto& r) { mount(r).mount_path = "/"; },
       "sandbox.spec.containers[0].volume_mounts[0].mount_path"},
      {"relative place", [=](auto& r) { mount(r).mount_path = "data"; },
       "sandbox.spec.containers[0].volume_mounts[0].mount_path"},
      {"place outside the root", [=](auto& r) { mount(r).mount_path = "/../oldroot/etc"; },
       "sandbox.spec.containers[0].volume_mounts[0].mount_path"},
      {"part outside the volume", [=](auto& r) { mount(r).sub_path = "a/../../b"; },
       "sandbox.spec.containers[0].volume_mounts[0].sub_path"},
      {"absolute part", [=](auto& r) { mount(r).sub_path = "/etc"; },
       "sandbox.spec.containers[0].volume_mounts[0].sub_path"},
      {"place in the image", [=](auto& r) { mount(r).mount_path = "/usr/x"; },
       "sandbox.spec.containers[0].volume_mounts"},
      {"the same name twice", [](auto& r) { add_volume(r, "work", "/other"); },
       "sandbox.spec.volumes[1].name"},
      {"the same place twice", [](auto& r) { add_volume(r, "more", "/data"); },
       "sandbox.spec.containers[0].volume_mounts[1].mount_path"},
      {"file outside the root",
       [](auto& r) {
         container_of(r).files.emplace_back().path = "/x/../../oldroot/tmp/cwsandbox-escaped";
       },
       "sandbox.spec.containers[0].files[0].path"},
      {"working directory outside the root",
       [](auto& r) { container_of(r).working_dir = "/../oldroot/tmp/cwsandbox-escaped"; },
       "sandbox.spec.containers[0].working_dir"},
  };
  driver d;
  for (auto const& r : rows) {
    INFO(r.name);
    auto request = request_with_volume();
    r.change(request);
    auto const refused = refusal(d, request);
    CHECK(refused.code() == cw::status_code::invalid_argument);
    CHECK(field_of(refused) == r.field);
  }
}

TEST_CASE("a volume larger than the machine's memory is refused") {
  driver d;
  auto request = request_with_volume();
  std::get<wire::ScratchVolume>(request.sandbox->spec->volumes.front().source).size = "1Ei";
  CHECK(refusal(d, request).reason() == cw::reasons::fss_size_exceeded);
}

TEST_CASE("without isolation volumes are refused") {
  cw::local_options options;
  options.isolation = cw::local_isolation::none;
  driver d{options};
  CHECK(field_of(refusal(d, request_with_volume())) ==
        "sandbox.spec.containers[0].volume_mounts[0]");
}
