// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_WIRE_FIELD_HPP
#define CWSANDBOX_WIRE_FIELD_HPP

#include <cwsandbox/config.hpp>

#include <cwsandbox/wire/string_map.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

/// \file
/// How a message describes itself to the codecs.
///
/// Each message `M` has a `descriptor<M>` with its full protobuf name and its field table. The
/// table is a function that passes all entries to a visitor at once, so that a table costs nothing
/// until it is used:
///
///     descriptor<M>::fields([](auto const&... entry) { return sizeof...(entry); })
///
/// A message without fields calls the visitor with nothing.
///
/// Each entry is a `field_entry`: number, names, member, and as compile-time constants what kind of
/// value the field has and when it counts as present. A codec needs no more than `present()`,
/// `mutate()` and `get()`.
///
/// Each enum `E` has an `enum_descriptor<E>` with its full protobuf name and the names of its
/// values. Enums are open: a number that this version does not know is kept as it is.

namespace cwsandbox::inline v1::wire {

/// The field table of a message; specialized beside each message.
template <class Message>
struct descriptor;

/// The value table of an enum; specialized beside each enum.
template <class Enum>
struct enum_descriptor;

/// A struct that has a field table.
template <class T>
concept message = requires {
  descriptor<T>::name;
};

/// An enum that has a value table.
template <class T>
concept enumeration = std::is_enum_v<T> && requires {
  enum_descriptor<T>::name;
};

/// The protobuf type of one value of a field. `string` and `bytes` are both `std::string` in C++;
/// JSON carries the latter as base64. `map` is always `map<string, string>`.
enum class field_kind : std::uint8_t {
  boolean,
  int32,
  int64,
  uint32,
  uint64,
  string,
  bytes,
  enumeration,
  message,
  map,
};

/// How often a field occurs, and when it counts as present.
enum class field_label : std::uint8_t {
  implicit,  ///< present when it is not zero, false or empty
  optional,  ///< a `std::optional` member: present when it holds a value
  repeated,  ///< a `std::vector` or `string_map` member
  oneof,     ///< an alternative of a `std::variant` member: present when it is the active one
};

}  // namespace cwsandbox::inline v1::wire

namespace cwsandbox::inline v1::detail {

template <class T>
struct wire_member_traits {
  using value_type = T;
  static constexpr wire::field_label label = wire::field_label::implicit;
};
template <class T>
struct wire_member_traits<std::optional<T>> {
  using value_type = T;
  static constexpr wire::field_label label = wire::field_label::optional;
};
template <class T>
struct wire_member_traits<std::vector<T>> {
  using value_type = T;
  static constexpr wire::field_label label = wire::field_label::repeated;
};
template <>
struct wire_member_traits<wire::string_map> {
  using value_type = wire::string_map::value_type;
  static constexpr wire::field_label label = wire::field_label::repeated;
};

template <class T>
consteval wire::field_kind wire_kind_of() {
  if constexpr (std::is_same_v<T, bool>) {
    return wire::field_kind::boolean;
  } else if constexpr (std::is_same_v<T, std::int32_t>) {
    return wire::field_kind::int32;
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    return wire::field_kind::int64;
  } else if constexpr (std::is_same_v<T, std::uint32_t>) {
    return wire::field_kind::uint32;
  } else if constexpr (std::is_same_v<T, std::uint64_t>) {
    return wire::field_kind::uint64;
  } else if constexpr (std::is_same_v<T, std::string>) {
    return wire::field_kind::string;
  } else if constexpr (std::is_same_v<T, wire::string_map::value_type>) {
    return wire::field_kind::map;
  } else if constexpr (std::is_enum_v<T>) {
    return wire::field_kind::enumeration;
  } else {
    static_assert(wire::message<T>,
                  "the member of a wire message has a type that no field kind stands for");
    return wire::field_kind::message;
  }
}

}  // namespace cwsandbox::inline v1::detail

namespace cwsandbox::inline v1::wire {

/// One entry of a field table.
///
/// \tparam Owner the message
/// \tparam Member the type of its member
/// \tparam Value the type of one value: what a vector, an optional or the alternative holds
/// \tparam Kind the protobuf type of one value
/// \tparam Label how often the field occurs
/// \tparam Alternative for a oneof the index in the variant, else 0
template <class Owner,
          class Member,
          class Value,
          field_kind Kind,
          field_label Label,
          std::size_t Alternative = 0>
struct field_entry {
  using owner_type = Owner;
  using member_type = Member;
  using value_type = Value;
  static constexpr field_kind kind = Kind;
  static constexpr field_label label = Label;
  static constexpr std::size_t alternative = Alternative;

  std::uint32_t number;        ///< protobuf field number
  std::string_view name;       ///< name in the schema: `sandbox_id`
  std::string_view json_name;  ///< name in JSON: `sandboxId`
  Member Owner::*member;

  /// The member that holds the field; of a oneof, the variant that it shares with its siblings.
  [[nodiscard]] constexpr Member const& get(Owner const& owner) const noexcept {
    return owner.*member;
  }
  [[nodiscard]] constexpr Member& get(Owner& owner) const noexcept { return owner.*member; }

  /// The value of a singular field, or null when the field is not to be sent.
  [[nodiscard]] constexpr Value const* present(Owner const& owner) const noexcept
      requires(Label != field_label::repeated) {
    Member const& held = owner.*member;
    if constexpr (Label == field_label::oneof) {
      return std::get_if<Alternative>(&held);
    } else if constexpr (Label == field_label::optional) {
      return held ? &*held : nullptr;
    } else if constexpr (std::is_same_v<Value, std::string>) {
      return held.empty() ? nullptr : &held;
    } else {
      return held == Value{} ? nullptr : &held;
    }
  }

  /// Makes a singular field present and returns its value to be set. A value that is there stays,
  /// so that a message which arrives in pieces is merged; another alternative of the same oneof is
  /// dropped.
  [[nodiscard]] constexpr Value& mutate(Owner& owner) const
      requires(Label != field_label::repeated) {
    Member& held = owner.*member;
    if constexpr (Label == field_label::oneof) {
      if (auto* const value = std::get_if<Alternative>(&held)) return *value;
      return held.template emplace<Alternative>();
    } else if constexpr (Label == field_label::optional) {
      if (!held) held.emplace();
      return *held;
    } else {
      return held;
    }
  }
};

/// An entry whose kind and label follow from the type of the member.
template <class Owner, class Member>
[[nodiscard]] constexpr auto field(std::uint32_t number,
                                   std::string_view name,
                                   std::string_view json_name,
                                   Member Owner::*member) noexcept {
  using traits = detail::wire_member_traits<Member>;
  using value = typename traits::value_type;
  return field_entry<Owner, Member, value, detail::wire_kind_of<value>(), traits::label>{
      number, name, json_name, member};
}
/// The same for a name that JSON spells alike.
template <class Owner, class Member>
[[nodiscard]] constexpr auto field(std::uint32_t number,
                                   std::string_view name,
                                   Member Owner::*member) noexcept {
  return field(number, name, name, member);
}

/// An entry for a `bytes` field, which the type of the member does not tell from a `string`.
template <class Owner>
[[nodiscard]] constexpr auto bytes_field(std::uint32_t number,
                                         std::string_view name,
                                         std::string Owner::*member) noexcept {
  return field_entry<Owner, std::string, std::string, field_kind::bytes, field_label::implicit>{
      number, name, name, member};
}

/// An entry for one alternative of a oneof. Index 0 of the variant is `std::monostate`: nothing is
/// set.
template <std::size_t Alternative, class Owner, class Variant>
[[nodiscard]] constexpr auto oneof_field(std::uint32_t number,
                                         std::string_view name,
                                         std::string_view json_name,
                                         Variant Owner::*member) noexcept {
  using value = std::variant_alternative_t<Alternative, Variant>;
  return field_entry<Owner,
                     Variant,
                     value,
                     detail::wire_kind_of<value>(),
                     field_label::oneof,
                     Alternative>{number, name, json_name, member};
}
/// The same for a name that JSON spells alike.
template <std::size_t Alternative, class Owner, class Variant>
[[nodiscard]] constexpr auto oneof_field(std::uint32_t number,
                                         std::string_view name,
                                         Variant Owner::*member) noexcept {
  return oneof_field<Alternative>(number, name, name, member);
}

/// An entry for one alternative of a oneof that is of type `bytes`.
template <std::size_t Alternative, class Owner, class Variant>
[[nodiscard]] constexpr auto oneof_bytes_field(std::uint32_t number,
                                               std::string_view name,
                                               Variant Owner::*member) noexcept {
  static_assert(std::is_same_v<std::variant_alternative_t<Alternative, Variant>, std::string>);
  return field_entry<Owner,
                     Variant,
                     std::string,
                     field_kind::bytes,
                     field_label::oneof,
                     Alternative>{number, name, name, member};
}

/// How many fields a message has in the schema.
template <message Message>
[[nodiscard]] consteval std::size_t field_count() {
  return descriptor<Message>::fields([](auto const&... entry) { return sizeof...(entry); });
}

/// Calls `f(entry)` for each field of a message, in the order of the schema.
template <message Message, class Function>
constexpr void for_each_field(Function&& f) {
  descriptor<Message>::fields([&f](auto const&... entry) { (static_cast<void>(f(entry)), ...); });
}

/// Calls `f(entry, member)` for each field of a message, in the order of the schema.
template <class Message, class Function>
requires message<std::remove_const_t<Message>>
constexpr void for_each_field(Message& message, Function&& f) {
  descriptor<std::remove_const_t<Message>>::fields(
      [&](auto const&... entry) { (static_cast<void>(f(entry, entry.get(message))), ...); });
}

/// One value of an enum with its name in the schema.
template <class Enum>
struct enum_value {
  Enum value{};
  std::string_view name{};
};

/// The name of a value in the schema, such as `STATE_RUNNING`; empty when this version does not
/// know it.
template <enumeration Enum>
[[nodiscard]] constexpr std::string_view enum_name(Enum value) noexcept {
  for (auto const& entry : enum_descriptor<Enum>::values) {
    if (entry.value == value) return entry.name;
  }
  return {};
}

/// The value with a name of the schema; nothing when this version does not know it.
template <enumeration Enum>
[[nodiscard]] constexpr std::optional<Enum> enum_from_name(std::string_view name) noexcept {
  for (auto const& entry : enum_descriptor<Enum>::values) {
    if (entry.name == name) return entry.value;
  }
  return std::nullopt;
}

/// A list of types, to name many messages at once.
template <class... T>
struct type_list {
  static constexpr std::size_t size = sizeof...(T);
};

}  // namespace cwsandbox::inline v1::wire

#endif
