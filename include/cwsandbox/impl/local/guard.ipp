// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_LOCAL_GUARD_IPP
#define CWSANDBOX_IMPL_LOCAL_GUARD_IPP

#include <cwsandbox/transport/local/guard.hpp>

#include <string>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>

namespace cwsandbox::inline v1::detail::local {

CWSANDBOX_DECL std::shared_ptr<guard> guard::make() {
  auto result = std::make_shared<guard>();
  // Opened first: what is mounted from here on shows.
  result->mounts_ = above_stdio(unique_fd{::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC)});
  unique_fd const null = above_stdio(unique_fd{::open("/dev/null", O_RDWR | O_CLOEXEC)});
  auto lifeline = make_pipe();
  if (!result->mounts_ || !null || !lifeline.read) return nullptr;

  spawn_request request;
  // Ends at the end of its input.
  request.arguments = {"cat"};
  request.path = "/usr/bin:/bin";
  request.input = lifeline.read.get();
  request.output = request.error = null.get();
  request.by_main_thread = true;
  request.contain = true;
  auto made = spawn(request);
  if (!made.process) return nullptr;
  result->process_ = std::move(made.process);
  result->namespaces_ = CLONE_NEWPID | CLONE_NEWNS | (made.own_user ? CLONE_NEWUSER : 0);
  result->lifeline_ = std::move(lifeline.write);

  // A system may let one make namespaces and yet not enter them.
  spawn_request probe;
  probe.arguments = request.arguments;
  probe.path = request.path;
  probe.input = probe.output = probe.error = null.get();
  result->admit(probe);
  auto const entered = spawn(probe);
  if (!entered.process) return nullptr;
  entered.process->wait();
  return result;
}

CWSANDBOX_DECL bool guard::usable() noexcept {
  pollfd changed{mounts_.get(), POLLPRI, 0};
  return !process_->exit_status() && ::poll(&changed, 1, 0) == 0;
}

CWSANDBOX_DECL void guard::admit(spawn_request& request) const noexcept {
  request.enter = process_->pidfd();
  request.namespaces = namespaces_;
}

CWSANDBOX_DECL unique_fd guard::root() const noexcept {
  auto const path = "/proc/" + std::to_string(process_->pid()) + "/root";
  return unique_fd{::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
}

}  // namespace cwsandbox::inline v1::detail::local

#endif
