// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_WIRE_PROTOBUF_HPP
#define CWSANDBOX_WIRE_PROTOBUF_HPP

#include <cwsandbox/config.hpp>

#include <cwsandbox/error.hpp>
#include <cwsandbox/outcome.hpp>
#include <cwsandbox/wire/field.hpp>
#include <cwsandbox/wire/string_map.hpp>

#if !defined(CWSANDBOX_HAS_EXCEPTIONS)
#error "protozero needs exceptions: include cwsandbox/wire/protobuf.hpp with them"
#endif

#include <protozero/pbf_reader.hpp>
#include <protozero/types.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

/// \file
/// The protobuf codec: wire messages to and from the binary format, over their field tables.
///
/// It follows proto3. Reading: unknown fields and known fields of another wire type are skipped; repeated numbers are
/// taken packed or not; of what occurs once only, the last occurrence counts and pieces of a message are merged; enums
/// keep numbers that this version does not know; a `string` that is not UTF-8 is an error. So are groups and the field
/// numbers 19000 to 19999, which no message of proto3 can have, also as unknown fields. Writing: fields in the order of
/// the schema, repeated numbers packed, nothing for a field that is not present. Functions without state: thread-safe.

namespace cwsandbox::inline v1::wire {

/// What a message that is read may take.
struct protobuf_limits {
  /// Length of the message in bytes.
  std::size_t max_bytes = 104857600;
  /// How deep messages and map entries nest, the outermost message counted.
  std::size_t max_depth = 64;
};

}  // namespace cwsandbox::inline v1::wire

namespace cwsandbox::inline v1::detail {

/// The wire type of one value that is not packed.
[[nodiscard]] constexpr protozero::pbf_wire_type wire_type_of(wire::field_kind kind) noexcept {
  switch (kind) {
    case wire::field_kind::boolean:
    case wire::field_kind::int32:
    case wire::field_kind::int64:
    case wire::field_kind::uint32:
    case wire::field_kind::uint64:
    case wire::field_kind::enumeration:
      return protozero::pbf_wire_type::varint;
    case wire::field_kind::string:
    case wire::field_kind::bytes:
    case wire::field_kind::message:
    case wire::field_kind::map:
      break;
  }
  return protozero::pbf_wire_type::length_delimited;
}

/// How many bytes a varint takes.
[[nodiscard]] constexpr std::size_t varint_size(std::uint64_t value) noexcept {
  // 7 bits to a byte; 9/64 is close enough to 1/7 up to 64 bits
  return (static_cast<std::size_t>(std::bit_width(value | 1U)) * 9 + 64) / 64;
}

/// A number as the varint carries it: negative ones extended to 64 bits.
template <class T>
[[nodiscard]] constexpr std::uint64_t to_varint(T value) noexcept {
  if constexpr (std::is_enum_v<T>) {
    return to_varint(static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (std::is_signed_v<T>) {
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(value));
  } else {
    return value;
  }
}

/// The number that a varint carries, cut to its type as protobuf has it.
template <class T>
[[nodiscard]] constexpr T from_varint(std::uint64_t bits) noexcept {
  if constexpr (std::is_same_v<T, bool>) {
    return bits != 0;
  } else if constexpr (std::is_enum_v<T>) {
    return static_cast<T>(static_cast<std::underlying_type_t<T>>(bits));
  } else {
    return static_cast<T>(bits);
  }
}

/// Walks over the fields of a serialized message: protozero's reader, without its exceptions. A failure ends the walk:
/// `next()` is false from then on.
class proto_reader {
 public:
  using packed_numbers = protozero::iterator_range<protozero::pbf_reader::const_uint64_iterator>;

  /// `owner`, if any, holds the bytes and may be emptied.
  proto_reader(std::string_view bytes, std::size_t max_depth, std::string* owner) noexcept
      : in_{bytes.data(), bytes.size()},
        begin_{bytes.data()},
        field_{bytes.data()},
        owner_{owner},
        depth_left_{max_depth == 0 ? 0 : max_depth - 1} {}

  /// Goes to the next field of the message. False at its end.
  CWSANDBOX_DECL bool next() noexcept;
  /// Number and wire type of the current field.
  [[nodiscard]] std::uint32_t key() const noexcept { return in_.tag_and_type(); }

  // One of these takes the value of the current field, which has to be of its wire type.
  CWSANDBOX_DECL void skip() noexcept;
  CWSANDBOX_DECL std::uint64_t varint() noexcept;
  CWSANDBOX_DECL void bytes(std::string& into);
  /// Bytes that have to be UTF-8.
  CWSANDBOX_DECL void text(std::string& into);
  CWSANDBOX_DECL void map_entry(wire::string_map& into);

  /// Takes a run of packed numbers, for `next_packed()` to go through.
  [[nodiscard]] CWSANDBOX_DECL packed_numbers packed() noexcept;
  /// Takes the next number of the run. False at its end.
  CWSANDBOX_DECL bool next_packed(packed_numbers& run, std::uint64_t& number) noexcept;

  /// Enters the current field as a message. `leave()` gets what this returned, and goes on behind it.
  [[nodiscard]] CWSANDBOX_DECL protozero::pbf_reader enter() noexcept;
  CWSANDBOX_DECL void leave(protozero::pbf_reader const& outer) noexcept;

  [[nodiscard]] bool failed() const noexcept { return what_ != nullptr; }
  /// Notes the message that the walk failed in; the first and so the innermost counts.
  void failed_in(std::string_view message) noexcept {
    if (message_.empty()) message_ = message;
  }
  /// What to tell the caller, who asked for `message`. Precondition: `failed()`.
  [[nodiscard]] CWSANDBOX_DECL error failure(std::string_view message) const;

  /// A map grew too large to look for each key, and may hold some twice.
  [[nodiscard]] bool has_crowded_map() const noexcept { return crowded_map_; }

 private:
  template <class Take>
  auto guarded(Take take) noexcept -> decltype(take());
  CWSANDBOX_DECL void fail(char const* what) noexcept;
  [[nodiscard]] CWSANDBOX_DECL std::string_view view() noexcept;

  protozero::pbf_reader in_;
  char const* begin_;
  char const* field_;  // where the current field begins
  std::string* owner_;
  std::size_t depth_left_;
  bool crowded_map_{};
  char const* what_{};
  std::string_view message_{};
};

/// The error for a message that is not even looked at.
[[nodiscard]] CWSANDBOX_DECL error proto_too_long(std::string_view message, std::size_t size,
                                                  std::size_t limit);

template <wire::message M>
void read_message(proto_reader& in, M& message);

template <wire::field_kind Kind, class T>
void read_value(proto_reader& in, T& value) {
  if constexpr (Kind == wire::field_kind::string) {
    in.text(value);
  } else if constexpr (Kind == wire::field_kind::bytes) {
    in.bytes(value);
  } else if constexpr (Kind == wire::field_kind::message) {
    auto const outer = in.enter();
    read_message(in, value);
    in.leave(outer);
  } else {
    value = from_varint<T>(in.varint());
  }
}

/// Takes the current field when the entry is for it.
template <class Entry, class M>
bool read_field(proto_reader& in, Entry const& entry, M& message) {
  constexpr auto type = wire_type_of(Entry::kind);
  if constexpr (Entry::label == wire::field_label::repeated) {
    using value_type = typename Entry::value_type;
    auto& values = entry.get(message);
    if (in.key() == protozero::tag_and_type(entry.number, type)) {
      if constexpr (Entry::kind == wire::field_kind::map) {
        in.map_entry(values);
      } else if constexpr (type == protozero::pbf_wire_type::varint) {
        values.push_back(from_varint<value_type>(in.varint()));
      } else {
        read_value<Entry::kind>(in, values.emplace_back());
      }
      return true;
    }
    if constexpr (type == protozero::pbf_wire_type::varint) {
      if (in.key() ==
          protozero::tag_and_type(entry.number, protozero::pbf_wire_type::length_delimited)) {
        auto run = in.packed();
        for (std::uint64_t number = 0; in.next_packed(run, number);) {
          values.push_back(from_varint<value_type>(number));
        }
        return true;
      }
    }
    return false;
  } else {
    if (in.key() != protozero::tag_and_type(entry.number, type)) return false;
    read_value<Entry::kind>(in, entry.mutate(message));
    return true;
  }
}

template <wire::message M>
void read_message(proto_reader& in, M& message) {
  while (in.next()) {
    bool const taken = wire::descriptor<M>::fields(
        [&](auto const&... entry) { return (read_field(in, entry, message) || ...); });
    if (!taken) in.skip();
  }
  if (in.failed()) in.failed_in(wire::descriptor<M>::name);
}

template <class M>
consteval bool has_map();

template <class Entry>
consteval bool leads_to_map() {
  if constexpr (Entry::kind == wire::field_kind::message) {
    return has_map<typename Entry::value_type>();
  } else {
    return Entry::kind == wire::field_kind::map;
  }
}

/// Whether a map may be anywhere in a message.
template <class M>
consteval bool has_map() {
  return wire::descriptor<M>::fields(
      []<class... Entry>(Entry const&...) { return (leads_to_map<Entry>() || ...); });
}

/// Makes the keys of all maps in a message unique.
template <class M>
void thin_out_maps(M& message) {
  wire::for_each_field(message, [&]<class Entry>(Entry const& entry, auto& member) {
    if constexpr (Entry::kind == wire::field_kind::map) {
      member.keep_last();
    } else if constexpr (leads_to_map<Entry>()) {
      if constexpr (Entry::label == wire::field_label::repeated) {
        for (auto& value : member) thin_out_maps(value);
      } else if (entry.present(message) != nullptr) {
        thin_out_maps(entry.mutate(message));
      }
    }
  });
}

template <class M>
outcome<M> decode_message(std::string_view bytes, wire::protobuf_limits const& limits,
                          std::string* owner) {
  outcome<M> result;
  if (bytes.size() > limits.max_bytes) {
    result = proto_too_long(wire::descriptor<M>::name, bytes.size(), limits.max_bytes);
    return result;
  }
  proto_reader in{bytes, limits.max_depth, owner};
  read_message(in, *result);
  if (in.failed()) {
    result = in.failure(wire::descriptor<M>::name);
    return result;
  }
  if constexpr (has_map<M>()) {
    if (in.has_crowded_map()) thin_out_maps(*result);
  }
  return result;
}

/// Writes from the end of a buffer to its front: when the length of a nested message is to be written, the message
/// stands there already, and no length is ever counted twice.
class proto_writer {
 public:
  explicit proto_writer(char* end) noexcept : at_{end} {}

  [[nodiscard]] char const* position() const noexcept { return at_; }
  CWSANDBOX_DECL void varint(std::uint64_t value) noexcept;
  CWSANDBOX_DECL void bytes(std::string_view value) noexcept;
  /// Length and key of what was written since `end` was the position.
  CWSANDBOX_DECL void close(char const* end, std::uint32_t key) noexcept;
  CWSANDBOX_DECL void map_entry(wire::string_map::value_type const& entry,
                                std::uint32_t key) noexcept;

 private:
  char* at_;
};

[[nodiscard]] CWSANDBOX_DECL std::size_t map_entry_size(
    wire::string_map::value_type const& entry) noexcept;

template <class M>
[[nodiscard]] std::size_t message_size(M const& message);

/// Size of a value without its key; with its length where it has one.
template <wire::field_kind Kind, class T>
[[nodiscard]] std::size_t value_size(T const& value) {
  if constexpr (Kind == wire::field_kind::string || Kind == wire::field_kind::bytes) {
    return varint_size(value.size()) + value.size();
  } else if constexpr (Kind == wire::field_kind::map) {
    auto const size = map_entry_size(value);
    return varint_size(size) + size;
  } else if constexpr (Kind == wire::field_kind::message) {
    auto const size = message_size(value);
    return varint_size(size) + size;
  } else {
    return varint_size(to_varint(value));
  }
}

template <class Values>
[[nodiscard]] std::size_t packed_size(Values const& values) noexcept {
  std::size_t size = 0;
  // by value: the elements of std::vector<bool> are no objects
  for (typename Values::value_type const value : values) size += varint_size(to_varint(value));
  return size;
}

template <class Entry, class M>
[[nodiscard]] std::size_t field_size(Entry const& entry, M const& message) {
  auto const key_size = varint_size(std::uint64_t{entry.number} << 3U);
  if constexpr (Entry::label != wire::field_label::repeated) {
    auto const* const value = entry.present(message);
    return value == nullptr ? 0 : key_size + value_size<Entry::kind>(*value);
  } else if constexpr (wire_type_of(Entry::kind) == protozero::pbf_wire_type::varint) {
    auto const& values = entry.get(message);
    if (values.empty()) return 0;
    auto const size = packed_size(values);
    return key_size + varint_size(size) + size;
  } else {
    std::size_t size = 0;
    for (auto const& value : entry.get(message)) size += key_size + value_size<Entry::kind>(value);
    return size;
  }
}

template <class M>
[[nodiscard]] std::size_t message_size(M const& message) {
  return wire::descriptor<M>::fields([&](auto const&... entry) {
    return (std::size_t{0} + ... + field_size(entry, message));
  });
}

template <class M>
void write_message(proto_writer& out, M const& message);

template <wire::field_kind Kind, class T>
void write_value(proto_writer& out, std::uint32_t number, T const& value) {
  constexpr auto type = wire_type_of(Kind);
  if constexpr (Kind == wire::field_kind::map) {
    out.map_entry(value, protozero::tag_and_type(number, type));
  } else if constexpr (type == protozero::pbf_wire_type::varint) {
    out.varint(to_varint(value));
    out.varint(protozero::tag_and_type(number, type));
  } else {
    auto const* const end = out.position();
    if constexpr (Kind == wire::field_kind::message) {
      write_message(out, value);
    } else {
      out.bytes(value);
    }
    out.close(end, protozero::tag_and_type(number, type));
  }
}

template <class Entry, class M>
void write_field(proto_writer& out, Entry const& entry, M const& message) {
  if constexpr (Entry::label != wire::field_label::repeated) {
    if (auto const* const value = entry.present(message)) {
      write_value<Entry::kind>(out, entry.number, *value);
    }
  } else {
    auto const& values = entry.get(message);
    if constexpr (wire_type_of(Entry::kind) == protozero::pbf_wire_type::varint) {
      if (values.empty()) return;
      auto const* const end = out.position();
      for (auto it = values.end(); it != values.begin();) {
        out.varint(to_varint<typename Entry::value_type>(*--it));
      }
      out.close(end,
                protozero::tag_and_type(entry.number, protozero::pbf_wire_type::length_delimited));
    } else {
      for (auto it = values.end(); it != values.begin();) {
        write_value<Entry::kind>(out, entry.number, *--it);
      }
    }
  }
}

template <class M>
void write_message(proto_writer& out, M const& message) {
  wire::descriptor<M>::fields([&](auto const&... entry) {
    // an assignment evaluates its right side first: the last field is written first
    [[maybe_unused]] int order = 0;
    static_cast<void>((order = ... = (write_field(out, entry, message), 0)));
  });
}

}  // namespace cwsandbox::inline v1::detail

namespace cwsandbox::inline v1::wire {

/// Length of the serialized message in bytes.
template <message M>
[[nodiscard]] std::size_t encoded_size(M const& value) {
  return detail::message_size(value);
}

/// Appends the serialized message.
template <message M>
void encode_append(M const& value, std::string& out) {
  out.resize(out.size() + encoded_size(value));
  detail::proto_writer writer{out.data() + out.size()};
  detail::write_message(writer, value);
}

/// The serialized message.
template <message M>
[[nodiscard]] std::string encode(M const& value) {
  std::string out;
  encode_append(value, out);
  return out;
}

/// Reads a serialized message.
///
/// Bytes that are no such message, or exceed a limit, give an error of kind `rpc` with code `internal`, whose text
/// names the message and what was wrong where.
template <message M>
[[nodiscard]] outcome<M> decode(std::string_view bytes, protobuf_limits const& limits = {}) {
  return detail::decode_message<M>(bytes, limits, nullptr);
}

/// The same for bytes that are not needed any more. A large `bytes` field at the end of the message, such as the
/// content of a file, takes over their memory: nothing is allocated for it, and at no time is it there twice.
template <message M, std::same_as<std::string> Bytes>
[[nodiscard]] outcome<M> decode(Bytes&& bytes, protobuf_limits const& limits = {}) {
  return detail::decode_message<M>(bytes, limits, &bytes);
}

}  // namespace cwsandbox::inline v1::wire

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/protobuf.ipp>
#endif

#endif
