// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_OWNING_LIST_HPP
#define CWSANDBOX_DETAIL_OWNING_LIST_HPP

#include <cwsandbox/detail/fixed_list.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cwsandbox::inline v1::detail {

/// The owning counterpart of fixed_list: a vector that knows whether it was given. E is what is
/// pushed (a view), T what is kept.
template <class T, class E>
class owning_list {
 public:
  using value_type = T;
  using const_iterator = typename std::vector<T>::const_iterator;
  using iterator = const_iterator;

  owning_list() = default;

  bool has_value() const { return given_; }
  std::size_t size() const { return items_.size(); }
  bool empty() const { return items_.empty(); }
  T const& operator[](std::size_t index) const { return items_[index]; }
  T const& front() const { return items_.front(); }
  T const& back() const { return items_.back(); }
  const_iterator begin() const { return items_.begin(); }
  const_iterator end() const { return items_.end(); }

  /// The elements as the vector they are.
  std::vector<T> const& to_vector() const& { return items_; }
  std::vector<T> to_vector() && { return std::move(items_); }

  template <class F>
  void for_each(F&& f) const {
    for (auto const& item : items_) f(item);
  }

  void mark_given() { given_ = true; }
  void push_back(T item) {
    items_.push_back(std::move(item));
    given_ = true;
  }
  void push_back(E const& element) requires(!std::same_as<T, E>) { push_back(T(element)); }

  /// Copies a whole container.
  template <class Container>
  void view(Container const& container) {
    given_ = true;
    items_.reserve(items_.size() + std::size(container));
    for (auto const& element : container) push_back(element_from<E>::make(element));
  }

  friend bool operator==(owning_list const&, owning_list const&) = default;
  friend bool operator==(owning_list const& a, std::vector<T> const& b) { return a.items_ == b; }

 private:
  friend class owning_map;

  std::vector<T> items_;
  bool given_ = false;
};

/// Key and value texts in the order of their first appearance; keys are unique.
class owning_map {
 public:
  using value_type = std::pair<std::string, std::string>;
  using const_iterator = std::vector<value_type>::const_iterator;
  using iterator = const_iterator;

  bool has_value() const { return items_.has_value(); }
  std::size_t size() const { return items_.size(); }
  bool empty() const { return items_.empty(); }
  value_type const& operator[](std::size_t index) const { return items_[index]; }
  const_iterator begin() const { return items_.begin(); }
  const_iterator end() const { return items_.end(); }
  std::vector<value_type> const& to_vector() const { return items_.to_vector(); }

  std::size_t index_of(std::string_view key) const {
    std::size_t i = 0;
    while (i < size() && items_[i].first != key) ++i;
    return i;
  }
  bool contains(std::string_view key) const { return index_of(key) != size(); }

  template <class F>
  void for_each(F&& f) const {
    for (auto const& item : items_) f(item);
  }

  void mark_given() { items_.mark_given(); }
  void set(std::string_view key, std::string_view value) {
    auto const at = index_of(key);
    if (at == size()) {
      items_.push_back(value_type{std::string{key}, std::string{value}});
    } else {
      items_.items_[at].second = std::string{value};
    }
  }
  template <class Container>
  void view(Container const& container) {
    mark_given();
    for (auto const& element : container) {
      auto const pair = element_from<text_pair>::make(element);
      set(pair.first, pair.second);
    }
  }

  /// Equal as maps: the order does not matter.
  friend bool operator==(owning_map const& a, owning_map const& b) {
    if (a.has_value() != b.has_value() || a.size() != b.size()) return false;
    for (auto const& [key, value] : a) {
      auto const at = b.index_of(key);
      if (at == b.size() || b[at].second != value) return false;
    }
    return true;
  }

 private:
  owning_list<value_type, text_pair> items_;
};

}  // namespace cwsandbox::inline v1::detail

#endif
