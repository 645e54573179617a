// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TESTS_SUPPORT_RANDOM_MESSAGE_HPP
#define CWSANDBOX_TESTS_SUPPORT_RANDOM_MESSAGE_HPP

#include <cwsandbox/wire/field.hpp>
#include <cwsandbox/wire/timestamp.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <type_traits>

// Wire messages with random contents, the same for the same seed everywhere: values at the edges of their types,
// present defaults, unknown enum numbers, long and short texts of all planes of Unicode.

namespace test_support {

class random_source {
 public:
  explicit random_source(std::uint64_t seed) : engine_{seed} {}

  // The distributions of the standard library differ between its implementations.
  std::uint64_t bits() { return engine_(); }
  std::size_t below(std::size_t count) { return static_cast<std::size_t>(bits() % count); }
  bool chance(unsigned percent) { return bits() % 100 < percent; }

  template <class T>
  T number() {
    using limits = std::numeric_limits<T>;
    switch (below(6)) {
      case 0:
        return limits::max();
      case 1:
        return limits::min();
      case 2:
        return static_cast<T>(below(3));
      case 3:
        return static_cast<T>(static_cast<T>(0) - static_cast<T>(below(200)));
      default:
        return static_cast<T>(bits() >> below(64));
    }
  }

  std::string bytes() {
    std::string result(length(), '\0');
    for (char& c : result) c = static_cast<char>(bits() & 0xffU);
    return result;
  }

  std::string text() {
    static constexpr std::string_view characters[] = {
        "a", "Z", "_", "0", " ", "\"", "\\", "/", "\n", "\t", "\x01", "\x7f", "<",
        "\xc3\xa9", "\xe2\x82\xac", "\xe2\x80\xa8", "\xed\x9f\xbf", "\xef\xbf\xbd",
        "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf", {"\0", 1}};
    std::string result;
    for (auto left = length(); left != 0; --left) {
      // mostly letters, so that texts have runs of ASCII
      if (chance(70)) {
        result += static_cast<char>('a' + below(26));
      } else {
        result += characters[below(std::size(characters))];
      }
    }
    return result;
  }

 private:
  std::size_t length() {
    switch (below(8)) {
      case 0:
        return 0;
      case 1:
        return 120 + below(16);  // where a length needs a second byte
      case 2:
        return below(1000);
      default:
        return below(24);
    }
  }

  std::mt19937_64 engine_;
};

struct random_options {
  // Only what JSON can carry: times inside their ranges, field masks of names.
  bool for_json = false;
  // How likely a field is set, in percent.
  unsigned fill = 60;
};

template <cwsandbox::wire::message M>
M random_message(random_source& random, random_options const& options = {});

template <cwsandbox::wire::field_kind Kind, class T>
T random_value(random_source& random, random_options const& options) {
  using cwsandbox::wire::field_kind;
  if constexpr (Kind == field_kind::string) {
    return random.text();
  } else if constexpr (Kind == field_kind::bytes) {
    return random.bytes();
  } else if constexpr (Kind == field_kind::message) {
    return random_message<T>(random, options);
  } else if constexpr (Kind == field_kind::boolean) {
    return random.chance(50);
  } else if constexpr (Kind == field_kind::enumeration) {
    auto const& values = cwsandbox::wire::enum_descriptor<T>::values;
    if (random.chance(85)) return values[random.below(std::size(values))].value;
    return static_cast<T>(random.number<std::int32_t>());
  } else {
    return random.number<T>();
  }
}

template <cwsandbox::wire::message M>
M random_message(random_source& random, random_options const& options) {
  namespace wire = cwsandbox::wire;
  M message{};
  if (options.for_json) {
    if constexpr (std::is_same_v<M, wire::Timestamp>) {
      // the years 1 to 9999
      message.seconds = static_cast<std::int64_t>(random.below(315537897600U)) - 62135596800;
      message.nanos = static_cast<std::int32_t>(random.below(1'000'000'000));
      if (random.chance(50)) message.nanos -= message.nanos % 1'000'000;
      return message;
    } else if constexpr (std::is_same_v<M, wire::Duration>) {
      message.seconds = static_cast<std::int64_t>(random.below(315576000000U));
      message.nanos = static_cast<std::int32_t>(random.below(1'000'000'000));
      if (random.chance(50)) message.nanos -= message.nanos % 1'000'000;
      if (random.chance(50)) {
        message.seconds = -message.seconds;
        message.nanos = -message.nanos;
      }
      return message;
    } else if constexpr (std::is_same_v<M, wire::FieldMask>) {
      static constexpr std::string_view paths[] = {"spec", "spec.tags", "display_name",
                                                   "status.state_reason", "a_b_c.d"};
      for (auto count = random.below(4); count != 0; --count) {
        message.paths.emplace_back(paths[random.below(std::size(paths))]);
      }
      return message;
    }
  }
  wire::for_each_field(message, [&]<class Entry>(Entry const& entry, auto& member) {
    using value_type = typename Entry::value_type;
    if constexpr (Entry::kind == wire::field_kind::map) {
      if (!random.chance(options.fill)) return;
      // some maps with more keys than a decoder looks through
      auto const count = random.chance(5) ? 40 : random.below(5);
      for (std::size_t i = 0; i != count; ++i) {
        auto key = random.text();
        member.insert_or_assign(std::move(key), random.text());
      }
    } else if constexpr (Entry::label == wire::field_label::repeated) {
      if (!random.chance(options.fill)) return;
      for (auto count = random.below(4); count != 0; --count) {
        member.push_back(random_value<Entry::kind, value_type>(random, options));
      }
    } else {
      if (!random.chance(options.fill)) return;
      entry.mutate(message) = random_value<Entry::kind, value_type>(random, options);
    }
  });
  return message;
}

}  // namespace test_support

#endif
