// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include "support/protobuf_peer.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <fstream>
#include <map>
#include <memory>
#include <stdexcept>

namespace pb = google::protobuf;
namespace wire = cwsandbox::wire;

namespace test_support::protobuf_peer {
namespace {

class schema {
 public:
  schema() {
    std::ifstream file{CWSANDBOX_DESCRIPTOR_SET, std::ios::binary};
    pb::FileDescriptorSet set;
    if (!file || !set.ParseFromIstream(&file)) {
      throw std::runtime_error("cannot read " CWSANDBOX_DESCRIPTOR_SET);
    }
    // in the order of imports, as protoc writes them
    for (auto const& proto : set.file()) {
      auto const* const built = pool_.BuildFile(proto);
      if (built == nullptr) throw std::runtime_error("cannot use " + proto.name());
      if (built->package() == "coreweave.sandbox.v1") own_.push_back(built);
    }
  }

  pb::Descriptor const& message(std::string_view name) {
    auto const* const found = pool_.FindMessageTypeByName(std::string{name});
    if (found == nullptr) throw std::runtime_error("no message " + std::string{name});
    return *found;
  }
  pb::EnumDescriptor const& enumeration(std::string_view name) {
    auto const* const found = pool_.FindEnumTypeByName(std::string{name});
    if (found == nullptr) throw std::runtime_error("no enum " + std::string{name});
    return *found;
  }
  std::unique_ptr<pb::Message> make(std::string_view name) {
    return std::unique_ptr<pb::Message>{factory_.GetPrototype(&message(name))->New()};
  }
  std::vector<pb::FileDescriptor const*> const& own_files() const { return own_; }

 private:
  pb::DescriptorPool pool_;
  pb::DynamicMessageFactory factory_{&pool_};
  std::vector<pb::FileDescriptor const*> own_;
};

schema& the_schema() {
  static schema instance;
  return instance;
}

wire::field_kind kind_of(pb::FieldDescriptor const& field) {
  if (field.is_map()) return wire::field_kind::map;
  switch (field.type()) {
    case pb::FieldDescriptor::TYPE_BOOL:
      return wire::field_kind::boolean;
    case pb::FieldDescriptor::TYPE_INT32:
      return wire::field_kind::int32;
    case pb::FieldDescriptor::TYPE_INT64:
      return wire::field_kind::int64;
    case pb::FieldDescriptor::TYPE_UINT32:
      return wire::field_kind::uint32;
    case pb::FieldDescriptor::TYPE_UINT64:
      return wire::field_kind::uint64;
    case pb::FieldDescriptor::TYPE_STRING:
      return wire::field_kind::string;
    case pb::FieldDescriptor::TYPE_BYTES:
      return wire::field_kind::bytes;
    case pb::FieldDescriptor::TYPE_ENUM:
      return wire::field_kind::enumeration;
    case pb::FieldDescriptor::TYPE_MESSAGE:
      return wire::field_kind::message;
    default:
      throw std::runtime_error(field.full_name() + " has a type that no message has");
  }
}

wire::field_label label_of(pb::FieldDescriptor const& field) {
  if (field.is_repeated()) return wire::field_label::repeated;
  if (field.real_containing_oneof() != nullptr) return wire::field_label::oneof;
  if (field.has_presence()) return wire::field_label::optional;
  return wire::field_label::implicit;
}

void collect(pb::Descriptor const& message, std::vector<std::string>& names) {
  if (message.options().map_entry()) return;
  names.push_back(message.full_name());
  for (int i = 0; i < message.nested_type_count(); ++i) collect(*message.nested_type(i), names);
}
void collect_enums(pb::Descriptor const& message, std::vector<std::string>& names) {
  for (int i = 0; i < message.enum_type_count(); ++i) {
    names.push_back(message.enum_type(i)->full_name());
  }
  for (int i = 0; i < message.nested_type_count(); ++i) {
    collect_enums(*message.nested_type(i), names);
  }
}

void fill(pb::Message& message, random_source& random) {
  auto const& type = *message.GetDescriptor();
  auto const& set = *message.GetReflection();
  for (int i = 0; i < type.field_count(); ++i) {
    auto const* const field = type.field(i);
    if (!random.chance(60)) continue;
    if (field->is_map()) {
      // an entry is a message of two texts; equal keys would only make the test read badly
      for (auto count = random.below(4); count != 0; --count) {
        auto* const entry = set.AddMessage(&message, field);
        auto const& texts = *entry->GetReflection();
        texts.SetString(entry, field->message_type()->map_key(),
                        std::to_string(count) + random.text());
        texts.SetString(entry, field->message_type()->map_value(), random.text());
      }
      continue;
    }
    bool const many = field->is_repeated();
    for (auto count = many ? random.below(4) : std::size_t{1}; count != 0; --count) {
      auto const put = [&](auto add, auto assign, auto value) {
        many ? (set.*add)(&message, field, std::move(value))
             : (set.*assign)(&message, field, std::move(value));
      };
      using reflection = pb::Reflection;
      switch (field->type()) {
        case pb::FieldDescriptor::TYPE_BOOL:
          put(&reflection::AddBool, &reflection::SetBool, random.chance(50));
          break;
        case pb::FieldDescriptor::TYPE_INT32:
          put(&reflection::AddInt32, &reflection::SetInt32, random.number<std::int32_t>());
          break;
        case pb::FieldDescriptor::TYPE_INT64:
          put(&reflection::AddInt64, &reflection::SetInt64, random.number<std::int64_t>());
          break;
        case pb::FieldDescriptor::TYPE_UINT32:
          put(&reflection::AddUInt32, &reflection::SetUInt32, random.number<std::uint32_t>());
          break;
        case pb::FieldDescriptor::TYPE_UINT64:
          put(&reflection::AddUInt64, &reflection::SetUInt64, random.number<std::uint64_t>());
          break;
        case pb::FieldDescriptor::TYPE_STRING:
          put(&reflection::AddString, &reflection::SetString, random.text());
          break;
        case pb::FieldDescriptor::TYPE_BYTES:
          put(&reflection::AddString, &reflection::SetString, random.bytes());
          break;
        case pb::FieldDescriptor::TYPE_ENUM:
          put(&reflection::AddEnumValue, &reflection::SetEnumValue,
              random.chance(70) ? static_cast<int>(random.below(12))
                                : random.number<std::int32_t>());
          break;
        default:
          fill(many ? *set.AddMessage(&message, field) : *set.MutableMessage(&message, field),
               random);
          break;
      }
    }
  }
}

// A dynamic message keeps the entries of a map as they were read: each key once, with its last value, and in order.
void sort_maps(pb::Message& message) {
  auto const& access = *message.GetReflection();
  std::vector<pb::FieldDescriptor const*> present;
  access.ListFields(message, &present);
  for (auto const* const field : present) {
    if (field->is_map()) {
      auto const* const key = field->message_type()->map_key();
      auto const* const value = field->message_type()->map_value();
      std::map<std::string, std::string> entries;
      for (int i = 0; i < access.FieldSize(message, field); ++i) {
        auto const& entry = access.GetRepeatedMessage(message, field, i);
        auto const& texts = *entry.GetReflection();
        entries[texts.GetString(entry, key)] = texts.GetString(entry, value);
      }
      access.ClearField(&message, field);
      for (auto const& [name, text] : entries) {
        auto* const entry = access.AddMessage(&message, field);
        entry->GetReflection()->SetString(entry, key, name);
        entry->GetReflection()->SetString(entry, value, text);
      }
    } else if (field->message_type() != nullptr) {
      if (field->is_repeated()) {
        for (int i = 0; i < access.FieldSize(message, field); ++i) {
          sort_maps(*access.MutableRepeatedMessage(&message, field, i));
        }
      } else {
        sort_maps(*access.MutableMessage(&message, field));
      }
    }
  }
}

std::string serialize(pb::Message const& message) {
  std::string bytes;
  {
    pb::io::StringOutputStream stream{&bytes};
    pb::io::CodedOutputStream coded{&stream};
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }
  return bytes;
}

}  // namespace

std::vector<std::string> message_names() {
  std::vector<std::string> names;
  for (auto const* file : the_schema().own_files()) {
    for (int i = 0; i < file->message_type_count(); ++i) collect(*file->message_type(i), names);
  }
  return names;
}

std::vector<std::string> enum_names() {
  std::vector<std::string> names;
  for (auto const* file : the_schema().own_files()) {
    for (int i = 0; i < file->enum_type_count(); ++i) {
      names.push_back(file->enum_type(i)->full_name());
    }
    for (int i = 0; i < file->message_type_count(); ++i) {
      collect_enums(*file->message_type(i), names);
    }
  }
  return names;
}

std::vector<field_facts> fields(std::string_view message) {
  auto const& type = the_schema().message(message);
  std::vector<field_facts> result;
  for (int i = 0; i < type.field_count(); ++i) {
    auto const& field = *type.field(i);
    auto& facts = result.emplace_back();
    facts.number = static_cast<std::uint32_t>(field.number());
    facts.name = field.name();
    facts.json_name = field.json_name();
    facts.kind = kind_of(field);
    facts.label = label_of(field);
    if (field.is_map()) {
      auto const& entry = *field.message_type();
      if (entry.map_key()->type() != pb::FieldDescriptor::TYPE_STRING ||
          entry.map_value()->type() != pb::FieldDescriptor::TYPE_STRING) {
        throw std::runtime_error(field.full_name() + " is no map from string to string");
      }
    } else if (field.message_type() != nullptr) {
      facts.type_name = field.message_type()->full_name();
    } else if (field.enum_type() != nullptr) {
      facts.type_name = field.enum_type()->full_name();
    }
  }
  return result;
}

std::vector<enum_value_facts> enum_values(std::string_view name) {
  auto const& type = the_schema().enumeration(name);
  std::vector<enum_value_facts> result;
  for (int i = 0; i < type.value_count(); ++i) {
    result.push_back({type.value(i)->name(), type.value(i)->number()});
  }
  return result;
}

std::optional<std::string> reserialize(std::string_view message, std::string_view bytes,
                                       bool keep_unknown_fields) {
  pb::LogSilencer const quiet;
  auto const parsed = the_schema().make(message);
  if (!parsed->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
  if (!keep_unknown_fields) parsed->DiscardUnknownFields();
  sort_maps(*parsed);
  return serialize(*parsed);
}

std::string random_bytes(std::string_view message, random_source& random) {
  auto const filled = the_schema().make(message);
  fill(*filled, random);
  return serialize(*filled);
}

}  // namespace test_support::protobuf_peer
