// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_EXAMPLES_SERVER_REST_REQUEST_HPP
#define CWSANDBOX_EXAMPLES_SERVER_REST_REQUEST_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/outcome.hpp>
#include <cwsandbox/wire/methods.hpp>

#include <google/protobuf/message.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace server {

/// Names and values, decoded and in order.
using rest_fields = std::vector<std::pair<std::string, std::string>>;

/// The fields that a path holds when the template fits it, still encoded; a verb at the end (`:exec`) is a part of
/// the template. A field is one segment and not empty.
[[nodiscard]] std::optional<rest_fields> match_path(std::string_view path_template,
                                                    std::string_view path);

/// How narrow a template is: of several that fit a path the narrowest one counts.
[[nodiscard]] std::size_t literal_bytes(std::string_view path_template);

/// A request as it came in.
struct rest_parts {
  /// As from `match_path`.
  rest_fields path{};
  /// What follows the question mark, encoded.
  std::string_view query{};
  std::string content{};
};

/// Puts the fields of path, query and content into a message. Fields may be named as in the schema or in
/// lowerCamelCase. INVALID_ARGUMENT, with the field, for what the message does not have or cannot hold, and for query
/// parameters that belong into the path or the content.
[[nodiscard]] cwsandbox::outcome<void> read_request(cwsandbox::wire::http_binding const& binding,
                                                    rest_parts const& parts,
                                                    google::protobuf::Message& to);

}  // namespace server

#endif
