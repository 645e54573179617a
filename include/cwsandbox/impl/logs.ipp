// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_LOGS_IPP
#define CWSANDBOX_IMPL_LOGS_IPP

#include <cwsandbox/logs.hpp>

#include <utility>

namespace cwsandbox::inline v1 {

template <>
CWSANDBOX_DECL void log_items<std::string>::advance() {
  current_.reset();  // the end, if what follows throws
  if (auto ready = channel_->try_line()) {
    current_ = std::move(*ready).value();
    return;
  }
  auto state = std::make_shared<detail::log_channel::read_state<std::string>>(channel_->get_executor());
  auto op = detail::operation_access::make(state);
  channel_->read_line(std::move(state), channel_);
  current_ = std::move(op).result();
}

template <>
CWSANDBOX_DECL void log_items<LogEntry>::advance() {
  current_.reset();
  if (auto ready = channel_->try_entry()) {
    current_ = std::move(*ready).value();
    return;
  }
  auto state = std::make_shared<detail::log_channel::read_state<LogEntry>>(channel_->get_executor());
  auto op = detail::operation_access::make(state);
  channel_->read_entry(std::move(state), channel_);
  current_ = std::move(op).result();
}

CWSANDBOX_DECL operation<std::optional<std::string>> log_reader::read_line() const {
  auto state = std::make_shared<detail::log_channel::read_state<std::string>>(channel_->get_executor());
  auto op = detail::operation_access::make(state);
  channel_->read_line(std::move(state), channel_);
  return op;
}

CWSANDBOX_DECL operation<std::optional<LogEntry>> log_reader::read() const {
  auto state = std::make_shared<detail::log_channel::read_state<LogEntry>>(channel_->get_executor());
  auto op = detail::operation_access::make(state);
  channel_->read_entry(std::move(state), channel_);
  return op;
}

CWSANDBOX_DECL operation<std::string> log_reader::read_all(std::uint64_t max_bytes) const {
  auto state = std::make_shared<detail::operation_state<std::string>>(channel_->get_executor());
  auto op = detail::operation_access::make(state);
  channel_->read_all(std::move(state), max_bytes, channel_);
  return op;
}

}  // namespace cwsandbox::inline v1

#endif
