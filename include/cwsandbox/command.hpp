// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_COMMAND_HPP
#define CWSANDBOX_COMMAND_HPP

#include <cwsandbox/detail/fixed_list.hpp>

#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace cwsandbox::inline v1 {

/// The words of a command, as views: `{"sh", "-c", script}` with up to 64 words, or a whole
/// container of texts of any size.
///
/// What it was made from must live until the call that takes it returns; calls copy the words
/// before they return. An empty command is an error of the call, not of this class. No shell is
/// involved: the words are run as they are.
class command : public detail::text_braces<detail::fixed_list<std::string_view, detail::max_words>,
                                           detail::max_words> {
  using base = detail::text_braces<detail::fixed_list<std::string_view, detail::max_words>,
                                   detail::max_words>;

 public:
  using base::base;
  constexpr command() = default;

  /// The words as strings of their own.
  std::vector<std::string> to_vector() const {
    std::vector<std::string> words;
    words.reserve(size());
    for_each([&words](std::string_view word) { words.emplace_back(word); });
    return words;
  }
};

static_assert(std::is_trivially_destructible_v<command>);

}  // namespace cwsandbox::inline v1

#endif
