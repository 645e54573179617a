// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_PULL_RANGE_HPP
#define CWSANDBOX_DETAIL_PULL_RANGE_HPP

#include <cwsandbox/config.hpp>

#include <cstddef>
#include <iterator>
#include <optional>

namespace cwsandbox::inline v1::detail {

/// Makes a one-pass range of a class whose `advance()` puts the next item, or nothing at the end, into `current_`.
template <class Range, class Item>
class pull_range {
 public:
  class iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = Item;
    using difference_type = std::ptrdiff_t;

    iterator() = default;
    [[nodiscard]] Item& operator*() const noexcept { return *items_->current_; }
    [[nodiscard]] Item* operator->() const noexcept { return &*items_->current_; }
    iterator& operator++() {
      items_->advance();
      return *this;
    }
    void operator++(int) { ++*this; }
    [[nodiscard]] bool operator==(std::default_sentinel_t) const noexcept {
      return !items_->current_;
    }

   private:
    friend class pull_range;
    explicit iterator(Range* items) : items_{items} {}
    Range* items_{nullptr};
  };

  [[nodiscard]] iterator begin() {
    auto* const self = static_cast<Range*>(this);
    self->advance();
    return iterator{self};
  }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

 protected:
  std::optional<Item> current_{};
};

}  // namespace cwsandbox::inline v1::detail

#endif
