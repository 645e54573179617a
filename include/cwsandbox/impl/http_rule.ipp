// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_HTTP_RULE_IPP
#define CWSANDBOX_IMPL_HTTP_RULE_IPP

#include <cwsandbox/wire/http_rule.hpp>

namespace cwsandbox::inline v1::detail {

CWSANDBOX_DECL void append_percent_encoded(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (char const c : text) {
    bool const unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    if (unreserved) {
      out += c;
    } else {
      auto const byte = static_cast<unsigned char>(c);
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
}

CWSANDBOX_DECL bool append_path_segment(std::string& out, std::string_view text) {
  // Encoding the dots does not help: proxies decode and drop such segments all the same.
  if (text.empty() || text == "." || text == "..") return false;
  append_percent_encoded(out, text);
  return true;
}

CWSANDBOX_DECL error path_field_error(std::string_view method, std::string_view field) {
  std::string message{method};
  message.append(": ").append(field).append(
      " is a part of the request's path and must not be empty, '.' or '..'");
  return rpc_error(status_code::invalid_argument, std::move(message));
}

CWSANDBOX_DECL void append_query_name(std::string& out, bool& first, std::string_view prefix,
                                      std::string_view name) {
  out += std::exchange(first, false) ? '?' : '&';
  out += prefix;
  out += name;
  out += '=';
}

}  // namespace cwsandbox::inline v1::detail

#endif
