// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_EXAMPLES_SERVER_REFUSED_CALL_HPP
#define CWSANDBOX_EXAMPLES_SERVER_REFUSED_CALL_HPP

#include <grpcpp/support/status.h>

#include <utility>

namespace server {

/// A stream that ends before it has begun.
template <class Reactor>
class refused_call final : public Reactor {
 public:
  explicit refused_call(grpc::Status status) { this->Finish(std::move(status)); }
  void OnDone() override { delete this; }
};

}  // namespace server

#endif
