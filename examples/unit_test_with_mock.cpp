// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// A unit test of a class of one's own that uses sandboxes: no process, no network.
#include <cwsandbox/session.hpp>
#include <cwsandbox/transport/mock.hpp>

#include <string>

#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_test_macros.hpp>
#else
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#endif

namespace cw = cwsandbox;
using trompeloeil::_;

// The class under test. It works on any transport.
template <class Transport>
class grader {
 public:
  explicit grader(cw::basic_session<Transport>& session) : session_{session} {}

  /// True when the student's program prints what was asked for.
  bool passes(std::string const& program, std::string const& expected) {
    auto sb = session_.sandbox();
    auto result = sb.exec({"python3", "-c", program}).result();
    return result.exit_code == 0 && result.out == expected;
  }

 private:
  cw::basic_session<Transport>& session_;
};

TEST_CASE("a program that prints the right answer passes") {
  cw::mock_transport mock;
  auto life = cw::expect_sandbox(mock, "sb-1");  // create, poll to running, delete
  REQUIRE_CALL(*mock, stream_exec(cw::command_is("python3", "-c", "print(42)"), _))
      .RETURN(cw::exec_script{}.out("42\n").exit(0));
  {
    cw::basic_session session{mock};
    CHECK(grader{session}.passes("print(42)", "42\n"));
  }
  CHECK(life.deleted());
}

TEST_CASE("a program that crashes does not pass, whatever it printed") {
  cw::mock_transport mock;
  auto life = cw::expect_sandbox(mock, "sb-1");
  REQUIRE_CALL(*mock, stream_exec(_, _)).RETURN(cw::exec_script{}.out("42\n").exit(1));
  cw::basic_session session{mock};
  CHECK_FALSE(grader{session}.passes("print(42); exit(1)", "42\n"));
}

TEST_CASE("no capacity reaches the caller as a typed error") {
  cw::mock_transport mock;
  REQUIRE_CALL(*mock, create_sandbox(_, _)).THROW(cw::SandboxResourceExhaustedError{"no capacity"});
  cw::basic_session session{mock};
  CHECK_THROWS_AS(grader{session}.passes("", ""), cw::SandboxResourceExhaustedError);
}
