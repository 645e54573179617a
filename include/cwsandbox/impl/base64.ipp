// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_BASE64_IPP
#define CWSANDBOX_IMPL_BASE64_IPP

#include <cwsandbox/detail/base64.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cwsandbox::inline v1::detail {

inline constexpr std::string_view base64_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// The two upper bits tell the alphabets apart. Or'ed over a text, both are set when the alphabets were mixed or when a
// character of neither was seen, so that a whole text needs one check.
inline constexpr std::uint8_t base64_standard = 0x40;
inline constexpr std::uint8_t base64_url_safe = 0x80;
inline constexpr std::uint8_t base64_refused = base64_standard | base64_url_safe;

inline constexpr std::array<std::uint8_t, 256> base64_values = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(base64_refused);
  for (std::size_t i = 0; i < base64_alphabet.size(); ++i) {
    values[static_cast<unsigned char>(base64_alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  values['+'] = 62U | base64_standard;
  values['/'] = 63U | base64_standard;
  values['-'] = 62U | base64_url_safe;
  values['_'] = 63U | base64_url_safe;
  return values;
}();

CWSANDBOX_DECL std::string base64_encode(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4, '=');
  auto const* in = reinterpret_cast<unsigned char const*>(bytes.data());
  char* out = text.data();
  std::size_t left = bytes.size();
  for (; left >= 3; left -= 3, in += 3, out += 4) {
    std::uint32_t const group = std::uint32_t{in[0]} << 16U | std::uint32_t{in[1]} << 8U | in[2];
    out[0] = base64_alphabet[group >> 18U];
    out[1] = base64_alphabet[group >> 12U & 0x3fU];
    out[2] = base64_alphabet[group >> 6U & 0x3fU];
    out[3] = base64_alphabet[group & 0x3fU];
  }
  if (left != 0) {
    std::uint32_t const group =
        std::uint32_t{in[0]} << 16U | (left == 2 ? std::uint32_t{in[1]} << 8U : 0U);
    out[0] = base64_alphabet[group >> 18U];
    out[1] = base64_alphabet[group >> 12U & 0x3fU];
    if (left == 2) {
      out[2] = base64_alphabet[group >> 6U & 0x3fU];
    }
  }
  return text;
}

CWSANDBOX_DECL std::optional<std::string> base64_decode(std::string_view text) {
  if (text.ends_with('=')) {
    if (text.size() % 4 != 0) {
      return std::nullopt;
    }
    text.remove_suffix(text.ends_with("==") ? 2 : 1);
  }
  std::size_t const tail = text.size() % 4;
  if (tail == 1) {
    return std::nullopt;
  }

  std::string bytes(text.size() / 4 * 3 + (tail == 0 ? 0 : tail - 1), '\0');
  auto const* in = reinterpret_cast<unsigned char const*>(text.data());
  char* out = bytes.data();
  std::uint32_t seen = 0;
  for (std::size_t groups = text.size() / 4; groups != 0; --groups, in += 4, out += 3) {
    std::uint32_t const a = base64_values[in[0]];
    std::uint32_t const b = base64_values[in[1]];
    std::uint32_t const c = base64_values[in[2]];
    std::uint32_t const d = base64_values[in[3]];
    seen |= a | b | c | d;
    std::uint32_t const group =
        (a & 0x3fU) << 18U | (b & 0x3fU) << 12U | (c & 0x3fU) << 6U | (d & 0x3fU);
    out[0] = static_cast<char>(group >> 16U);
    out[1] = static_cast<char>(group >> 8U & 0xffU);
    out[2] = static_cast<char>(group & 0xffU);
  }
  if (tail != 0) {
    std::uint32_t const a = base64_values[in[0]];
    std::uint32_t const b = base64_values[in[1]];
    std::uint32_t const c = tail == 3 ? base64_values[in[2]] : 0U;
    seen |= a | b | c;
    std::uint32_t const group = (a & 0x3fU) << 18U | (b & 0x3fU) << 12U | (c & 0x3fU) << 6U;
    out[0] = static_cast<char>(group >> 16U);
    if (tail == 3) {
      out[1] = static_cast<char>(group >> 8U & 0xffU);
    }
    if ((group & (tail == 3 ? 0xffU : 0xffffU)) != 0) {
      return std::nullopt;
    }
  }
  if ((seen & base64_refused) == base64_refused) {
    return std::nullopt;
  }
  return bytes;
}

}  // namespace cwsandbox::inline v1::detail

#endif
