// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_MOCK_SCRIPT_HPP
#define CWSANDBOX_TRANSPORT_MOCK_SCRIPT_HPP

/// \file
/// Scripts of what the peer does on a stream: the values that an expectation of `stream_exec` or `stream_logs` returns.

#include <cwsandbox/config.hpp>

#include <cwsandbox/clock.hpp>
#include <cwsandbox/error.hpp>
#include <cwsandbox/transport.hpp>
#include <cwsandbox/wire/messages.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cwsandbox::inline v1 {

namespace detail {

/// What a scripted peer does next. One plain struct for all kinds, because a variant of them costs every test a second
/// of compile time.
template <class Frame>
struct mock_step {
  enum class kind : unsigned char {
    frame,
    fail,
    end,
    hang,
    delay,
    await_input,
    await_input_close,
    await_resize,
    echo_input,
  };
  kind what{kind::frame};
  Frame frame{};
  std::optional<error> reason{};
  time_source::duration duration{};
  std::string bytes{};

  [[nodiscard]] static mock_step of(kind what) {
    mock_step step{};
    step.what = what;
    return step;
  }
  [[nodiscard]] static mock_step send(Frame frame) {
    mock_step step{};
    step.frame = std::move(frame);
    return step;
  }
  [[nodiscard]] static mock_step fail(error reason) {
    auto step = of(kind::fail);
    step.reason = std::move(reason);
    return step;
  }
  [[nodiscard]] static mock_step delay(time_source::duration duration) {
    auto step = of(kind::delay);
    step.duration = duration;
    return step;
  }
  [[nodiscard]] static mock_step await_input(std::string bytes) {
    auto step = of(kind::await_input);
    step.bytes = std::move(bytes);
    return step;
  }
};

template <class Frame>
using mock_steps = std::vector<mock_step<Frame>>;

/// What became of the streams that were started from one script: shared by the script's copies and its streams.
template <class Record>
class mock_records {
 public:
  [[nodiscard]] std::size_t start(Record record) {
    std::lock_guard lock{mutex_};
    records_.push_back(std::move(record));
    return records_.size() - 1;
  }
  template <class Change>
  void change(std::size_t index, Change const& change) {
    std::lock_guard lock{mutex_};
    change(records_[index]);
  }
  [[nodiscard]] std::vector<Record> all() const {
    std::lock_guard lock{mutex_};
    return records_;
  }
  [[nodiscard]] Record last() const {
    std::lock_guard lock{mutex_};
    return records_.empty() ? Record{} : records_.back();
  }
  [[nodiscard]] std::size_t count() const {
    std::lock_guard lock{mutex_};
    return records_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Record> records_;
};

struct mock_access;

}  // namespace detail

/// What the client did on one exec stream. A plain value, a snapshot.
struct exec_record {
  wire::ExecStreamInit init{};
  call_options options{};
  /// Everything in order: `input:BYTES`, `resize:COLUMNSxROWS`, `close_input`, `half_close`, `cancelled`.
  std::vector<std::string> events{};
  /// The stdin frames as they were cut.
  std::vector<std::string> frames{};
  /// Columns and rows.
  std::vector<std::pair<std::uint32_t, std::uint32_t>> resizes{};
  bool input_closed{};
  bool half_closed{};
  /// The client ended the call before the script did.
  bool cancelled{};
  /// The script's last word was read: exit, error, failure or the end of the stream.
  bool finished{};

  /// All stdin bytes.
  [[nodiscard]] std::string input() const {
    std::string all;
    for (auto const& frame : frames) all += frame;
    return all;
  }
};

/// What the client did on one log stream. A plain value, a snapshot.
struct log_record {
  wire::StreamLogsRequest request{};
  call_options options{};
  bool cancelled{};
  bool finished{};
};

/// What a scripted command does: `cw::exec_script{}.out("hello\n").exit(0)`.
///
/// A value: every member that adds a step gives a new script and leaves the old one as it was. The steps are taken as
/// the client reads. The stream begins with the ready message unless `no_ready()` was said or `ready()` puts it
/// elsewhere. A script without a last word (`exit`, `error`, `fail`, `end`, `hang`) ends like `end()`.
///
/// A script may be started any number of times; each stream goes through the steps on its own. Copies of a script
/// share what they record, so that the test keeps one and looks afterwards:
///
///     auto script = cw::exec_script{}.await_input("2+2\n").out("4\n").exit(0);
///     REQUIRE_CALL(*mock, stream_exec(_, _)).RETURN(script);
///     ...
///     CHECK(script.input() == "2+2\n");
///
/// The recording members may be called from any thread.
class [[nodiscard]] exec_script {
 public:
  exec_script() : records_{std::make_shared<records_type>()} {}

#define CWSANDBOX_DETAIL_STEP(Name, Parameters, ...)                 \
  exec_script Name Parameters const& {                               \
    return std::move(exec_script{*this, fresh{}}.then(__VA_ARGS__)); \
  }                                                                  \
  exec_script Name Parameters&& { return std::move(then(__VA_ARGS__)); }

  /// Sends the ready message here, and not at the beginning.
  exec_script ready() const& { return exec_script{*this, fresh{}}.ready(); }
  exec_script ready() && {
    ready_first_ = false;
    return std::move(then(frame_of(wire::ExecStreamReady{})));
  }
  /// Never sends a ready message of its own accord.
  exec_script no_ready() const& { return exec_script{*this, fresh{}}.no_ready(); }
  exec_script no_ready() && {
    ready_first_ = false;
    return std::move(*this);
  }
  /// Sends bytes of the standard output as one frame.
  CWSANDBOX_DETAIL_STEP(out, (std::string bytes), output(stream::stdout_, std::move(bytes)))
  /// Sends bytes of the standard error as one frame.
  CWSANDBOX_DETAIL_STEP(err, (std::string bytes), output(stream::stderr_, std::move(bytes)))
  /// Sends the exit message.
  CWSANDBOX_DETAIL_STEP(exit, (std::int32_t code), exited(code))
  /// Sends the error message; `code` is for example `STREAM_TRUNCATED`.
  CWSANDBOX_DETAIL_STEP(error, (std::string code, std::string message),
                        failed(std::move(code), std::move(message)))
  /// Sends any message.
  CWSANDBOX_DETAIL_STEP(frame, (wire::ExecStreamResponse message), step::send(std::move(message)))
  /// Sends a message with no member set.
  CWSANDBOX_DETAIL_STEP(empty_frame, (), step::of(step::kind::frame))
  /// Ends the call with an error: `.fail(cw::rpc_error(cw::status_code::unavailable, "gone"))`.
  CWSANDBOX_DETAIL_STEP(fail, (cwsandbox::error reason), step::fail(std::move(reason)))
  /// Ends the call with status OK, whatever was sent before.
  CWSANDBOX_DETAIL_STEP(end, (), step::of(step::kind::end))
  /// Says nothing more; the call goes on until the client cancels it.
  CWSANDBOX_DETAIL_STEP(hang, (), step::of(step::kind::hang))
  /// Lets virtual time pass, from when the client reads on.
  CWSANDBOX_DETAIL_STEP(delay, (time_source::duration duration), step::delay(duration))
  /// Waits until these bytes came next on stdin, in however many frames. Other bytes, or the end of the input, are
  /// a violated expectation.
  CWSANDBOX_DETAIL_STEP(await_input, (std::string bytes), step::await_input(std::move(bytes)))
  /// Waits until the client closed the input or half-closed the call.
  CWSANDBOX_DETAIL_STEP(await_input_close, (), step::of(step::kind::await_input_close))
  /// Waits for one more resize message than was waited for before.
  CWSANDBOX_DETAIL_STEP(await_resize, (), step::of(step::kind::await_resize))
  /// Sends every stdin frame back as standard output until the input is closed, as `cat` does.
  CWSANDBOX_DETAIL_STEP(echo_input, (), step::of(step::kind::echo_input))

#undef CWSANDBOX_DETAIL_STEP

  /// Sends of the client are recorded but complete only when the stream is over: a peer whose flow control window is
  /// used up.
  exec_script stall_input() const& { return exec_script{*this, fresh{}}.stall_input(); }
  exec_script stall_input() && {
    stall_input_ = true;
    return std::move(*this);
  }

  /// How many streams were started.
  [[nodiscard]] std::size_t starts() const { return records_->count(); }
  /// The records of all streams in the order of their start.
  [[nodiscard]] std::vector<exec_record> records() const { return records_->all(); }
  /// The record of the stream that was started last; an empty one when there is none. The members below ask this one.
  [[nodiscard]] exec_record last() const { return records_->last(); }
  [[nodiscard]] std::string input() const { return last().input(); }
  [[nodiscard]] std::vector<std::string> frames() const { return last().frames; }
  [[nodiscard]] std::vector<std::string> events() const { return last().events; }
  [[nodiscard]] std::vector<std::pair<std::uint32_t, std::uint32_t>> resizes() const {
    return last().resizes;
  }
  [[nodiscard]] bool input_closed() const { return last().input_closed; }
  [[nodiscard]] bool half_closed() const { return last().half_closed; }
  [[nodiscard]] bool cancelled() const { return last().cancelled; }
  [[nodiscard]] bool finished() const { return last().finished; }

 private:
  friend detail::mock_access;
  using records_type = detail::mock_records<exec_record>;
  using step = detail::mock_step<wire::ExecStreamResponse>;
  using stream = wire::ExecStreamOutput::Stream;
  struct fresh {};

  // another script, so it records on its own
  exec_script(exec_script const& other, fresh /*records*/)
      : steps_{other.steps_},
        ready_first_{other.ready_first_},
        stall_input_{other.stall_input_},
        records_{std::make_shared<records_type>()} {}

  exec_script& then(step next) {
    steps_.push_back(std::move(next));
    return *this;
  }

  template <class Member>
  static step frame_of(Member member) {
    step next{};
    next.frame.message = std::move(member);
    return next;
  }
  static step output(stream which, std::string bytes) {
    wire::ExecStreamOutput member{};
    member.stream = which;
    member.data = std::move(bytes);
    return frame_of(std::move(member));
  }
  static step exited(std::int32_t code) {
    wire::ExecStreamExit member{};
    member.exit_code = code;
    return frame_of(std::move(member));
  }
  static step failed(std::string code, std::string message) {
    wire::ExecStreamError member{};
    member.code = std::move(code);
    member.message = std::move(message);
    return frame_of(std::move(member));
  }

  std::vector<step> steps_{};
  bool ready_first_{true};
  bool stall_input_{};
  std::shared_ptr<records_type> records_;
};

/// What a scripted log stream sends: `cw::log_script{}.line("started").line("done")`. A value like `exec_script`.
class [[nodiscard]] log_script {
 public:
  log_script() : records_{std::make_shared<records_type>()} {}

#define CWSANDBOX_DETAIL_STEP(Name, Parameters, ...)                \
  log_script Name Parameters const& {                               \
    return std::move(log_script{*this, fresh{}}.then(__VA_ARGS__)); \
  }                                                                 \
  log_script Name Parameters&& { return std::move(then(__VA_ARGS__)); }

  /// From here on `line` and `data` belong to this log session, whose bytes sent so far are `offset`. At first the
  /// session is `log-1` with offset 0.
  log_script session(std::string id, std::uint64_t offset = 0) const& {
    return log_script{*this, fresh{}}.session(std::move(id), offset);
  }
  log_script session(std::string id, std::uint64_t offset = 0) && {
    session_ = std::move(id);
    offset_ = offset;
    return std::move(*this);
  }
  /// Sends bytes as one entry of the session, with the offset after them.
  CWSANDBOX_DETAIL_STEP(data, (std::string bytes), of_session(std::move(bytes)))
  /// Sends bytes as one entry, with the session and offset as given.
  CWSANDBOX_DETAIL_STEP(data,
                        (std::string bytes, std::string session_id, std::uint64_t next_offset),
                        with_offset(std::move(bytes), std::move(session_id), next_offset))
  /// Sends a line as one entry of the session; the line feed is added.
  CWSANDBOX_DETAIL_STEP(line, (std::string text), of_session(std::move(text) + '\n'))
  /// Sends any entry.
  CWSANDBOX_DETAIL_STEP(entry, (wire::LogEntry value), step::send(std::move(value)))
  /// Sends an entry with an error; `code` is for example `STREAM_INTERRUPTED`.
  CWSANDBOX_DETAIL_STEP(error, (std::string code, std::string message),
                        failed(std::move(code), std::move(message)))
  /// Ends the call with an error.
  CWSANDBOX_DETAIL_STEP(fail, (cwsandbox::error reason), step::fail(std::move(reason)))
  /// Ends the call with status OK, as the end of the script does.
  CWSANDBOX_DETAIL_STEP(end, (), step::of(step::kind::end))
  /// Says nothing more; the call goes on until the client cancels it.
  CWSANDBOX_DETAIL_STEP(hang, (), step::of(step::kind::hang))
  /// Lets virtual time pass, from when the client reads on.
  CWSANDBOX_DETAIL_STEP(delay, (time_source::duration duration), step::delay(duration))

#undef CWSANDBOX_DETAIL_STEP

  /// How many streams were started.
  [[nodiscard]] std::size_t starts() const { return records_->count(); }
  /// The records of all streams in the order of their start.
  [[nodiscard]] std::vector<log_record> records() const { return records_->all(); }
  /// The record of the stream that was started last; an empty one when there is none.
  [[nodiscard]] log_record last() const { return records_->last(); }
  [[nodiscard]] bool cancelled() const { return last().cancelled; }
  [[nodiscard]] bool finished() const { return last().finished; }

 private:
  friend detail::mock_access;
  using records_type = detail::mock_records<log_record>;
  using step = detail::mock_step<wire::LogEntry>;
  struct fresh {};

  log_script(log_script const& other, fresh /*records*/)
      : steps_{other.steps_},
        session_{other.session_},
        offset_{other.offset_},
        records_{std::make_shared<records_type>()} {}

  // The offset of an entry depends on the entries before it, so it is filled in when the step is added.
  struct session_data {
    std::string bytes;
  };
  log_script& then(session_data data) {
    offset_ += data.bytes.size();
    return then(with_offset(std::move(data.bytes), session_, offset_));
  }
  log_script& then(step next) {
    steps_.push_back(std::move(next));
    return *this;
  }

  static session_data of_session(std::string bytes) { return session_data{std::move(bytes)}; }
  static step with_offset(std::string bytes, std::string session_id, std::uint64_t next_offset) {
    wire::LogEntry entry{};
    entry.data = std::move(bytes);
    entry.log_session_id = std::move(session_id);
    entry.next_log_offset = next_offset;
    return step::send(std::move(entry));
  }
  static step failed(std::string code, std::string message) {
    wire::LogEntry entry{};
    entry.error.emplace();
    entry.error->code = std::move(code);
    entry.error->message = std::move(message);
    return step::send(std::move(entry));
  }

  std::vector<step> steps_{};
  std::string session_{"log-1"};
  std::uint64_t offset_{};
  std::shared_ptr<records_type> records_;
};

namespace detail {

/// What the transport takes out of a script to play it.
struct mock_access {
  [[nodiscard]] static mock_steps<wire::ExecStreamResponse> steps(exec_script const& script) {
    if (!script.ready_first_) return script.steps_;
    mock_steps<wire::ExecStreamResponse> all;
    all.reserve(script.steps_.size() + 1);
    all.push_back(exec_script::frame_of(wire::ExecStreamReady{}));
    all.insert(all.end(), script.steps_.begin(), script.steps_.end());
    return all;
  }
  [[nodiscard]] static mock_steps<wire::LogEntry> steps(log_script const& script) {
    return script.steps_;
  }
  [[nodiscard]] static auto records(exec_script const& script) { return script.records_; }
  [[nodiscard]] static auto records(log_script const& script) { return script.records_; }
  [[nodiscard]] static bool stalls_input(exec_script const& script) { return script.stall_input_; }
};

}  // namespace detail

}  // namespace cwsandbox::inline v1

#endif
