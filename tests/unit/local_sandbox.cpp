// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include "support/catch.hpp"

#include "support/local_driver.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace {

using local_test::container_of;
using local_test::driver;
using local_test::request_for;
using local_test::run;
namespace cw = cwsandbox;
namespace wire = cwsandbox::wire;

struct exec_result {
  std::string out{};
  std::string err{};
  int exit_code{-1};
  int readies{};
  int exits{};
};

asio::awaitable<exec_result> drain(cw::local_transport::exec_stream& stream) {
  exec_result result;
  for (;;) {
    auto message = co_await stream.read();
    if (!message || !message->has_value()) co_return result;
    auto const& content = (*message)->message;
    if (std::holds_alternative<wire::ExecStreamReady>(content)) ++result.readies;
    if (auto const* output = std::get_if<wire::ExecStreamOutput>(&content)) {
      (output->stream == wire::ExecStreamOutput::Stream::stderr_ ? result.err : result.out) +=
          output->data;
      if (output->data.size() > 65536) result.exits = 100;
    }
    if (auto const* exit = std::get_if<wire::ExecStreamExit>(&content)) {
      result.exit_code = exit->exit_code;
      ++result.exits;
    }
  }
}

wire::ExecStreamInit init_for(std::string const& id, std::vector<std::string> command) {
  wire::ExecStreamInit init;
  init.sandbox_id = id;
  init.command = std::move(command);
  return init;
}

std::string logs_of(driver& d, wire::StreamLogsRequest request) {
  auto stream = d.logs(std::move(request));
  std::string text;
  for (;;) {
    auto entry = run(d.io(), stream.value().read());
    if (!entry || !entry->has_value()) return text;
    if ((*entry)->error) return (*entry)->error->code;
    text += (*entry)->data;
  }
}

}  // namespace

TEST_CASE("a sandbox sees nothing of the machine's homes, processes, network and environment") {
  ::setenv("CWSANDBOX_TEST_SECRET", "leaked", 1);
  driver d;
  auto const id = d.start();
  CHECK(d.shell(id, "env").find("leaked") == std::string::npos);
  CHECK(d.shell(id, "cat /proc/*/environ | tr '\\0' '\\n'").find("leaked") == std::string::npos);
  CHECK(d.shell(id, "cat /proc/*/environ | tr '\\0' '\\n' | sort -u | cut -d= -f1 | tr '\\n' ' '")
            .find("STATE") == std::string::npos);
  CHECK(d.shell(id, "ls -A /root /home /run | grep -v :").find_first_not_of('\n') ==
        std::string::npos);
  CHECK(d.shell(id, "ls -d /proc/[0-9]* | wc -l") < std::string("9"));
  CHECK(d.shell(id, "tail -n +3 /proc/net/dev | cut -d: -f1 | grep -cv 'lo\\|tap0'") == "0\n");
  CHECK(d.shell(id, "id -u; echo $HOME; pwd") == "0\n/root\n/\n");
  CHECK(d.shell(id, "grep -c '^Cap.*0000000000000000' /proc/self/status") == "5\n");
  CHECK(d.shell(id, "touch /usr/x /etc/x 2>/dev/null || echo refused") == "refused\n");
  CHECK(d.shell(id, "mkdir /data && echo x > /data/f && cat /data/f") == "x\n");
  CHECK(d.shell(
            id,
            "unshare -U true 2>/dev/null; mount -t tmpfs none /mnt 2>/dev/null || echo refused") ==
        "refused\n");
  CHECK(d.shell(id, "python -c 'print(2 + 2)'") == "4\n");
  ::unsetenv("CWSANDBOX_TEST_SECRET");
}

TEST_CASE("an exec is held to the sandbox' session, descriptors and privileges") {
  driver d;
  auto const id = d.start();
  CHECK(d.shell(id, "for f in /proc/$$/fd/*; do echo ${f##*/}; done | tr '\\n' ' '").substr(0, 6) ==
        "0 1 2 ");
  CHECK(d.shell(id, "grep NoNewPrivs /proc/self/status | tr -dc 0-9") == "1");
  auto const failing = d.exec(id, {"/bin/sh", "-c", "echo out; echo err >&2; exit 7"}).value();
  CHECK(failing.exit_code == 7);
  CHECK(failing.stdout_ == "out\n");
  CHECK(failing.stderr_ == "err\n");
  CHECK(d.exec(id, {"/bin/sh", "-c", "kill -15 $$"}).value().exit_code == 143);
  CHECK(d.exec(id, {"no-such-program"}).value().exit_code == 127);
  CHECK(d.exec(id, {"/etc/passwd"}).value().exit_code == 126);
  CHECK(d.exec(id, {}).error().code() == cw::status_code::invalid_argument);
  CHECK(d.exec("sb-none", {"true"}).error().reason() == "CWSANDBOX_SANDBOX_NOT_FOUND");
}

TEST_CASE("a unary exec limits what it returns and counts what was produced") {
  driver d;
  auto const id = d.start();
  wire::ExecRequest request;
  request.sandbox_id = id;
  request.command = {"/bin/sh", "-c", "head -c 200000 /dev/zero; printf 12345 >&2"};
  request.max_output_bytes = 1000;
  request.env.insert_or_assign("X", "y");
  auto const response = run(d.io(), d.transport().exec(request, {})).value();
  CHECK(response.stdout_.size() == 1000);
  CHECK(response.stdout_truncated);
  CHECK(response.stdout_bytes_produced == 200000);
  CHECK(response.stderr_ == "12345");
  CHECK(!response.stderr_truncated);
  CHECK(response.stderr_bytes_produced == 5);
}

TEST_CASE("a stream says ready once, then all output, then one exit") {
  driver d;
  auto const id = d.start();
  auto stream =
      d.stream(init_for(id, {"/bin/sh", "-c", "cat; head -c 300000 /dev/zero; echo done >&2"}))
          .value();
  std::string const input(200000, 'i');
  std::size_t written = 0;
  // a writer beside the reader: together they move more than any pipe holds
  asio::co_spawn(
      d.io(),
      [&]() -> asio::awaitable<void> {
        if (co_await stream.write(input)) written = input.size();
        (void)co_await stream.close_input();
        (void)co_await stream.half_close();
      },
      [](std::exception_ptr) {});
  auto const result = run(d.io(), drain(stream));
  CHECK(written == input.size());
  CHECK(result.readies == 1);
  CHECK(result.exits == 1);
  CHECK(result.exit_code == 0);
  CHECK(result.out == input + std::string(300000, '\0'));
  CHECK(result.err == "done\n");
  // what comes after the end is ignored
  CHECK(run(d.io(), stream.write("late")));
}

TEST_CASE("a cancelled exec is killed with its group, and the sandbox goes on") {
  driver d;
  auto const id = d.start();
  {
    auto stream = d.stream(init_for(id, {"/bin/sh", "-c", "sleep 4242 & yes & wait"})).value();
    for (int i = 0; i < 5; ++i) REQUIRE(run(d.io(), stream.read()));
    stream.cancel();
    stream.cancel();
    CHECK(run(d.io(), stream.read()).error().code() == cw::status_code::cancelled);
  }
  // a process that was killed is still listed until it has come to its end
  auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  auto const listed = [&] {
    return d.shell(id, "cat /proc/[0-9]*/cmdline | tr '\\0' ' '").find("4242 ") !=
           std::string::npos;
  };
  bool left = listed();
  while (left && std::chrono::steady_clock::now() < deadline) left = listed();
  CHECK(!left);
}

TEST_CASE("an exec ends although what it left behind holds its output") {
  driver d;
  auto const id = d.start();
  CHECK(d.shell(id, "sleep 1000 & echo started") == "started\n");
  CHECK(d.shell(id, "cat /proc/[0-9]*/cmdline | tr '\\0' ' '").find("sleep 1000") !=
        std::string::npos);
}

TEST_CASE("a terminal has a size, echoes, and ends at the end of input") {
  driver d;
  auto const id = d.start();
  auto init = init_for(id, {"/bin/sh"});
  init.tty = true;
  init.tty_width = 100;
  init.tty_height = 40;
  auto stream = d.stream(init).value();
  REQUIRE(run(d.io(), stream.write("stty size; test -t 0 && echo is-$((1+1))\n")));
  REQUIRE(run(d.io(), stream.write("tty\n")));
  REQUIRE(run(d.io(), stream.close_input()));
  auto const result = run(d.io(), drain(stream));
  CHECK(result.exit_code == 0);
  CHECK(result.out.find("stty size") != std::string::npos);
  CHECK(result.out.find("40 100\r\n") != std::string::npos);
  CHECK(result.out.find("is-2\r\n") != std::string::npos);
  CHECK(result.out.find("/dev/pts/0\r\n") != std::string::npos);
}

TEST_CASE("the main process' end completes the sandbox with its exit code") {
  driver d;
  for (int code : {0, 3}) {
    auto const id = d.start({"/bin/sh", "-c", "exit " + std::to_string(code)});
    auto const ended = d.ended(id);
    CHECK(ended.status->state == wire::State::completed);
    CHECK(ended.status->exit_code == code);
    CHECK(ended.status->end_time);
  }
  auto const id = d.start({"no-such-program"});
  auto const failed = d.ended(id);
  CHECK(failed.status->state == wire::State::failed);
  CHECK(failed.status->state_reason.find("no-such-program") != std::string::npos);
  CHECK(!failed.status->exit_code);
  CHECK(d.exec(id, {"true"}).error().code() == cw::status_code::failed_precondition);
}

TEST_CASE("stopping asks first and kills after the grace period") {
  driver d;
  auto const first_line = [&](std::string const& id) {
    wire::StreamLogsRequest request;
    request.sandbox_id = id;
    request.follow = true;
    auto stream = d.logs(request).value();
    return run(d.io(), stream.read()).value().value().data;
  };
  auto const polite =
      d.start({"/bin/sh", "-c", "trap 'exit 0' TERM INT; echo polite; sleep infinity & wait"});
  REQUIRE(first_line(polite) == "polite\n");
  REQUIRE(d.stop(polite, 10));
  auto ended = d.ended(polite);
  CHECK(ended.status->state == wire::State::completed);
  CHECK(ended.status->exit_code == 0);

  auto const deaf =
      d.start({"/bin/sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 1; done"});
  REQUIRE(first_line(deaf) == "deaf\n");
  auto const stopping = d.stop(deaf, 1).value();
  CHECK(stopping.sandbox->status->state == wire::State::terminating);
  ended = d.ended(deaf);
  CHECK(ended.status->state == wire::State::terminated);
  CHECK(!ended.status->exit_code);

  auto const killed = d.start();
  REQUIRE(d.stop(killed, 0));
  CHECK(d.ended(killed).status->state == wire::State::terminated);
  CHECK(d.stop(killed, 0).has_value());
  CHECK(d.stop("sb-none", 0).error().reason() == "CWSANDBOX_SANDBOX_NOT_FOUND");
  CHECK(d.stop("sb-none", 0).error().details().domain == "cwsandbox.com");
  CHECK(d.stop("sb-none", 0, true).has_value());
}

TEST_CASE("a sandbox ends at its maximum lifetime") {
  driver d;
  auto request = request_for({"sleep", "infinity"});
  request.sandbox->spec->max_lifetime_seconds = 1;
  auto const id = d.create(request).value().sandbox_id;
  auto const ended = d.ended(id);
  CHECK(ended.status->state == wire::State::terminated);
  CHECK(ended.status->state_reason.find("lifetime") != std::string::npos);
  CHECK(ended.status->effective_max_lifetime_seconds == 1);
}

TEST_CASE("the same request id makes one sandbox") {
  driver d;
  auto request = request_for({"sleep", "infinity"});
  request.request_id = "one";
  auto const first = d.create(request).value().sandbox_id;
  CHECK(d.create(request).value().sandbox_id == first);
  request.request_id = "two";
  CHECK(d.create(request).value().sandbox_id != first);
}

TEST_CASE("files, variables and the working directory are there before the main process") {
  driver d;
  auto request = request_for(
      {"/workspace/deep/run me", "arg"});  // one of the files is the main process itself
  auto& container = container_of(request);
  auto& script = container.files.emplace_back();
  script.path = "/workspace/deep/run me";
  script.content =
      "#!/bin/sh\necho \"$0 $1 $NAME $(pwd)\"; od -An -tu1 /opt/bytes; sleep infinity\n";
  auto& bytes = container.files.emplace_back();
  bytes.path = "/opt/bytes";
  bytes.content = std::string("\0\1\2\x7f\x80\xff", 6);
  container.environment_variables.insert_or_assign("NAME", "a 'quoted' \n value");
  container.working_dir = "/some/where";
  auto const id = d.create(request).value().sandbox_id;
  wire::StreamLogsRequest logs;
  logs.sandbox_id = id;
  logs.follow = true;
  auto stream = d.logs(logs).value();
  std::string text;
  while (text.find("255\n") == std::string::npos)
    text += run(d.io(), stream.read()).value().value().data;
  CHECK(text ==
        "/workspace/deep/run me arg a 'quoted' \n value /some/where\n   0   1   2 127 128 255\n");
  CHECK(d.shell(id, "pwd; printenv NAME") == "/some/where\na 'quoted' \n value\n");

  container.files.front().path = "/usr/bin/mine";
  CHECK(d.create(request).error().details().field_violations.size() == 1);
}

TEST_CASE("file calls and commands see the same files, and no way out") {
  driver d;
  auto const id = d.start();
  REQUIRE(d.write_file(id, "/tmp/x", std::string("a\0b", 3)));
  CHECK(d.shell(id, "od -An -c /tmp/x | tr -d ' '") == "a\\0b\n");
  d.shell(id,
          "printf made-inside > /data; ln -s /etc/shadow /tmp/shadow; ln -s "
          "../../../../../../etc/shadow /tmp/up");
  CHECK(d.read_file(id, "/data").value().content == "made-inside");
  CHECK(d.read_file(id, "/tmp/shadow").error().reason() == "CWSANDBOX_FILE_NOT_FOUND");
  CHECK(d.read_file(id, "/tmp/up").error().reason() == "CWSANDBOX_FILE_NOT_FOUND");
  CHECK(d.read_file(id, "/proc/1/root/etc/shadow").has_value() == false);
  CHECK(d.read_file(id, "/etc/hostname").error().reason() == "CWSANDBOX_FILE_NOT_FOUND");
  CHECK(d.write_file(id, "/usr/x", "x").error().reason() == "CWSANDBOX_FILE_PERMISSION_DENIED");
  CHECK(d.read_file(id, "/usr").error().reason() == "CWSANDBOX_FILE_IS_DIRECTORY");
  auto const large = d.write_file(id, "/tmp/large", std::string((32 << 20) + 1, 'x'));
  CHECK(large.error().reason() == "CWSANDBOX_FILE_TOO_LARGE");
  CHECK(d.write_file(id, "/tmp/large", std::string(32 << 20, 'x')));
}

TEST_CASE("scratch volumes are mounted where they are asked for") {
  driver d;
  auto request = request_for({"sleep", "infinity"});
  auto& volume = request.sandbox->spec->volumes.emplace_back();
  volume.name = "work";
  volume.source.emplace<wire::ScratchVolume>();
  auto& mount = container_of(request).volume_mounts.emplace_back();
  mount.volume = "work";
  mount.mount_path = "/mnt/data";
  auto& file = container_of(request).files.emplace_back();
  file.path = "/mnt/data/in/f";
  file.content = "content";
  auto const id = d.create(request).value().sandbox_id;
  CHECK(d.shell(id, "cat /mnt/data/in/f; grep -c ' /mnt/data ' /proc/self/mounts") == "content1\n");

  volume.source.emplace<std::string>("vol-1");
  CHECK(d.create(request).error().reason() == "CWSANDBOX_NOT_IMPLEMENTED");
}

TEST_CASE("what the engine does not do it refuses") {
  driver d;
  auto request = request_for({"sleep", "infinity"});
  auto& spec = *request.sandbox->spec;
  auto& rule = spec.network.emplace().egress.emplace_back();
  rule.destination = std::string("example.com");
  auto refused = d.create(request);
  REQUIRE(refused.error().details().field_violations.size() == 1);
  CHECK(refused.error().details().field_violations[0].description.find("dns_name") !=
        std::string::npos);
  spec.network.reset();

  auto& service = spec.services.emplace_back();
  service.port = 8080;
  service.name = "web";
  service.visibility = wire::Visibility::private_;
  CHECK(d.create(request).value().status->services.front().port == 8080);
  service.visibility = wire::Visibility::public_;
  service.endpoint.emplace();
  CHECK(d.create(request).error().reason() == "CWSANDBOX_NOT_IMPLEMENTED");
  spec.services.clear();

  auto& store = container_of(request).secret_stores.emplace_back();
  store.store_name = "vault";
  store.secrets.emplace_back().path = "token";
  refused = d.create(request);
  REQUIRE(refused.error().details().field_violations.size() == 1);
  CHECK(refused.error().details().field_violations[0].description.find("token") !=
        std::string::npos);
  container_of(request).secret_stores.clear();

  spec.runner_ids = {"elsewhere"};
  CHECK(d.create(request).error().reason() == "CWSANDBOX_NO_SUITABLE_RUNNER");
}

TEST_CASE("denied egress leaves loopback alone") {
  driver d;
  auto request = request_for({"sleep", "infinity"});
  request.sandbox->spec->network.emplace().deny_egress = true;
  auto const id = d.create(request).value().sandbox_id;
  CHECK(d.shell(id, "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' \\n'") == "lo");
  CHECK(d.shell(id, "tail -n +2 /proc/net/route") == "");
  auto const script =
      "import socket; s = socket.socket(); s.settimeout(5)\n"
      "try: s.connect(('192.0.2.1', 80))\nexcept OSError as e: print('refused', e.errno)";
  CHECK(d.exec(id, {"python3", "-c", script}).value().stdout_ == "refused 101\n");
}

TEST_CASE("egress comes soon after the start, or it is said why there is none") {
  std::vector<std::string> notes;
  cw::local_options options;
  options.log = [&](std::string_view text) { notes.emplace_back(text); };
  driver d{options};
  auto const id = d.start();
  bool said = false;
  bool route = false;
  auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  while (!said && !route && std::chrono::steady_clock::now() < deadline) {
    route = d.shell(id, "tail -n +2 /proc/net/route").find("tap0\t00000000") != std::string::npos;
    said = std::any_of(notes.begin(), notes.end(), [](std::string const& note) {
      return note.find("no egress") != std::string::npos;
    });
  }
  INFO("route: " << route << ", said: " << said);
  CHECK(route != said);
}

TEST_CASE("lists filter by all tags and by state, and pages neither repeat nor hide") {
  driver d;
  std::set<std::string> ids;
  auto request = request_for({"sleep", "infinity"});
  request.sandbox->spec->tags = {"a", "b"};
  for (int i = 0; i < 3; ++i) ids.insert(d.create(request).value().sandbox_id);
  request.sandbox->spec->tags = {"a"};
  REQUIRE(d.create(request));

  wire::ListSandboxesRequest list;
  list.tags = {"b", "a"};
  CHECK(d.list(list).value().sandboxes.size() == 3);
  list.page_size = 1;
  std::set<std::string> seen;
  int pages = 0;
  do {
    auto page = d.list(list).value();
    REQUIRE(page.sandboxes.size() == 1);
    CHECK(seen.insert(page.sandboxes.front().sandbox_id).second);
    list.page_token = page.next_page_token;
    // gone between two pages, and new ones besides
    if (++pages == 1) REQUIRE(d.stop(page.sandboxes.front().sandbox_id));
  } while (!list.page_token.empty());
  CHECK(seen == ids);

  wire::ListSandboxesRequest filtered;
  filtered.tags = {"b"};
  CHECK(d.list(filtered).value().sandboxes.size() == 2);
  filtered.show_terminated = true;
  CHECK(d.list(filtered).value().sandboxes.size() == 3);
  filtered.show_terminated = false;
  filtered.state = wire::State::terminated;
  CHECK(d.list(filtered).value().sandboxes.size() == 1);
  filtered = {};
  filtered.runner_ids = {"elsewhere"};
  CHECK(d.list(filtered).value().sandboxes.empty());
}

TEST_CASE("logs hold the main process' output alone, tailed, followed and resumed") {
  driver d;
  auto const id =
      d.start({"/bin/sh", "-c",
               "for i in 1 2 3; do echo line $i; done; echo err >&2; read x < /dev/null; "
               "while test ! -e /tmp/end; do sleep 0.01; done; echo last"});
  wire::StreamLogsRequest follow;
  follow.sandbox_id = id;
  follow.follow = true;
  auto stream = d.logs(follow).value();
  std::string text;
  std::string session;
  std::uint64_t offset = 0;
  while (text.size() < 25) {
    auto const entry = run(d.io(), stream.read()).value().value();
    text += entry.data;
    offset += entry.data.size();
    CHECK(entry.next_log_offset == offset);
    CHECK((session.empty() || session == entry.log_session_id));
    session = entry.log_session_id;
  }
  CHECK(text == "line 1\nline 2\nline 3\nerr\n");
  d.shell(id, "echo not in the log");

  wire::StreamLogsRequest tail;
  tail.sandbox_id = id;
  tail.tail_lines = 2;
  CHECK(logs_of(d, tail) == "line 3\nerr\n");

  wire::StreamLogsRequest resumed;
  resumed.sandbox_id = id;
  resumed.follow = true;
  resumed.resume_log_session_id = session;
  resumed.resume_log_offset = 7;
  d.shell(id, "touch /tmp/end");
  CHECK(logs_of(d, resumed) == "line 2\nline 3\nerr\nlast\n");
  resumed.resume_log_offset = 1000;
  CHECK(logs_of(d, resumed) == "INVALID_RESUME_OFFSET");
  resumed.resume_log_session_id = "invented";
  CHECK(logs_of(d, resumed) == "SESSION_NOT_FOUND");
  resumed.timestamps = true;
  CHECK(d.logs(resumed).error().code() == cw::status_code::invalid_argument);
}

TEST_CASE("a machine without bubblewrap is told what to install") {
  cw::local_options options;
  options.bwrap = "no-such-bwrap";
  driver d{options};
  auto const refused = d.create(request_for({"sleep", "infinity"}));
  REQUIRE(!refused);
  CHECK(refused.error().code() == cw::status_code::failed_precondition);
  CHECK(refused.error().message().find("apt-get install bubblewrap") != std::string::npos);
  CHECK(d.list({}).value().sandboxes.empty());
}

TEST_CASE("a mapped image is the sandbox' root, and others can be refused") {
  local_test::scratch_directory image;
  namespace fs = std::filesystem;
  fs::create_directories(image.path() + "/etc");
  std::ofstream(image.path() + "/etc/of-the-image") << "yes";
  for (char const* name : {"usr", "bin", "lib", "lib64"}) {
    if (fs::is_symlink("/" + std::string(name))) {
      fs::copy_symlink("/" + std::string(name), image.path() + "/" + name);
    } else if (std::string(name) != "usr") {
      fs::create_directory_symlink("usr/" + std::string(name), image.path() + "/" + name);
    }
  }
  // a root of its own would be large: this one borrows the machine's programs by a link to a mounted volume
  cw::local_options options;
  options.images.push_back({"mapped:*", image.path()});
  options.only_mapped_images = true;
  driver d{options};
  auto const refused = d.create(request_for({"true"}, "python:3.11"));
  CHECK(refused.error().message().find("python:3.11") != std::string::npos);
  auto const failed = d.create(request_for({"/bin/sh"}, "mapped:1"));
  REQUIRE(failed);
  CHECK(d.ended(failed->sandbox_id).status->state_reason.find("/bin/sh") != std::string::npos);
}

TEST_CASE("without isolation commands run on the machine itself, and end with the sandbox") {
  cw::local_options options;
  options.isolation = cw::local_isolation::none;
  driver d{options};
  auto const id = d.start({"/bin/sh", "-c", "sleep 1000 & wait"});
  CHECK(d.shell(id, "readlink /proc/self/ns/pid") ==
        std::filesystem::read_symlink("/proc/self/ns/pid").string() + "\n");
  auto stream = d.stream(init_for(id, {"sleep", "1000"})).value();
  REQUIRE(d.stop(id, 0));
  CHECK(run(d.io(), drain(stream)).exit_code == 137);
  CHECK(d.ended(id).status->state == wire::State::terminated);
}
