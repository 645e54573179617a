// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// Every message against libprotobuf. The codec is instantiated for all of them here and nowhere else in the tests; the
// cases below work on the type-erased table that comes out.

#include <cwsandbox/wire/messages.hpp>
#include <cwsandbox/wire/protobuf.hpp>
#include <cwsandbox/wire/rpc_status.hpp>

#include "support/catch.hpp"
#include "support/protobuf_peer.hpp"
#include "support/random_message.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace peer = test_support::protobuf_peer;
namespace wire = cwsandbox::wire;
using test_support::random_source;

namespace {

struct message_codec {
  std::string_view name{};
  // Serializes a random message; nothing when reading it back or counting its bytes goes wrong.
  std::optional<std::string> (*random_bytes)(random_source&){};
  // Reads and writes; nothing when the bytes are refused.
  std::optional<std::string> (*recode)(std::string_view){};
  // Whether both are read and say the same.
  bool (*same)(std::string_view, std::string_view){};
  std::vector<peer::field_facts> (*fields)(){};
};

template <class M>
struct codec_of {
  static std::optional<std::string> random_bytes(random_source& random) {
    auto const message = test_support::random_message<M>(random);
    std::string bytes{"kept"};
    wire::encode_append(message, bytes);
    if (!bytes.starts_with("kept")) return std::nullopt;
    bytes.erase(0, 4);
    if (bytes.size() != wire::encoded_size(message)) return std::nullopt;
    auto const again = wire::decode<M>(bytes);
    if (!again || !(*again == message)) return std::nullopt;
    return bytes;
  }
  static std::optional<std::string> recode(std::string_view bytes) {
    auto const message = wire::decode<M>(bytes);
    if (!message) return std::nullopt;
    return wire::encode(*message);
  }
  static bool same(std::string_view a, std::string_view b) {
    auto const message = wire::decode<M>(a);
    auto const other = wire::decode<M>(b);
    return message && other && *message == *other;
  }
  static std::vector<peer::field_facts> fields() {
    std::vector<peer::field_facts> result;
    wire::for_each_field<M>([&]<class Entry>(Entry const& entry) {
      auto& facts = result.emplace_back();
      facts.number = entry.number;
      facts.name = entry.name;
      facts.json_name = entry.json_name;
      facts.kind = Entry::kind;
      facts.label = Entry::label;
      if constexpr (Entry::kind == wire::field_kind::message) {
        facts.type_name = wire::descriptor<typename Entry::value_type>::name;
      } else if constexpr (Entry::kind == wire::field_kind::enumeration) {
        facts.type_name = wire::enum_descriptor<typename Entry::value_type>::name;
      }
    });
    return result;
  }
  static constexpr message_codec value{wire::descriptor<M>::name, random_bytes, recode, same,
                                       fields};
};

template <class... M>
void add(std::vector<message_codec>& to, wire::type_list<M...>) {
  (to.push_back(codec_of<M>::value), ...);
}

std::vector<message_codec> const& service_messages() {
  static auto const all = [] {
    std::vector<message_codec> list;
    add(list, wire::sandbox_messages{});
    add(list, wire::discovery_messages{});
    add(list, wire::template_messages{});
    add(list, wire::settings_messages{});
    add(list, wire::volume_messages{});
    return list;
  }();
  return all;
}

std::vector<message_codec> const& all_messages() {
  static auto const all = [] {
    auto list = service_messages();
    add(list, wire::rpc_status_messages{});
    add(list, wire::type_list<wire::Timestamp, wire::Duration, wire::FieldMask, wire::Empty>{});
    return list;
  }();
  return all;
}

std::string hex(std::string_view bytes) {
  std::string text;
  for (char const c : bytes.substr(0, 400)) {
    auto const byte = static_cast<unsigned char>(c);
    text += "0123456789abcdef"[byte >> 4U];
    text += "0123456789abcdef"[byte & 0xfU];
  }
  return text;
}

// What is the first in a message that protozero and libprotobuf do not take alike.
enum class difference {
  none,
  // A group or a reserved number, which libprotobuf skips.
  we_refuse,
  // A key or length of more than 5 bytes, or a length of more than 32 bits; protozero cuts them to 32 bits.
  they_refuse,
};

class difference_finder {
 public:
  explicit difference_finder(std::string_view bytes) : left_{bytes} {}

  // Goes through the message and those in it, up to the first difference or to what both refuse.
  difference in_message(std::string_view type) {
    while (!done_ && !left_.empty()) in_field(type);
    return found_;
  }

 private:
  using field_types = std::map<std::uint32_t, std::optional<std::string>>;

  // The numbers of the fields that are entered, and their types; map entries have none.
  static field_types const& entered(std::string_view type) {
    static auto const all = [] {
      std::map<std::string_view, field_types> types;
      for (auto const& codec : all_messages()) {
        auto& fields = types[codec.name];
        for (auto const& field : codec.fields()) {
          if (field.kind == wire::field_kind::map) fields[field.number];
          if (field.kind == wire::field_kind::message) fields[field.number] = field.type_name;
        }
      }
      return types;
    }();
    static field_types const none;
    auto const found = all.find(type);
    return found == all.end() ? none : found->second;
  }

  void in_field(std::string_view type) {
    auto const key = varint();
    if (done_) return;
    if (last_size_ > 5) return stop(difference::they_refuse);
    auto const number = static_cast<std::uint32_t>(key) >> 3U;
    if (number == 0) return stop(difference::none);
    if (number >= 19000 && number <= 19999) return stop(difference::we_refuse);
    switch (key & 7U) {
      case 0:
        varint();
        return;
      case 1:
        return skip(8);
      case 2:
        return in_block(entered(type), number);
      case 3:
      case 4:
        return stop(difference::we_refuse);
      case 5:
        return skip(4);
      default:
        return stop(difference::none);
    }
  }

  void in_block(field_types const& types, std::uint32_t number) {
    auto const length = varint();
    if (done_) return;
    auto const cut = static_cast<std::uint32_t>(length);
    if (cut > left_.size()) return stop(difference::none);
    if (last_size_ > 5 || cut != length) return stop(difference::they_refuse);
    auto const behind = left_.substr(cut);
    if (auto const type = types.find(number); type != types.end()) {
      left_ = left_.substr(0, cut);
      in_message(type->second.value_or(""));
    }
    left_ = behind;
  }

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (last_size_ = 0; last_size_ != 10 && last_size_ != left_.size();) {
      auto const byte = static_cast<unsigned char>(left_[last_size_]);
      value |= (byte & std::uint64_t{0x7f}) << (7 * last_size_++);
      if (byte < 0x80U) {
        left_.remove_prefix(last_size_);
        return value;
      }
    }
    stop(difference::none);
    return 0;
  }

  void skip(std::size_t size) {
    if (size > left_.size()) return stop(difference::none);
    left_.remove_prefix(size);
  }

  void stop(difference why) {
    found_ = why;
    done_ = true;
  }

  std::string_view left_;
  std::size_t last_size_{};
  difference found_{difference::none};
  bool done_{};
};

// What two decoders make of the same bytes. The order of fields and of map entries is nobody's promise, so
// libprotobuf's reading of what we write is compared with what it read itself.
difference check_agreement(message_codec const& codec, std::string_view bytes) {
  auto const apart = difference_finder{bytes}.in_message(codec.name);
  auto const theirs = peer::reserialize(codec.name, bytes);
  auto const ours = codec.recode(bytes);
  if (apart == difference::we_refuse) {
    if (ours) FAIL(codec.name << ": not refused: " << hex(bytes));
    return apart;
  }
  if (apart == difference::they_refuse) {
    if (theirs) FAIL(codec.name << ": not refused by libprotobuf: " << hex(bytes));
    if (ours && !peer::reserialize(codec.name, *ours)) {
      FAIL(codec.name << ": written wrongly: " << hex(bytes));
    }
    return apart;
  }
  if (theirs.has_value() != ours.has_value()) {
    FAIL(codec.name << ": " << (ours ? "only we take " : "only libprotobuf takes ") << hex(bytes));
  }
  if (theirs && (peer::reserialize(codec.name, *ours) != theirs || !codec.same(*theirs, *ours))) {
    FAIL(codec.name << ": read differently: " << hex(bytes));
  }
  return apart;
}

void append_varint(std::string& to, std::uint64_t value) {
  for (; value >= 0x80U; value >>= 7U) to += static_cast<char>(value | 0x80U);
  to += static_cast<char>(value);
}

// Fields with numbers that no message has, of all wire types.
std::string unknown_fields(random_source& random) {
  std::string bytes;
  for (auto count = 1 + random.below(4); count != 0; --count) {
    auto const number = 20000 + random.below(1U << 20U);
    auto const type = random.below(4);
    append_varint(bytes, number << 3U | (type == 3 ? 5 : type));
    switch (type) {
      case 0:
        append_varint(bytes, random.bits());
        break;
      case 1:
        bytes.append(8, '\xff');
        break;
      case 2: {
        auto const payload = random.bytes();
        append_varint(bytes, payload.size());
        bytes += payload;
        break;
      }
      default:
        bytes.append(4, '\xff');
        break;
    }
  }
  return bytes;
}

}  // namespace

TEST_CASE("the field tables are those of the .proto files") {
  std::vector<std::string> names;
  for (auto const& codec : service_messages()) names.emplace_back(codec.name);
  auto expected = peer::message_names();
  std::sort(names.begin(), names.end());
  std::sort(expected.begin(), expected.end());
  CHECK(names == expected);

  for (auto const& codec : all_messages()) {
    INFO(codec.name);
    auto ours = codec.fields();
    auto theirs = peer::fields(codec.name);
    auto const by_number = [](auto const& a, auto const& b) { return a.number < b.number; };
    std::sort(ours.begin(), ours.end(), by_number);
    std::sort(theirs.begin(), theirs.end(), by_number);
    REQUIRE(ours.size() == theirs.size());
    for (std::size_t i = 0; i != ours.size(); ++i) {
      INFO(ours[i].name << " and " << theirs[i].name);
      CHECK(ours[i].number == theirs[i].number);
      CHECK(ours[i].name == theirs[i].name);
      CHECK(ours[i].json_name == theirs[i].json_name);
      CHECK(ours[i].kind == theirs[i].kind);
      CHECK(ours[i].label == theirs[i].label);
      CHECK(ours[i].type_name == theirs[i].type_name);
    }
  }
}

TEST_CASE("the enums are those of the .proto files") {
  std::vector<std::string> names;
  auto const check = [&]<class E>(wire::type_list<E>) {
    using descriptor = wire::enum_descriptor<E>;
    names.emplace_back(descriptor::name);
    std::vector<peer::enum_value_facts> ours;
    for (auto const& value : descriptor::values) {
      ours.push_back({std::string{value.name}, static_cast<std::int32_t>(value.value)});
    }
    INFO(descriptor::name);
    CHECK(ours == peer::enum_values(descriptor::name));
  };
  [&]<class... E>(wire::type_list<E...>) { (check(wire::type_list<E>{}), ...); }(wire::enums{});
  auto expected = peer::enum_names();
  std::sort(names.begin(), names.end());
  std::sort(expected.begin(), expected.end());
  CHECK(names == expected);
}

TEST_CASE("libprotobuf reads what we write") {
  random_source random{20240501};
  for (auto const& codec : all_messages()) {
    for (int round = 0; round != 30; ++round) {
      auto const bytes = codec.random_bytes(random);
      if (!bytes) FAIL(codec.name << ": not read back as it was written, round " << round);
      auto const theirs = peer::reserialize(codec.name, *bytes, true);
      if (!theirs) FAIL(codec.name << ": refused by libprotobuf: " << hex(*bytes));
      if (!codec.same(*bytes, *theirs)) FAIL(codec.name << ": read differently: " << hex(*bytes));
      if (theirs->size() != bytes->size()) FAIL(codec.name << ": not as short as it can be");
    }
  }
}

TEST_CASE("we read what libprotobuf writes") {
  random_source random{20240502};
  for (auto const& codec : all_messages()) {
    for (int round = 0; round != 30; ++round) {
      CHECK(check_agreement(codec, peer::random_bytes(codec.name, random)) == difference::none);
    }
  }
}

TEST_CASE("unknown fields are skipped in every message") {
  random_source random{20240503};
  for (auto const& codec : all_messages()) {
    for (int round = 0; round != 5; ++round) {
      auto const bytes = codec.random_bytes(random);
      REQUIRE(bytes);
      auto const more = unknown_fields(random) + *bytes + unknown_fields(random);
      if (!codec.same(*bytes, more)) FAIL(codec.name << ": not skipped: " << hex(more));
      CHECK(check_agreement(codec, more) == difference::none);
    }
  }
}

TEST_CASE("groups are refused in every message, before and behind its fields") {
  random_source random{20240507};
  std::string group;
  append_varint(group, 7000U << 3U | 3U);
  append_varint(group, 7U << 3U | 0U);
  append_varint(group, 1);
  append_varint(group, 7000U << 3U | 4U);
  for (auto const& codec : all_messages()) {
    auto const bytes = peer::random_bytes(codec.name, random);
    for (auto const& with_group : {group + bytes, bytes + group}) {
      INFO(codec.name << ": " << hex(with_group));
      CHECK(check_agreement(codec, with_group) == difference::we_refuse);
      CHECK(peer::reserialize(codec.name, with_group) == peer::reserialize(codec.name, bytes));
    }
  }
}

TEST_CASE("serialized messages one after the other are merged as libprotobuf does") {
  random_source random{20240504};
  for (auto const& codec : all_messages()) {
    for (int round = 0; round != 5; ++round) {
      auto const both =
          peer::random_bytes(codec.name, random) + peer::random_bytes(codec.name, random);
      CHECK(check_agreement(codec, both) == difference::none);
    }
  }
}

TEST_CASE("messages that are cut off anywhere are refused where libprotobuf refuses them") {
  random_source random{20240505};
  for (auto const& codec : all_messages()) {
    auto const bytes = peer::random_bytes(codec.name, random);
    // every byte near the front, and then with larger steps, because a message may be long
    for (std::size_t size = 0; size < bytes.size(); size += 1 + size / 64) {
      CHECK(check_agreement(codec, std::string_view{bytes}.substr(0, size)) == difference::none);
    }
  }
}

TEST_CASE("damaged messages are read or refused as libprotobuf does") {
  random_source random{20240506};
  std::map<difference, int> count;
  for (auto const& codec : all_messages()) {
    auto const bytes = peer::random_bytes(codec.name, random);
    if (bytes.empty()) continue;
    for (int round = 0; round != 60; ++round) {
      auto damaged = bytes;
      for (auto bad = 1 + random.below(3); bad != 0; --bad) {
        damaged[random.below(damaged.size())] = static_cast<char>(random.bits() & 0xffU);
      }
      ++count[check_agreement(codec, damaged)];
    }
  }
  // of the damaged messages most have to be ones that are taken alike
  auto const apart = count[difference::we_refuse] + count[difference::they_refuse];
  CHECK(count[difference::none] > 5 * apart);
}
