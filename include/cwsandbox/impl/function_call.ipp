// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_FUNCTION_CALL_IPP
#define CWSANDBOX_IMPL_FUNCTION_CALL_IPP

#include <cwsandbox/detail/function_call.hpp>

#include <cwsandbox/command.hpp>
#include <cwsandbox/detail/json_write.hpp>
#include <cwsandbox/detail/resolve.hpp>
#include <cwsandbox/detail/utf8_text.hpp>
#include <cwsandbox/detail/uuid.hpp>
#include <cwsandbox/detail/validation_error.hpp>
#include <cwsandbox/function.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <mutex>
#include <system_error>
#include <typeinfo>

#include <cxxabi.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace cwsandbox::inline v1 {

namespace detail {

/// Calls a function in Python 3.6 or newer. Its arguments are the paths of the payload and of the outcome.
inline constexpr std::string_view python_runner = R"py(
import json, linecache, os, sys, traceback

def text(value):
    try:
        return str(value).encode('utf-8', 'replace').decode('utf-8')
    except Exception:
        return ''

def key_problem(value, path):
    if isinstance(value, dict):
        for index, (key, item) in enumerate(value.items()):
            if not isinstance(key, str):
                return '%s (key %r has type %s)' % (path, key, type(key).__name__)
            found = key_problem(item, '%s[%r]' % (path, key))
            if found:
                return found
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            found = key_problem(item, '%s[%d]' % (path, index))
            if found:
                return found
    return None

def encode(value):
    try:
        encoded = json.dumps(value, allow_nan=False)
        problem = key_problem(value, 'result')
        if problem:
            raise TypeError('keys must be text: ' + problem)
        return {'result': value}, encoded
    except Exception as error:
        message = 'return value is not JSON-serializable'
        if text(error):
            message += ': ' + text(error)
        return {'type': type(error).__name__, 'message': message, 'traceback': ''}, None

def call(payload):
    name, source = payload['name'], payload['source']
    filename = '<function ' + name + '>'
    linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
    scope = {'__name__': '__cwsandbox__'}
    scope.update(payload['closure_vars'])
    try:
        exec(compile(source, filename, 'exec'), scope)
        if name not in scope:
            raise NameError('the source does not define ' + repr(name))
        function = scope[name]
        flags = getattr(getattr(function, '__code__', None), 'co_flags', 0)
        if flags & 0x280:
            return {'async': True}, None
        value = function(*payload['args'], **payload['kwargs'])
        if type(value).__name__ in ('coroutine', 'async_generator'):
            return {'async': True}, None
    except BaseException as error:
        frames = error.__traceback__.tb_next
        lines = traceback.format_exception(type(error), error, frames)
        return {'type': type(error).__name__, 'message': text(error),
                'traceback': text(''.join(lines))}, None
    return encode(value)

def main(payload_path, result_path):
    sys.argv = ['-c']
    with open(payload_path, 'rb') as file:
        payload = json.loads(file.read().decode('utf-8'))
    outcome, encoded = call(payload)
    try:
        os.makedirs(os.path.dirname(result_path), exist_ok=True)
        with open(result_path + '.part', 'w') as file:
            file.write('{"result": ' + encoded + '}' if encoded is not None else json.dumps(outcome))
        os.replace(result_path + '.part', result_path)
    except Exception as error:
        sys.stderr.write('EXCEPTION:' + text(error) + '\n')
        traceback.print_exc()
        return 1
    return 1 if encoded is None else 0

sys.exit(main(sys.argv[1], sys.argv[2]))
)py";

/// Cuts the first line off, and gives it without its line feed.
inline std::string_view take_line(std::string_view& text) noexcept {
  auto const end = text.find('\n');
  auto const line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

CWSANDBOX_DECL SandboxOptions sandbox_options(FunctionOptions const& options) {
  SandboxOptions result{};
  result.container_image = options.container_image;
  result.temp_dir = options.temp_dir;
  result.runner_ids = options.runner_ids;
  result.resources = options.resources;
  result.mounted_files = options.mounted_files;
  result.network = options.network;
  result.services = options.services;
  result.volumes = options.volumes;
  result.file_system_snapshot = options.file_system_snapshot;
  result.placement_mode = options.placement_mode;
  result.placement_spillover = options.placement_spillover;
  result.environment_variables = options.environment_variables;
  result.annotations = options.annotations;
  result.request_timeout = options.request_timeout;
  return result;
}

inline void add_json_member(std::string& out, std::string_view name, std::string_view value) {
  out.append(out.empty() ? "{\"" : ",\"").append(name).append("\":");
  append_json_string(out, value);
}

/// Fills in what functions of both kinds have.
inline std::optional<error> prepare_target(function_target& target, SandboxDefaults const& defaults,
                                           FunctionOptions const& options) {
  auto const overrides = sandbox_options(options);
  auto const merged = merge_options(defaults, overrides);
  if (auto failure = validation_error(validate(view_of(merged)))) return failure;
  target.temp_dir = resolve(merged).temp_dir;
  while (target.temp_dir.size() > 1 && target.temp_dir.back() == '/') target.temp_dir.pop_back();
  if (target.temp_dir == "/") target.temp_dir.clear();
  copy_all_fields(target.options, overrides);
  return std::nullopt;
}

CWSANDBOX_DECL outcome<function_target> make_source_target(SandboxDefaults const& defaults,
                                                           std::string_view name,
                                                           std::string_view source,
                                                           FunctionOptions const& options) {
  if (name.empty()) return invalid_argument_error("name", "", "name cannot be empty");
  if (!is_utf8(name)) return invalid_argument_error("name", to_utf8(name), "name must be UTF-8");
  if (source.empty()) return invalid_argument_error("source", "", "source cannot be empty");
  if (!is_utf8(source)) return invalid_argument_error("source", "", "source must be UTF-8");
  if (!options.runner && defines_async_function(source, name))
    return make_error(error_kind::async_function,
                      "Function '" + std::string{name} + "' is asynchronous: remote functions are not");
  function_target target{};
  target.name = name;
  if (auto failure = prepare_target(target, defaults, options)) return *std::move(failure);
  options.interpreter.for_each([&](std::string_view word) { target.words.emplace_back(word); });
  if (target.words.empty()) target.words = {"python", "-c"};
  target.words.emplace_back(options.runner.value_or(python_runner));
  if (auto failure = validation_error(validate(command{target.words}))) return *std::move(failure);

  auto& head = target.payload_head;
  add_json_member(head, "source", source);
  add_json_member(head, "name", name);
  std::string closure;
  value_writer writer{closure};
  writer.begin_object();
  options.closure_variables.for_each([&](auto const& variable) {
    writer.member(variable.first, json{std::string{variable.second}});
  });
  writer.end_object();
  if (writer.failed())
    return invalid_argument_error("closure_variables" + writer.path(), "",
                                  "closure_variables" + writer.path() +
                                      " must be a value as JSON: " + writer.why());
  head.append(",\"closure_vars\":").append(closure).append(",\"args\":[");
  return target;
}

CWSANDBOX_DECL outcome<function_target> make_native_target(SandboxDefaults const& defaults,
                                                           std::string name,
                                                           FunctionOptions const& options,
                                                           bool mounts) {
  std::string_view misplaced;
  if (!options.interpreter.empty()) misplaced = "interpreter";
  if (options.runner) misplaced = "runner";
  if (!options.closure_variables.empty()) misplaced = "closure_variables";
  if (!misplaced.empty())
    return invalid_argument_error(std::string{misplaced}, "",
                                  std::string{misplaced} + " is for functions from source only");
  auto program = this_program();
  if (!program) return program.error();
  function_target target{};
  target.name = std::move(name);
  if (auto failure = prepare_target(target, defaults, options)) return *std::move(failure);
  target.program = *std::move(program);
  target.program_path = target.temp_dir + "/sandbox_program_" + make_uuid_hex();
  target.program_is_mounted = mounts;
  if (mounts) {
    auto files = sandbox_options(options).mounted_files;
    std::vector<std::pair<std::string, std::string>> all;
    files.for_each([&](auto const& file) { all.emplace_back(file.first, file.second); });
    all.emplace_back(target.program_path, target.program->content);
    target.options.mounted_files = all;
  }
  add_json_member(target.payload_head, "name", target.name);
  target.payload_head += ",\"args\":[";
  return target;
}

CWSANDBOX_DECL bool defines_async_function(std::string_view source, std::string_view name) {
  bool is_async = false;
  while (!source.empty()) {
    auto line = take_line(source);
    auto const eat = [&line](std::string_view word) {
      if (!line.starts_with(word)) return false;
      auto rest = line.substr(word.size());
      auto const blanks = std::min(rest.find_first_not_of(" \t"), rest.size());
      if (blanks == 0 && !rest.empty() && rest.front() != '(') return false;
      line = rest.substr(blanks);
      return true;
    };
    bool const async = eat("async");
    if (eat("def") && eat(name) && line.starts_with('(')) is_async = async;
  }
  return is_async;
}

CWSANDBOX_DECL payload_writer::payload_writer(function_target const& target)
    : text_{target.payload_head} {}

CWSANDBOX_DECL void payload_writer::refuse(std::string where, value_writer const& writer) {
  if (failure_) return;
  where += writer.path();
  auto message = "Function arguments are not JSON-serializable: " + where + ": " + writer.why();
  failure_ = invalid_argument_error(std::move(where), "", std::move(message));
}
CWSANDBOX_DECL void payload_writer::add_argument(value_writer const& writer,
                                                 std::string const& text) {
  if (writer.failed()) refuse("args[" + std::to_string(count_) + "]", writer);
  if (count_++ != 0) text_ += ',';
  text_ += text;
}
CWSANDBOX_DECL void payload_writer::add_keyword(std::string_view name, value_writer const& writer,
                                                std::string const& text) {
  if (writer.failed()) refuse("kwargs['" + std::string{name} + "']", writer);
  if (!keywords_.empty()) keywords_ += ',';
  append_json_string(keywords_, name);
  keywords_.append(":").append(text);
}
CWSANDBOX_DECL outcome<std::string> payload_writer::finish() && {
  if (failure_) return *std::move(failure_);
  text_.append("],\"kwargs\":{").append(keywords_).append("}}");
  return std::move(text_);
}

CWSANDBOX_DECL function_call make_function_call(std::shared_ptr<function_target const> target,
                                                std::string payload) {
  function_call call{};
  auto const id = make_uuid_hex();
  call.payload_path = target->temp_dir + "/sandbox_payload_" + id + ".json";
  call.result_path = target->temp_dir + "/sandbox_result_" + id + ".json";
  call.payload = std::move(payload);
  call.target = std::move(target);
  return call;
}

CWSANDBOX_DECL std::vector<std::string> command_of(function_call const& call) {
  auto const& target = *call.target;
  std::vector<std::string> words = target.words;
  if (target.program) {
    if (!target.program_is_mounted)
      words = {"/bin/sh", "-c", R"(chmod 755 "$1" && exec "$@")", "sh"};
    words.push_back(target.program_path);
    words.emplace_back(native_function_flag);
  }
  words.push_back(call.payload_path);
  words.push_back(call.result_path);
  return words;
}

CWSANDBOX_DECL function_outcome read_function_outcome(std::string_view text) {
  struct members {
    std::optional<json> result{};
    bool async{};
    std::optional<std::string> type{};
    std::string message{};
    std::string traceback{};
  } found{};
  auto const why = decode_text(text, &found, [](void* target, value_reader& in) -> bool {
    auto& into = *static_cast<members*>(target);
    return in.each_member([&](std::string_view name, value_reader& item) {
      if (name == "result") return item.value(into.result.emplace());
      if (name == "async") return item.value(into.async);
      if (name == "type") return item.value(into.type.emplace());
      if (name == "message") return item.value(into.message);
      if (name == "traceback") return item.value(into.traceback);
      return item.skip();
    });
  });
  function_outcome outcome{};
  using enum function_outcome::state;
  if (why) {
    outcome.what = unreadable;
    outcome.message = *why;
  } else if (found.async) {
    outcome.what = async;
  } else if (found.type) {
    outcome.what = failure;
    outcome.type = *std::move(found.type);
    outcome.message = std::move(found.message);
    outcome.traceback = std::move(found.traceback);
  } else if (found.result) {
    outcome.what = result;
    outcome.result = std::move(found.result->text);
  } else {
    outcome.what = unreadable;
    outcome.message = "it holds neither a result nor a failure";
  }
  return outcome;
}

CWSANDBOX_DECL std::string write_function_outcome(function_outcome const& outcome) {
  std::string text;
  if (outcome.what == function_outcome::state::result)
    return text.append("{\"result\":").append(outcome.result).append("}");
  add_json_member(text, "type", outcome.type);
  add_json_member(text, "message", outcome.message);
  add_json_member(text, "traceback", outcome.traceback);
  return text += '}';
}

CWSANDBOX_DECL function_markers read_function_markers(std::string_view err) {
  constexpr std::string_view not_encoded = "RESULT_SERIALIZATION_ERROR:";
  constexpr std::string_view raised = "EXCEPTION:";
  function_markers found{};
  while (!err.empty()) {
    auto line = take_line(err);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with(not_encoded)) {
      line.remove_prefix(not_encoded.size());
      auto const colon = std::min(line.find(':'), line.size());
      found.type = line.substr(0, colon);
      found.message = "return value is not JSON-serializable";
      if (auto const rest = line.substr(std::min(colon + 1, line.size())); !rest.empty())
        found.message.append(": ").append(rest);
    } else if (line.starts_with(raised)) {
      found.message = line.substr(raised.size());
    } else {
      auto const colon = line.find(':');
      auto const name = line.substr(0, colon);
      bool const named =
          colon != std::string_view::npos &&
          (name.ends_with("Error") || name.ends_with("Exception")) &&
          std::all_of(name.begin(), name.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   c == '_' || c == '.';
          });
      if (!named) continue;
      found.type = name.substr(name.rfind('.') + 1);
      auto message = line.substr(colon + 1);
      if (message.starts_with(' ')) message.remove_prefix(1);
      found.message = message;
    }
  }
  return found;
}

inline error function_failure(function_target const& target, ProcessResult process,
                              std::string shown, function_outcome const& outcome) {
  error_details details{};
  details.kind = error_kind::execution;
  details.operation = "Call function";
  details.message =
      "Function '" + target.name + "' execution failed in sandbox: " + std::move(shown);
  details.exception_type = outcome.type;
  details.exception_message = outcome.message;
  details.traceback = outcome.traceback;
  details.exec_result = std::make_shared<ProcessResult const>(std::move(process));
  return error{std::move(details)};
}

/// Words for a program that the loader of the sandbox did not take; nothing when it did.
inline std::optional<std::string> loader_complaint(ProcessResult const& process) {
  std::string_view const err = process.err;
  bool const older = err.find("version `GLIBC") != std::string_view::npos;
  bool const missing = err.find("error while loading shared libraries") != std::string_view::npos;
  if (!older && !missing) return std::nullopt;
  std::string words = older ? "the C or C++ library of the sandbox is older than this program needs"
                            : "the sandbox lacks a shared library that this program needs";
  return words.append(": ").append(err.substr(0, err.find_last_not_of('\n') + 1));
}

inline error refused_program(function_target const& target, std::string const& why) {
  return make_error(error_kind::function,
                    "Function '" + target.name + "' cannot run in this sandbox: " + why);
}

CWSANDBOX_DECL outcome<std::string> conclude_function(function_target const& target,
                                                      ProcessResult process,
                                                      function_outcome outcome) {
  using enum function_outcome::state;
  if (outcome.what == async)
    return make_error(error_kind::async_function,
                      "Function '" + target.name + "' is asynchronous: remote functions are not")
        .with([&](error_details& d) {
          d.exec_result = std::make_shared<ProcessResult const>(std::move(process));
        });
  if (outcome.what == failure) {
    auto shown = outcome.message.empty() ? outcome.type : outcome.message;
    return function_failure(target, std::move(process), std::move(shown), outcome);
  }
  if (outcome.what == result && process.exit_code == 0) return std::move(outcome.result);

  if (target.program && outcome.what == missing)
    if (auto const complaint = loader_complaint(process))
      return refused_program(target, *complaint).with([&](error_details& d) {
        d.exec_result = std::make_shared<ProcessResult const>(std::move(process));
      });
  auto const ended = "it ended with exit code " + std::to_string(process.exit_code);
  std::string shown;
  auto markers = process.exit_code != 0 ? read_function_markers(process.err) : function_markers{};
  if (!markers.message.empty())
    shown = markers.message;
  else if (process.exit_code != 0 && !process.err.empty())
    shown = process.err;
  else if (outcome.what == missing)
    shown = ended + " and left no result";
  else if (outcome.what == unreadable)
    shown = ended + " and its result cannot be read: " + outcome.message;
  else
    shown = ended;
  function_outcome found{};
  found.type = std::move(markers.type);
  found.message = std::move(markers.message);
  return function_failure(target, std::move(process), std::move(shown), found);
}

CWSANDBOX_DECL error bad_function_result(function_target const& target, std::string const& why) {
  return make_error(error_kind::execution,
                    "Function '" + target.name + "' returned what its signature does not say: " +
                        (why.starts_with('[') ? "result" : "") + why);
}

CWSANDBOX_DECL std::vector<std::string> program_check(function_program const& program) {
  return {"/bin/sh", "-c",
          R"(uname -m; if [ -z "$1" ] || [ -e "$1" ]; then echo yes; else echo no; fi)", "sh",
          program.loader};
}

CWSANDBOX_DECL outcome<void> judge_program_check(function_target const& target,
                                                 ProcessResult const& answer) {
  auto const& program = *target.program;
  std::string_view out = answer.out;
  auto const line = out.find('\n');
  if (answer.exit_code != 0 || line == std::string_view::npos)
    return refused_program(target, "it could not be looked at, which takes /bin/sh and uname: " +
                                       answer.err);
  auto const machine = out.substr(0, line);
  if (machine != program.machine)
    return refused_program(target, "its architecture is " + std::string{machine} +
                                       ", this program's is " + program.machine);
  if (!out.substr(line + 1).starts_with("yes"))
    return refused_program(target, "its C library is another one: it has no " + program.loader +
                                       ", which this program is loaded by");
  return {};
}

namespace elf {
/// Reads a header at an offset; nothing when the file ends before it does.
template <class Header>
std::optional<Header> read(std::string_view file, std::uint64_t at) {
  if (at > file.size() || file.size() - at < sizeof(Header)) return std::nullopt;
  Header header{};
  std::memcpy(&header, file.data() + at, sizeof header);
  return header;
}
template <class File, class Segment>
std::optional<std::string> loader(std::string_view content) {
  auto const file = read<File>(content, 0);
  if (!file) return std::nullopt;
  for (unsigned i = 0; i < file->e_phnum; ++i) {
    auto const segment =
        read<Segment>(content, file->e_phoff + std::uint64_t{i} * file->e_phentsize);
    if (!segment) return std::nullopt;
    if (segment->p_type != PT_INTERP) continue;
    if (segment->p_offset > content.size()) return std::nullopt;
    auto const text = content.substr(segment->p_offset, segment->p_filesz);
    return std::string{text.substr(0, text.find('\0'))};
  }
  return std::string{};
}
}  // namespace elf

CWSANDBOX_DECL std::optional<std::string> elf_loader(std::string_view content) {
  if (content.size() < EI_NIDENT || !content.starts_with(ELFMAG)) return std::nullopt;
  return content[EI_CLASS] == ELFCLASS64 ? elf::loader<Elf64_Ehdr, Elf64_Phdr>(content)
                                         : elf::loader<Elf32_Ehdr, Elf32_Phdr>(content);
}

/// Reads a file of this process' own; the reason in words when that fails.
inline std::optional<std::string> read_own_file(char const* path, std::string& content) {
  int const fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::string{path} + ": " + std::generic_category().message(errno);
  constexpr std::size_t step = std::size_t{1} << 20;
  for (;;) {
    auto const filled = content.size();
    content.resize(filled + step);
    auto const n = ::read(fd, content.data() + filled, step);
    auto const failure = errno;
    content.resize(filled + static_cast<std::size_t>(n > 0 ? n : 0));
    if (n > 0 || (n < 0 && failure == EINTR)) continue;
    ::close(fd);
    if (n == 0) return std::nullopt;
    return std::string{path} + ": " + std::generic_category().message(failure);
  }
}

CWSANDBOX_DECL outcome<std::shared_ptr<function_program const>> this_program() {
  static std::mutex mutex;
  static std::weak_ptr<function_program const> known;
  std::lock_guard lock{mutex};
  if (auto program = known.lock()) return program;
  auto program = std::make_shared<function_program>();
  if (auto why = read_own_file("/proc/self/exe", program->content))
    return make_error(error_kind::function, "this program cannot be read: " + *why);
  auto loader = elf_loader(program->content);
  if (!loader) return make_error(error_kind::function, "this program is not an ELF file");
  program->loader = *std::move(loader);
  ::utsname machine{};
  ::uname(&machine);
  program->machine = machine.machine;
  known = program;
  return std::shared_ptr<function_program const>{std::move(program)};
}

struct native_entry {
  std::string name{};
  void (*function)(){};
  native_invoke invoke{};
};

struct native_registry {
  std::mutex mutex{};
  std::vector<native_entry> entries{};
  std::atomic<bool> entered{};
};
inline native_registry& natives() {
  static native_registry registry;
  return registry;
}

CWSANDBOX_DECL native_registration::native_registration(std::string_view name, void (*function)(),
                                                        native_invoke invoke) {
  auto& registry = natives();
  std::lock_guard lock{registry.mutex};
  native_entry entry{};
  entry.name = name;
  entry.function = function;
  entry.invoke = invoke;
  registry.entries.push_back(std::move(entry));
}

CWSANDBOX_DECL outcome<std::string> native_name(void (*function)()) {
  auto& registry = natives();
  // a copy of this program that does not call remote_main would do in the sandbox what this one does
  if (!registry.entered)
    return make_error(error_kind::logic,
                      "native functions need a main that calls cwsandbox::remote_main(argc, argv) "
                      "first and ends when it gives an exit code");
  std::lock_guard lock{registry.mutex};
  auto const& entries = registry.entries;
  auto const it = std::find_if(entries.begin(), entries.end(),
                               [&](native_entry const& e) { return e.function == function; });
  if (it == entries.end())
    return invalid_argument_error("function", "",
                                  "the function is not registered: name it in CWSANDBOX_REMOTE");
  for (auto const& other : entries)
    if (other.name == it->name && other.function != function)
      return invalid_argument_error("function", it->name,
                                    "several functions are registered as " + it->name);
  return it->name;
}

/// The exception being handled, as an outcome.
inline function_outcome thrown_outcome() {
  function_outcome outcome{};
  outcome.what = function_outcome::state::failure;
  outcome.type = "exception";
#if defined(CWSANDBOX_HAS_EXCEPTIONS)
  if (auto const* const type = abi::__cxa_current_exception_type()) {
    int status = 0;
    char* const name = abi::__cxa_demangle(type->name(), nullptr, nullptr, &status);
    outcome.type = name != nullptr ? name : type->name();
    std::free(name);
  }
  try {
    throw;
  } catch (std::exception const& e) {
    outcome.message = to_utf8(e.what());
  } catch (...) {
    outcome.message = "an exception that is not a std::exception";
  }
#endif
  return outcome;
}

inline function_outcome call_native(native_entry const& entry, std::string_view arguments) {
  struct call {
    native_entry const* entry;
    function_outcome outcome{};
  } running{&entry};
  auto const bad = decode_text(arguments, &running, [](void* target, value_reader& in) -> bool {
    auto& self = *static_cast<call*>(target);
    auto& outcome = self.outcome;
    value_writer writer{outcome.result};
    outcome.what = function_outcome::state::result;
#if defined(CWSANDBOX_HAS_EXCEPTIONS)
    try {
      if (!self.entry->invoke(self.entry->function, in, writer)) return false;
    } catch (...) {
      outcome = thrown_outcome();
      return true;
    }
#else
    if (!self.entry->invoke(self.entry->function, in, writer)) return false;
#endif
    if (writer.failed()) {
      outcome.what = function_outcome::state::failure;
      outcome.type = "TypeError";
      outcome.message = "return value is not JSON-serializable: " + writer.path() +
                        (writer.path().empty() ? "" : ": ") + writer.why();
    }
    return true;
  });
  if (!bad) return std::move(running.outcome);
  function_outcome outcome{};
  outcome.what = function_outcome::state::failure;
  outcome.type = "TypeError";
  outcome.message = "the arguments are not what the signature says: args" + *bad;
  return outcome;
}

/// Writes a file that is there as a whole or not at all.
inline bool write_whole(std::string const& path, std::string_view content) {
  auto const part = path + ".part";
  std::FILE* const file = std::fopen(part.c_str(), "wbe");
  if (file == nullptr) return false;
  bool const written = std::fwrite(content.data(), 1, content.size(), file) == content.size();
  bool const closed = std::fclose(file) == 0;
  return written && closed && std::rename(part.c_str(), path.c_str()) == 0;
}

inline int complain(std::string const& what) {
  std::fprintf(stderr, "EXCEPTION:%s\n", what.c_str());
  return 1;
}

inline int run_native(char const* payload_path, char const* result_path) {
  std::string text;
  if (auto const why = read_own_file(payload_path, text)) return complain(*why);
  struct members {
    std::string name{};
    json arguments{};
  } payload{};
  auto const bad = decode_text(text, &payload, [](void* target, value_reader& in) -> bool {
    auto& into = *static_cast<members*>(target);
    return in.each_member([&](std::string_view name, value_reader& item) {
      if (name == "name") return item.value(into.name);
      if (name == "args") return item.value(into.arguments);
      return item.skip();
    });
  });
  if (bad) return complain("the payload cannot be read: " + *bad);
  native_entry entry{};
  {
    auto& registry = natives();
    std::lock_guard lock{registry.mutex};
    for (auto const& candidate : registry.entries)
      if (candidate.name == payload.name) entry = candidate;
  }
  if (entry.invoke == nullptr)
    return complain("this program registers no function " + payload.name);
  auto const outcome = call_native(entry, payload.arguments.text);
  std::fflush(nullptr);
  if (!write_whole(result_path, write_function_outcome(outcome)))
    return complain(std::string{result_path} + ": " + std::generic_category().message(errno));
  return outcome.what == function_outcome::state::result ? 0 : 1;
}

}  // namespace detail

CWSANDBOX_DECL std::optional<int> remote_main(int argc, char const* const* argv) {
  detail::natives().entered = true;
  if (argc < 2 || argv[1] != detail::native_function_flag) return std::nullopt;
  if (argc != 4) return detail::complain("a remote function takes two paths");
  return detail::run_native(argv[2], argv[3]);
}

}  // namespace cwsandbox::inline v1

#endif
