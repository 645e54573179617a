// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_WIRE_STRING_MAP_HPP
#define CWSANDBOX_WIRE_STRING_MAP_HPP

#include <cwsandbox/config.hpp>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// \file
/// The `map<string, string>` of the wire messages.

namespace cwsandbox::inline v1::wire {

/// A map from string to string that keeps the order in which keys were first inserted.
///
/// Lookup is linear: annotations and environments are small, and a message that prints in the order
/// its author wrote is worth more than a tree. Two maps are equal when they hold the same pairs in
/// any order, because the wire promises none.
class string_map {
public:
  using value_type = std::pair<std::string, std::string>;
  using iterator = std::vector<value_type>::iterator;
  using const_iterator = std::vector<value_type>::const_iterator;
  using size_type = std::size_t;

  string_map() = default;

  /// Inserts the pairs in order; a later pair replaces the value of an earlier one with the same
  /// key.
  string_map(std::initializer_list<value_type> pairs) : string_map(pairs.begin(), pairs.end()) {}

  /// Inserts the pairs of a range in order, as above.
  template <class Iterator, class Sentinel>
    requires requires(Iterator it) { std::string((*it).first); }
  string_map(Iterator first, Sentinel last) {
    for (; first != last; ++first) {
      append(std::string((*first).first), std::string((*first).second));
    }
    keep_last();
  }

  [[nodiscard]] iterator begin() noexcept { return items_.begin(); }
  [[nodiscard]] iterator end() noexcept { return items_.end(); }
  [[nodiscard]] const_iterator begin() const noexcept { return items_.begin(); }
  [[nodiscard]] const_iterator end() const noexcept { return items_.end(); }
  [[nodiscard]] size_type size() const noexcept { return items_.size(); }
  [[nodiscard]] bool empty() const noexcept { return items_.empty(); }
  void reserve(size_type count) { items_.reserve(count); }
  void clear() noexcept { items_.clear(); }

  [[nodiscard]] iterator find(std::string_view key) noexcept {
    auto it = begin();
    while (it != end() && it->first != key) ++it;
    return it;
  }
  [[nodiscard]] const_iterator find(std::string_view key) const noexcept {
    auto it = begin();
    while (it != end() && it->first != key) ++it;
    return it;
  }
  [[nodiscard]] bool contains(std::string_view key) const noexcept { return find(key) != end(); }

  /// The value of a key. Throws `std::out_of_range` when there is none.
  [[nodiscard]] std::string const& at(std::string_view key) const {
    return items_.at(static_cast<size_type>(find(key) - begin())).second;
  }
  /// The value of a key. Throws `std::out_of_range` when there is none.
  [[nodiscard]] std::string& at(std::string_view key) {
    return items_.at(static_cast<size_type>(find(key) - begin())).second;
  }
  /// The value of a key, which is inserted with an empty value when there is none.
  [[nodiscard]] std::string& operator[](std::string_view key) {
    if (auto it = find(key); it != end()) return it->second;
    return items_.emplace_back(std::string(key), std::string()).second;
  }

  /// Sets the value of a key. Returns where it is, and whether the key is new.
  std::pair<iterator, bool> insert_or_assign(std::string key, std::string value) {
    if (auto it = find(key); it != end()) {
      it->second = std::move(value);
      return {it, false};
    }
    items_.emplace_back(std::move(key), std::move(value));
    return {end() - 1, true};
  }

  /// Removes a key. Returns how many pairs went, 0 or 1.
  size_type erase(std::string_view key) {
    auto const it = find(key);
    if (it == end()) return 0;
    items_.erase(it);
    return 1;
  }

  /// Adds a pair without looking for its key: for a decoder, which calls `keep_last()` when it is
  /// done. This keeps the cost of a message with very many keys away from quadratic.
  void append(std::string key, std::string value) {
    items_.emplace_back(std::move(key), std::move(value));
  }

  /// Restores unique keys after `append`: the first position of a key and its last value stay.
  void keep_last() {
    if (items_.size() < 2) return;
    std::vector<value_type*> order;
    order.reserve(items_.size());
    for (value_type& item : items_) order.push_back(&item);
    // Equal keys by position: the items lie in one array, so their addresses are their order.
    std::sort(order.begin(), order.end(), [](value_type const* a, value_type const* b) {
      int const by_key = a->first.compare(b->first);
      return by_key != 0 ? by_key < 0 : a < b;
    });
    std::vector<bool> superseded(items_.size());
    bool any = false;
    for (size_type i = 0; i < order.size();) {
      size_type last = i;
      while (last + 1 < order.size() && order[last + 1]->first == order[i]->first) ++last;
      if (last != i) {
        order[i]->second.swap(order[last]->second);
        any = true;
      }
      for (size_type k = i + 1; k <= last; ++k) {
        superseded[static_cast<size_type>(order[k] - items_.data())] = true;
      }
      i = last + 1;
    }
    if (!any) return;
    size_type kept = 0;
    for (size_type i = 0; i < items_.size(); ++i) {
      if (superseded[i]) continue;
      if (kept != i) items_[kept] = std::move(items_[i]);
      ++kept;
    }
    items_.resize(kept);
  }

  [[nodiscard]] friend bool operator==(string_map const& a, string_map const& b) {
    if (a.items_ == b.items_) return true;
    if (a.size() != b.size()) return false;
    for (value_type const& item : a.items_) {
      auto const other = b.find(item.first);
      if (other == b.end() || other->second != item.second) return false;
    }
    return true;
  }

private:
  std::vector<value_type> items_;
};

}  // namespace cwsandbox::inline v1::wire

#endif
