// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_JSON_TEXT_IPP
#define CWSANDBOX_IMPL_JSON_TEXT_IPP

#include <cwsandbox/detail/json_text.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <limits>
#include <utility>

namespace cwsandbox::inline v1::detail {

inline constexpr std::int64_t json_giga = 1'000'000'000;
// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z.
inline constexpr std::int64_t json_first_second = -62'135'596'800;
inline constexpr std::int64_t json_last_second = 253'402'300'799;
inline constexpr std::int64_t json_longest_seconds = 315'576'000'000;

constexpr bool json_is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

template <class Integer>
void append_json_number(std::string& out, Integer number) {
  char text[20];
  auto const end = std::to_chars(std::begin(text), std::end(text), number).ptr;
  out.append(text, static_cast<std::size_t>(end - text));
}

CWSANDBOX_DECL void append_text(std::string& out, std::int64_t number) {
  append_json_number(out, number);
}
CWSANDBOX_DECL void append_text(std::string& out, std::uint64_t number) {
  append_json_number(out, number);
}

inline void append_json_digits(std::string& out, std::uint32_t number, std::size_t width) {
  char text[10];
  for (std::size_t i = width; i-- > 0; number /= 10) {
    text[i] = static_cast<char>('0' + number % 10);
  }
  out.append(text, width);
}

inline void append_json_fraction(std::string& out, std::uint32_t nanos) {
  if (nanos == 0) return;
  out += '.';
  if (nanos % 1'000'000 == 0) {
    append_json_digits(out, nanos / 1'000'000, 3);
  } else if (nanos % 1'000 == 0) {
    append_json_digits(out, nanos / 1'000, 6);
  } else {
    append_json_digits(out, nanos, 9);
  }
}

CWSANDBOX_DECL void append_text(std::string& out, wire::Timestamp const& time) {
  // Far outside first, so that the rest cannot overflow.
  std::int64_t seconds = std::clamp(time.seconds, json_first_second - 4, json_last_second + 4);
  std::int64_t nanos = time.nanos;
  seconds += nanos / json_giga;
  nanos %= json_giga;
  if (nanos < 0) {
    nanos += json_giga;
    --seconds;
  }
  if (seconds < json_first_second) {
    seconds = json_first_second;
    nanos = 0;
  } else if (seconds > json_last_second) {
    seconds = json_last_second;
    nanos = json_giga - 1;
  }

  std::chrono::sys_seconds const point{std::chrono::seconds{seconds}};
  auto const day = std::chrono::floor<std::chrono::days>(point);
  std::chrono::year_month_day const date{day};
  auto const second = static_cast<std::uint32_t>((point - day).count());
  append_json_digits(out, static_cast<std::uint32_t>(static_cast<int>(date.year())), 4);
  out += '-';
  append_json_digits(out, static_cast<unsigned>(date.month()), 2);
  out += '-';
  append_json_digits(out, static_cast<unsigned>(date.day()), 2);
  out += 'T';
  append_json_digits(out, second / 3600, 2);
  out += ':';
  append_json_digits(out, second / 60 % 60, 2);
  out += ':';
  append_json_digits(out, second % 60, 2);
  append_json_fraction(out, static_cast<std::uint32_t>(nanos));
  out += 'Z';
}

CWSANDBOX_DECL void append_text(std::string& out, wire::Duration const& length) {
  std::int64_t seconds =
      std::clamp(length.seconds, -json_longest_seconds - 4, json_longest_seconds + 4);
  std::int64_t nanos = length.nanos;
  seconds += nanos / json_giga;
  nanos %= json_giga;
  if (seconds > 0 && nanos < 0) {
    --seconds;
    nanos += json_giga;
  } else if (seconds < 0 && nanos > 0) {
    ++seconds;
    nanos -= json_giga;
  }
  if (seconds >= json_longest_seconds || seconds <= -json_longest_seconds) {
    seconds = seconds < 0 ? -json_longest_seconds : json_longest_seconds;
    nanos = 0;
  }
  if (seconds < 0 || nanos < 0) out += '-';
  append_text(out, seconds < 0 ? -seconds : seconds);
  append_json_fraction(out, static_cast<std::uint32_t>(nanos < 0 ? -nanos : nanos));
  out += 's';
}

CWSANDBOX_DECL void append_text(std::string& out, wire::FieldMask const& mask) {
  bool first = true;
  for (std::string const& path : mask.paths) {
    if (!std::exchange(first, false)) out += ',';
    for (std::size_t i = 0; i < path.size(); ++i) {
      // An underscore that no capital can stand for stays: readers take it as it is.
      bool const raise =
          path[i] == '_' && i + 1 < path.size() && path[i + 1] >= 'a' && path[i + 1] <= 'z';
      if (raise) ++i;
      out += raise ? static_cast<char>(path[i] - 'a' + 'A') : path[i];
    }
  }
}

/// Takes `count` digits off the front of a text.
inline bool take_json_digits(std::string_view& text, std::size_t count, int& number) noexcept {
  if (text.size() < count) return false;
  number = 0;
  for (char const c : text.substr(0, count)) {
    if (!json_is_digit(c)) return false;
    number = number * 10 + (c - '0');
  }
  text.remove_prefix(count);
  return true;
}

inline bool take_json_char(std::string_view& text, char expected) noexcept {
  if (text.empty() || text.front() != expected) return false;
  text.remove_prefix(1);
  return true;
}

/// Takes a fraction of one to nine digits, or none, off the front of a text.
inline bool take_json_fraction(std::string_view& text, std::int32_t& nanos) noexcept {
  nanos = 0;
  if (!take_json_char(text, '.')) return true;
  std::size_t count = 0;
  while (count < text.size() && json_is_digit(text[count])) ++count;
  if (count == 0 || count > 9) return false;
  for (std::size_t i = 0; i < 9; ++i) nanos = nanos * 10 + (i < count ? text[i] - '0' : 0);
  text.remove_prefix(count);
  return true;
}

CWSANDBOX_DECL bool parse_text(std::string_view text, wire::Timestamp& time) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  std::int32_t nanos = 0;
  bool const read = take_json_digits(text, 4, year) && take_json_char(text, '-') &&
                    take_json_digits(text, 2, month) && take_json_char(text, '-') &&
                    take_json_digits(text, 2, day) && take_json_char(text, 'T') &&
                    take_json_digits(text, 2, hour) && take_json_char(text, ':') &&
                    take_json_digits(text, 2, minute) && take_json_char(text, ':') &&
                    take_json_digits(text, 2, second) && take_json_fraction(text, nanos);
  if (!read || hour > 23 || minute > 59 || second > 59) return false;

  std::int64_t offset = 0;
  if (!take_json_char(text, 'Z')) {
    bool const west = take_json_char(text, '-');
    if (!west && !take_json_char(text, '+')) return false;
    int offset_hour = 0, offset_minute = 0;
    if (!take_json_digits(text, 2, offset_hour) || !take_json_char(text, ':') ||
        !take_json_digits(text, 2, offset_minute) || offset_hour > 23 || offset_minute > 59) {
      return false;
    }
    offset = (offset_hour * 60 + offset_minute) * (west ? -60 : 60);
  }
  if (!text.empty()) return false;

  std::chrono::year_month_day const date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return false;
  std::int64_t const days = std::chrono::sys_days{date}.time_since_epoch().count();
  std::int64_t const seconds = days * 86'400 + hour * 3600 + minute * 60 + second - offset;
  if (seconds < json_first_second || seconds > json_last_second) return false;
  time = {seconds, nanos};
  return true;
}

CWSANDBOX_DECL bool parse_text(std::string_view text, wire::Duration& length) {
  bool const negative = take_json_char(text, '-');
  std::size_t count = 0;
  std::int64_t seconds = 0;
  for (; count < text.size() && json_is_digit(text[count]); ++count) {
    seconds = seconds * 10 + (text[count] - '0');
    if (seconds > json_longest_seconds) return false;
  }
  if (count == 0) return false;
  text.remove_prefix(count);
  std::int32_t nanos = 0;
  if (!take_json_fraction(text, nanos) || text != "s") return false;
  if (seconds == json_longest_seconds && nanos != 0) return false;
  length = negative ? wire::Duration{-seconds, -nanos} : wire::Duration{seconds, nanos};
  return true;
}

CWSANDBOX_DECL bool parse_text(std::string_view text, wire::FieldMask& mask) {
  mask.paths.clear();
  if (text.empty()) return true;
  while (true) {
    std::size_t const comma = text.find(',');
    std::string_view const path = text.substr(0, comma);
    if (path.empty()) return false;
    std::string& name = mask.paths.emplace_back();
    name.reserve(path.size() + 4);
    for (char const c : path) {
      if (c >= 'A' && c <= 'Z') {
        name += '_';
        name += static_cast<char>(c - 'A' + 'a');
      } else {
        name += c;
      }
    }
    if (comma == std::string_view::npos) return true;
    text.remove_prefix(comma + 1);
  }
}

CWSANDBOX_DECL json_integer parse_json_integer(std::string_view text) noexcept {
  constexpr auto max = std::numeric_limits<std::uint64_t>::max();
  json_integer result{json_integer_status::not_a_number, false, 0};
  std::size_t at = 0;
  auto const digit_here = [&] { return at < text.size() && json_is_digit(text[at]); };

  if (at < text.size() && text[at] == '-') {
    result.negative = true;
    ++at;
  }
  if (!digit_here()) return result;

  // The value is magnitude * 10 ^ (zeros - fraction_digits + exponent): zeros at the end are held
  // back, so that `1.000` and `10e-1` are as exact as `1`.
  bool overflow = false;
  std::int64_t zeros = 0;
  std::int64_t fraction_digits = 0;
  auto const times_ten = [&] {
    if (result.magnitude > max / 10) {
      overflow = true;
    } else {
      result.magnitude *= 10;
    }
  };
  auto const add_digit = [&](char c) {
    if (c == '0') {
      ++zeros;
      return;
    }
    if (result.magnitude == 0 && !overflow) zeros = 0;
    for (++zeros; zeros > 0 && !overflow; --zeros) times_ten();
    zeros = 0;
    auto const digit = static_cast<std::uint64_t>(c - '0');
    if (result.magnitude > max - digit) overflow = true;
    if (!overflow) result.magnitude += digit;
  };

  if (text[at] == '0') {
    ++at;
    if (digit_here()) return result;
  } else {
    for (; digit_here(); ++at) add_digit(text[at]);
  }
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (!digit_here()) return result;
    for (; digit_here(); ++at) {
      add_digit(text[at]);
      ++fraction_digits;
    }
  }
  std::int64_t exponent = 0;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    bool down = false;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) down = text[at++] == '-';
    if (!digit_here()) return result;
    // Clamped where no document is long enough to make up for it.
    for (; digit_here(); ++at) {
      exponent = std::min<std::int64_t>(exponent * 10 + (text[at] - '0'), 1'000'000'000'000);
    }
    if (down) exponent = -exponent;
  }
  if (at != text.size()) return result;

  result.status = json_integer_status::ok;
  if (result.magnitude == 0 && !overflow) {
    result.negative = false;
    return result;
  }
  exponent += zeros - fraction_digits;
  if (exponent < 0) {
    result.status = json_integer_status::fraction;
    return result;
  }
  for (; exponent > 0 && !overflow; --exponent) times_ten();
  if (overflow) result.status = json_integer_status::out_of_range;
  return result;
}

}  // namespace cwsandbox::inline v1::detail

#endif
