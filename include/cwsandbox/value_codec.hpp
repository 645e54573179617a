// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_VALUE_CODEC_HPP
#define CWSANDBOX_VALUE_CODEC_HPP

/// \file
/// C++ values as JSON and back: what the arguments and results of remote functions go through. Needs simdjson to link.
///
/// `value_codec<T>` is the one customization point. It is there for `bool`, integers, `float` and `double`,
/// `std::string`, `std::optional`, `std::vector`, `std::array`, `std::map` and `std::unordered_map` with text keys,
/// `std::tuple`, `std::pair`, `json`, and for any struct whose members `CWSANDBOX_FIELDS` names; for anything else it
/// may be specialized. Nothing is changed on the way: a value that JSON cannot hold, or the type cannot, is an error
/// that says where it stands. (contract: options 5)

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/json_read.hpp>
#include <cwsandbox/outcome.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace cwsandbox::inline v1 {

class value_writer;
class value_reader;

/// How a type becomes JSON and is made from it. To teach the library a type, specialize it:
///
///     template <>
///     struct cwsandbox::value_codec<my_date> {
///       static void encode(value_writer& out, my_date const& d) { out.text(d.iso()); }
///       static bool decode(value_reader& in, my_date& d) {
///         std::string text;
///         return in.read(text) && (d.parse(text) || in.fail("must be a date"));
///       }
///     };
///
/// A type that is only sent needs no `decode`, one that only comes back no `encode`.
template <class T>
struct value_codec;

/// One member of a struct: its name in JSON and where it is.
template <class C, class M>
struct value_field {
  std::string_view name;
  M C::*member;
};
template <std::size_t N, class C, class M>
value_field(char const (&)[N], M C::*) -> value_field<C, M>;

/// The members of a struct that travel. `CWSANDBOX_FIELDS` specializes it; by hand, to give members other names:
///
///     template <>
///     struct cwsandbox::value_fields<point> {
///       static constexpr auto list() {
///         return std::tuple{value_field{"left", &point::x}, value_field{"top", &point::y}};
///       }
///     };
template <class T>
struct value_fields;

/// JSON text as it is, for values without a C++ type of their own.
struct json {
  std::string text = "null";

  friend bool operator==(json const&, json const&) = default;
};

template <class T>
concept encodable = requires(value_writer& out, T const& value) {
  value_codec<T>::encode(out, value);
};
template <class T>
concept decodable = std::default_initializable<T> && requires(value_reader& in, T& value) {
  { value_codec<T>::decode(in, value) } -> std::same_as<bool>;
};

/// Writes one value as JSON. What is called after a failure does nothing.
class value_writer {
 public:
  /// Appends to `out`, which must live longer.
  explicit value_writer(std::string& out) noexcept : out_{&out} {}

  CWSANDBOX_DECL void null();
  CWSANDBOX_DECL void boolean(bool value);
  CWSANDBOX_DECL void number(std::int64_t value);
  CWSANDBOX_DECL void number(std::uint64_t value);
  /// Always with a fraction or an exponent, so that it stays a floating-point number on the other side. NaN and
  /// infinities are failures.
  CWSANDBOX_DECL void number(double value);
  CWSANDBOX_DECL void number(float value);
  /// What is not UTF-8 is a failure.
  CWSANDBOX_DECL void text(std::string_view value);
  /// What is not JSON is a failure.
  CWSANDBOX_DECL void raw(json const& value);

  /// A value by its codec.
  template <class T>
  void value(T const& value) {
    static_assert(encodable<T>,
                  "cwsandbox: a value of this type cannot be encoded: name its members with "
                  "CWSANDBOX_FIELDS, or specialize cwsandbox::value_codec for it");
    if (!failed()) value_codec<T>::encode(*this, value);
  }

  void begin_list() { begin('['); }
  template <class T>
  void element(T const& item) {
    if (failed()) return;
    auto const index = next();
    value(item);
    if (failed()) failed_at(index);
  }
  void end_list() { end(']'); }

  void begin_object() { begin('{'); }
  template <class T>
  void member(std::string_view name, T const& item) {
    if (failed()) return;
    key(name);
    if (!failed()) value(item);
    if (failed()) failed_at(name);
  }
  void end_object() { end('}'); }

  /// The value cannot be written. The first failure counts.
  CWSANDBOX_DECL void fail(std::string why);
  [[nodiscard]] bool failed() const noexcept { return why_.has_value(); }
  /// Why it failed. Precondition: `failed()`.
  [[nodiscard]] std::string const& why() const noexcept { return *why_; }
  /// The way from the value to the part that failed, e.g. `[0]['a']`; empty when it is the value itself.
  [[nodiscard]] std::string const& path() const noexcept { return path_; }

 private:
  CWSANDBOX_DECL void begin(char bracket);
  CWSANDBOX_DECL void end(char bracket);
  CWSANDBOX_DECL std::size_t next();
  CWSANDBOX_DECL void key(std::string_view name);
  CWSANDBOX_DECL void failed_at(std::size_t index);
  CWSANDBOX_DECL void failed_at(std::string_view name);

  std::string* out_;
  std::vector<std::size_t> counts_{};
  std::optional<std::string> why_{};
  std::string path_{};
};

/// Reads one value from JSON, once. All members give false on failure; then the codec must give false too.
class value_reader {
 public:
  value_reader(detail::json_input& in, detail::json_value& from) noexcept
      : in_{&in}, from_{&from} {}

  [[nodiscard]] CWSANDBOX_DECL bool is_null() const noexcept;
  CWSANDBOX_DECL bool read(bool& value);
  /// A number without a fraction that is not zero.
  CWSANDBOX_DECL bool read(std::int64_t& value);
  CWSANDBOX_DECL bool read(std::uint64_t& value);
  /// Refuses an integer that a `double` does not hold exactly.
  CWSANDBOX_DECL bool read(double& value);
  CWSANDBOX_DECL bool read(std::string& value);
  /// Any value, without blanks between its parts.
  CWSANDBOX_DECL bool read(json& value);
  CWSANDBOX_DECL bool read_null();

  /// A value by its codec.
  template <class T>
  bool value(T& into) {
    static_assert(decodable<T>,
                  "cwsandbox: a value of this type cannot be decoded: name its members with "
                  "CWSANDBOX_FIELDS, or specialize cwsandbox::value_codec for it");
    return value_codec<T>::decode(*this, into);
  }

  /// Calls `f(value_reader&)` with each element of a list; it must read it and say whether it could.
  template <class F>
  bool each_element(F&& f) {
    return elements(&f, [](void* target, std::string_view, value_reader& item) -> bool {
      return (*static_cast<std::remove_reference_t<F>*>(target))(item);
    });
  }
  /// Calls `f(std::string_view name, value_reader&)` with each member of an object.
  template <class F>
  bool each_member(F&& f) {
    return members(&f, [](void* target, std::string_view name, value_reader& item) -> bool {
      return (*static_cast<std::remove_reference_t<F>*>(target))(name, item);
    });
  }
  /// Reads over a value that nobody wants.
  CWSANDBOX_DECL bool skip();

  /// The value is not what it must be; gives false.
  CWSANDBOX_DECL bool fail(std::string why);
  /// The same, with what stands there.
  CWSANDBOX_DECL bool fail_with_value(std::string_view why);

 private:
  using callback = bool (*)(void* target, std::string_view name, value_reader& item);
  CWSANDBOX_DECL bool elements(void* target, callback call);
  CWSANDBOX_DECL bool members(void* target, callback call);

  detail::json_input* in_;
  detail::json_value* from_;
};

namespace detail {

/// Integers of every size, but no characters.
template <class T>
concept number_like_integer =
    std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char> &&
    !std::same_as<T, wchar_t> && !std::same_as<T, char8_t> && !std::same_as<T, char16_t> &&
    !std::same_as<T, char32_t>;

template <class T>
concept has_value_fields = requires { value_fields<T>::list(); };

template <class T>
inline constexpr bool is_optional_value = false;
template <class T>
inline constexpr bool is_optional_value<std::optional<T>> = true;

/// Reads a list of exactly as many elements as there are places.
template <class... V>
bool decode_places(value_reader& in, V&... places) {
  std::size_t index = 0;
  bool const read = in.each_element([&](value_reader& item) {
    std::size_t at = 0;
    bool fits = false;
    bool done = true;
    ((at++ == index ? (fits = true, done = item.value(places), 0) : 0), ...);
    ++index;
    return fits ? done : item.skip();
  });
  if (!read) return false;
  return index == sizeof...(V) ||
         in.fail("must be a list of " + std::to_string(sizeof...(V)) + ", not of " +
                 std::to_string(index));
}

template <class Map>
struct map_codec {
  static_assert(std::same_as<typename Map::key_type, std::string>,
                "cwsandbox: the keys of a map must be std::string, because JSON has no others");
  static void encode(value_writer& out, Map const& map) {
    out.begin_object();
    for (auto const& [name, item] : map) out.member(name, item);
    out.end_object();
  }
  static bool decode(value_reader& in, Map& map) {
    map.clear();
    return in.each_member([&](std::string_view name, value_reader& item) {
      typename Map::mapped_type value{};
      if (!item.value(value)) return false;
      map.insert_or_assign(std::string{name}, std::move(value));
      return true;
    });
  }
};

/// Reads the only value of a text.
using value_decode = bool (*)(void* target, value_reader& in);
[[nodiscard]] CWSANDBOX_DECL std::optional<std::string> decode_text(std::string_view text,
                                                                    void* target,
                                                                    value_decode decode);

/// Why the text is not a T, or nothing.
template <class T>
[[nodiscard]] std::optional<std::string> decode_value(std::string_view text, T& into) {
  return decode_text(text, &into, [](void* target, value_reader& in) -> bool {
    return in.value(*static_cast<T*>(target));
  });
}

}  // namespace detail

template <>
struct value_codec<bool> {
  static void encode(value_writer& out, bool value) { out.boolean(value); }
  static bool decode(value_reader& in, bool& value) { return in.read(value); }
};

template <detail::number_like_integer T>
struct value_codec<T> {
  using widest = std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>;
  static void encode(value_writer& out, T value) { out.number(static_cast<widest>(value)); }
  static bool decode(value_reader& in, T& value) {
    widest wide{};
    if (!in.read(wide)) return false;
    if (!std::in_range<T>(wide))
      return in.fail_with_value("does not fit into " + std::to_string(sizeof(T) * 8) + " bits");
    value = static_cast<T>(wide);
    return true;
  }
};

template <>
struct value_codec<double> {
  static void encode(value_writer& out, double value) { out.number(value); }
  static bool decode(value_reader& in, double& value) { return in.read(value); }
};
/// Read to the nearest `float`.
template <>
struct value_codec<float> {
  static void encode(value_writer& out, float value) { out.number(value); }
  static bool decode(value_reader& in, float& value) {
    double wide{};
    if (!in.read(wide)) return false;
    constexpr double most = std::numeric_limits<float>::max();
    if (wide > most || wide < -most) return in.fail_with_value("does not fit into a float");
    value = static_cast<float>(wide);
    return true;
  }
};

template <>
struct value_codec<std::string> {
  static void encode(value_writer& out, std::string const& value) { out.text(value); }
  static bool decode(value_reader& in, std::string& value) { return in.read(value); }
};
template <>
struct value_codec<std::string_view> {
  static void encode(value_writer& out, std::string_view value) { out.text(value); }
};
template <>
struct value_codec<char const*> {
  static void encode(value_writer& out, char const* value) { out.text(value); }
};
template <>
struct value_codec<json> {
  static void encode(value_writer& out, json const& value) { out.raw(value); }
  static bool decode(value_reader& in, json& value) { return in.read(value); }
};
template <>
struct value_codec<std::nullptr_t> {
  static void encode(value_writer& out, std::nullptr_t) { out.null(); }
  static bool decode(value_reader& in, std::nullptr_t&) { return in.read_null(); }
};

/// Empty is `null`.
template <class T>
struct value_codec<std::optional<T>> {
  static void encode(value_writer& out, std::optional<T> const& value) {
    if (value)
      out.value(*value);
    else
      out.null();
  }
  static bool decode(value_reader& in, std::optional<T>& value) {
    value.reset();
    return in.is_null() ? in.read_null() : in.value(value.emplace());
  }
};

template <class T, class Allocator>
struct value_codec<std::vector<T, Allocator>> {
  static void encode(value_writer& out, std::vector<T, Allocator> const& list) {
    out.begin_list();
    for (auto const& item : list) out.element(static_cast<T const&>(item));
    out.end_list();
  }
  static bool decode(value_reader& in, std::vector<T, Allocator>& list) {
    list.clear();
    return in.each_element([&](value_reader& item) {
      if constexpr (std::same_as<T, bool>) {
        bool value{};
        if (!item.value(value)) return false;
        list.push_back(value);
        return true;
      } else {
        return item.value(list.emplace_back());
      }
    });
  }
};

template <class T, std::size_t N>
struct value_codec<std::array<T, N>> {
  static void encode(value_writer& out, std::array<T, N> const& list) {
    out.begin_list();
    for (auto const& item : list) out.element(item);
    out.end_list();
  }
  static bool decode(value_reader& in, std::array<T, N>& list) {
    std::size_t count = 0;
    bool const read = in.each_element([&](value_reader& item) {
      return count++ < N ? item.value(list[count - 1]) : item.skip();
    });
    if (!read) return false;
    return count == N || in.fail("must be a list of " + std::to_string(N) + ", not of " +
                                 std::to_string(count));
  }
};

template <class K, class V, class Less, class Allocator>
struct value_codec<std::map<K, V, Less, Allocator>>
    : detail::map_codec<std::map<K, V, Less, Allocator>> {};
template <class K, class V, class Hash, class Equal, class Allocator>
struct value_codec<std::unordered_map<K, V, Hash, Equal, Allocator>>
    : detail::map_codec<std::unordered_map<K, V, Hash, Equal, Allocator>> {};

/// A list with one element for each part.
template <class... V>
struct value_codec<std::tuple<V...>> {
  static void encode(value_writer& out, std::tuple<V...> const& value) {
    out.begin_list();
    std::apply([&](auto const&... part) { (out.element(part), ...); }, value);
    out.end_list();
  }
  static bool decode(value_reader& in, std::tuple<V...>& value) {
    return std::apply([&](auto&... part) { return detail::decode_places(in, part...); }, value);
  }
};
template <class A, class B>
struct value_codec<std::pair<A, B>> {
  static void encode(value_writer& out, std::pair<A, B> const& value) {
    out.begin_list();
    out.element(value.first);
    out.element(value.second);
    out.end_list();
  }
  static bool decode(value_reader& in, std::pair<A, B>& value) {
    return detail::decode_places(in, value.first, value.second);
  }
};

/// An object with the named members. Reading ignores others; one that is missing is an error unless it is optional.
template <detail::has_value_fields T>
struct value_codec<T> {
  static void encode(value_writer& out, T const& value) {
    out.begin_object();
    std::apply([&](auto const&... field) { (out.member(field.name, value.*field.member), ...); },
               value_fields<T>::list());
    out.end_object();
  }
  static bool decode(value_reader& in, T& value) {
    constexpr auto fields = value_fields<T>::list();
    std::array<bool, std::tuple_size_v<decltype(fields)>> seen{};
    bool const read = in.each_member([&](std::string_view name, value_reader& item) {
      std::size_t index = 0;
      bool known = false;
      bool done = true;
      auto const look = [&](auto const& field) {
        if (!known && field.name == name) {
          known = seen[index] = true;
          done = item.value(value.*field.member);
        }
        ++index;
      };
      std::apply([&](auto const&... field) { (look(field), ...); }, fields);
      return known ? done : item.skip();
    });
    if (!read) return false;
    std::size_t index = 0;
    std::string_view missing;
    auto const check = [&](auto const& field) {
      using member = std::remove_cvref_t<decltype(value.*field.member)>;
      if (!seen[index++] && !detail::is_optional_value<member> && missing.empty())
        missing = field.name;
    };
    std::apply([&](auto const&... field) { (check(field), ...); }, fields);
    return missing.empty() || in.fail("the member '" + std::string{missing} + "' is missing");
  }
};

/// A value as JSON text. Throws `invalid_argument` for one that JSON cannot hold.
template <class T>
[[nodiscard]] std::string value_to_json(T const& value) {
  std::string text;
  value_writer writer{text};
  if constexpr (std::is_array_v<T>)  // a string literal
    writer.value(static_cast<char const*>(value));
  else
    writer.value(value);
  if (writer.failed())
    invalid_argument_error("value" + writer.path(), "",
                           "cannot be written as JSON: " + writer.why())
        .raise();
  return text;
}

/// The value that a JSON text holds, or an error of kind `function` that says where it is not a `T`.
template <class T>
[[nodiscard]] outcome<T> value_from_json(std::string_view text) {
  T value{};
  if (auto why = detail::decode_value(text, value))
    return make_error(error_kind::function, "cannot read the value from JSON: " + *why);
  return value;
}

}  // namespace cwsandbox::inline v1

// The members of a struct by their names, up to a few hundred; stands in the global namespace:
//
//     struct point { int x = 0; int y = 0; };
//     CWSANDBOX_FIELDS(point, x, y);
#define CWSANDBOX_FIELDS(Type, ...)                                                           \
  template <>                                                                                 \
  struct cwsandbox::value_fields<Type> {                                                      \
    static constexpr auto list() {                                                            \
      return std::tuple{__VA_OPT__(CWSANDBOX_DETAIL_EXPAND(                                   \
          CWSANDBOX_DETAIL_EACH_FIELD(Type, __VA_ARGS__)))};                                  \
    }                                                                                         \
  }
#define CWSANDBOX_DETAIL_PARENTHESES ()
#define CWSANDBOX_DETAIL_EXPAND(...) \
  CWSANDBOX_DETAIL_EXPAND_3(CWSANDBOX_DETAIL_EXPAND_3(CWSANDBOX_DETAIL_EXPAND_3(__VA_ARGS__)))
#define CWSANDBOX_DETAIL_EXPAND_3(...) \
  CWSANDBOX_DETAIL_EXPAND_2(CWSANDBOX_DETAIL_EXPAND_2(CWSANDBOX_DETAIL_EXPAND_2(__VA_ARGS__)))
#define CWSANDBOX_DETAIL_EXPAND_2(...) \
  CWSANDBOX_DETAIL_EXPAND_1(CWSANDBOX_DETAIL_EXPAND_1(CWSANDBOX_DETAIL_EXPAND_1(__VA_ARGS__)))
#define CWSANDBOX_DETAIL_EXPAND_1(...) \
  CWSANDBOX_DETAIL_EXPAND_0(CWSANDBOX_DETAIL_EXPAND_0(CWSANDBOX_DETAIL_EXPAND_0(__VA_ARGS__)))
#define CWSANDBOX_DETAIL_EXPAND_0(...) __VA_ARGS__
#define CWSANDBOX_DETAIL_EACH_FIELD(Type, member, ...)                 \
  ::cwsandbox::value_field{#member, &Type::member} __VA_OPT__(         \
      , CWSANDBOX_DETAIL_EACH_FIELD_AGAIN CWSANDBOX_DETAIL_PARENTHESES(Type, __VA_ARGS__))
#define CWSANDBOX_DETAIL_EACH_FIELD_AGAIN() CWSANDBOX_DETAIL_EACH_FIELD

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/value_codec.ipp>
#endif

#endif
