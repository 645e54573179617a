// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// Takes any bytes for what a peer sends as an HTTP/1.1 response. The first byte says what kind of request is answered
// and whether the connection ends. However the bytes are cut, the outcome must be the same, and within the limits.

#include <cwsandbox/net/h1.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace net = cwsandbox::detail::net;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

struct reading {
  net::h1_response_parser parser;
  std::string body{};
  std::size_t taken{};

  void feed(std::string_view bytes, std::size_t piece) {
    while (!bytes.empty()) {
      auto const part = bytes.substr(0, piece);
      auto const size = parser.feed(part, body);
      require(size <= part.size());
      taken += size;
      if (size != part.size()) {
        require(parser.is_complete() || parser.fault() != net::h1_fault::none);
        return;
      }
      bytes.remove_prefix(size);
    }
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  if (size == 0) return 0;
  auto const kind = (data[0] & 1) != 0 ? net::h1_request::connect : net::h1_request::ordinary;
  bool const ends = (data[0] & 2) != 0;
  std::string_view const bytes{reinterpret_cast<char const*>(data + 1), size - 1};
  net::h1_limits limits{};
  limits.line_bytes = 200;
  limits.head_bytes = 600;
  limits.headers = 12;
  limits.interim = 2;
  limits.body_bytes = 300;
  limits.extension_bytes = 40;
  limits.trailer_bytes = 100;

  reading whole{net::h1_response_parser{limits, kind}};
  whole.feed(bytes, bytes.size());
  if (ends) whole.parser.finish();
  auto const& one = whole.parser;
  require(!(one.is_complete() && one.fault() != net::h1_fault::none));
  require(whole.body.size() <= limits.body_bytes);
  require(one.fields().size() <= limits.headers);
  require(one.fault() == net::h1_fault::none || one.objection()[0] != '\0');
  require(!one.is_complete() || (one.has_head() && one.status() >= 200));
  if (ends) require(one.is_complete() || one.fault() != net::h1_fault::none);
  for (auto const& field : one.fields())
    for (char const c : field.name + field.value) require(c != '\r' && c != '\n' && c != '\0');

  for (std::size_t const piece : {1U, 3U, 64U}) {
    reading cut{net::h1_response_parser{limits, kind}};
    cut.feed(bytes, piece);
    if (ends) cut.parser.finish();
    auto const& other = cut.parser;
    require(other.fault() == one.fault() && other.objection() == std::string_view{one.objection()});
    require(other.is_complete() == one.is_complete() && other.has_head() == one.has_head());
    require(other.is_persistent() == one.is_persistent());
    require(cut.body == whole.body);
    if (one.fault() == net::h1_fault::none) require(cut.taken == whole.taken);
    if (!one.has_head()) continue;
    require(other.status() == one.status() && other.fields().size() == one.fields().size());
  }
  return 0;
}
