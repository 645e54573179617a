// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// Takes the input as a serialized status and as the value of the trailer: neither throws, and what is taken from it
// survives being sent again.

#include <cwsandbox/detail/base64.hpp>
#include <cwsandbox/detail/status_details.hpp>
#include <cwsandbox/error.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <utility>

using cwsandbox::error;
using cwsandbox::error_details;
namespace detail = cwsandbox::detail;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

bool same(error_details const& a, error_details const& b) {
  return a.reason == b.reason && a.domain == b.domain && a.metadata == b.metadata &&
         a.retry_after == b.retry_after && a.field_violations == b.field_violations;
}

void check(error_details details, bool found) {
  require(found == !same(details, error_details{}));
  error_details again{};
  auto const header = detail::encode_binary_header(detail::serialized_rpc_status(error{details}));
  require(detail::attach_status_header(again, header) == found);
  require(same(again, details));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const input{reinterpret_cast<char const*>(data), size};

  error_details from_bytes{};
  bool const in_bytes = detail::attach_status_details(from_bytes, input);
  check(std::move(from_bytes), in_bytes);

  error_details from_header{};
  bool const in_header = detail::attach_status_header(from_header, input);
  check(std::move(from_header), in_header);

  require(detail::base64_decode(detail::base64_encode(input)) == input);
  if (auto const bytes = detail::base64_decode(input)) {
    require(detail::base64_decode(detail::base64_encode(*bytes)) == *bytes);
  }
  return 0;
}
