// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include "support/libprotobuf_json.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/util/json_util.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace test_support {

namespace protobuf = google::protobuf;

struct libprotobuf_json::implementation {
  protobuf::DescriptorPool pool;
  protobuf::DynamicMessageFactory factory;
  std::unique_ptr<protobuf::Message> kept;

  implementation() {
    std::ifstream file(CWSANDBOX_DESCRIPTOR_SET, std::ios::binary);
    protobuf::FileDescriptorSet schema;
    if (!schema.ParseFromIstream(&file)) give_up("no schema in " CWSANDBOX_DESCRIPTOR_SET);
    // protoc writes a file behind those that it imports
    for (auto const& proto : schema.file()) {
      if (pool.BuildFile(proto) == nullptr) give_up(proto.name());
    }
  }

  [[noreturn]] static void give_up(std::string const& why) {
    std::fprintf(stderr, "libprotobuf_json: %s\n", why.c_str());
    std::abort();
  }

  std::unique_ptr<protobuf::Message> make(std::string_view message) {
    auto const* const type = pool.FindMessageTypeByName(std::string(message));
    if (type == nullptr) give_up("the schema has no " + std::string(message));
    return std::unique_ptr<protobuf::Message>(factory.GetPrototype(type)->New());
  }
};

libprotobuf_json::libprotobuf_json() : implementation_{std::make_unique<implementation>()} {
  // Refusals are results here, not worth a line on stderr.
  protobuf::SetLogHandler(nullptr);
}
libprotobuf_json::~libprotobuf_json() = default;

std::optional<std::string> libprotobuf_json::to_json(std::string_view message,
                                                     std::string const& bytes,
                                                     libprotobuf_print const& how) {
  auto const value = implementation_->make(message);
  if (!value->ParseFromString(bytes)) return std::nullopt;
  protobuf::util::JsonPrintOptions print;
  print.add_whitespace = how.whitespace;
  print.preserve_proto_field_names = how.original_names;
  print.always_print_enums_as_ints = how.enums_as_numbers;
  print.always_print_primitive_fields = how.defaults;
  std::string json;
  if (!protobuf::util::MessageToJsonString(*value, &json, print).ok()) return std::nullopt;
  return json;
}

std::optional<std::string> libprotobuf_json::from_json(std::string_view message,
                                                       std::string const& json,
                                                       bool ignore_unknown_fields) {
  auto const value = implementation_->make(message);
  protobuf::util::JsonParseOptions parse;
  parse.ignore_unknown_fields = ignore_unknown_fields;
  if (!protobuf::util::JsonStringToMessage(json, value.get(), parse).ok()) return std::nullopt;
  return value->SerializeAsString();
}

void libprotobuf_json::keep(std::string_view message, std::string const& bytes) {
  implementation_->kept = implementation_->make(message);
  if (!implementation_->kept->ParseFromString(bytes)) implementation::give_up("no such message");
}

bool libprotobuf_json::parse_kept(std::string const& json) {
  implementation_->kept->Clear();
  return protobuf::util::JsonStringToMessage(json, implementation_->kept.get()).ok();
}

std::string libprotobuf_json::print_kept() {
  std::string json;
  if (!protobuf::util::MessageToJsonString(*implementation_->kept, &json).ok()) {
    implementation::give_up("no JSON");
  }
  return json;
}

}  // namespace test_support
