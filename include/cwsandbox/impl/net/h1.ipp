// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_NET_H1_IPP
#define CWSANDBOX_IMPL_NET_H1_IPP

#include <cwsandbox/net/h1.hpp>

#include <cwsandbox/detail/enum_text.hpp>
#include <cwsandbox/detail/http_text.hpp>

#include <algorithm>

namespace cwsandbox::inline v1::detail::net {

namespace h1 {

/// What a received value may hold: anything but control characters, save the tab.
constexpr bool is_field_text(std::string_view text) noexcept {
  for (char const c : text) {
    auto const byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t') || byte == 0x7f) return false;
  }
  return true;
}

constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

constexpr std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Plain digits that fit; no sign, no blanks.
constexpr std::optional<std::uint64_t> parse_length(std::string_view text) noexcept {
  std::uint64_t value = 0;
  if (text.empty()) return std::nullopt;
  for (char const c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    auto const digit = static_cast<std::uint64_t>(c - '0');
    if (value > (UINT64_MAX - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return value;
}

}  // namespace h1

CWSANDBOX_DECL outcome<std::string> write_request_head(std::string_view method,
                                                       std::string_view target,
                                                       std::span<h1_header const> headers) {
  if (!is_token(method))
    return invalid_argument_error("method", "", "the method of an HTTP request must be a token");
  bool visible = !target.empty();
  for (char const c : target) visible = visible && c > ' ' && c <= '~';
  if (!visible)
    return invalid_argument_error(
        "target", "", "the target of an HTTP request must be visible ASCII without blanks");
  constexpr std::string_view version_text = " HTTP/1.1\r\n";
  std::size_t size = method.size() + 1 + target.size() + version_text.size() + 2;
  for (auto const& [name, value] : headers) {
    if (!is_token(name))
      return invalid_argument_error("header", "", "the name of an HTTP header must be a token");
    if (!is_plain_text(value))
      return invalid_argument_error("header", std::string{name},
                                    "the value of the HTTP header '" + std::string{name} +
                                        "' has a character that headers cannot carry");
    size += name.size() + value.size() + 4;
  }
  std::string head;
  head.reserve(size);
  head.append(method).append(" ").append(target).append(version_text);
  for (auto const& [name, value] : headers)
    head.append(name).append(": ").append(value).append("\r\n");
  head.append("\r\n");
  return head;
}

CWSANDBOX_DECL void h1_response_parser::fail(h1_fault fault, char const* objection) noexcept {
  state_ = state::failed;
  fault_ = fault;
  objection_ = objection;
  persistent_ = false;
}

CWSANDBOX_DECL std::size_t h1_response_parser::feed(std::string_view bytes, std::string& body) {
  auto rest = bytes;
  while (!rest.empty() && !is_over()) {
    begun_ = true;
    bool const raw = state_ == state::body_of_length || state_ == state::body_to_the_end ||
                     state_ == state::chunk_data;
    rest.remove_prefix(raw ? feed_body(rest, body) : feed_line(rest));
  }
  return bytes.size() - rest.size();
}

CWSANDBOX_DECL std::size_t h1_response_parser::feed_body(std::string_view bytes,
                                                         std::string& body) {
  if (state_ == state::body_to_the_end) {
    auto const part = bytes.substr(0, limits_.body_bytes - body_bytes_);
    body.append(part);
    body_bytes_ += part.size();
    if (part.size() < bytes.size())
      fail(h1_fault::body_too_large, "the body is larger than allowed");
    return part.size();
  }
  auto const part = bytes.substr(
      0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size())));
  body.append(part);
  left_ -= part.size();
  if (left_ == 0) state_ = state_ == state::chunk_data ? state::chunk_end : state::complete;
  return part.size();
}

CWSANDBOX_DECL std::size_t h1_response_parser::line_limit() const noexcept {
  constexpr std::size_t line_end = 2;
  constexpr std::size_t size_digits = 16;
  switch (state_) {
    case state::chunk_size:
      return size_digits + limits_.extension_bytes - extension_bytes_ + line_end;
    case state::chunk_end:
      return line_end;
    case state::trailer_line:
      return limits_.trailer_bytes - trailer_bytes_ + line_end;
    default:
      return std::min(limits_.line_bytes, limits_.head_bytes - head_bytes_) + line_end;
  }
}

// The same outcome however the bytes are cut: until a line is whole, only its length matters.
CWSANDBOX_DECL std::size_t h1_response_parser::feed_line(std::string_view bytes) {
  auto const end = bytes.find('\n');
  bool const whole = end != std::string_view::npos;
  auto const part = bytes.substr(0, whole ? end + 1 : bytes.size());
  if (part.size() > line_limit() - std::min(line_limit(), line_.size())) {
    if (state_ == state::chunk_end)
      malformed("a chunk is longer than its size");
    else
      fail(h1_fault::head_too_large, "the head, a line of it, or what surrounds the chunks is "
                                     "larger than allowed");
    return part.size();
  }
  if (!whole) {
    line_.append(part);
    return part.size();
  }
  auto line = part;
  if (!line_.empty()) {
    line_.append(part);
    line = line_;
  }
  line.remove_suffix(1);
  if (!line.ends_with('\r')) {
    malformed("a line ends without a carriage return");
    return part.size();
  }
  line.remove_suffix(1);
  on_line(line);
  line_.clear();
  return part.size();
}

CWSANDBOX_DECL void h1_response_parser::on_line(std::string_view line) {
  switch (state_) {
    case state::status_line:
      head_bytes_ += line.size();
      on_status_line(line);
      break;
    case state::header_line:
      head_bytes_ += line.size();
      if (line.empty())
        on_head();
      else
        on_header_line(line);
      break;
    case state::chunk_size:
      on_chunk_size(line);
      break;
    case state::chunk_end:
      if (line.empty())
        state_ = state::chunk_size;
      else
        malformed("a chunk is longer than its size");
      break;
    case state::trailer_line:
      trailer_bytes_ += line.size();
      if (line.empty())
        state_ = state::complete;
      else
        on_header_line(line);
      break;
    default:
      break;
  }
}

CWSANDBOX_DECL void h1_response_parser::on_status_line(std::string_view line) {
  constexpr std::string_view name = "HTTP/";
  if (!line.starts_with(name)) return malformed("the answer is not HTTP/1.1");
  line.remove_prefix(name.size());
  if (line.starts_with("1.1 "))
    one_zero_ = false;
  else if (line.starts_with("1.0 "))
    one_zero_ = true;
  else
    return malformed("the version of HTTP is neither 1.1 nor 1.0");
  line.remove_prefix(4);
  auto const code = line.substr(0, 3);
  auto const number = code.size() == 3 ? h1::parse_length(code) : std::nullopt;
  if (!number || *number < 100 || *number > 599)
    return malformed("the status is no number from 100 to 599");
  line.remove_prefix(3);
  if (!line.empty() && line.front() != ' ')
    return malformed("the status is no number from 100 to 599");
  if (!line.empty()) line.remove_prefix(1);
  if (!h1::is_field_text(line)) return malformed("the reason phrase has a control character");
  status_ = static_cast<int>(*number);
  reason_ = line;
  state_ = state::header_line;
}

CWSANDBOX_DECL void h1_response_parser::on_header_line(std::string_view line) {
  if (h1::is_blank(line.front())) return malformed("a header is folded over two lines");
  auto const colon = line.find(':');
  if (colon == std::string_view::npos) return malformed("a header has no colon");
  auto const name = line.substr(0, colon);
  if (!name.empty() && h1::is_blank(name.back()))
    return malformed("there is a blank before the colon of a header");
  if (!is_token(name)) return malformed("the name of a header is no token");
  auto const value = h1::trimmed(line.substr(colon + 1));
  if (!h1::is_field_text(value)) return malformed("a header has a control character");
  if (state_ == state::trailer_line) return;  // nothing that comes after the body is used
  if (fields_.size() == limits_.headers)
    return fail(h1_fault::head_too_large, "there are more headers than allowed");
  auto& field = fields_.emplace_back();
  field.name = name;
  for (char& c : field.name) c = lower(c);
  field.value = value;
}

CWSANDBOX_DECL std::optional<std::string_view> h1_response_parser::find(
    std::string_view name) const noexcept {
  for (auto const& field : fields_)
    if (field.name == name) return field.value;
  return std::nullopt;
}

CWSANDBOX_DECL void h1_response_parser::on_connection_options() {
  persistent_ = !one_zero_;
  bool close = false;
  for (auto const& field : fields_) {
    if (field.name != "connection") continue;
    for (std::string_view rest = field.value; !rest.empty();) {
      auto const end = std::min(rest.find(','), rest.size());
      auto const option = h1::trimmed(rest.substr(0, end));
      if (equal_in_any_case(option, "close")) close = true;
      if (equal_in_any_case(option, "keep-alive")) persistent_ = true;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  if (close) persistent_ = false;
}

CWSANDBOX_DECL void h1_response_parser::on_head() {
  if (status_ == 101) return malformed("the peer switches to a protocol that was not asked for");
  if (answered_ == h1_request::connect && status_ >= 200 && status_ < 300) {
    // RFC 9110, 9.3.6: what such an answer says about a body means nothing.
    on_connection_options();
    has_head_ = true;
    state_ = state::complete;
    return;
  }
  on_framing();
  if (state_ == state::failed) return;
  if (status_ < 200) {
    if (++interim_ > limits_.interim)
      return fail(h1_fault::head_too_large, "there are more interim responses than allowed");
    fields_.clear();
    length_.reset();
    state_ = state::status_line;
    return;
  }
  on_connection_options();
  if (state_ == state::body_to_the_end) persistent_ = false;
  has_head_ = true;
}

// How the end of the body is found: RFC 9112, 6.3.
CWSANDBOX_DECL void h1_response_parser::on_framing() {
  bool chunked = false;
  for (auto const& field : fields_) {
    if (field.name == "transfer-encoding") {
      if (chunked || !equal_in_any_case(field.value, "chunked"))
        return malformed("the transfer coding is something else than chunked");
      chunked = true;
    } else if (field.name == "content-length") {
      auto const length = h1::parse_length(field.value);
      if (!length) return malformed("the content length is no number");
      if (length_ && *length_ != *length) return malformed("there are two content lengths");
      length_ = length;
    }
  }
  if (chunked && length_) return malformed("there are a content length and a transfer coding");
  if (chunked && one_zero_) return malformed("there is a transfer coding in HTTP/1.0");
  bool const bodiless = status_ < 200 || status_ == 204;
  if (bodiless && (chunked || length_.value_or(0) != 0))
    return malformed("there is a body where none can be");
  if (bodiless || status_ == 304) {
    state_ = state::complete;
  } else if (chunked) {
    state_ = state::chunk_size;
  } else if (length_) {
    if (*length_ > limits_.body_bytes)
      return fail(h1_fault::body_too_large, "the body is larger than allowed");
    left_ = *length_;
    state_ = left_ == 0 ? state::complete : state::body_of_length;
  } else {
    state_ = state::body_to_the_end;
  }
}

CWSANDBOX_DECL void h1_response_parser::on_chunk_size(std::string_view line) {
  std::uint64_t size = 0;
  std::size_t digits = 0;
  while (digits < line.size()) {
    int const value = hex_digit(line[digits]);
    if (value < 0) break;
    if (++digits > 16) return malformed("the size of a chunk is no number");
    size = size << 4 | static_cast<std::uint64_t>(value);
  }
  auto const extension = line.substr(digits);
  if (digits == 0 || (!extension.empty() && extension.front() != ';'))
    return malformed("the size of a chunk is no number");
  if (!h1::is_field_text(extension))
    return malformed("a chunk extension has a control character");
  extension_bytes_ += extension.size();
  if (extension_bytes_ > limits_.extension_bytes)
    return fail(h1_fault::head_too_large, "the chunk extensions are larger than allowed");
  if (size > limits_.body_bytes - body_bytes_)
    return fail(h1_fault::body_too_large, "the body is larger than allowed");
  body_bytes_ += size;
  left_ = size;
  state_ = size == 0 ? state::trailer_line : state::chunk_data;
}

CWSANDBOX_DECL void h1_response_parser::finish() {
  if (is_over()) return;
  if (state_ == state::body_to_the_end) {
    state_ = state::complete;
    return;
  }
  constexpr std::string_view name = "HTTP/1.";
  bool const foreign = state_ == state::status_line && interim_ == 0 && !line_.empty() &&
                       !std::string_view{line_}.starts_with(name.substr(0, line_.size()));
  if (foreign) return malformed("the answer is not HTTP/1.1");
  fail(h1_fault::cut_off, has_head_ ? "the connection was closed in the middle of the answer"
                                    : "the connection was closed before the answer");
}

}  // namespace cwsandbox::inline v1::detail::net

#endif
