// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TESTS_UNIT_MOCK_SUPPORT_HPP
#define CWSANDBOX_TESTS_UNIT_MOCK_SUPPORT_HPP

#include <cwsandbox/transport/mock.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"

namespace test {

namespace cw = cwsandbox;
using trompeloeil::_;

// Trompeloeil reports to whom `set_reporter` names. Violations fail the test, unless it collects them because they are
// what it is about.
class violations {
 public:
  violations() : outer_{std::exchange(current(), this)} {}
  violations(violations const&) = delete;
  violations& operator=(violations const&) = delete;
  ~violations() { current() = outer_; }

  std::vector<std::string> const& all() const { return all_; }

  static bool install() {
    trompeloeil::set_reporter(
        [](trompeloeil::severity severity, char const*, unsigned long, std::string const& what) {
          if (current() != nullptr) {
            current()->all_.push_back(what);
          } else if (severity == trompeloeil::severity::nonfatal) {
            FAIL_CHECK(what);
          } else {
            UNSCOPED_INFO(what);
            FAIL_CHECK("a call that met no expectation");
          }
          if (severity == trompeloeil::severity::fatal)
            throw trompeloeil::expectation_violation(what);
        });
    return true;
  }

 private:
  static violations*& current() {
    static violations* instance = nullptr;
    return instance;
  }
  violations* outer_;
  std::vector<std::string> all_;
};

inline bool const reporter_installed = violations::install();

// Runs a coroutine to its end, and everything else that the context has to do.
template <class T>
T run(asio::io_context& io, asio::awaitable<T> work) {
  std::optional<T> result;
  std::exception_ptr failure;
  auto const collect = [&](asio::awaitable<T> inner) -> asio::awaitable<void> {
    result.emplace(co_await std::move(inner));
  };
  asio::co_spawn(io, collect(std::move(work)), [&](std::exception_ptr e) { failure = e; });
  io.restart();
  io.run();
  if (failure) std::rethrow_exception(failure);
  REQUIRE(result);
  return *std::move(result);
}

inline void run(asio::io_context& io, asio::awaitable<void> work) {
  std::exception_ptr failure;
  asio::co_spawn(io, std::move(work), [&](std::exception_ptr e) { failure = e; });
  io.restart();
  io.run();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace test

#endif
