// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_FUNCTION_CALL_HPP
#define CWSANDBOX_DETAIL_FUNCTION_CALL_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/function_options.hpp>
#include <cwsandbox/outcome.hpp>
#include <cwsandbox/process_result.hpp>
#include <cwsandbox/value_codec.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// \file
/// The rules of remote functions, without any call: what is written into the sandbox, what is run there, and what the
/// end of it means. (contract: options 5)

namespace cwsandbox::inline v1::detail {

/// A program that is sent into sandboxes: this one.
struct function_program {
  std::string content{};
  /// As `uname -m` says it.
  std::string machine{};
  /// The loader of the C library that it needs; empty when it is linked statically.
  std::string loader{};
};

/// What all calls of a function share.
struct function_target {
  std::string name{};
  stored_options options{};
  std::string temp_dir{};
  /// What the payload begins with, up to the arguments.
  std::string payload_head{};
  /// Of a function from source: interpreter and runner.
  std::vector<std::string> words{};
  /// Of a native function.
  std::shared_ptr<function_program const> program{};
  std::string program_path{};
  /// The program is there when the sandbox starts, and need not be written.
  bool program_is_mounted{};
};

/// One call.
struct function_call {
  std::shared_ptr<function_target const> target{};
  std::string payload{};
  std::string payload_path{};
  std::string result_path{};
};

/// The argument by which a program knows that it runs inside of a sandbox.
inline constexpr std::string_view native_function_flag = "--cwsandbox-remote-function";

/// The sandbox options among those of a function.
[[nodiscard]] CWSANDBOX_DECL SandboxOptions sandbox_options(FunctionOptions const& options);

/// Checks what was given for a function from source and prepares its calls.
[[nodiscard]] CWSANDBOX_DECL outcome<function_target> make_source_target(
    SandboxDefaults const& defaults, std::string_view name, std::string_view source,
    FunctionOptions const& options);
/// The same for a native one. `mounts` says whether the program may be mounted, whatever its size.
[[nodiscard]] CWSANDBOX_DECL outcome<function_target> make_native_target(
    SandboxDefaults const& defaults, std::string name, FunctionOptions const& options, bool mounts);

/// Does the source define `name`, at last, as an asynchronous function?
[[nodiscard]] CWSANDBOX_DECL bool defines_async_function(std::string_view source,
                                                         std::string_view name);

/// Puts the parts of a payload together.
class payload_writer {
 public:
  CWSANDBOX_DECL explicit payload_writer(function_target const& target);

  template <class T>
  void argument(T const& value) {
    std::string text;
    value_writer writer{text};
    writer.value(value);
    add_argument(writer, text);
  }
  template <class T>
  void keyword_argument(std::string_view name, T const& value) {
    std::string text;
    value_writer writer{text};
    writer.value(value);
    add_keyword(name, writer, text);
  }

  /// The whole payload, or the error of the first argument that could not be encoded.
  [[nodiscard]] CWSANDBOX_DECL outcome<std::string> finish() &&;

 private:
  CWSANDBOX_DECL void add_argument(value_writer const& writer, std::string const& text);
  CWSANDBOX_DECL void add_keyword(std::string_view name, value_writer const& writer,
                                  std::string const& text);
  CWSANDBOX_DECL void refuse(std::string where, value_writer const& writer);

  std::string text_;
  std::string keywords_{};
  std::size_t count_{};
  std::optional<error> failure_{};
};

/// Gives a call the paths of its files; all have one random id.
[[nodiscard]] CWSANDBOX_DECL function_call make_function_call(
    std::shared_ptr<function_target const> target, std::string payload);
/// The command that calls the function.
[[nodiscard]] CWSANDBOX_DECL std::vector<std::string> command_of(function_call const& call);

/// What the runner left behind.
struct function_outcome {
  enum class state : std::uint8_t { missing, unreadable, result, failure, async };
  state what = state::missing;
  std::string result{};  ///< JSON
  std::string type{};
  std::string message{};
  std::string traceback{};
};
[[nodiscard]] CWSANDBOX_DECL function_outcome read_function_outcome(std::string_view text);
/// The same for `{result}`, `{type, message, traceback}`: what a native function leaves behind.
[[nodiscard]] CWSANDBOX_DECL std::string write_function_outcome(function_outcome const& outcome);

/// What the marker lines on standard error say about a failure; both empty when there are none.
struct function_markers {
  std::string type{};
  std::string message{};
};
[[nodiscard]] CWSANDBOX_DECL function_markers read_function_markers(std::string_view err);

/// The result as JSON, or the error that the end of a call stands for.
[[nodiscard]] CWSANDBOX_DECL outcome<std::string> conclude_function(function_target const& target,
                                                                    ProcessResult process,
                                                                    function_outcome outcome);
/// The error of a result that is not what the signature says.
[[nodiscard]] CWSANDBOX_DECL error bad_function_result(function_target const& target,
                                                       std::string const& why);

/// The command that looks whether a program can run in a sandbox, and what its answer means.
[[nodiscard]] CWSANDBOX_DECL std::vector<std::string> program_check(
    function_program const& program);
[[nodiscard]] CWSANDBOX_DECL outcome<void> judge_program_check(function_target const& target,
                                                               ProcessResult const& answer);

/// The loader that an ELF file names; nothing when it is no such file.
[[nodiscard]] CWSANDBOX_DECL std::optional<std::string> elf_loader(std::string_view content);
/// This program, read once for all that use it at the same time.
[[nodiscard]] CWSANDBOX_DECL outcome<std::shared_ptr<function_program const>> this_program();

/// Decodes the arguments, calls the function, and encodes what it gives.
using native_invoke = bool (*)(void (*function)(), value_reader& arguments, value_writer& result);

/// Registers a native function when the program starts.
class native_registration {
 public:
  CWSANDBOX_DECL native_registration(std::string_view name, void (*function)(),
                                     native_invoke invoke);
};
/// The name of a registered function. An error when it has none, when others have it too, or when `remote_main` was not
/// called.
[[nodiscard]] CWSANDBOX_DECL outcome<std::string> native_name(void (*function)());

}  // namespace cwsandbox::inline v1::detail

#endif
