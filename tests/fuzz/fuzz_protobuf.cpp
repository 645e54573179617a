// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// The first byte chooses the message, the rest is read as it: what is read, written and read again is the same, and
// takes the room that was promised.

#include <cwsandbox/wire/messages.hpp>
#include <cwsandbox/wire/protobuf.hpp>
#include <cwsandbox/wire/rpc_status.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <string>
#include <string_view>

namespace wire = cwsandbox::wire;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

template <class M>
void check(std::string_view bytes) {
  auto const first = wire::decode<M>(bytes);
  // the same bytes, given away
  auto const given = wire::decode<M>(std::string{bytes});
  require(first.has_value() == given.has_value());
  if (!first) {
    require(!first.error().message().empty());
    return;
  }
  require(*first == *given);
  std::string again{"kept"};
  wire::encode_append(*first, again);
  require(again.size() == 4 + wire::encoded_size(*first));
  require(again.starts_with("kept"));
  auto const second = wire::decode<M>(std::string_view{again}.substr(4));
  require(second.has_value());
  require(*first == *second);
  wire::protobuf_limits limits{};
  limits.max_bytes = bytes.size();
  require(wire::decode<M>(bytes, limits).has_value());
  limits.max_depth = 1;
  if (auto const flat = wire::decode<M>(bytes, limits)) require(*flat == *first);
}

// Among them every kind of field, in every place.
constexpr void (*checks[])(std::string_view) = {
    check<wire::Sandbox>,           check<wire::CreateSandboxRequest>,
    check<wire::ExecRequest>,       check<wire::ExecStreamRequest>,
    check<wire::ExecStreamResponse>, check<wire::LogEntry>,
    check<wire::ReadFileResponse>,  check<wire::ListAvailableRunnersResponse>,
    check<wire::SandboxTemplate>,   check<wire::Volume>,
    check<wire::SecretStore>,       check<wire::RpcStatus>,
    check<wire::SecurityContext>,   check<wire::Empty>,
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  if (size == 0) return 0;
  checks[data[0] % std::size(checks)]({reinterpret_cast<char const*>(data) + 1, size - 1});
  return 0;
}
