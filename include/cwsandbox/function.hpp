// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_FUNCTION_HPP
#define CWSANDBOX_FUNCTION_HPP

/// \file
/// Typed remote functions: each call runs in a new sandbox of a session. Needs simdjson to link.
///
///     auto add = session.function<int(int, int)>("add", "def add(x, y):\n    return x + y\n");
///     int five = add.remote(2, 3).result();
///
///     std::string shout(std::string const& text);
///     CWSANDBOX_REMOTE(shout);              // at namespace scope
///     auto loud = session.function(shout);  // the program itself goes to the sandbox
///     loud.remote("hello").result();
///
/// A program with native functions must begin with `remote_main`. (contract: options 5)

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/function_call.hpp>
#include <cwsandbox/detail/function_work.hpp>
#include <cwsandbox/function_options.hpp>
#include <cwsandbox/operation.hpp>
#include <cwsandbox/session.hpp>
#include <cwsandbox/value_codec.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace cwsandbox::inline v1 {

/// Re-enters this program as a remote function: gives the exit code when it was started for that, nothing otherwise.
/// First of all in `main`:
///
///     if (auto code = cw::remote_main(argc, argv)) return *code;
[[nodiscard]] CWSANDBOX_DECL std::optional<int> remote_main(int argc, char const* const* argv);

namespace detail {

/// The name of a keyword argument, as a template argument.
template <std::size_t N>
struct keyword_name {
  char text[N]{};
  constexpr keyword_name(char const (&name)[N]) { std::copy_n(name, N, text); }
  [[nodiscard]] constexpr std::string_view view() const { return {text, N - 1}; }
};

}  // namespace detail

/// A parameter of a function from source that is given by its name:
/// `session.function<double(double, cw::keyword<"base", double>)>(...)`, called as `f.remote(8, 2)`.
template <detail::keyword_name Name, class V>
struct keyword {
  V value{};

  constexpr keyword() = default;
  template <class U>
    requires std::convertible_to<U, V>
  constexpr keyword(U&& from) : value(std::forward<U>(from)) {}
};

namespace detail {

template <class P>
inline constexpr bool is_keyword = false;
template <keyword_name Name, class V>
inline constexpr bool is_keyword<keyword<Name, V>> = true;

template <class P>
struct parameter {
  using type = P;
};
template <keyword_name Name, class V>
struct parameter<keyword<Name, V>> {
  using type = V;
};

template <class P>
void add_to_payload(payload_writer& payload, P const& value) {
  payload.argument(value);
}
template <keyword_name Name, class V>
void add_to_payload(payload_writer& payload, keyword<Name, V> const& value) {
  payload.keyword_argument(Name.view(), value.value);
}

/// What functions of both kinds do.
template <class T, class R, class... A>
class function_base {
  static_assert(((!std::is_lvalue_reference_v<A> || std::is_const_v<std::remove_reference_t<A>>)&&...),
                "cwsandbox: a remote function cannot change its arguments: take them by value or by "
                "const reference");
  static_assert((encodable<typename parameter<std::remove_cvref_t<A>>::type> && ...),
                "cwsandbox: an argument of this type cannot be encoded: name its members with "
                "CWSANDBOX_FIELDS, or specialize cwsandbox::value_codec for it");
  static_assert(std::is_void_v<R> || decodable<R>,
                "cwsandbox: a result of this type cannot be decoded: name its members with "
                "CWSANDBOX_FIELDS, or specialize cwsandbox::value_codec for it");

 public:
  using result_type = R;
  using arguments = std::tuple<std::remove_cvref_t<A>...>;

  /// Calls the function in a new sandbox, which is stopped before the operation ends, whatever happens. Returns at once.
  ///
  /// Throws `invalid_argument` for an argument that JSON cannot hold, before any call, and SandboxError when the session
  /// is closed. The operation fails with SandboxExecutionError when the function does, with the type, the message and
  /// the traceback of what it raised; with FunctionError when a native function cannot run in that sandbox; and as any
  /// use of a sandbox does. Cancelling it stops the sandbox.
  operation<R> remote(std::remove_cvref_t<A> const&... args) const {
    auto encoded = encode(args...);
    return start_function<R>(*session_, target_, std::move(encoded).value());
  }

  /// Calls it once for each tuple, all at the same time; the operations are in the order of the input. Arguments that
  /// cannot be encoded fail their own operation only.
  [[nodiscard]] std::vector<operation<R>> map(std::vector<arguments> const& calls) const {
    std::vector<operation<R>> started;
    started.reserve(calls.size());
    for (auto const& call : calls) {
      auto encoded =
          std::apply([this](auto const&... args) { return encode(args...); }, call);
      if (encoded)
        started.push_back(start_function<R>(*session_, target_, *std::move(encoded)));
      else
        started.push_back(done_operation<R>(session_->executor(), encoded.error()));
    }
    return started;
  }

  [[nodiscard]] std::string const& name() const noexcept { return target_->name; }

 protected:
  function_base(std::shared_ptr<session_core<T>> session, outcome<function_target> target)
      : session_{std::move(session)},
        target_{std::make_shared<function_target const>(std::move(target).value())} {}

 private:
  [[nodiscard]] outcome<std::string> encode(std::remove_cvref_t<A> const&... args) const {
    payload_writer payload{*target_};
    (add_to_payload(payload, args), ...);
    return std::move(payload).finish();
  }

  std::shared_ptr<session_core<T>> session_;
  std::shared_ptr<function_target const> target_;
};

}  // namespace detail

template <class T, class Signature>
class remote_function;

/// A function from source, made by `session.function<R(A...)>(name, source)`. A cheap copyable handle that may outlive
/// its session, but not be called then. Thread-safe.
template <class T, class R, class... A>
class remote_function<T, R(A...)> : public detail::function_base<T, R, A...> {
 public:
  /// Only native functions run here.
  template <class... Args>
  R local(Args&&...) const {
    static_assert(sizeof...(Args) > sizeof...(Args) + std::is_void_v<R>,
                  "cwsandbox: local() is for native functions: the source of this one can only run "
                  "in the interpreter of a sandbox");
  }

 private:
  friend struct detail::function_access<R(A...)>;
  using detail::function_base<T, R, A...>::function_base;
};

template <class T, class Signature>
class native_function;

/// A function of this program, made by `session.function(f)`. A cheap copyable handle that may outlive its session, but
/// not be called remotely then. Thread-safe as far as the function is.
template <class T, class R, class... A>
class native_function<T, R(A...)> : public detail::function_base<T, R, A...> {
  static_assert((!detail::is_keyword<std::remove_cvref_t<A>> && ...),
                "cwsandbox: native functions have no keyword arguments");

 public:
  /// Calls the function here.
  R local(A... args) const { return function_(std::forward<A>(args)...); }

 private:
  friend struct detail::function_access<R(A...)>;
  native_function(std::shared_ptr<detail::session_core<T>> session,
                  outcome<detail::function_target> target, R (*function)(A...))
      : detail::function_base<T, R, A...>{std::move(session), std::move(target)},
        function_{function} {}

  R (*function_)(A...);
};

namespace detail {

template <class R, class... A>
struct function_access<R(A...)> {
  template <class T>
  static remote_function<T, R(A...)> make(std::shared_ptr<session_core<T>> session,
                                          std::string_view name, std::string_view source,
                                          FunctionOptions const& options) {
    auto target = make_source_target(session->defaults(), name, source, options);
    return {std::move(session), std::move(target)};
  }
  template <class T>
  static native_function<T, R(A...)> make(std::shared_ptr<session_core<T>> session,
                                          R (*function)(A...), FunctionOptions const& options) {
    auto name = native_name(reinterpret_cast<void (*)()>(function)).value();
    bool const mounts = abilities_of(session->transport()).name == "local";
    auto target = make_native_target(session->defaults(), std::move(name), options, mounts);
    return {std::move(session), std::move(target), function};
  }

  static bool invoke(void (*erased)(), value_reader& in, value_writer& out) {
    static_assert((decodable<std::remove_cvref_t<A>> && ...),
                  "cwsandbox: an argument of this type cannot be decoded: name its members with "
                  "CWSANDBOX_FIELDS, or specialize cwsandbox::value_codec for it");
    static_assert(std::is_void_v<R> || encodable<R>,
                  "cwsandbox: a result of this type cannot be encoded: name its members with "
                  "CWSANDBOX_FIELDS, or specialize cwsandbox::value_codec for it");
    auto const function = reinterpret_cast<R (*)(A...)>(erased);
    std::tuple<std::remove_cvref_t<A>...> arguments{};
    if (!in.value(arguments)) return false;
    auto const call = [&](auto&... args) -> R { return function(static_cast<A&&>(args)...); };
    if constexpr (std::is_void_v<R>) {
      std::apply(call, arguments);
      out.null();
    } else {
      out.value(std::apply(call, arguments));
    }
    return true;
  }
};

template <class R, class... A>
[[nodiscard]] native_registration register_native(std::string_view name, R (*function)(A...)) {
  return {name, reinterpret_cast<void (*)()>(function), &function_access<R(A...)>::invoke};
}

}  // namespace detail

}  // namespace cwsandbox::inline v1

/// Registers a free function, which must not be overloaded, under its name as written. At namespace scope, in a source
/// file: `CWSANDBOX_REMOTE(histogram);`. Its parameters must be default constructible.
#define CWSANDBOX_REMOTE(function) CWSANDBOX_DETAIL_REMOTE_1(function, __COUNTER__)
#define CWSANDBOX_DETAIL_REMOTE_1(function, number) CWSANDBOX_DETAIL_REMOTE_2(function, number)
#define CWSANDBOX_DETAIL_REMOTE_2(function, number)                                     \
  [[maybe_unused]] static ::cwsandbox::detail::native_registration const               \
      cwsandbox_remote_function_##number =                                              \
          ::cwsandbox::detail::register_native(#function, &function)

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/function_call.ipp>
#endif

#endif
