// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_STREAM_IPP
#define CWSANDBOX_IMPL_STREAM_IPP

#include <cwsandbox/stream.hpp>

#include <utility>

namespace cwsandbox::inline v1 {

namespace detail {
using read_state = operation_state<std::optional<std::string>>;

inline void strip_line_end(std::optional<std::string>& line) {
  if (line && !line->empty() && line->back() == '\n') line->pop_back();
}
}  // namespace detail

CWSANDBOX_DECL void stream_items::advance() {
  current_.reset();  // the end, if what follows throws
  if (auto ready = buffer_->try_read(unit_)) {
    current_ = std::move(*ready).value();
  } else {
    auto state = std::make_shared<detail::read_state>(state_->ends().get_executor());
    auto op = detail::operation_access::make(state);
    buffer_->read(unit_, std::move(state));
    current_ = std::move(op).result();
  }
  if (unit_ == unit::line) detail::strip_line_end(current_);
}

CWSANDBOX_DECL operation<std::optional<std::string>> stream_reader::next(
    detail::output_buffer::unit what) const {
  auto state = std::make_shared<detail::read_state>(state_->ends().get_executor());
  auto op = detail::operation_access::make(state);
  buffer_->read(what, std::move(state));
  return op;
}

CWSANDBOX_DECL operation<std::optional<std::string>> stream_reader::read_line() const {
  auto raw = std::make_shared<detail::read_state>(state_->ends().get_executor());
  auto line = std::make_shared<detail::read_state>(state_->ends().get_executor());
  line->on_cancel([raw] { raw->cancel(); });
  raw->add_waiter([raw = std::weak_ptr{raw}, line] {
    auto value = std::move(raw.lock()->value());
    if (value) detail::strip_line_end(*value);
    line->complete(std::move(value));
  });
  buffer_->read(detail::output_buffer::unit::line, std::move(raw));
  return detail::operation_access::make(std::move(line));
}

inline operation<void> stream_writer::queue(std::string bytes) const {
#if defined(CWSANDBOX_HAS_EXCEPTIONS)
  if (auto refused = state_->in->refusal()) refused->raise();
#endif
  auto state = std::make_shared<detail::operation_state<void>>(state_->ends().get_executor());
  state_->in->write(std::move(bytes), state);
  return detail::operation_access::make(std::move(state));
}

CWSANDBOX_DECL operation<void> stream_writer::write(std::string_view bytes) const {
  return queue(std::string{bytes});
}

CWSANDBOX_DECL operation<void> stream_writer::writeline(std::string_view text) const {
  std::string bytes;
  bytes.reserve(text.size() + 1);
  bytes.append(text).push_back('\n');
  return queue(std::move(bytes));
}

CWSANDBOX_DECL operation<void> stream_writer::close() const {
  auto state = std::make_shared<detail::operation_state<void>>(state_->ends().get_executor());
  state_->in->close(state);
  return detail::operation_access::make(std::move(state));
}

}  // namespace cwsandbox::inline v1

#endif
