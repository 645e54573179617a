// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// Transports around a transport: what a session asks of the engine, told while it happens and looked at afterwards, and
// what it does when an answer is lost. All of it works on every transport, and on your own.
#include <cwsandbox/cwsandbox.hpp>
#include <cwsandbox/transport/any.hpp>
#include <cwsandbox/transport/fault_injecting.hpp>
#include <cwsandbox/transport/logging.hpp>
#include <cwsandbox/transport/recording.hpp>

#include <iostream>

namespace cw = cwsandbox;

int main() {
  // how often a sandbox is polled depends on the machine, so this example leaves that out
  auto tell = [](cw::call_report const& call) {
    if (call.method == cw::rpc_method::get_sandbox) return;
    if (!call.is_done()) {
      std::cout << "log: " << to_string(call.method) << " ...\n";
      return;
    }
    std::cout << "log: " << to_string(call.method) << " " << to_string(call.code);
    if (call.exit_code) std::cout << ", exit status " << *call.exit_code;
    std::cout << '\n';
  };

  // the engine loses its answer to the first read of a file
  cw::fault_plan plan;
  plan.lose_response(cw::rpc_method::read_file, {.message = "the cable was cut"});

  // inside out: faults happen on the engine, the log sees them, the journal keeps everything
  cw::recording transport{cw::logging{cw::fault_injecting{cw::local_transport{}, plan}, tell}};

  {
    // the session need not know what it runs on; any_transport keeps its type, and its compile time, the same
    cw::any_session session{cw::any_transport{transport}};
    auto sandbox = session.sandbox();
    std::cout << sandbox.exec({"echo", "hello"}).result().out;
    sandbox.write_file("/tmp/note", "twelve bytes").result();
    try {
      std::cout << sandbox.read_file("/tmp/note").result() << '\n';
    } catch (cw::SandboxError const& e) {
      std::cout << e.what() << '\n';
    }
    std::cout << sandbox.read_file("/tmp/note").result() << '\n';
  }

  auto const journal = transport.journal();
  auto const created = journal.requests<cw::wire::CreateSandboxRequest>().front();
  std::cout << "the image was " << created.sandbox->spec->containers.front().image << '\n';
  for (auto const& call : journal.calls()) {
    if (call.method == cw::rpc_method::get_sandbox) continue;
    std::cout << to_string(call.method) << ": " << to_string(call.code) << ", " << call.bytes_sent
              << " bytes out, " << call.bytes_received << " bytes in\n";
  }
}
