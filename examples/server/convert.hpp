// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_EXAMPLES_SERVER_CONVERT_HPP
#define CWSANDBOX_EXAMPLES_SERVER_CONVERT_HPP

/// \file
/// The library's plain messages to and from those that libprotobuf generates: through the wire format, so that no field
/// is named twice. Only messages that carry much data have a shortcut.

#include <cwsandbox/config.hpp>
#include <cwsandbox/outcome.hpp>
#include <cwsandbox/wire/messages.hpp>
#include <cwsandbox/wire/protobuf.hpp>

#include <google/protobuf/message_lite.h>

#include "coreweave/sandbox/v1/sandbox.pb.h"

#include <string>
#include <utility>

namespace server {

namespace pb = coreweave::sandbox::v1;
namespace wire = cwsandbox::wire;

template <class Wire>
[[nodiscard]] cwsandbox::outcome<Wire> to_wire(google::protobuf::MessageLite const& message) {
  return wire::decode<Wire>(message.SerializeAsString());
}

/// False when libprotobuf does not accept what was encoded.
template <class Wire>
[[nodiscard]] bool from_wire(Wire&& message, google::protobuf::MessageLite& to) {
  return to.ParseFromString(wire::encode(message));
}

[[nodiscard]] inline bool from_wire(wire::ReadFileResponse&& message, pb::ReadFileResponse& to) {
  to.set_content(std::move(message.content));
  return true;
}

[[nodiscard]] inline bool from_wire(wire::ExecStreamResponse&& message,
                                    pb::ExecStreamResponse& to) {
  if (auto* const output = std::get_if<wire::ExecStreamOutput>(&message.message)) {
    auto& filled = *to.mutable_output();
    filled.set_stream(static_cast<pb::ExecStreamOutput::Stream>(output->stream));
    filled.set_data(std::move(output->data));
    return true;
  }
  return to.ParseFromString(wire::encode(message));
}

}  // namespace server

#endif
