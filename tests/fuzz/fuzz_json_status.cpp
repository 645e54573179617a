// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// Takes any bytes for the body of a failed response. The error must be one that the layers above
// can work with.

#include <cwsandbox/detail/json_status.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const body(reinterpret_cast<char const*>(data), size);
  for (int const http_status : {404, 503, 200}) {
    auto const described = cwsandbox::detail::parse_json_status(body, http_status);
    auto const e = cwsandbox::detail::http_response_error(http_status, body.substr(0, 20), body);
    if (e.kind() != cwsandbox::error_kind::rpc || e.code() == cwsandbox::status_code::ok) {
      std::abort();
    }
    if (described && described->message() != e.message()) std::abort();
    if (!described) {
      if (e.message().size() > 300) std::abort();
      for (char const c : e.message()) {
        if (static_cast<unsigned char>(c) < 0x20) std::abort();
      }
    }
  }
  return 0;
}
