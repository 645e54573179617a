// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_NET_H1_HPP
#define CWSANDBOX_NET_H1_HPP

/// \file
/// HTTP/1.1 from the client's side, without sockets: requests are written, responses are read.

#include <cwsandbox/config.hpp>
#include <cwsandbox/outcome.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cwsandbox::inline v1::detail::net {

/// A header to be sent.
struct h1_header {
  std::string_view name{};
  std::string_view value{};
};

/// The head of a request, up to the empty line.
///
/// Nothing that could end a line early is ever written: the method and the names must be tokens, the target visible
/// ASCII, the values visible ASCII with blanks inside. Otherwise the error is `invalid_argument`, and names the header
/// but does not show what was in it.
[[nodiscard]] CWSANDBOX_DECL outcome<std::string> write_request_head(
    std::string_view method, std::string_view target, std::span<h1_header const> headers);

/// A header that came.
struct h1_field {
  std::string name{};  ///< in lower case
  std::string value{};
};

/// What a response may use.
struct h1_limits {
  std::size_t line_bytes = 16384;   ///< of the status line, and of each header
  std::size_t head_bytes = 65536;   ///< of the status line and the headers, interim responses included
  std::size_t headers = 128;        ///< of one response
  std::size_t interim = 16;         ///< responses before the final one
  std::size_t body_bytes = 167772160;
  std::size_t extension_bytes = 4096;  ///< of all chunk extensions of a body
  std::size_t trailer_bytes = 16384;
};

/// What kind of request is answered; it decides whether a body follows.
enum class h1_request : std::uint8_t { ordinary, connect };

enum class h1_fault : std::uint8_t {
  none,
  malformed,       ///< not what RFC 9110 and 9112 allow, or too ambiguous to be trusted
  head_too_large,  ///< one of the limits, other than that of the body
  body_too_large,
  cut_off,  ///< the connection ended before the response did
};

/// Reads one response, the interim ones before it included, from bytes in pieces of any size.
///
/// Strict where being lenient has let peers disagree about where a response ends: lines end in CR LF and nothing else,
/// there are no control characters, no folded lines, no blanks around names; a length is plain digits, and there is one
/// of it; chunked is the only transfer coding, and never beside a length; anything else is a fault, after which nothing
/// more is read. The one allowance is a status line without the blank before an absent reason phrase, which harms
/// nobody and is common.
class h1_response_parser {
 public:
  explicit h1_response_parser(h1_limits const& limits = {},
                              h1_request answered = h1_request::ordinary) noexcept
      : limits_{limits}, answered_{answered} {}

  /// Takes bytes up to the end of the response and appends what belongs to the body.
  ///
  /// \return how many bytes it took. The others are not part of this response, or there was a fault.
  CWSANDBOX_DECL std::size_t feed(std::string_view bytes, std::string& body);
  /// The peer will send nothing more. This ends a body that has no other end, and cuts off anything else.
  CWSANDBOX_DECL void finish();

  [[nodiscard]] bool is_complete() const noexcept { return state_ == state::complete; }
  [[nodiscard]] h1_fault fault() const noexcept { return fault_; }
  /// The fault in words, which never hold anything that the peer has sent.
  [[nodiscard]] char const* objection() const noexcept { return objection_; }
  /// True when a byte has come.
  [[nodiscard]] bool has_begun() const noexcept { return begun_; }

  // Of the final response, from the end of its head on.

  [[nodiscard]] bool has_head() const noexcept { return has_head_; }
  [[nodiscard]] int status() const noexcept { return status_; }
  [[nodiscard]] std::string const& reason() const noexcept { return reason_; }
  [[nodiscard]] std::vector<h1_field> const& fields() const noexcept { return fields_; }
  /// The first header of this name, which must be in lower case.
  [[nodiscard]] CWSANDBOX_DECL std::optional<std::string_view> find(
      std::string_view name) const noexcept;
  [[nodiscard]] std::optional<std::uint64_t> content_length() const noexcept { return length_; }
  /// The connection may carry another request after this response.
  [[nodiscard]] bool is_persistent() const noexcept { return persistent_; }

 private:
  enum class state : std::uint8_t {
    status_line,
    header_line,
    body_of_length,
    body_to_the_end,
    chunk_size,
    chunk_data,
    chunk_end,
    trailer_line,
    complete,
    failed,
  };

  [[nodiscard]] bool is_over() const noexcept {
    return state_ == state::complete || state_ == state::failed;
  }
  CWSANDBOX_DECL std::size_t feed_line(std::string_view bytes);
  CWSANDBOX_DECL std::size_t feed_body(std::string_view bytes, std::string& body);
  [[nodiscard]] CWSANDBOX_DECL std::size_t line_limit() const noexcept;
  CWSANDBOX_DECL void on_line(std::string_view line);
  CWSANDBOX_DECL void on_status_line(std::string_view line);
  CWSANDBOX_DECL void on_header_line(std::string_view line);
  CWSANDBOX_DECL void on_head();
  CWSANDBOX_DECL void on_framing();
  CWSANDBOX_DECL void on_connection_options();
  CWSANDBOX_DECL void on_chunk_size(std::string_view line);
  CWSANDBOX_DECL void fail(h1_fault fault, char const* objection) noexcept;
  void malformed(char const* objection) noexcept { fail(h1_fault::malformed, objection); }

  h1_limits limits_;
  h1_request answered_;
  state state_{state::status_line};
  h1_fault fault_{h1_fault::none};
  char const* objection_{""};
  bool begun_{};
  bool has_head_{};
  bool one_zero_{};  ///< HTTP/1.0
  bool persistent_{};
  int status_{};
  std::string reason_;
  std::vector<h1_field> fields_;
  std::optional<std::uint64_t> length_;
  std::string line_;  ///< the beginning of a line whose end has not come
  std::size_t head_bytes_{};
  std::size_t interim_{};
  std::uint64_t left_{};  ///< of the body, or of the chunk
  std::uint64_t body_bytes_{};
  std::size_t extension_bytes_{};
  std::size_t trailer_bytes_{};
};

}  // namespace cwsandbox::inline v1::detail::net

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/net/h1.ipp>
#endif

#endif
