// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TESTS_SUPPORT_PROTOBUF_PEER_HPP
#define CWSANDBOX_TESTS_SUPPORT_PROTOBUF_PEER_HPP

#include "support/random_message.hpp"

#include <cwsandbox/wire/field.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// libprotobuf as the judge of our codec. It reads its descriptors from the file CWSANDBOX_DESCRIPTOR_SET, which protoc
// makes of the .proto files of the service and of google.rpc. Messages go by their full names, so that nothing is
// generated and the headers of libprotobuf stay in one source file.

namespace test_support::protobuf_peer {

struct field_facts {
  std::uint32_t number{};
  std::string name{};
  std::string json_name{};
  cwsandbox::wire::field_kind kind{};
  cwsandbox::wire::field_label label{};
  std::string type_name{};  // of a message or an enum

  friend bool operator==(field_facts const&, field_facts const&) = default;
};

struct enum_value_facts {
  std::string name{};
  std::int32_t number{};

  friend bool operator==(enum_value_facts const&, enum_value_facts const&) = default;
};

// All messages and enums of the service, without map entries.
std::vector<std::string> message_names();
std::vector<std::string> enum_names();

std::vector<field_facts> fields(std::string_view message);
std::vector<enum_value_facts> enum_values(std::string_view name);

// What libprotobuf reads from the bytes, serialized again with maps in order; nothing when it refuses them.
std::optional<std::string> reserialize(std::string_view message, std::string_view bytes,
                                       bool keep_unknown_fields = false);

// A message that libprotobuf filled with random values.
std::string random_bytes(std::string_view message, random_source& random);

}  // namespace test_support::protobuf_peer

#endif
