// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// Files: lines 45 to 52, 7.1.9, 7.1.10 and 7.2.13 (streams, section 7).

#include <cwsandbox/reasons.hpp>

#include <cstdio>
#include <fstream>

#include "conformance/fixtures.hpp"

using namespace conformance;

namespace {

std::string metadata(cw::CWSandboxError const& error, std::string_view key) {
  for (auto const& [name, value] : error.metadata())
    if (name == key) return value;
  return "(absent)";
}

// A file of the machine that the sandboxes must not reach.
class host_file {
 public:
  explicit host_file(std::string path) : path_{std::move(path)} {
    std::ofstream{path_} << "host";
  }
  host_file(host_file const&) = delete;
  host_file& operator=(host_file const&) = delete;
  ~host_file() { std::remove(path_.c_str()); }

 private:
  std::string path_;
};

}  // namespace

CONFORMANCE_CASE("45 a file is read as it was written", "[files][45]", feature::none) {
  auto sandbox = given.running_sandbox();
  sandbox.write_file("/tmp/x", "Hello, files!").result();
  CHECK(sandbox.read_file("/tmp/x").result() == "Hello, files!");
}

CONFORMANCE_CASE("45 the first file call starts the sandbox", "[files][45]", feature::none) {
  auto sandbox = given.new_sandbox();
  sandbox.write_file("/tmp/x", "lazy").result();
  CHECK(sandbox.status() == cw::SandboxStatus::running);
  CHECK(sandbox.read_file("/tmp/x").result() == "lazy");
}

CONFORMANCE_CASE("45 a write replaces what was there", "[files][45]", feature::none) {
  auto sandbox = given.running_sandbox();
  for (auto const* content : {"a long first version", "short", ""}) {
    sandbox.write_file("/tmp/x", content).result();
    CHECK(sandbox.read_file("/tmp/x").result() == content);
  }
}

CONFORMANCE_CASE("46 all byte values survive", "[files][46]", feature::none) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  auto sandbox = given.running_sandbox();
  sandbox.write_file("/tmp/bytes", bytes).result();
  CHECK(sandbox.read_file("/tmp/bytes").result() == bytes);
}

CONFORMANCE_CASE("47 five megabytes pass through the unary calls", "[files][47]", feature::none) {
  std::string bytes(std::size_t{5} << 20, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 13 >> 4);
  auto sandbox = given.running_sandbox();
  sandbox.write_file("/tmp/five", bytes).result();
  bool const same = sandbox.read_file("/tmp/five").result() == bytes;
  CHECK(same);
}

CONFORMANCE_CASE("49 and 50 and 51 a missing file is a file error with path and reason",
                 "[files][49][50][51]", feature::none) {
  auto sandbox = given.running_sandbox();
  auto const error =
      error_of<cw::SandboxFileError>([&] { sandbox.read_file("/tmp/missing").result(); });
  CHECK(error.path() == "/tmp/missing");
  CHECK(error.reason() == cw::reasons::file_not_found);
  CHECK(error.as_error().details().domain == cw::reasons::domain);
  CHECK(metadata(error, "filepath") == "/tmp/missing");
  if (error.retry_after()) CHECK(error.retry_after()->count() >= 0);
}

CONFORMANCE_CASE("52 commands and file calls see one file system", "[files][52]",
                 feature::none) {
  auto sandbox = given.running_sandbox();
  sandbox.write_file("/tmp/from-call", "written by a call").result();
  CHECK(sandbox.exec({"cat", "/tmp/from-call"}).result().out == "written by a call");
  auto const script = "printf %s \"written by a command\" > /tmp/from-command";
  CHECK(sandbox.exec({"sh", "-c", script}).result().exit_code == 0);
  CHECK(sandbox.read_file("/tmp/from-command").result() == "written by a command");
}

CONFORMANCE_CASE("52 two sandboxes have file systems of their own", "[files][52]",
                 feature::none) {
  auto one = given.running_sandbox();
  auto two = given.running_sandbox();
  one.write_file("/tmp/private", "of one").result();
  auto const error =
      error_of<cw::SandboxFileError>([&] { two.read_file("/tmp/private").result(); });
  CHECK(error.reason() == cw::reasons::file_not_found);
}

CONFORMANCE_CASE("7.1.9 a file of exactly the cap passes and one more byte does not",
                 "[files][7.1.9]", feature::none) {
  auto sandbox = given.running_sandbox();
  wire::WriteFileRequest request{};
  request.sandbox_id = sandbox.id().value();
  request.path = "/tmp/cap";
  request.content.assign(Fixture::max_file_bytes, 'x');
  CHECK(given.call(&scenario<Fixture>::transport::write_file, request));
  request.content += 'x';
  auto const refused = given.call(&scenario<Fixture>::transport::write_file, request);
  REQUIRE_FALSE(refused);
  auto const& details = refused.error().details();
  CHECK(details.reason == cw::reasons::file_too_large);
  CHECK(details.domain == cw::reasons::domain);
  std::map<std::string, std::string> const told(details.metadata.begin(), details.metadata.end());
  CHECK(told.at("size_bytes") == std::to_string(Fixture::max_file_bytes + 1));
  CHECK(told.at("max_size_bytes") == std::to_string(Fixture::max_file_bytes));
  CHECK(told.at("filepath") == "/tmp/cap");
}

CONFORMANCE_CASE("7.1.9 a file that is too large for the read call is refused",
                 "[files][7.1.9]", feature::processes) {
  auto sandbox = given.running_sandbox();
  auto const size = std::to_string(Fixture::max_file_bytes + 1);
  REQUIRE(sandbox.exec({"truncate", "-s", size, "/tmp/huge"}).result().exit_code == 0);
  wire::ReadFileRequest request{};
  request.sandbox_id = sandbox.id().value();
  request.path = "/tmp/huge";
  auto const refused = given.call(&scenario<Fixture>::transport::read_file, request);
  REQUIRE_FALSE(refused);
  auto const& details = refused.error().details();
  CHECK(details.reason == cw::reasons::file_too_large);
  std::map<std::string, std::string> const told(details.metadata.begin(), details.metadata.end());
  CHECK(told.at("size_bytes") == size);
  CHECK(told.at("filepath") == "/tmp/huge");
}

CONFORMANCE_CASE("7.1.10 a directory cannot be read as a file", "[files][7.1.10]",
                 feature::none) {
  auto sandbox = given.running_sandbox();
  auto const error = error_of<cw::SandboxFileError>([&] { sandbox.read_file("/tmp").result(); });
  CHECK(error.reason() == cw::reasons::file_is_directory);
}

CONFORMANCE_CASE("7.1.10 a write into a missing directory fails", "[files][7.1.10]",
                 feature::none) {
  auto sandbox = given.running_sandbox();
  auto const error = error_of<cw::SandboxFileError>(
      [&] { sandbox.write_file("/no/such/directory/x", "text").result(); });
  CHECK(error.path() == "/no/such/directory/x");
  bool const reason_fits = error.reason() == cw::reasons::file_not_found ||
                           error.reason() == cw::reasons::file_io_failed;
  CHECK(reason_fits);
}

CONFORMANCE_CASE("streams 5.4 names of files may hold anything", "[files][streams]",
                 feature::processes) {
  auto sandbox = given.running_sandbox();
  for (auto const* path :
       {"/tmp/two words", "/tmp/-rf", "/tmp/$HOME", "/tmp/a'b\"c", "/tmp/x\ny"}) {
    sandbox.write_file(path, path).result();
    CHECK(sandbox.exec({"cat", "--", path}).result().out == path);
    CHECK(sandbox.read_file(path).result() == path);
  }
}

CONFORMANCE_CASE("7.1.10 links lead nowhere outside the sandbox", "[files][7.1.10]",
                 feature::isolation) {
  auto sandbox = given.running_sandbox();
  auto const outside = "/tmp/" + given.tag();
  host_file const file{outside};
  REQUIRE(sandbox.exec({"ln", "-s", outside, "/tmp/link"}).result().exit_code == 0);
  (void)error_of<cw::SandboxFileError>([&] { sandbox.read_file("/tmp/link").result(); });
  auto const up = "/tmp/../../../.." + outside;
  (void)error_of<cw::SandboxFileError>([&] { sandbox.read_file(up).result(); });
  sandbox.write_file("/tmp/link", "inside").result();
  std::string seen;
  std::getline(std::ifstream{outside}, seen);
  CHECK(seen == "host");
  CHECK(sandbox.read_file(outside).result() == "inside");
}

CONFORMANCE_CASE("7.2.13 writes and reads in parallel are all right", "[files][7.2.13]",
                 feature::none) {
  auto sandbox = given.running_sandbox();
  std::vector<cw::operation<void>> writes;
  for (int i = 0; i < 12; ++i)
    writes.push_back(sandbox.write_file("/tmp/f" + std::to_string(i), std::string(1000, 'a') +
                                                                          std::to_string(i)));
  for (auto const& write : writes) write.result();
  std::vector<cw::operation<std::string>> reads;
  for (int i = 0; i < 12; ++i) reads.push_back(sandbox.read_file("/tmp/f" + std::to_string(i)));
  auto const contents = cw::results(reads);
  for (std::size_t i = 0; i < contents.size(); ++i)
    CHECK(contents[i] == std::string(1000, 'a') + std::to_string(i));
}

CONFORMANCE_CASE("streams 5.1 a stopped sandbox has no files", "[files][streams]",
                 feature::none) {
  auto sandbox = given.running_sandbox();
  sandbox.write_file("/tmp/x", "gone soon").result();
  sandbox.stop().result();
  (void)error_of<cw::SandboxNotRunningError>([&] { sandbox.read_file("/tmp/x").result(); });
  (void)error_of<cw::SandboxNotRunningError>([&] { sandbox.write_file("/tmp/x", "").result(); });
}
