// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include "options.hpp"

#include "http_listener.hpp"

#include <cwsandbox/config.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace server {
namespace {

constexpr std::string_view help = R"(usage: cwsandbox_server [options]

Serves sandboxes of this machine over gRPC (coreweave.sandbox.v1), and over REST when asked to,
for development.

  --host HOST              address to listen on (default 127.0.0.1)
  --port PORT              port to listen on; 0, the default, takes a free one
  --http-port PORT         port for REST, on the same address; 0 takes a free one (default: no REST)
  --tls-cert FILE          certificate chain in PEM; with --tls-key serves https instead of http
  --tls-key FILE           private key in PEM
  --token TOKEN            what callers must send; visible to others in the list of processes
  --token-file FILE        the same, read from a file
                           without either, the environment variable CWSANDBOX_SERVER_TOKEN
  --insecure-no-token      allow another address than a loopback one without a token
  --max-streams N          calls in flight on one connection (default: no limit)
  --drain-seconds N        how long calls may go on after SIGINT or SIGTERM (default 5)
  --state-directory DIR    where the engine keeps its files
  --image NAME=ROOTFS      root file system of an image; may be given many times, NAME may be a glob
  --only-mapped-images     refuse the images that no --image names
  --runner-id ID           the runner that sandboxes report (default local)
  --help                   print this and exit
  --version                print the version and exit
)";

early_exit refuse(std::string text) {
  return {2, "cwsandbox_server: " + std::move(text) + " (--help shows the options)\n"};
}

/// The arguments, one at a time, as `--name value` or `--name=value`.
class arguments {
 public:
  arguments(int argc, char const* const* argv) : at_{argv + std::min(argc, 1)}, end_{argv + argc} {}

  bool next() {
    if (at_ == end_) return false;
    name_ = *at_++;
    value_.reset();
    if (name_.starts_with("--")) {
      if (auto const equals = name_.find('='); equals != std::string_view::npos) {
        value_ = name_.substr(equals + 1);
        name_ = name_.substr(0, equals);
      }
    }
    return true;
  }
  [[nodiscard]] std::string_view name() const { return name_; }
  [[nodiscard]] bool has_value() const { return value_.has_value(); }
  std::optional<std::string_view> take_value() {
    if (!value_ && at_ != end_) value_ = *at_++;
    return value_;
  }

 private:
  char const* const* at_;
  char const* const* end_;
  std::string_view name_{};
  std::optional<std::string_view> value_{};
};

template <class Number>
bool parse_number(std::string_view text, Number highest, Number& to) {
  Number number{};
  auto const* const end = text.data() + text.size();
  auto const parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc{} || parsed.ptr != end || number < 0 || number > highest) return false;
  to = number;
  return true;
}

bool is_token(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

std::optional<std::string> read_token(std::string_view file) {
  std::ifstream in{std::string(file)};
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  if (!in) return std::nullopt;
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

/// What was given, before it is known whether it fits together.
struct draft {
  options result{};
  std::optional<std::string> token{};
  std::optional<std::string> token_file{};
  bool insecure{};
};

bool take_switch(std::string_view name, draft& to) {
  if (name == "--only-mapped-images") {
    to.result.engine.only_mapped_images = true;
  } else if (name == "--insecure-no-token") {
    to.insecure = true;
  } else {
    return false;
  }
  return true;
}

constexpr std::array<std::string_view, 12> valued_options{
    "--host",  "--port",       "--http-port",   "--tls-cert",      "--tls-key",
    "--token", "--token-file", "--max-streams", "--drain-seconds", "--state-directory",
    "--image", "--runner-id"};

/// False when the value is no good. Precondition: the name is one of `valued_options`.
bool take_option(std::string_view name, std::string_view value, draft& to) {
  auto const text = [value](std::string& member) {
    member = value;
    return !value.empty();
  };
  if (name == "--host") return text(to.result.host);
  if (name == "--tls-cert") return text(to.result.tls_cert);
  if (name == "--tls-key") return text(to.result.tls_key);
  if (name == "--token") return text(to.token.emplace());
  if (name == "--token-file") return text(to.token_file.emplace());
  if (name == "--state-directory") return text(to.result.engine.state_directory);
  if (name == "--runner-id") return text(to.result.engine.runner_id);
  if (name == "--port") return parse_number<std::uint16_t>(value, 65535, to.result.port);
  if (name == "--http-port")
    return parse_number<std::uint16_t>(value, 65535, to.result.http_port.emplace());
  if (name == "--max-streams") return parse_number(value, 1'000'000, to.result.max_streams);
  if (name == "--drain-seconds") {
    int seconds{};
    if (!parse_number(value, 3600, seconds)) return false;
    to.result.drain = std::chrono::seconds{seconds};
    return true;
  }
  auto const equals = value.find('=');
  if (equals == 0 || equals == std::string_view::npos || equals + 1 == value.size()) return false;
  auto& image = to.result.engine.images.emplace_back();
  image.name = value.substr(0, equals);
  image.rootfs = value.substr(equals + 1);
  return true;
}

/// Chooses the token and checks what belongs together.
std::variant<options, early_exit> complete(draft given, std::string_view token_variable) {
  auto& result = given.result;
  if (given.token && given.token_file) return refuse("--token and --token-file exclude each other");
  std::string source = "--token";
  if (given.token) {
    result.token = *given.token;
  } else if (given.token_file) {
    source = "--token-file " + *given.token_file;
    auto read = read_token(*given.token_file);
    if (!read) return refuse("cannot read " + source);
    result.token = std::move(*read);
  } else {
    source = "CWSANDBOX_SERVER_TOKEN";
    result.token = token_variable;
  }
  bool const named = given.token || given.token_file || !result.token.empty();
  if (named && !is_token(result.token))
    return refuse(source + " must hold one word of visible ASCII characters");
  if (result.tls_cert.empty() != result.tls_key.empty())
    return refuse("--tls-cert and --tls-key belong together");
  if (result.http_port && !http_listener::is_available)
    return refuse("--http-port: this server was built without cpp-httplib, and has no REST");
  if (!is_loopback(result.host) && result.token.empty() && !given.insecure) {
    return refuse("refusing to listen on --host " + result.host +
                  ", which others can reach, without a token: give one, or --insecure-no-token");
  }
  // the server does not serve their calls, so nobody could look at a snapshot
  result.engine.snapshots = false;
  return std::move(result);
}

}  // namespace

bool is_loopback(std::string_view host) {
  if (host == "localhost") return true;
  std::string const text{host};
  in_addr v4{};
  if (::inet_pton(AF_INET, text.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  return ::inet_pton(AF_INET6, text.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

std::string host_in_url(std::string_view host) {
  bool const v6 = host.find(':') != std::string_view::npos;
  return v6 ? "[" + std::string{host} + "]" : std::string{host};
}

std::variant<options, early_exit> parse_command_line(int argc, char const* const* argv,
                                                     std::string_view token_variable) {
  draft given;
  arguments rest{argc, argv};
  while (rest.next()) {
    std::string const name{rest.name()};
    if (!rest.has_value()) {
      if (name == "--help" || name == "-h") return early_exit{0, std::string{help}};
      if (name == "--version")
        return early_exit{0, std::string{"cwsandbox_server "} + cwsandbox::version + "\n"};
      if (take_switch(name, given)) continue;
    } else if (name == "--help" || name == "--version" || take_switch(name, given)) {
      return refuse(name + " takes no value");
    }
    if (std::find(valued_options.begin(), valued_options.end(), name) == valued_options.end())
      return refuse("unknown option '" + name + "'");
    auto const value = rest.take_value();
    if (!value) return refuse(name + " needs a value");
    if (!take_option(name, *value, given))
      return refuse(name + ": bad value '" + std::string{*value} + "'");
  }
  return complete(std::move(given), token_variable);
}

}  // namespace server
