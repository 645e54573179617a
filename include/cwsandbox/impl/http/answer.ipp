// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_HTTP_ANSWER_IPP
#define CWSANDBOX_IMPL_HTTP_ANSWER_IPP

#include <cwsandbox/transport/http/answer.hpp>

#include <cwsandbox/detail/base_url.hpp>
#include <cwsandbox/detail/enum_text.hpp>
#include <cwsandbox/detail/json_status.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

namespace cwsandbox::inline v1::detail::http {

/// Reads a date from its beginning to its end; the first thing that does not fit ends it.
class date_reader {
 public:
  explicit date_reader(std::string_view text) noexcept : rest_{text} {}

  void literal(std::string_view text) noexcept {
    if (!rest_.starts_with(text)) return fail();
    rest_.remove_prefix(text.size());
  }
  /// So many digits; a first one that is a blank counts as 0 where `padded`.
  unsigned number(std::size_t digits, bool padded = false) noexcept {
    unsigned value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (rest_.empty()) return fail(), 0U;
      char const c = padded && i == 0 && rest_.front() == ' ' ? '0' : rest_.front();
      if (!is_digit(c)) return fail(), 0U;
      value = value * 10 + static_cast<unsigned>(c - '0');
      rest_.remove_prefix(1);
    }
    return value;
  }
  unsigned month() noexcept {
    constexpr std::string_view names = "JanFebMarAprMayJunJulAugSepOctNovDec";
    auto const at = rest_.size() < 3 ? std::string_view::npos : names.find(rest_.substr(0, 3));
    if (at == std::string_view::npos || at % 3 != 0) return fail(), 0U;
    rest_.remove_prefix(3);
    return static_cast<unsigned>(at / 3 + 1);
  }
  std::chrono::seconds time() noexcept {
    auto const hours = number(2);
    literal(":");
    auto const minutes = number(2);
    literal(":");
    auto const seconds = number(2);
    if (hours > 23 || minutes > 59 || seconds > 60) fail();
    return std::chrono::hours{hours} + std::chrono::minutes{minutes} +
           std::chrono::seconds{seconds};
  }
  [[nodiscard]] bool ok() const noexcept { return ok_ && rest_.empty(); }

 private:
  void fail() noexcept {
    ok_ = false;
    rest_ = {};
  }
  std::string_view rest_;
  bool ok_{true};
};

CWSANDBOX_DECL std::optional<std::chrono::sys_seconds> parse_http_date(
    std::string_view text, std::chrono::sys_seconds now) {
  auto const comma = text.find(',');
  unsigned day = 0;
  unsigned month = 0;
  int year = 0;
  std::chrono::seconds time{};
  bool ok = false;
  if (comma == std::string_view::npos) {
    // Sun Nov  6 08:49:37 1994
    date_reader reader{text.substr(std::min<std::size_t>(3, text.size()))};
    reader.literal(" ");
    month = reader.month();
    reader.literal(" ");
    day = reader.number(2, true);
    reader.literal(" ");
    time = reader.time();
    reader.literal(" ");
    year = static_cast<int>(reader.number(4));
    ok = reader.ok();
  } else if (comma == 3) {
    // Sun, 06 Nov 1994 08:49:37 GMT
    date_reader reader{text.substr(comma + 1)};
    reader.literal(" ");
    day = reader.number(2);
    reader.literal(" ");
    month = reader.month();
    reader.literal(" ");
    year = static_cast<int>(reader.number(4));
    reader.literal(" ");
    time = reader.time();
    reader.literal(" GMT");
    ok = reader.ok();
  } else {
    // Sunday, 06-Nov-94 08:49:37 GMT
    date_reader reader{text.substr(comma + 1)};
    reader.literal(" ");
    day = reader.number(2);
    reader.literal("-");
    month = reader.month();
    reader.literal("-");
    year = static_cast<int>(reader.number(2));
    reader.literal(" ");
    time = reader.time();
    reader.literal(" GMT");
    ok = reader.ok();
    // more than 50 years ahead is in the past
    std::chrono::year_month_day const today{std::chrono::floor<std::chrono::days>(now)};
    auto const this_year = static_cast<int>(today.year());
    year += this_year - this_year % 100;
    if (year > this_year + 50) year -= 100;
  }
  if (!ok) return std::nullopt;
  std::chrono::year_month_day const date{std::chrono::year{year}, std::chrono::month{month},
                                         std::chrono::day{day}};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days{date} + time;
}

CWSANDBOX_DECL std::optional<std::chrono::nanoseconds> parse_retry_after(
    std::string_view text, std::optional<std::string_view> date, std::chrono::sys_seconds now) {
  constexpr std::chrono::seconds longest{1'000'000'000};
  std::chrono::seconds delay{};
  if (!text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return is_digit(c); })) {
    if (text.size() > 10) return std::nullopt;
    std::int64_t value = 0;
    for (char const c : text) value = value * 10 + (c - '0');
    delay = std::chrono::seconds{value};
  } else {
    auto const when = parse_http_date(text, now);
    if (!when) return std::nullopt;
    auto const sent = date ? parse_http_date(*date, now) : std::nullopt;
    delay = std::max(*when - sent.value_or(now), std::chrono::seconds{0});
  }
  if (delay > longest) return std::nullopt;
  return delay;
}

inline std::chrono::sys_seconds wall_clock() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

/// Adds what `retry-after` says where the body says nothing.
inline error with_retry_after(error why, net::h1_response_parser const& response) {
  auto const header = response.find("retry-after");
  if (!header || why.retry_after()) return why;
  auto const delay = parse_retry_after(*header, response.find("date"), wall_clock());
  if (!delay) return why;
  return why.with([&](error_details& into) { into.retry_after = delay; });
}

/// Where a redirection points, without what may be a secret in it.
inline error redirection(net::h1_response_parser const& response, std::string_view location) {
  std::string where = "another place";
  auto const parts = parse_base_url(location, url_paths::allowed);
  if (parts.ok()) {
    where = parts.secure ? "https://" : "http://";
    where += lowered_host(parts);
    if (parts.port != (parts.secure ? 443 : 80)) where += ':' + std::to_string(parts.port);
  } else if (location.starts_with('/') && !location.starts_with("//")) {
    where = "another path of its own";
  }
  return rpc_error(status_code::unknown, "the service redirects to " + where + " (HTTP " +
                                             std::to_string(response.status()) +
                                             "), which is not followed: is the base URL right?");
}

/// The media type without its parameters, in lower case and fit to be shown.
inline std::string media_type(std::string_view content_type) {
  constexpr std::size_t longest = 100;
  std::string type{content_type.substr(0, std::min(content_type.find(';'), longest))};
  while (type.ends_with(' ') || type.ends_with('\t')) type.pop_back();
  for (char& c : type) c = c >= ' ' && c <= '~' ? lower(c) : '?';
  return type;
}

CWSANDBOX_DECL std::optional<error> error_of(net::h1_response_parser const& response,
                                             std::string_view body) {
  int const status = response.status();
  if (auto const coding = response.find("content-encoding");
      coding && !coding->empty() && !equal_in_any_case(*coding, "identity")) {
    auto const code = status >= 200 && status < 300 ? status_code::internal
                                                    : status_code_from_http(status);
    return with_retry_after(
        rpc_error(code, "the answer (HTTP " + std::to_string(status) +
                            ") is compressed, which was not asked for"),
        response);
  }
  if (status >= 300 && status < 400)
    if (auto const location = response.find("location")) return redirection(response, *location);
  if (status < 200 || status >= 300)
    return with_retry_after(http_response_error(status, response.reason(), body), response);
  if (status == 204)
    return rpc_error(status_code::internal, "the answer (HTTP 204) has no message");
  auto const type = media_type(response.find("content-type").value_or(""));
  if (type == "application/json") return std::nullopt;
  auto const kind = type.empty() ? std::string{"it has no content type"}
                                 : "its content type is " + type;
  return http_response_error(status, response.reason(), body).with([&](error_details& into) {
    into.message = "the answer is not JSON, " + kind + ": " + into.message;
  });
}

}  // namespace cwsandbox::inline v1::detail::http

#endif
