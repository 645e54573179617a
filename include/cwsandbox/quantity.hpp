// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_QUANTITY_HPP
#define CWSANDBOX_QUANTITY_HPP

#include <cwsandbox/config.hpp>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace cwsandbox::inline v1 {
namespace detail {

constexpr bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace detail

/// The exact value of a quantity text such as `500m`, `1.5Gi` or `1e3`. Compares by value: `1000m`
/// equals `1`.
///
/// Grammar (contract: options 2.1): blanks around it, decimal digits with an optional fraction,
/// then either an exponent or one suffix of `m`, `Ki Mi Gi Ti Pi Ei`, `k M G T P E`. Not negative.
/// Numbers of more than 30 digits on one side of the point or exponents beyond 30 are refused.
class quantity {
 public:
  /// The value of a text, or nothing when it is no quantity.
  static constexpr std::optional<quantity> parse(std::string_view text) {
    text = detail::trim(text);
    auto const whole = take_digits(text);
    if (whole.empty()) return std::nullopt;
    std::string_view fraction;
    if (!text.empty() && text.front() == '.') {
      text.remove_prefix(1);
      fraction = take_digits(text);
      if (fraction.empty()) return std::nullopt;
    }
    auto scale = read_scale(text);
    if (!scale) return std::nullopt;

    auto significant = whole;
    while (!significant.empty() && significant.front() == '0') significant.remove_prefix(1);
    while (!fraction.empty() && fraction.back() == '0') fraction.remove_suffix(1);
    if (significant.size() > max_digits || fraction.size() > max_digits) return std::nullopt;

    quantity result;
    for (char c : significant) result.append_digit(c);
    for (char c : fraction) result.append_digit(c);
    // The value is counted in units of 10^-point, so that every allowed text is a whole number of
    // them.
    for (int i = static_cast<int>(fraction.size()); i < point + scale->decimal; ++i)
      result.multiply_add(10, 0);
    for (int i = 0; i < scale->kibis; ++i) result.multiply_add(1024, 0);
    return result;
  }

  friend constexpr bool operator==(quantity const&, quantity const&) = default;
  friend constexpr std::strong_ordering operator<=>(quantity const& a, quantity const& b) {
    for (std::size_t i = limbs; i-- > 0;)
      if (a.limbs_[i] != b.limbs_[i]) return a.limbs_[i] <=> b.limbs_[i];
    return std::strong_ordering::equal;
  }

 private:
  // 10^60 (digits of both sides) times 10^30 (exponent) times 2^60 (Ei) times 10^63 (the point)
  // fits in 640 bits.
  static constexpr std::size_t limbs = 20;
  static constexpr std::size_t max_digits = 30;
  static constexpr int max_exponent = 30;
  static constexpr int point = 63;

  struct scale {
    int decimal = 0;  // power of ten
    int kibis = 0;    // power of 1024
  };

  static constexpr std::string_view take_digits(std::string_view& text) {
    std::size_t n = 0;
    while (n < text.size() && detail::is_digit(text[n])) ++n;
    auto const digits = text.substr(0, n);
    text.remove_prefix(n);
    return digits;
  }

  static constexpr std::optional<scale> read_scale(std::string_view text) {
    if (text.empty()) return scale{};
    if (text == "m") return scale{-3, 0};
    constexpr std::string_view binary = "KMGTPE";
    constexpr std::string_view decimal = "kMGTPE";
    if (text.size() == 2 && text[1] == 'i') {
      auto const at = binary.find(text[0]);
      if (at == std::string_view::npos) return std::nullopt;
      return scale{0, static_cast<int>(at) + 1};
    }
    if (text.size() == 1) {
      auto const at = decimal.find(text[0]);
      if (at == std::string_view::npos) return std::nullopt;
      return scale{3 * (static_cast<int>(at) + 1), 0};
    }
    if (text.front() != 'e' && text.front() != 'E') return std::nullopt;
    text.remove_prefix(1);
    bool const negative = text.front() == '-';
    if (negative || text.front() == '+') text.remove_prefix(1);
    auto const digits = take_digits(text);
    if (digits.empty() || !text.empty()) return std::nullopt;
    int exponent = 0;
    for (char c : digits) {
      exponent = exponent * 10 + (c - '0');
      if (exponent > max_exponent) return std::nullopt;
    }
    return scale{negative ? -exponent : exponent, 0};
  }

  constexpr void append_digit(char c) { multiply_add(10, static_cast<std::uint32_t>(c - '0')); }

  constexpr void multiply_add(std::uint32_t factor, std::uint32_t summand) {
    std::uint64_t carry = summand;
    for (auto& limb : limbs_) {
      carry += std::uint64_t{limb} * factor;
      limb = static_cast<std::uint32_t>(carry);
      carry >>= 32;
    }
  }

  std::array<std::uint32_t, limbs> limbs_{};
};

}  // namespace cwsandbox::inline v1

#endif
