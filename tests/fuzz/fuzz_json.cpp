// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// Reads any bytes as JSON of three messages. What is read must be written to JSON that reads as the
// same message, by all ways of reading.

#include <cwsandbox/wire/json.hpp>
#include <cwsandbox/wire/messages.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

namespace wire = cwsandbox::wire;

template <wire::message M>
void check(wire::json_reader& reader, std::string_view json) {
  auto const message = reader.read<M>(json);
  std::string text(json);
  auto const in_place = reader.read_in_place<M>(text);
  if (text != json || message.has_value() != in_place.has_value()) std::abort();
  if (!message) {
    if (message.error().message() != in_place.error().message()) std::abort();
    return;
  }
  if (*message != *in_place) std::abort();
  std::string const written = wire::to_json(*message);
  auto const again = reader.read<M>(written);
  if (!again || *again != *message || wire::to_json(*again) != written) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const json(reinterpret_cast<char const*>(data), size);
  // Kept, so that what one document leaves behind shows in the next.
  static wire::json_reader reader;
  check<wire::ListSandboxesResponse>(reader, json);
  check<wire::ExecStreamResponse>(reader, json);
  check<wire::UpdateSecretStoreRequest>(reader, json);
  check<wire::Timestamp>(reader, json);
  check<wire::Duration>(reader, json);
  return 0;
}
