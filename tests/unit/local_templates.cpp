// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include "support/catch.hpp"

#include "support/local_volumes.hpp"

#include <string>
#include <utility>
#include <vector>

namespace {

using local_test::driver;
using local_test::request_for;
using local_test::run;
namespace cw = cwsandbox;
namespace wire = cwsandbox::wire;

wire::PartialSandboxSpec sleeping_spec() {
  wire::PartialSandboxSpec spec;
  auto& container = spec.containers.emplace_back();
  spec.primary_container = container.name = "main";
  container.image = "python:3.11";
  container.command = "sleep";
  container.args = {"infinity"};
  container.environment_variables.insert_or_assign("FROM", "template");
  spec.tags = {"of-template", "second"};
  spec.max_lifetime_seconds = 60;
  return spec;
}

auto create(driver& d, std::string name, std::string request_id = {}) {
  wire::CreateSandboxTemplateRequest request;
  request.request_id = std::move(request_id);
  request.sandbox_template.emplace().display_name = std::move(name);
  request.sandbox_template->spec = sleeping_spec();
  return run(d.io(), d.transport().create_sandbox_template(request, {}));
}

auto get(driver& d, std::string id, bool show_deleted = false) {
  wire::GetSandboxTemplateRequest request;
  request.sandbox_template_id = std::move(id);
  request.show_deleted = show_deleted;
  return run(d.io(), d.transport().get_sandbox_template(request, {}));
}

auto list(driver& d, wire::ListSandboxTemplatesRequest request) {
  return run(d.io(), d.transport().list_sandbox_templates(std::move(request), {}));
}

auto update(driver& d, wire::UpdateSandboxTemplateRequest request) {
  return run(d.io(), d.transport().update_sandbox_template(std::move(request), {}));
}

auto remove(driver& d, std::string id) {
  wire::DeleteSandboxTemplateRequest request;
  request.sandbox_template_id = std::move(id);
  return run(d.io(), d.transport().delete_sandbox_template(request, {}));
}

auto use(driver& d, std::string id, wire::PartialSandboxSpec overrides = {},
         std::string request_id = {}) {
  wire::CreateSandboxFromTemplateRequest request;
  request.template_id = std::move(id);
  request.overrides = std::move(overrides);
  request.request_id = std::move(request_id);
  return run(d.io(), d.transport().create_sandbox_from_template(request, {}));
}

}  // namespace

TEST_CASE("a template is stored once for a request id and counts its revisions") {
  driver d;
  auto const made = create(d, "first", "request-1").value();
  CHECK_FALSE(made.sandbox_template_id.empty());
  CHECK(made.display_name == "first");
  CHECK(made.spec == sleeping_spec());
  CHECK(made.revision == 1);
  CHECK(made.create_time);
  CHECK(create(d, "other", "request-1").value() == made);
  CHECK(get(d, made.sandbox_template_id).value() == made);

  wire::UpdateSandboxTemplateRequest change;
  change.sandbox_template_id = made.sandbox_template_id;
  change.sandbox_template.emplace().display_name = "renamed";
  auto const renamed = update(d, change).value();
  CHECK(renamed.revision == 2);
  CHECK(renamed.display_name == "renamed");
  CHECK(renamed.spec == made.spec);
  CHECK(renamed.create_time == made.create_time);
  CHECK(get(d, made.sandbox_template_id).value() == renamed);
}

TEST_CASE("a mask says what an update of a template writes") {
  driver d;
  auto const made = create(d, "first").value();
  wire::UpdateSandboxTemplateRequest change;
  change.sandbox_template_id = made.sandbox_template_id;
  change.sandbox_template.emplace().display_name = "ignored";
  change.sandbox_template->spec.emplace().tags = {"new"};
  change.sandbox_template->spec->max_lifetime_seconds = 5;
  change.update_mask.emplace().paths = {"spec.tags"};
  auto const tagged = update(d, change).value();
  CHECK(tagged.display_name == "first");
  CHECK(tagged.spec->tags == std::vector<std::string>{"new"});
  CHECK(tagged.spec->max_lifetime_seconds == 60);
  CHECK(tagged.spec->containers == made.spec->containers);
  change.update_mask->paths = {"*"};
  auto const replaced = update(d, change).value();
  CHECK(replaced.display_name == "ignored");
  CHECK(replaced.spec == change.sandbox_template->spec);
  CHECK(replaced.revision == 3);
  for (char const* path : {"revision", "spec.nothing", ""}) {
    change.update_mask->paths = {path};
    auto const refused = update(d, change);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code() == cw::status_code::invalid_argument);
  }
  CHECK(get(d, made.sandbox_template_id).value() == replaced);
}

TEST_CASE("templates are listed in pages, and deleted ones when asked for") {
  driver d;
  auto const a = create(d, "a").value();
  auto const b = create(d, "b").value();
  auto const c = create(d, "c").value();
  wire::ListSandboxTemplatesRequest request;
  request.page_size = 2;
  auto const first = list(d, request).value();
  CHECK(first.sandbox_templates == std::vector{a, b});
  request.page_token = first.next_page_token;
  auto const last = list(d, request).value();
  CHECK(last.sandbox_templates == std::vector{c});
  CHECK(last.next_page_token.empty());

  CHECK(remove(d, b.sandbox_template_id));
  CHECK(list(d, {}).value().sandbox_templates == std::vector{a, c});
  wire::ListSandboxTemplatesRequest all;
  all.show_deleted = true;
  CHECK(list(d, all).value().sandbox_templates.size() == 3);
  auto const deleted = get(d, b.sandbox_template_id, true).value();
  CHECK(deleted.deleted);
  CHECK(deleted.delete_time);
  wire::UpdateSandboxTemplateRequest change;
  change.sandbox_template_id = b.sandbox_template_id;
  change.sandbox_template.emplace();
  for (auto const code :
       {get(d, b.sandbox_template_id).error().code(),
        remove(d, b.sandbox_template_id).error().code(), update(d, change).error().code(),
        use(d, b.sandbox_template_id).error().code(), use(d, "tpl-none").error().code()}) {
    CHECK(code == cw::status_code::not_found);
  }
}

TEST_CASE("a sandbox is made from a template, and says so") {
  driver d;
  auto const made = create(d, "first").value();
  auto const box = use(d, made.sandbox_template_id, {}, "request-1").value();
  CHECK(box.source_template_id == made.sandbox_template_id);
  CHECK(box.source_template_revision == 1);
  CHECK(box.status->state == wire::State::running);
  CHECK(box.spec->tags == made.spec->tags);
  CHECK(d.shell(box.sandbox_id, "echo $FROM") == "template\n");
  CHECK(d.get(box.sandbox_id).value().source_template_id == made.sandbox_template_id);
  CHECK(use(d, made.sandbox_template_id, {}, "request-1").value().sandbox_id == box.sandbox_id);
}

TEST_CASE("overrides replace the fields of a template that they set, as a whole") {
  driver d;
  auto const made = create(d, "first").value();
  wire::PartialSandboxSpec overrides;
  overrides.tags = {"mine"};
  overrides.annotations.insert_or_assign("k", "v");
  auto& container = overrides.containers.emplace_back();
  container.name = "main";
  container.image = "python:3.11";
  auto const box = use(d, made.sandbox_template_id, overrides).value();
  CHECK(box.spec->tags == std::vector<std::string>{"mine"});
  CHECK(box.spec->max_lifetime_seconds == 60);
  CHECK(box.spec->annotations == overrides.annotations);
  CHECK(box.spec->containers.front().command.empty());
  CHECK(d.shell(box.sandbox_id, "echo [$FROM]") == "[]\n");
  overrides.max_lifetime_seconds = -1;
  CHECK(use(d, made.sandbox_template_id, overrides).error().code() ==
        cw::status_code::invalid_argument);
}

TEST_CASE("a purge needs tags or the word that all is meant") {
  driver d;
  auto tagged = request_for({"sleep", "infinity"});
  tagged.sandbox->spec->tags = {"a", "b"};
  auto const first = d.create(tagged).value().sandbox_id;
  auto const second = d.start();
  auto const purge = [&](wire::PurgeSandboxesRequest request) {
    return run(d.io(), d.transport().purge_sandboxes(std::move(request), {}));
  };
  wire::PurgeSandboxesRequest request;
  CHECK(purge(request).error().code() == cw::status_code::invalid_argument);
  request.tags = {"a", "b"};
  request.dry_run = true;
  CHECK(purge(request).value().purge_count == 1);
  CHECK(d.get(first).value().status->state == wire::State::running);
  request.dry_run = false;
  CHECK(purge(request).value().purge_count == 1);
  CHECK(d.ended(first).status->state == wire::State::terminated);
  CHECK(d.get(second).value().status->state == wire::State::running);
  request = {};
  request.purge_all = true;
  CHECK(purge(request).value().purge_count == 1);
  CHECK(d.ended(second).status->state == wire::State::terminated);
}
