// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_MOCK_MATCHERS_HPP
#define CWSANDBOX_TRANSPORT_MOCK_MATCHERS_HPP

/// \file
/// Matchers for the requests in expectations of a `mock_transport`. `!` negates each of them.

#include <cwsandbox/config.hpp>

#include <cwsandbox/transport/mock/print.hpp>
#include <cwsandbox/wire/messages.hpp>

#include <trompeloeil.hpp>

#include <algorithm>
#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cwsandbox::inline v1 {

namespace detail {

using mock_words = std::vector<std::string>;

inline void mock_print(std::ostream& os, mock_words const& words) {
  for (auto const& word : words) {
    os << ' ';
    mock_print(os, std::string_view{word});
  }
}

// The trailing return types say which requests a matcher is for.
struct command_is_predicate {
  template <class Request>
  auto operator()(Request const& request, mock_words const& words) const
      -> decltype(request.command == words) {
    return request.command == words;
  }
};
struct command_is_printer {
  void operator()(std::ostream& os, mock_words const& words) const {
    os << " has the command";
    mock_print(os, words);
  }
};

struct command_starts_with_predicate {
  template <class Request>
  auto operator()(Request const& request, mock_words const& words) const
      -> decltype(request.command == words) {
    return request.command.size() >= words.size() &&
           std::equal(words.begin(), words.end(), request.command.begin());
  }
};
struct command_starts_with_printer {
  void operator()(std::ostream& os, mock_words const& words) const {
    os << " has a command that starts with";
    mock_print(os, words);
  }
};

struct for_sandbox_predicate {
  template <class Request>
  auto operator()(Request const& request, std::string const& id) const
      -> decltype(request.sandbox_id == id) {
    return request.sandbox_id == id;
  }
};
struct for_sandbox_printer {
  void operator()(std::ostream& os, std::string const& id) const {
    os << " is for the sandbox ";
    mock_print(os, std::string_view{id});
  }
};

inline mock_words const* mock_tags(wire::CreateSandboxRequest const& request) noexcept {
  return request.sandbox && request.sandbox->spec ? &request.sandbox->spec->tags : nullptr;
}
inline mock_words const* mock_tags(wire::CreateSandboxFromTemplateRequest const& request) noexcept {
  return request.overrides ? &request.overrides->tags : nullptr;
}
inline mock_words const* mock_tags(wire::ListSandboxesRequest const& request) noexcept {
  return &request.tags;
}
inline mock_words const* mock_tags(wire::PurgeSandboxesRequest const& request) noexcept {
  return &request.tags;
}

struct tagged_predicate {
  template <class Request>
  auto operator()(Request const& request, std::string const& tag) const
      -> decltype(mock_tags(request) != nullptr) {
    auto const* tags = mock_tags(request);
    return tags != nullptr && std::find(tags->begin(), tags->end(), tag) != tags->end();
  }
};
struct tagged_printer {
  void operator()(std::ostream& os, std::string const& tag) const {
    os << " has the tag ";
    mock_print(os, std::string_view{tag});
  }
};

}  // namespace detail

/// Matches an `ExecStreamInit` or an `ExecRequest` whose command has exactly these words. A command that is run with a
/// working directory is wrapped in a shell before it is sent.
template <class... Words>
[[nodiscard]] auto command_is(Words const&... words) {
  return trompeloeil::make_matcher<trompeloeil::wildcard>(
      detail::command_is_predicate{}, detail::command_is_printer{},
      detail::mock_words{std::string(words)...});
}

/// Matches an `ExecStreamInit` or an `ExecRequest` whose command begins with these words.
template <class... Words>
[[nodiscard]] auto command_starts_with(Words const&... words) {
  return trompeloeil::make_matcher<trompeloeil::wildcard>(
      detail::command_starts_with_predicate{}, detail::command_starts_with_printer{},
      detail::mock_words{std::string(words)...});
}

/// Matches any request about this sandbox.
[[nodiscard]] inline auto for_sandbox(std::string id) {
  return trompeloeil::make_matcher<trompeloeil::wildcard>(
      detail::for_sandbox_predicate{}, detail::for_sandbox_printer{}, std::move(id));
}

/// Matches a request to create, list or purge sandboxes that has this tag among its tags.
[[nodiscard]] inline auto tagged(std::string tag) {
  return trompeloeil::make_matcher<trompeloeil::wildcard>(detail::tagged_predicate{},
                                                          detail::tagged_printer{}, std::move(tag));
}

}  // namespace cwsandbox::inline v1

#endif
