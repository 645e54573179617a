// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TESTS_SUPPORT_UNARY_TRANSPORT_HPP
#define CWSANDBOX_TESTS_SUPPORT_UNARY_TRANSPORT_HPP

#include <cwsandbox/detail/unary_calls.hpp>
#include <cwsandbox/transport/mock.hpp>

#include <cstdint>
#include <memory>
#include <utility>

namespace test {

// The mock without its streams.
class unary_transport : public cwsandbox::detail::unary_calls<unary_transport> {
 public:
  static constexpr cwsandbox::transport_capabilities capabilities{.name = "unary"};

  explicit unary_transport(cwsandbox::mock_transport mock) : mock_{std::move(mock)} {}
  asio::any_io_executor get_executor() const { return mock_.get_executor(); }
  std::shared_ptr<cwsandbox::time_source> get_time_source() const { return mock_.get_time_source(); }
  template <class Call>
  auto call(typename Call::request request, cwsandbox::call_options options) const {
    return Call::send(mock_, std::move(request), options);
  }

 private:
  cwsandbox::mock_transport mock_;
};
static_assert(cwsandbox::transport<unary_transport>);

// What its commands gave.
inline cwsandbox::wire::ExecResponse answer(std::int32_t code) {
  cwsandbox::wire::ExecResponse response{};
  response.stdout_ = "one\ntwo";
  response.stderr_ = "e";
  response.exit_code = code;
  return response;
}

}  // namespace test

#endif
