// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_PAGES_HPP
#define CWSANDBOX_DETAIL_PAGES_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/constants.hpp>
#include <cwsandbox/detail/await.hpp>
#include <cwsandbox/outcome.hpp>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cwsandbox::inline v1::detail {

/// One page of a list call.
template <class Item>
struct page {
  std::vector<Item> items{};
  std::string next_token{};
};

/// Reads all pages within one deadline (lifecycle, section 5.1). `fetch(token, time_left)` gives the awaitable outcome
/// of one page, its error translated; what is wrong with the paging itself is an error of `kind`.
template <class Item, class Fetch>
[[nodiscard]] asio::awaitable<outcome<std::vector<Item>>> read_pages(
    task_context context, std::chrono::nanoseconds timeout, std::string_view operation,
    error_kind kind, Fetch fetch) {
  std::vector<Item> found;
  std::vector<std::string> seen;
  std::string token;
  std::string what{operation};
  auto const deadline = *deadline_in(context, timeout);
  for (int number = 1;; ++number) {
    auto const left = std::chrono::nanoseconds{deadline - context.clock->now()};
    if (left <= std::chrono::nanoseconds::zero())
      co_return make_error(kind, what + " timed out during pagination");
    auto call = fetch(token, left);
    auto answer = co_await std::move(call);
    if (!answer) co_return answer.error();
    std::move(answer->items.begin(), answer->items.end(), std::back_inserter(found));
    token = std::move(answer->next_token);
    if (token.empty()) co_return std::move(found);
    if (std::find(seen.begin(), seen.end(), token) != seen.end())
      co_return make_error(kind, what + ": pagination loop detected: repeated page token");
    if (number == constants::list_pages_max)
      co_return make_error(kind, what + ": pagination exceeded 100 pages");
    seen.push_back(token);
  }
}

}  // namespace cwsandbox::inline v1::detail

#endif
