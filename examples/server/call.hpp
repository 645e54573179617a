// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_EXAMPLES_SERVER_CALL_HPP
#define CWSANDBOX_EXAMPLES_SERVER_CALL_HPP

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <unordered_set>

namespace server {

/// A call in flight, as the end of the program sees it. Both members may be called from any thread, and only post.
class call {
 public:
  /// The program wants to end: finish what would otherwise never end.
  virtual void drain() = 0;
  /// The program ends now.
  virtual void stop() = 0;

 protected:
  ~call() = default;
};

/// All calls in flight. Thread-safe.
class call_registry {
 public:
  void add(call& added) {
    std::lock_guard const lock{mutex_};
    calls_.insert(&added);
    if (draining_) added.drain();
    if (stopped_) added.stop();
  }
  void remove(call& removed) {
    std::lock_guard const lock{mutex_};
    calls_.erase(&removed);
    if (calls_.empty()) empty_.notify_all();
  }
  [[nodiscard]] bool is_draining() const {
    std::lock_guard const lock{mutex_};
    return draining_;
  }
  void drain() {
    std::lock_guard const lock{mutex_};
    draining_ = true;
    for (auto* const c : calls_) c->drain();
  }
  void stop() {
    std::lock_guard const lock{mutex_};
    stopped_ = true;
    for (auto* const c : calls_) c->stop();
  }
  /// Waits until no call is left, but not longer than that.
  void wait_until_empty(std::chrono::seconds limit) {
    std::unique_lock lock{mutex_};
    empty_.wait_for(lock, limit, [this] { return calls_.empty(); });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable empty_;
  std::unordered_set<call*> calls_;
  bool draining_{};
  bool stopped_{};
};

}  // namespace server

#endif
