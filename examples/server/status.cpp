// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include "status.hpp"

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/status_details.hpp>

#include <cstddef>
#include <string>

namespace server {
namespace {

// Clients refuse trailers of more than 8 KiB, and then report nothing of what was wrong.
constexpr std::size_t max_message_bytes = 1024;
constexpr std::size_t max_details_bytes = 4096;

void shorten(std::string& text) {
  if (text.size() <= max_message_bytes) return;
  auto end = max_message_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  text.resize(end);
  text += "...";
}

}  // namespace

cwsandbox::error presentable(cwsandbox::error const& failure) {
  return failure.with([](cwsandbox::error_details& d) {
    if (d.kind == cwsandbox::error_kind::cancelled) d.code = cwsandbox::status_code::cancelled;
    if (d.code == cwsandbox::status_code::ok) d.code = cwsandbox::status_code::unknown;
    shorten(d.message);
  });
}

grpc::Status to_status(cwsandbox::error const& failure) {
  auto shown = presentable(failure);
  auto details = cwsandbox::detail::serialized_rpc_status(shown);
  if (details.size() > max_details_bytes) {
    shown = shown.with([](cwsandbox::error_details& d) {
      d.metadata.clear();
      if (d.field_violations.size() > 1) d.field_violations.resize(1);
      for (auto& violation : d.field_violations) {
        shorten(violation.field);
        shorten(violation.description);
      }
    });
    details = cwsandbox::detail::serialized_rpc_status(shown);
  }
  return {static_cast<grpc::StatusCode>(shown.code()), shown.message(), details};
}

}  // namespace server
