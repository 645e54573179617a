// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TESTS_SUPPORT_LIBPROTOBUF_JSON_HPP
#define CWSANDBOX_TESTS_SUPPORT_LIBPROTOBUF_JSON_HPP

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace test_support {

struct libprotobuf_print {
  bool whitespace = false;
  bool original_names = false;
  bool enums_as_numbers = false;
  bool defaults = false;
};

// The JSON of libprotobuf, as a judge of ours. Messages come and go in the binary format, so that
// the slow headers stay in one translation unit. The schema is a descriptor set, which protoc wrote
// to CWSANDBOX_DESCRIPTOR_SET.
class libprotobuf_json {
 public:
  libprotobuf_json();
  libprotobuf_json(libprotobuf_json const&) = delete;
  libprotobuf_json& operator=(libprotobuf_json const&) = delete;
  ~libprotobuf_json();

  // JSON of a message given in the binary format; nothing when libprotobuf refuses.
  std::optional<std::string> to_json(std::string_view message, std::string const& bytes,
                                     libprotobuf_print const& how = {});

  // The binary format of a message given as JSON; nothing when libprotobuf refuses.
  std::optional<std::string> from_json(std::string_view message, std::string const& json,
                                       bool ignore_unknown_fields = false);

  // The same halves alone, on a message that was made before and is kept: for benchmarks.
  void keep(std::string_view message, std::string const& bytes);
  bool parse_kept(std::string const& json);
  std::string print_kept();

 private:
  struct implementation;
  std::unique_ptr<implementation> implementation_;
};

}  // namespace test_support

#endif
