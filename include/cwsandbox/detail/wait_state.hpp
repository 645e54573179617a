// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_WAIT_STATE_HPP
#define CWSANDBOX_DETAIL_WAIT_STATE_HPP

#include <cwsandbox/clock.hpp>
#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/operation_state.hpp>
#include <cwsandbox/operation.hpp>

#include <asio/system_executor.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <ranges>
#include <utility>
#include <vector>

namespace cwsandbox::inline v1::detail {

template <class O>
concept operation_handle = requires { typename O::value_type; } &&
                           std::derived_from<O, operation<typename O::value_type>>;

template <class Range>
asio::any_io_executor executor_of(Range const& operations) {
  for (auto const& op : operations) return operation_access::state(op)->get_executor();
  return asio::system_executor{};
}

/// Calls `each(index)` as the operations end, and `last()` after the last of them.
template <class Range, class Last>
void after_all(Range const& operations, Last last) {
  auto left = std::make_shared<std::atomic<std::size_t>>(
      static_cast<std::size_t>(std::ranges::distance(operations)));
  auto shared = std::make_shared<Last>(std::move(last));
  for (auto const& op : operations)
    operation_access::state(op)->add_waiter([left, shared] {
      if (left->fetch_sub(1) == 1) (*shared)();
    });
}

template <class R>
struct collected {
  using type = std::vector<R>;
};
template <>
struct collected<void> {
  using type = void;
};

template <class R, class Range>
operation<typename collected<R>::type> collect(Range const& operations) {
  using result = typename collected<R>::type;
  auto state = std::make_shared<operation_state<result>>(executor_of(operations));
  auto op = operation_access::make(state);
  std::vector<operation<R>> all(std::ranges::begin(operations), std::ranges::end(operations));
  auto finish = [state, all] {
    if constexpr (std::is_void_v<R>) {
      for (auto const& one : all)
        if (auto const& value = operation_access::state(one)->value(); !value) {
          state->complete(value.error());
          return;
        }
      state->complete({});
    } else {
      result values;
      values.reserve(all.size());
      for (auto const& one : all) {
        auto const& value = operation_access::state(one)->value();
        if (!value) {
          state->complete(value.error());
          return;
        }
        values.push_back(*value);
      }
      state->complete(std::move(values));
    }
  };
  if (all.empty())
    finish();
  else
    after_all(all, std::move(finish));
  return op;
}

/// The state of a wait for several items. Cancelling it is an ordinary end. What it waits for keeps
/// it alive, so that a handler that waits for it is called, and forgets it at its end: waiting again
/// and again for the same items leaves nothing behind.
template <class Result, class Item>
class wait_state final : public operation_state<Result>,
                         public std::enable_shared_from_this<wait_state<Result, Item>> {
 public:
  wait_state(asio::any_io_executor executor, std::vector<Item> items, std::size_t wanted)
      : operation_state<Result>{std::move(executor)},
        items_{std::move(items)},
        wanted_{wanted} {}

  /// Waits for the operation of the item with this index.
  void listen(std::size_t index, std::shared_ptr<operation_state_base> operation) {
    auto const id = operation->add_waiter(
        [self = this->shared_from_this(), index] { self->ended(index); });
    if (id == 0) return;
    std::lock_guard lock{items_mutex_};
    listening_.push_back({std::move(operation), id});
  }

  /// All items are listened to: it may end now.
  void begin() {
    {
      std::lock_guard lock{items_mutex_};
      begun_ = true;
      if (order_.size() < wanted_) return;
    }
    end();
  }

  /// Ends with what is done now.
  bool end() {
    if (!this->complete(collect())) return false;
    stop_listening();
    return true;
  }

  bool cancel() override { return end(); }

  void keep(std::unique_ptr<time_source::alarm> alarm) {
    std::lock_guard lock{items_mutex_};
    alarm_ = std::move(alarm);
  }

  /// Once it is done nothing may hold it up, or be held by it.
  void stop_listening() {
    std::vector<listened> left;
    std::unique_ptr<time_source::alarm> alarm;
    {
      std::lock_guard lock{items_mutex_};
      left = std::move(listening_);
      listening_.clear();
      alarm = std::move(alarm_);
    }
    for (auto const& one : left) one.operation->remove_waiter(one.id);
  }

 private:
  struct listened {
    std::shared_ptr<operation_state_base> operation;
    operation_state_base::waiter_id id;
  };

  void ended(std::size_t index) {
    {
      std::lock_guard lock{items_mutex_};
      order_.push_back(index);
      if (!begun_ || order_.size() < wanted_) return;
    }
    end();
  }

  Result collect() {
    Result result{};
    std::lock_guard lock{items_mutex_};
    std::vector<bool> listed(items_.size(), false);
    for (auto const index : order_) {
      listed[index] = true;
      auto& to = result.done.size() < wanted_ ? result.done : result.pending;
      to.push_back(items_[index]);
    }
    for (std::size_t i = 0; i < items_.size(); ++i)
      if (!listed[i]) result.pending.push_back(items_[i]);
    return result;
  }

  std::mutex items_mutex_;
  std::vector<Item> items_;
  std::vector<std::size_t> order_;
  std::size_t wanted_;
  bool begun_{false};
  std::vector<listened> listening_;
  std::unique_ptr<time_source::alarm> alarm_;
};

/// The operation that an item of a wait stands for.
template <class Item>
[[nodiscard]] auto operation_for(Item const& item) {
  if constexpr (operation_handle<Item>)
    return operation<typename Item::value_type>{item};
  else
    return item.wait();
}

template <class Result, class Item>
[[nodiscard]] operation<Result> start_wait(std::vector<Item> items,
                                           std::optional<std::size_t> num_returns,
                                           std::optional<std::chrono::nanoseconds> timeout) {
  auto const count = items.size();
  auto const wanted = std::min(num_returns.value_or(count), count);
  using operation_type = decltype(operation_for(items.front()));
  std::vector<operation_type> operations;
  operations.reserve(count);
  for (auto const& item : items) operations.push_back(operation_for(item));

  auto const executor = executor_of(operations);
  auto state =
      std::make_shared<wait_state<Result, Item>>(executor, std::move(items), wanted);
  std::shared_ptr<operation_state<Result>> base = state;
  auto op = operation_access::make(std::move(base));
  if (count == 0) {
    state->end();
    return op;
  }
  // A wait for what has ended needs no executor at all; and the order of the input breaks ties.
  for (std::size_t i = 0; i < count; ++i)
    state->listen(i, operation_access::state(operations[i]));
  state->begin();
  if (!state->is_done() && timeout) {
    if (*timeout <= std::chrono::nanoseconds::zero()) {
      state->end();
    } else {
      auto const& clock = system_time_source();
      auto const longest = time_source::time_point::max() - clock->now();
      auto const when =
          *timeout < longest ? clock->now() + *timeout : time_source::time_point::max();
      state->keep(clock->wake_at(when, time_source::wait_kind::deadline, executor,
                                 [weak = std::weak_ptr{state}] {
                                   if (auto s = weak.lock()) s->end();
                                 }));
    }
  }
  if (state->is_done()) state->stop_listening();  // it may have ended while this was set up
  return op;
}

}  // namespace cwsandbox::inline v1::detail

#endif
