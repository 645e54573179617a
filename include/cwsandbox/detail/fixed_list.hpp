// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_FIXED_LIST_HPP
#define CWSANDBOX_DETAIL_FIXED_LIST_HPP

#include <cwsandbox/config.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#if defined(CWSANDBOX_HAS_EXCEPTIONS)
#include <stdexcept>
#else
#include <cstdlib>
#endif

namespace cwsandbox::inline v1 {

/// The type of `cw::empty`.
struct empty_t {
  explicit constexpr empty_t(int) {}
};

/// A list option that is given and has no element: `.runner_ids = cw::empty`. (`{}` leaves the
/// option unset.)
inline constexpr empty_t empty{0};

namespace detail {

/// What a list option takes as text: a literal, a `std::string`, a `std::string_view`, ...
template <class T>
concept text_like =
    std::convertible_to<T const&, std::string_view> && !std::same_as<T, std::nullptr_t>;

/// One text in the braces of a list. A class of its own, for two reasons: `{"a", "b"}` must never
/// turn into `std::string_view{first, last}`, and `.tags = "abc"` (a text where a list is wanted)
/// must not compile.
class text_arg {
 public:
  template <text_like T>
  constexpr text_arg(T const& text) : view_(text) {}  // NOLINT: implicit on purpose

  constexpr std::string_view view() const { return view_; }

 private:
  std::string_view view_;
};

}  // namespace detail

/// A key and its value in a map option; views.
struct text_pair {
  std::string_view first;
  std::string_view second;

  constexpr text_pair() = default;
  constexpr text_pair(detail::text_arg key, detail::text_arg value)
      : first(key.view()), second(value.view()) {}

  explicit operator std::pair<std::string, std::string>() const {
    return {std::string{first}, std::string{second}};
  }

  friend constexpr bool operator==(text_pair const&, text_pair const&) = default;
};

namespace detail {

/// How many elements the braces of an option take. A view of a whole container has no limit.
inline constexpr std::size_t max_texts = 32;
inline constexpr std::size_t max_words = 64;
inline constexpr std::size_t max_pairs = 32;
inline constexpr std::size_t max_items = 16;

/// Not constexpr: reaching it in a constant expression is the compile error, and its name says why.
[[noreturn]] inline void fixed_list_is_full_merge_into_SandboxDefaults_instead() {
#if defined(CWSANDBOX_HAS_EXCEPTIONS)
  throw std::length_error{"cwsandbox: more elements than a fixed-capacity option list holds"};
#else
  std::abort();
#endif
}

/// Stands for "no argument" in the constructors that take elements one by one; told apart by its
/// address.
template <class T>
inline constexpr T absent{};

template <class E>
struct element_from;  // static constexpr E make(T const&)

template <>
struct element_from<std::string_view> {
  template <text_like T>
  static constexpr std::string_view make(T const& text) {
    return text;
  }
};

template <>
struct element_from<text_pair> {
  static constexpr text_pair make(text_pair const& pair) { return pair; }
  template <class T>
  requires(text_like<std::remove_cvref_t<decltype(std::declval<T const&>().first)>>&&
               text_like<std::remove_cvref_t<
                   decltype(std::declval<T const&>().second)>>) static constexpr text_pair
      make(T const& pair) {
    return text_pair{pair.first, pair.second};
  }
};

template <class R>
concept sized_container = requires(R const& range) {
  std::begin(range);
  std::end(range);
  { std::size(range) } -> std::convertible_to<std::size_t>;
};

/// A whole container whose elements can be seen as E.
template <class R, class E>
concept container_of = sized_container<R> && requires(R const& range) {
  { element_from<E>::make(*std::begin(range)) } -> std::same_as<E>;
};

/// A list of views with a fixed capacity, or a view of somebody else's container; literal and
/// trivially destructible. Knows three states: unset, given and empty, given with elements.
template <class E, std::size_t N>
class fixed_list {
 public:
  using value_type = E;

  class iterator {
   public:
    using value_type = E;
    using difference_type = std::ptrdiff_t;
    using reference = E;
    using pointer = void;
    using iterator_category = std::input_iterator_tag;

    constexpr iterator() = default;
    constexpr iterator(fixed_list const* list, std::size_t index) : list_(list), index_(index) {}
    constexpr E operator*() const { return (*list_)[index_]; }
    constexpr iterator& operator++() {
      ++index_;
      return *this;
    }
    constexpr iterator operator++(int) {
      auto const before = *this;
      ++index_;
      return before;
    }
    friend constexpr bool operator==(iterator const&, iterator const&) = default;

   private:
    fixed_list const* list_ = nullptr;
    std::size_t index_ = 0;
  };
  using const_iterator = iterator;

  constexpr fixed_list() = default;

  static constexpr std::size_t capacity() { return N; }

  /// Given at all; true for a given empty list.
  constexpr bool has_value() const { return given_; }
  constexpr std::size_t size() const { return size_; }
  constexpr bool empty() const { return size_ == 0; }
  constexpr E operator[](std::size_t index) const {
    return source_ == nullptr ? items_[index] : access_->at(source_, index);
  }
  constexpr E front() const { return (*this)[0]; }
  constexpr E back() const { return (*this)[size_ - 1]; }
  constexpr iterator begin() const { return {this, 0}; }
  constexpr iterator end() const { return {this, size_}; }

  /// Calls f with each element; linear also where indexing is not (a view of a `std::map`).
  template <class F>
  constexpr void for_each(F&& f) const {
    if (source_ == nullptr) {
      for (std::size_t i = 0; i < size_; ++i) f(items_[i]);
    } else {
      access_->each(source_, &f, [](void* context, E const& element) {
        (*static_cast<std::remove_reference_t<F>*>(context))(element);
      });
    }
  }

  friend constexpr bool operator==(fixed_list const& a, fixed_list const& b) {
    if (a.given_ != b.given_ || a.size_ != b.size_) return false;
    for (std::size_t i = 0; i < a.size_; ++i)
      if (!(a[i] == b[i])) return false;
    return true;
  }

  /// Marks the list as given (it may stay empty).
  constexpr void mark_given() { given_ = true; }

  constexpr void push_back(E const& element) {
    own_elements();
    if (size_ == N) fixed_list_is_full_merge_into_SandboxDefaults_instead();
    items_[size_++] = element;
    given_ = true;
  }

  /// Replaces element `index`.
  constexpr void replace(std::size_t index, E const& element) {
    own_elements();
    items_[index] = element;
  }

  /// Looks at a whole container, of any size; it must outlive this list. In a constant expression
  /// the elements are copied.
  template <container_of<E> Container>
  constexpr void view(Container const& container) {
    given_ = true;
    if (std::is_constant_evaluated()) {
      for (auto const& element : container) push_back(element_from<E>::make(element));
    } else {
      source_ = std::addressof(container);
      access_ = &access_to<Container>;
      size_ = std::size(container);
    }
  }

 private:
  struct access {
    E (*at)(void const* source, std::size_t index);
    void (*each)(void const* source, void* context, void (*sink)(void*, E const&));
  };

  template <class Container>
  static E at_of(void const* source, std::size_t index) {
    auto const& container = *static_cast<Container const*>(source);
    auto it = std::begin(container);
    std::advance(it,
                 static_cast<typename std::iterator_traits<decltype(it)>::difference_type>(index));
    return element_from<E>::make(*it);
  }
  template <class Container>
  static void each_of(void const* source, void* context, void (*sink)(void*, E const&)) {
    for (auto const& element : *static_cast<Container const*>(source))
      sink(context, element_from<E>::make(element));
  }
  template <class Container>
  static constexpr access access_to{&at_of<Container>, &each_of<Container>};

  constexpr void own_elements() {
    if (source_ == nullptr) return;
    if (size_ > N) fixed_list_is_full_merge_into_SandboxDefaults_instead();
    for (std::size_t i = 0; i < size_; ++i) items_[i] = access_->at(source_, i);
    source_ = nullptr;
    access_ = nullptr;
  }

  std::array<E, N> items_{};
  void const* source_ = nullptr;
  access const* access_ = nullptr;
  std::size_t size_ = 0;
  bool given_ = false;
};

/// An option list copied from another flavour keeps its "unset".
template <class Container>
constexpr bool was_given(Container const& container) {
  if constexpr (requires { container.has_value(); }) {
    return container.has_value();
  } else {
    return true;
  }
}

// The braces of options. Both flavours of storage have the same constructors, so each front end is
// written once over a backend that knows push_back, mark_given and view.

/// Braces of texts: `{"a", s}`, or a whole container of texts.
template <class Backend, std::size_t Limit>
class text_braces : public Backend {
 public:
  constexpr text_braces() = default;
  constexpr text_braces(empty_t) { this->mark_given(); }

  template <class... Rest>
  requires(std::convertible_to<Rest const&, text_arg>&&...) constexpr text_braces(
      text_arg first, Rest const&... rest) {
    static_assert(sizeof...(Rest) < Limit,
                  "cwsandbox: too many elements in the braces of a list option: pass a whole "
                  "container instead");
    if constexpr (sizeof...(Rest) < Limit) {
      this->push_back(first.view());
      (this->push_back(text_arg(rest).view()), ...);
    }
  }

  template <container_of<std::string_view> Container>
  requires(!std::derived_from<Container, Backend>) constexpr text_braces(
      Container const& container) {
    if (was_given(container)) this->view(container);
  }
};

// clang-format off
#define CWSANDBOX_DETAIL_OPTIONAL_7(T, n)                                                     \
  T const &n##1 = absent<T>, T const &n##2 = absent<T>, T const &n##3 = absent<T>,            \
  T const &n##4 = absent<T>, T const &n##5 = absent<T>, T const &n##6 = absent<T>,            \
  T const &n##7 = absent<T>
#define CWSANDBOX_DETAIL_OPTIONAL_8(T, n) \
  T const &n##0 = absent<T>, CWSANDBOX_DETAIL_OPTIONAL_7(T, n)
#define CWSANDBOX_DETAIL_UNNAMED_8(T) \
  T const&, T const&, T const&, T const&, T const&, T const&, T const&, T const&
#define CWSANDBOX_DETAIL_UNNAMED_OPTIONAL_8(T)                                                \
  T const& = absent<T>, T const& = absent<T>, T const& = absent<T>, T const& = absent<T>,     \
  T const& = absent<T>, T const& = absent<T>, T const& = absent<T>, T const& = absent<T>
#define CWSANDBOX_DETAIL_ADDRESSES_8(n) &n##0, &n##1, &n##2, &n##3, &n##4, &n##5, &n##6, &n##7
// clang-format on

/// Braces of pairs: `{{"K", "V"}, {"L", s}}`, or a whole container of pairs (`std::map`, vector of
/// pairs, ...).
template <class Backend>
class pair_braces : public Backend {
 public:
  constexpr pair_braces() = default;
  constexpr pair_braces(empty_t) { this->mark_given(); }

  constexpr pair_braces(text_pair const& a0, CWSANDBOX_DETAIL_OPTIONAL_7(text_pair, a),
                        CWSANDBOX_DETAIL_OPTIONAL_8(text_pair, b),
                        CWSANDBOX_DETAIL_OPTIONAL_8(text_pair, c),
                        CWSANDBOX_DETAIL_OPTIONAL_8(text_pair, d)) {
    text_pair const* const all[max_pairs] = {
        CWSANDBOX_DETAIL_ADDRESSES_8(a), CWSANDBOX_DETAIL_ADDRESSES_8(b),
        CWSANDBOX_DETAIL_ADDRESSES_8(c), CWSANDBOX_DETAIL_ADDRESSES_8(d)};
    for (auto const* pair : all) {
      if (pair == &absent<text_pair>) break;
      this->set(pair->first, pair->second);
    }
  }

  template <class TooMany = text_pair>
  constexpr pair_braces(CWSANDBOX_DETAIL_UNNAMED_8(text_pair),
                        CWSANDBOX_DETAIL_UNNAMED_8(text_pair),
                        CWSANDBOX_DETAIL_UNNAMED_8(text_pair),
                        CWSANDBOX_DETAIL_UNNAMED_8(text_pair), text_pair const&,
                        CWSANDBOX_DETAIL_UNNAMED_OPTIONAL_8(text_pair),
                        CWSANDBOX_DETAIL_UNNAMED_OPTIONAL_8(text_pair),
                        CWSANDBOX_DETAIL_UNNAMED_OPTIONAL_8(text_pair),
                        CWSANDBOX_DETAIL_UNNAMED_OPTIONAL_8(text_pair)) {
    static_assert(sizeof(TooMany) == 0,
                  "cwsandbox: too many elements in the braces of a map option: pass a whole "
                  "container instead");
  }

  template <container_of<text_pair> Container>
  requires(!std::derived_from<Container, Backend>) constexpr pair_braces(
      Container const& container) {
    if (was_given(container)) this->view(container);
  }
};

/// Braces of option structs: `{{.port = 80}, {.port = 81}}`, or a whole container of them.
template <class Backend, class Item>
class item_braces : public Backend {
 public:
  constexpr item_braces() = default;
  constexpr item_braces(empty_t) { this->mark_given(); }

  constexpr item_braces(Item const& a0, CWSANDBOX_DETAIL_OPTIONAL_7(Item, a),
                        CWSANDBOX_DETAIL_OPTIONAL_8(Item, b)) {
    Item const* const all[max_items] = {CWSANDBOX_DETAIL_ADDRESSES_8(a),
                                        CWSANDBOX_DETAIL_ADDRESSES_8(b)};
    for (auto const* item : all) {
      if (item == &absent<Item>) break;
      this->push_back(*item);
    }
  }

  template <class TooMany = Item>
  constexpr item_braces(CWSANDBOX_DETAIL_UNNAMED_8(Item), CWSANDBOX_DETAIL_UNNAMED_8(Item),
                        Item const&, CWSANDBOX_DETAIL_UNNAMED_OPTIONAL_8(Item),
                        CWSANDBOX_DETAIL_UNNAMED_OPTIONAL_8(Item)) {
    static_assert(sizeof(TooMany) == 0,
                  "cwsandbox: too many elements in the braces of a list option: pass a whole "
                  "container instead");
  }

  template <container_of<Item> Container>
  requires(!std::derived_from<Container, Backend>) constexpr item_braces(
      Container const& container) {
    if (was_given(container)) this->view(container);
  }
};

#undef CWSANDBOX_DETAIL_OPTIONAL_7
#undef CWSANDBOX_DETAIL_OPTIONAL_8
#undef CWSANDBOX_DETAIL_UNNAMED_8
#undef CWSANDBOX_DETAIL_UNNAMED_OPTIONAL_8
#undef CWSANDBOX_DETAIL_ADDRESSES_8

/// Pairs in the order given, without looking at the keys; over a list of either flavour.
template <class List>
class pair_list : public List {
 public:
  constexpr void set(std::string_view key, std::string_view value) {
    this->push_back(text_pair{key, value});
  }

  friend bool operator==(pair_list const&, pair_list const&) = default;
};

/// A map is a fixed list of pairs with unique keys.
template <std::size_t N>
class fixed_map : public fixed_list<text_pair, N> {
 public:
  constexpr fixed_map() = default;

  /// Position of a key, or size().
  constexpr std::size_t index_of(std::string_view key) const {
    std::size_t i = 0;
    while (i < this->size() && (*this)[i].first != key) ++i;
    return i;
  }
  constexpr bool contains(std::string_view key) const { return index_of(key) != this->size(); }

  /// Sets a key; one that exists keeps its place.
  constexpr void set(std::string_view key, std::string_view value) {
    auto const at = index_of(key);
    if (at == this->size()) {
      this->push_back(text_pair{key, value});
    } else {
      this->replace(at, text_pair{key, value});
    }
  }

  /// Equal as maps: the order does not matter.
  friend constexpr bool operator==(fixed_map const& a, fixed_map const& b) {
    if (a.has_value() != b.has_value() || a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
      auto const at = b.index_of(a[i].first);
      if (at == b.size() || b[at].second != a[i].second) return false;
    }
    return true;
  }
};

}  // namespace detail
}  // namespace cwsandbox::inline v1

#endif
