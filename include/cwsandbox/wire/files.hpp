// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_WIRE_FILES_HPP
#define CWSANDBOX_WIRE_FILES_HPP

#include <cwsandbox/config.hpp>

#include <cwsandbox/wire/field.hpp>

#include <string>
#include <string_view>

/// \file
/// Files in a sandbox.

namespace cwsandbox::inline v1::wire {

/// Asks for a file to be written as a whole.
struct WriteFileRequest {
  std::string sandbox_id{};
  std::string path{};
  std::string content{};
  std::string container{};

  bool operator==(WriteFileRequest const&) const = default;
};

template <>
struct descriptor<WriteFileRequest> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.WriteFileRequest";
  template <class M = WriteFileRequest>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "sandbox_id", "sandboxId", &M::sandbox_id),
                 field(2, "path", &M::path),
                 bytes_field(3, "content", &M::content),
                 field(4, "container", &M::container));
  }
};

/// The file was written.
struct WriteFileResponse {
  bool operator==(WriteFileResponse const&) const = default;
};

template <>
struct descriptor<WriteFileResponse> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.WriteFileResponse";
  template <class M = WriteFileResponse>
  static constexpr auto fields(auto&& visit) {
    return visit();
  }
};

/// Asks for a whole file.
struct ReadFileRequest {
  std::string sandbox_id{};
  std::string path{};
  std::string container{};

  bool operator==(ReadFileRequest const&) const = default;
};

template <>
struct descriptor<ReadFileRequest> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.ReadFileRequest";
  template <class M = ReadFileRequest>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "sandbox_id", "sandboxId", &M::sandbox_id),
                 field(2, "path", &M::path),
                 field(3, "container", &M::container));
  }
};

/// A whole file.
struct ReadFileResponse {
  std::string content{};

  bool operator==(ReadFileResponse const&) const = default;
};

template <>
struct descriptor<ReadFileResponse> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.ReadFileResponse";
  template <class M = ReadFileResponse>
  static constexpr auto fields(auto&& visit) {
    return visit(bytes_field(1, "content", &M::content));
  }
};

}  // namespace cwsandbox::inline v1::wire

#endif
