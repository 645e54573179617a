// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/net/h1.hpp>

#include "support/catch.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

using namespace cwsandbox::detail::net;
using namespace std::string_literals;

namespace {

struct seen {
  h1_fault fault{};
  std::string objection{};
  bool complete{};
  bool persistent{};
  int status{};
  std::vector<std::pair<std::string, std::string>> fields{};
  std::string body{};
  std::size_t taken{};

  friend bool operator==(seen const&, seen const&) = default;
};

seen look(h1_response_parser const& parser, std::string body, std::size_t taken) {
  seen result{};
  result.fault = parser.fault();
  result.objection = parser.objection();
  result.complete = parser.is_complete();
  result.persistent = parser.is_persistent();
  result.body = std::move(body);
  result.taken = taken;
  if (!parser.has_head()) return result;
  result.status = parser.status();
  for (auto const& field : parser.fields()) result.fields.emplace_back(field.name, field.value);
  return result;
}

// The bytes in two pieces that meet at `cut`, then the end of the connection if asked for.
seen parse_cut(std::string_view bytes, std::size_t cut, bool eof, h1_limits const& limits,
               h1_request answered) {
  h1_response_parser parser{limits, answered};
  std::string body;
  auto taken = parser.feed(bytes.substr(0, cut), body);
  if (taken == cut) taken += parser.feed(bytes.substr(cut), body);
  if (eof) parser.finish();
  return look(parser, std::move(body), taken);
}

seen parse_bytewise(std::string_view bytes, bool eof, h1_limits const& limits,
                    h1_request answered) {
  h1_response_parser parser{limits, answered};
  std::string body;
  std::size_t taken = 0;
  while (taken < bytes.size() && parser.feed(bytes.substr(taken, 1), body) == 1) ++taken;
  if (eof) parser.finish();
  return look(parser, std::move(body), taken);
}

// In one piece; and the same however it is cut.
seen parse(std::string_view bytes, bool eof = true, h1_limits const& limits = {},
           h1_request answered = h1_request::ordinary) {
  auto const whole = parse_cut(bytes, bytes.size(), eof, limits, answered);
  auto const same = [&whole](seen other) {
    // After a fault it is of no matter how much was looked at.
    if (whole.fault != h1_fault::none) other.taken = whole.taken;
    return other == whole;
  };
  CHECK(same(parse_bytewise(bytes, eof, limits, answered)));
  for (std::size_t cut = 1; cut < bytes.size() && bytes.size() < 2000; ++cut) {
    if (same(parse_cut(bytes, cut, eof, limits, answered))) continue;
    INFO("cut at " << cut << " of: " << bytes);
    CHECK(same(parse_cut(bytes, cut, eof, limits, answered)));
  }
  return whole;
}

seen parse_open(std::string_view bytes) { return parse(bytes, false); }

}  // namespace

TEST_CASE("an answer with a length ends there", "[http]") {
  auto const r = parse_open(
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\nhello");
  CHECK(r.complete);
  CHECK(r.status == 200);
  CHECK(r.body == "hello");
  CHECK(r.persistent);
  CHECK(r.fields == decltype(r.fields){{"content-type", "application/json"},
                                       {"content-length", "5"}});
}

TEST_CASE("bytes behind an answer are not taken", "[http]") {
  std::string_view const first = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  auto const r = parse_open(std::string{first} + "HTTP/1.1 200 OK\r\n\r\n");
  CHECK(r.complete);
  CHECK(r.body == "ok");
  CHECK(r.taken == first.size());
}

TEST_CASE("a chunked answer is put together, and its trailers are dropped", "[http]") {
  auto const r = parse_open(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\nhello\r\n00A;name=\"a value\";x\r\n 0123456\r\n\r\n0\r\nX-Sum: 1\r\n"
      "Content-Length: 9\r\n\r\n");
  CHECK(r.complete);
  CHECK(r.body == "hello 0123456\r\n");
  CHECK(r.persistent);
  CHECK(r.fields.size() == 1);
}

TEST_CASE("an answer without length ends with the connection", "[http]") {
  auto const r = parse("HTTP/1.1 200 OK\r\n\r\nall of it");
  CHECK(r.complete);
  CHECK(r.body == "all of it");
  CHECK_FALSE(r.persistent);
  CHECK_FALSE(parse_open("HTTP/1.1 200 OK\r\n\r\nall of it").complete);
}

TEST_CASE("some answers have no body whatever they say", "[http]") {
  CHECK(parse_open("HTTP/1.1 204 No Content\r\n\r\n").complete);
  CHECK(parse_open("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n").complete);
  CHECK(parse_open("HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n").complete);
  CHECK(parse_open("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").complete);
}

TEST_CASE("interim answers are passed over", "[http]") {
  auto const r = parse_open(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
      "HTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\n!");
  CHECK(r.complete);
  CHECK(r.status == 201);
  CHECK(r.fields.size() == 1);
  CHECK(r.body == "!");
}

TEST_CASE("whether a connection can go on is said by version and header", "[http]") {
  struct {
    std::string_view head;
    bool persistent;
  } const cases[] = {
      {"HTTP/1.1 200 OK\r\n", true},
      {"HTTP/1.1 200 OK\r\nConnection: close\r\n", false},
      {"HTTP/1.1 200 OK\r\nConnection: CLOSE\r\n", false},
      {"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n", true},
      {"HTTP/1.1 200 OK\r\nConnection: keep-alive, x,close\r\n", false},
      {"HTTP/1.1 200 OK\r\nConnection: close\r\nConnection: keep-alive\r\n", false},
      {"HTTP/1.1 200 OK\r\nConnection: closed\r\n", true},
      {"HTTP/1.0 200 OK\r\n", false},
      {"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n", true},
      {"HTTP/1.0 200 OK\r\nConnection: x\r\n", false},
  };
  for (auto const& [head, persistent] : cases) {
    INFO(head);
    auto const r = parse_open(std::string{head} + "Content-Length: 0\r\n\r\n");
    CHECK(r.complete);
    CHECK(r.persistent == persistent);
  }
}

TEST_CASE("what a lenient parser could take for something else is refused", "[http]") {
  std::string const ok = "HTTP/1.1 200 OK\r\n";
  std::string const chunked = ok + "Transfer-Encoding: chunked\r\n\r\n";
  struct {
    char const* what;
    std::string bytes;
  } const cases[] = {
      {"length and coding", ok + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"},
      {"coding and length", ok + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n"},
      {"two lengths", ok + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n"},
      {"two lengths in one", ok + "Content-Length: 1, 2\r\n\r\n"},
      {"the same length twice in one", ok + "Content-Length: 1, 1\r\n\r\n"},
      {"a signed length", ok + "Content-Length: +1\r\n\r\n"},
      {"a negative length", ok + "Content-Length: -1\r\n\r\n"},
      {"a hexadecimal length", ok + "Content-Length: 0x1\r\n\r\n"},
      {"a length with a blank", ok + "Content-Length: 1 0\r\n\r\n"},
      {"an empty length", ok + "Content-Length:\r\n\r\n"},
      {"a length that overflows", ok + "Content-Length: 18446744073709551616\r\n\r\n"},
      {"a length that overflows to 1", ok + "Content-Length: 18446744073709551617\r\n\r\n"},
      {"a bare LF after the status line", "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n"},
      {"a bare LF after a header", ok + "Content-Length: 0\n\r\n"},
      {"a bare LF at the end of the head", ok + "Content-Length: 0\r\n\n"},
      {"a bare CR in a header", ok + "A: b\rContent-Length: 0\r\n\r\n"},
      {"a CR before the line end", ok + "A: b\r\r\n\r\n"},
      {"a bare CR in the reason", "HTTP/1.1 200 O\rK\r\n\r\n"},
      {"a folded header", ok + "A: b\r\n c\r\n\r\n"},
      {"a header folded by a tab", ok + "A: b\r\n\tc\r\n\r\n"},
      {"a blank before the first header", ok + " A: b\r\n\r\n"},
      {"a blank before the colon", ok + "Content-Length : 0\r\n\r\n"},
      {"a tab before the colon", ok + "Content-Length\t: 0\r\n\r\n"},
      {"a header without a name", ok + ": 0\r\n\r\n"},
      {"a header without a colon", ok + "Content-Length 0\r\n\r\n"},
      {"a blank in a name", ok + "A B: 0\r\n\r\n"},
      {"a parenthesis in a name", ok + "A(: 0\r\n\r\n"},
      {"a byte beyond ASCII in a name", ok + "A\xc3\xa9: 0\r\n\r\n"},
      {"a NUL in a name", ok + "A\0B: 0\r\n\r\n"s},
      {"a NUL in a value", ok + "A: \0\r\n\r\n"s},
      {"an escape in a value", ok + "A: \x1b[1m\r\n\r\n"},
      {"a DEL in a value", ok + "A: \x7f\r\n\r\n"},
      {"another coding", ok + "Transfer-Encoding: gzip\r\n\r\n"},
      {"two codings", ok + "Transfer-Encoding: gzip, chunked\r\n\r\n"},
      {"chunked twice", ok + "Transfer-Encoding: chunked, chunked\r\n\r\n"},
      {"chunked in two headers",
       ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"},
      {"identity", ok + "Transfer-Encoding: identity\r\n\r\n"},
      {"an almost chunked coding", ok + "Transfer-Encoding: xchunked\r\n\r\n"},
      {"a vertical tab before chunked", ok + "Transfer-Encoding: \x0b" "chunked\r\n\r\n"},
      {"a coding in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
      {"a chunk size with a sign", chunked + "+1\r\na\r\n0\r\n\r\n"},
      {"a negative chunk size", chunked + "-1\r\na\r\n0\r\n\r\n"},
      {"a chunk size with 0x", chunked + "0x1\r\na\r\n0\r\n\r\n"},
      {"a blank before a chunk size", chunked + " 1\r\na\r\n0\r\n\r\n"},
      {"a blank after a chunk size", chunked + "1 \r\na\r\n0\r\n\r\n"},
      {"a blank before a chunk extension", chunked + "1 ;a\r\na\r\n0\r\n\r\n"},
      {"an empty chunk size", chunked + "\r\na\r\n0\r\n\r\n"},
      {"a chunk size without digits", chunked + ";a\r\na\r\n0\r\n\r\n"},
      {"a chunk size that overflows", chunked + "10000000000000001\r\na\r\n0\r\n\r\n"},
      {"a chunk size with many zeros", chunked + "00000000000000001\r\na\r\n0\r\n\r\n"},
      {"a chunk size that ends with LF", chunked + "1\na\r\n0\r\n\r\n"},
      {"a LF in a chunk extension", chunked + "1;a\na\r\n0\r\n\r\n"},
      {"a CR in a chunk extension", chunked + "1;a\rb\r\na\r\n0\r\n\r\n"},
      {"a chunk without its end", chunked + "1\r\nab\r\n0\r\n\r\n"},
      {"a chunk that ends with LF", chunked + "1\r\na\n0\r\n\r\n"},
      {"a chunk that ends with CR", chunked + "1\r\na\r0\r\n\r\n"},
      {"a folded trailer", chunked + "0\r\nA: b\r\n c\r\n\r\n"},
      {"a trailer without colon", chunked + "0\r\nAb\r\n\r\n"},
      {"HTTP/0.9", "<html>hello</html>\r\n"},
      {"no HTTP at all", "\x15\x03\x01\x00\x02\x02\x46"s},
      {"HTTP/2", "HTTP/2 200\r\n\r\n"},
      {"HTTP/2.0", "HTTP/2.0 200 OK\r\n\r\n"},
      {"HTTP/1.2", "HTTP/1.2 200 OK\r\n\r\n"},
      {"HTTP/1.10", "HTTP/1.10 200 OK\r\n\r\n"},
      {"http in lower case", "http/1.1 200 OK\r\n\r\n"},
      {"an empty line first", "\r\nHTTP/1.1 200 OK\r\n\r\n"},
      {"two blanks before the status", "HTTP/1.1  200 OK\r\n\r\n"},
      {"a tab before the status", "HTTP/1.1\t200 OK\r\n\r\n"},
      {"a status of two digits", "HTTP/1.1 20 OK\r\n\r\n"},
      {"a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n"},
      {"a status with a sign", "HTTP/1.1 +20 OK\r\n\r\n"},
      {"a status below 100", "HTTP/1.1 099 OK\r\n\r\n"},
      {"a status above 599", "HTTP/1.1 600 OK\r\n\r\n"},
      {"no status", "HTTP/1.1\r\n\r\n"},
      {"a NUL in the reason", "HTTP/1.1 200 \0\r\n\r\n"s},
      {"a switch of protocols", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"},
      {"a length in an interim answer", "HTTP/1.1 100 Continue\r\nContent-Length: 1\r\n\r\n"},
      {"a coding in an interim answer",
       "HTTP/1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n\r\n"},
      {"a body with 204", "HTTP/1.1 204 No Content\r\nContent-Length: 1\r\n\r\n!"},
      {"a coding with 204", "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n"},
  };
  for (auto const& [what, bytes] : cases) {
    INFO(what);
    auto const r = parse(bytes);
    CHECK(r.fault == h1_fault::malformed);
    CHECK_FALSE(r.objection.empty());
    CHECK_FALSE(r.complete);
    CHECK_FALSE(r.persistent);
  }
}

TEST_CASE("what is unusual but clear is taken", "[http]") {
  struct {
    char const* what;
    std::string bytes;
  } const cases[] = {
      {"no reason", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n"},
      {"no blank for no reason", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"},
      {"a reason beyond ASCII", "HTTP/1.1 200 \xc3\x89\tok\r\nContent-Length: 0\r\n\r\n"},
      {"the same length twice",
       "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n"},
      {"blanks around a value", "HTTP/1.1 200 OK\r\nContent-Length:\t 0 \t\r\n\r\n"},
      {"no blank before a value", "HTTP/1.1 200 OK\r\nContent-Length:0\r\nA:\r\n\r\n"},
      {"a value with a colon", "HTTP/1.1 200 OK\r\nContent-Length:0\r\nA: b:c\r\n\r\n"},
      {"chunked in capitals", "HTTP/1.1 200 OK\r\ntransfer-encoding: CHUNKED\r\n\r\n0\r\n\r\n"},
      {"a last chunk of many zeros",
       "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0000\r\n\r\n"},
  };
  for (auto const& [what, bytes] : cases) {
    INFO(what);
    auto const r = parse_open(bytes);
    CHECK(r.complete);
    CHECK(r.taken == bytes.size());
  }
}

TEST_CASE("an answer that stops early is cut off", "[http]") {
  std::string const answers[] = {
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a\r\nhello\r\n0\r\nA: b\r\n\r\n",
  };
  for (auto const& answer : answers) {
    for (std::size_t size = 0; size < answer.size(); ++size) {
      INFO(answer.substr(0, size));
      CHECK(parse_bytewise(std::string_view{answer}.substr(0, size), true, {},
                           h1_request::ordinary).fault == h1_fault::cut_off);
    }
  }
}

TEST_CASE("everything in an answer is bounded", "[http]") {
  std::string const ok = "HTTP/1.1 200 OK\r\n";
  h1_limits limits{};
  limits.line_bytes = 100;
  limits.head_bytes = 300;
  limits.headers = 4;
  limits.interim = 2;
  limits.body_bytes = 50;
  limits.extension_bytes = 20;
  limits.trailer_bytes = 40;
  auto const fault = [&](std::string const& bytes) { return parse(bytes, false, limits).fault; };
  auto const line = [](std::size_t size) { return "A: " + std::string(size - 3, 'x') + "\r\n"; };
  std::string const chunked = ok + "Transfer-Encoding: chunked\r\n\r\n";

  CHECK(fault(ok + line(100)) == h1_fault::none);
  CHECK(fault(ok + line(101)) == h1_fault::head_too_large);
  CHECK(fault(ok + "A: " + std::string(200, 'x')) == h1_fault::head_too_large);
  CHECK(fault("HTTP/1.1 200 " + std::string(100, 'x')) == h1_fault::head_too_large);
  CHECK(fault(ok + line(95) + line(95) + line(95)) == h1_fault::none);
  CHECK(fault(ok + line(95) + line(95) + line(96)) == h1_fault::head_too_large);
  CHECK(fault(ok + line(4) + line(4) + line(4) + line(4)) == h1_fault::none);
  CHECK(fault(ok + line(4) + line(4) + line(4) + line(4) + line(4)) == h1_fault::head_too_large);

  std::string const interim = "HTTP/1.1 100 Continue\r\n\r\n";
  CHECK(fault(interim + interim) == h1_fault::none);
  CHECK(fault(interim + interim + interim) == h1_fault::head_too_large);

  CHECK(fault(ok + "Content-Length: 50\r\n\r\n") == h1_fault::none);
  CHECK(fault(ok + "Content-Length: 51\r\n\r\n") == h1_fault::body_too_large);
  CHECK(fault(ok + "\r\n" + std::string(50, 'x')) == h1_fault::none);
  CHECK(fault(ok + "\r\n" + std::string(51, 'x')) == h1_fault::body_too_large);
  CHECK(fault(chunked + "32\r\n") == h1_fault::none);
  CHECK(fault(chunked + "33\r\n") == h1_fault::body_too_large);
  CHECK(fault(chunked + "ffffffffffffffff\r\n") == h1_fault::body_too_large);
  CHECK(fault(chunked + "1\r\na\r\n31\r\n") == h1_fault::none);
  CHECK(fault(chunked + "1\r\na\r\n32\r\n") == h1_fault::body_too_large);
  CHECK(fault(chunked + "1\r\na\r\nffffffffffffffff\r\n") == h1_fault::body_too_large);

  CHECK(fault(chunked + "1;" + std::string(19, 'e') + "\r\n") == h1_fault::none);
  CHECK(fault(chunked + "1;" + std::string(20, 'e') + "\r\n") == h1_fault::head_too_large);
  CHECK(fault(chunked + "1;aaaaaaaaa\r\na\r\n1;aaaaaaaaa\r\n") == h1_fault::none);
  CHECK(fault(chunked + "1;aaaaaaaaa\r\na\r\n1;aaaaaaaaaa\r\n") == h1_fault::head_too_large);
  CHECK(fault(chunked + "0\r\n" + line(40)) == h1_fault::none);
  CHECK(fault(chunked + "0\r\n" + line(41)) == h1_fault::head_too_large);
  CHECK(fault(chunked + "0\r\n" + line(20) + line(21)) == h1_fault::head_too_large);
}

TEST_CASE("the answer to CONNECT has no body when it agrees", "[http]") {
  std::string_view const head =
      "HTTP/1.1 200 Connection established\r\nTransfer-Encoding: chunked\r\n"
      "Content-Length: 7\r\n\r\n";
  auto const r = parse(std::string{head} + "tunnel", false, {}, h1_request::connect);
  CHECK(r.complete);
  CHECK(r.taken == head.size());
  auto const refusal = parse("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: "
                             "2\r\n\r\nno",
                             false, {}, h1_request::connect);
  CHECK(refusal.status == 407);
  CHECK(refusal.body == "no");
}

TEST_CASE("a request head is written as it is", "[http]") {
  std::array<h1_header, 2> const headers{{{"host", "h:80"}, {"x-a", "b c"}}};
  CHECK(*write_request_head("POST", "/v1/a?b=c", headers) ==
        "POST /v1/a?b=c HTTP/1.1\r\nhost: h:80\r\nx-a: b c\r\n\r\n");
}

TEST_CASE("nothing that could end a line is written", "[http]") {
  auto const refused = [](std::string_view method, std::string_view target, std::string_view name,
                          std::string_view value) {
    std::array<h1_header, 1> const headers{{{name, value}}};
    auto const head = write_request_head(method, target, headers);
    REQUIRE_FALSE(head);
    CHECK(head.error().kind() == cwsandbox::error_kind::invalid_argument);
    CHECK(head.error().message().find("secret") == std::string::npos);
    return head.error().details().subject;
  };
  for (std::string const& end : {"\r\n"s, "\n"s, "\r"s, "\0"s, "\t"s, "\x7f"s, "\x80"s}) {
    CHECK(refused("GET", "/secret" + end + "x", "a", "b") == "target");
    CHECK(refused("GET" + end, "/", "a", "b") == "method");
    CHECK(refused("GET", "/", "secret" + end, "b") == "header");
    CHECK(refused("GET", "/", "a", "secret" + end + "x: y") == "header");
  }
  CHECK(refused("GET", "", "a", "b") == "target");
  CHECK(refused("GET", "/ HTTP/1.1", "a", "b") == "target");
  CHECK(refused("", "/", "a", "b") == "method");
  CHECK(refused("GET", "/", "", "b") == "header");
  CHECK(refused("GET", "/", "a:", "b") == "header");
  CHECK(refused("GET", "/", "a", " b") == "header");
}
