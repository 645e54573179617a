# SPDX-License-Identifier: Apache-2.0
# Copyright The cwsandbox for C++ authors
"""Files and logs: lines 45 to 61, 7.1.9 to 7.1.13 and 7.2.13 to 7.2.19."""

import os
import random
import re
import signal
import time
from concurrent import futures

from harness import DOMAIN, MEBIBYTE, TERMINAL, Skipped, check, equal, holds, log_text

CAP = 33554432
FRAME = 65536
READ_SCRIPT = 'if [ ! -e "$1" ]; then exit 2; elif [ -d "$1" ]; then exit 3; fi; exec cat < "$1"'
WRITE_SCRIPT = 'cat > "$1" || exit 1; [ "$(wc -c < "$1" | tr -d " ")" = "$2" ]'


def content_of(size):
    return random.Random(size).randbytes(size)


def frames_of(data, size=FRAME):
    return (data[at:at + size] for at in range(0, len(data), size))


def exec_write(t, made, path, data, size=FRAME):
    command = ("/bin/sh", "-c", WRITE_SCRIPT, "cwsandbox-write-file", path, str(len(data)))
    t.exec(made, *command, stdin=frames_of(data, size), timeout=60).ended(0)


def exec_read(t, made, path):
    return t.exec(made, "/bin/sh", "-c", READ_SCRIPT, "cwsandbox-read-file", path, timeout=60).ended(0).out


def file_refusal(t, reason, path, call, *arguments):
    refusal = t.refused(call, *arguments)
    equal((refusal.details.reason, refusal.details.domain, refusal.details.metadata.get("filepath")),
          (reason, DOMAIN, path), repr(refusal))
    return refusal


@check("45", "13 bytes are written and read")
def _(t):
    made = t.run()
    t.write(made, "/tmp/x", b"Hello, world!")
    equal(t.read(made, "/tmp/x"), b"Hello, world!")
    t.write(made, "/tmp/x", b"short")
    equal(t.read(made, "/tmp/x"), b"short", "written again")
    t.write(made, "/tmp/x", b"")
    equal(t.read(made, "/tmp/x"), b"", "emptied")


@check("46", "all byte values are kept")
def _(t):
    made = t.run()
    t.write(made, "/tmp/bytes", bytes(range(256)))
    equal(t.read(made, "/tmp/bytes"), bytes(range(256)))


@check("47", "5 MiB go and come in unary calls")
def _(t):
    made = t.run()
    data = content_of(5 * MEBIBYTE)
    t.write(made, "/tmp/five", data)
    equal(t.read(made, "/tmp/five") == data, True, "identical")


@check("48", "20 MiB go and come through exec")
def _(t):
    made = t.run()
    data = content_of(20 * MEBIBYTE)
    exec_write(t, made, "/tmp/twenty", data)
    equal(exec_read(t, made, "/tmp/twenty") == data, True, "identical")


@check("49", "a path that does not exist is a file error of that path")
def _(t):
    file_refusal(t, "CWSANDBOX_FILE_NOT_FOUND", "/no/such/file", t.read, t.run(), "/no/such/file")


@check("50", "its reason and metadata name the file")
def _(t):
    path = "/tmp/it's not ä \n here"
    refusal = file_refusal(t, "CWSANDBOX_FILE_NOT_FOUND", path, t.read, t.run(), path)
    equal(refusal.code, "NOT_FOUND")


@check("51", "its retry delay is absent or a duration")
def _(t):
    delay = t.refused(t.read, t.run(), "/no/such/file").details.retry_delay
    holds(delay is None or delay >= 0, f"{delay}")


@check("52", "files and commands see one file system")
def _(t):
    made = t.run()
    t.write(made, "/tmp/by-file", b"from a file\n")
    t.exec(made, "cat", "/tmp/by-file").ended(0, b"from a file\n")
    t.sh(made, "echo from a command > /tmp/by-command").ended(0)
    equal(t.read(made, "/tmp/by-command"), b"from a command\n")


@check("7.1.9", "a file one byte too large for a unary call is refused with its numbers")
def _(t):
    made = t.run()
    data = bytes(CAP)
    t.write(made, "/tmp/cap", data)
    equal(len(t.read(made, "/tmp/cap")), CAP)
    t.exec(made, "truncate", "-s", str(CAP + 1), "/tmp/over").ended(0)
    for refusal in (file_refusal(t, "CWSANDBOX_FILE_TOO_LARGE", "/tmp/over", t.read, made, "/tmp/over"),
                    file_refusal(t, "CWSANDBOX_FILE_TOO_LARGE", "/tmp/new", t.write, made, "/tmp/new", data + b"x")):
        equal((refusal.details.metadata.get("size_bytes"), refusal.details.metadata.get("max_size_bytes")),
              (str(CAP + 1), str(CAP)), repr(refusal))
    file_refusal(t, "CWSANDBOX_FILE_NOT_FOUND", "/tmp/new", t.read, made, "/tmp/new")


@check("7.1.10", "directories, and missing ones, are refused by reason")
def _(t):
    made = t.run()
    file_refusal(t, "CWSANDBOX_FILE_IS_DIRECTORY", "/tmp", t.read, made, "/tmp")
    refusal = t.refused(t.write, made, "/tmp/no/such/directory", b"x")
    holds(refusal.details.reason in ("CWSANDBOX_FILE_NOT_FOUND", "CWSANDBOX_FILE_IO_FAILED"), repr(refusal))
    equal(refusal.details.metadata.get("filepath"), "/tmp/no/such/directory")
    holds(t.refused(t.write, made, "/tmp", b"x").details.reason.startswith("CWSANDBOX_FILE_"), "write to a directory")


@check("7.1.10b", "an unreadable file is refused as a matter of permission")
def _(t):
    made = t.run()
    t.sh(made, "echo x > /tmp/secret; chmod 0 /tmp/secret").ended(0)
    if t.exec(made, "cat", "/tmp/secret").exit_code == 0:
        raise Skipped("commands in the sandbox may read everything")
    file_refusal(t, "CWSANDBOX_FILE_PERMISSION_DENIED", "/tmp/secret", t.read, made, "/tmp/secret")
    file_refusal(t, "CWSANDBOX_FILE_PERMISSION_DENIED", "/tmp/secret", t.write, made, "/tmp/secret", b"x")


@check("7.2.13", "files written and read in parallel are all right; 1 MiB streams up and down")
def _(t):
    made = t.run()
    data = {f"/tmp/file{n}": content_of(10000 + n) for n in range(12)}
    with futures.ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda one: t.write(made, *one), data.items()))
        equal(list(pool.map(lambda path: t.read(made, path), data)) == list(data.values()), True, "identical")
    one = content_of(MEBIBYTE)
    exec_write(t, made, "/tmp/one", one, size=256 * 1024)
    equal(t.exec(made, "/bin/cat", "--", "/tmp/one").ended(0).out == one, True, "identical")


@check("7.2.14", "40 MiB pass through exec under a memory limit of 256 MiB")
def _(t):
    limits = {"cpu": "1", "memory": "256Mi"}
    made = t.run(container={"resource_requirements": {"requests": limits, "limits": limits}})
    data = content_of(40 * MEBIBYTE)
    exec_write(t, made, "/tmp/forty", data)
    equal(exec_read(t, made, "/tmp/forty") == data, True, "identical")


# Logs.

COUNTER = "i=0; while :; do i=$((i + 1)); echo counter=$i; sleep 0.05; done"


def at_least(count):
    return lambda entries: len(entries) >= count


def lines_are(count):
    return lambda entries: log_text(entries).count(b"\n") >= count


def printing(t, script, lines):
    """A sandbox whose main command has printed so many lines."""
    made = t.create("sh", "-c", script)
    t.await_state(made, "STATE_RUNNING", *TERMINAL)
    t.logs(made, lines_are(lines), follow=True)
    return made


def resume(entries):
    return {"follow": True, "resume_log_session_id": entries[-1].log_session_id,
            "resume_log_offset": entries[-1].next_log_offset}


@check("53", "the log of a silent command ends by itself without lines")
def _(t):
    entries, refusal = t.logs(t.run(), tail_lines=10)
    equal((log_text(entries), [one.error.code for one in entries if one.HasField("error")], refusal), (b"", [], None))


@check("54", "a followed log is live")
def _(t):
    made = t.run("sh", "-c", COUNTER)
    entries, refusal = t.logs(made, at_least(3), follow=True)
    equal((refusal, len([one for one in entries if one.data]) >= 3), (None, True))


@check("55", "its entries carry one session id")
def _(t):
    entries, _ = t.logs(t.run("sh", "-c", COUNTER), at_least(5), follow=True)
    equal(len({one.log_session_id for one in entries}), 1)
    holds(entries[0].log_session_id, "empty")


@check("56", "its offsets count the bytes")
def _(t):
    entries, _ = t.logs(t.run("sh", "-c", COUNTER), at_least(6), follow=True)
    total = 0
    for one in entries:
        holds(one.data, "an empty entry")
        total += len(one.data)
        equal(one.next_log_offset, total)


@check("57", "an unknown session is said in the stream")
def _(t):
    entries, refusal = t.logs(t.run(), follow=True, resume_log_session_id="no-such-session", resume_log_offset=10)
    equal(([one.error.code for one in entries], refusal), (["SESSION_NOT_FOUND"], None))


def batches(t, made, pause, **first):
    """Three reads of one log, each resumed where the one before it was cut; the text of each."""
    entries, _ = t.logs(made, lines_are(5), follow=True, **first)
    texts = [log_text(entries)]
    for _ in range(2):
        time.sleep(pause)
        entries, refusal = t.logs(made, lines_are(5), **resume(entries))
        equal((refusal, [one.error.code for one in entries if one.HasField("error")]), (None, []))
        texts.append(log_text(entries))
    return texts


@check("58", "a follow that was cut goes on when it is resumed")
def _(t):
    texts = batches(t, t.run("sh", "-c", COUNTER), 0.5)
    for text in texts:
        holds(text.count(b"\n") >= 5, f"{text!r}")


@check("59", "no counter is lost or doubled over two resumes")
def _(t):
    text = b"".join(batches(t, t.run("sh", "-c", COUNTER), 0.5))
    numbers = [int(n) for n in re.findall(rb"counter=(\d+)\n", text)]
    equal(numbers, list(range(1, len(numbers) + 1)))


@check("60", "a resumed log keeps its timestamps")
def _(t):
    text = b"".join(batches(t, t.run("sh", "-c", COUNTER), 0.2, timestamps=True))
    for number, line in enumerate(text.splitlines(keepends=True)[:-1]):
        pattern = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S* counter=%d\n" % (number + 1)
        holds(re.fullmatch(pattern, line), f"{line!r}")


@check("60b", "a resume that brings other options is refused")
def _(t):
    made = printing(t, "echo one; sleep 1000", 1)
    entries, _ = t.logs(made, lines_are(1), follow=True)
    for extra in ({"timestamps": True}, {"tail_lines": 3}, {"since_time": {"seconds": 1}}):
        more, refusal = t.logs(made, at_least(1), timeout=5, **resume(entries), **extra)
        equal(refusal and refusal.code, "INVALID_ARGUMENT", f"with {extra}")


@check("61", "a cancelled log makes room for a new one at once")
def _(t):
    made = printing(t, "echo one; sleep 1000", 1)
    for _ in range(10):
        entries, refusal = t.logs(made, lines_are(1), follow=True)
        equal((log_text(entries), refusal), (b"one\n", None))


@check("7.1.11", "a session waits 5 s for its reader; wrong offsets are said in the stream")
def _(t):
    made = t.run("sh", "-c", "echo start; while [ ! -e /tmp/go ]; do sleep 0.05; done; head -c 9000000 /dev/zero | "
                 "tr '\\0' 'x'; echo; sleep 1000")
    entries, _ = t.logs(made, lines_are(1), follow=True)
    beyond = dict(resume(entries), resume_log_offset=1000)
    more, refusal = t.logs(made, at_least(1), **beyond)
    equal(([one.error.code for one in more], refusal), (["INVALID_RESUME_OFFSET"], None))
    time.sleep(4.5)
    t.write(made, "/tmp/go", b"")
    more, refusal = t.logs(made, at_least(1), **resume(entries))
    equal((more[0].error.code, more[0].data[:1]), ("", b"x"), "after 4.5 s")


@check("7.1.11b", "an offset that was dropped is a replay gap")
def _(t):
    made = t.run("sh", "-c", "echo start; while [ ! -e /tmp/go ]; do sleep 0.05; done; head -c 9000000 /dev/zero | "
                 "tr '\\0' 'x'; echo; touch /tmp/done; sleep 1000")
    entries, _ = t.logs(made, lines_are(1), follow=True)
    t.write(made, "/tmp/go", b"")
    t.sh(made, "while [ ! -e /tmp/done ]; do sleep 0.05; done", timeout=10).ended(0)
    more, refusal = t.logs(made, at_least(1), **resume(entries))
    equal((more[0].error.code, refusal), ("REPLAY_GAP", None))


@check("7.1.13", "tail and since apply together; a follow ends after the process and all was sent")
def _(t):
    made = printing(t, "echo one; echo two; sleep 1.2; echo three; echo four; sleep 1000", 4)
    stamped = log_text(t.logs(made, timestamps=True)[0]).decode().splitlines()
    equal([line.split(" ")[1] for line in stamped], ["one", "two", "three", "four"])
    since = {"seconds": int(time.time()) + 3600}
    equal(log_text(t.logs(made, since_time=since)[0]), b"", "since the future")
    since = {"seconds": int(time.time()) - 3600}
    equal(log_text(t.logs(made, since_time=since, tail_lines=3)[0]), b"two\nthree\nfour\n")
    made = printing(t, "echo one; echo two; while [ ! -e /tmp/go ]; do sleep 0.05; done; echo three", 2)
    call = t.call("StreamLogs", sandbox_id=made, follow=True, tail_lines=1)
    text = next(call).data
    t.write(made, "/tmp/go", b"")
    equal(text + log_text(call), b"two\nthree\n")


@check("7.2.15", "tail gives exactly the last lines")
def _(t):
    made = printing(t, "echo one; echo two; echo three; sleep 1000", 3)
    equal(log_text(t.logs(made, tail_lines=2)[0]), b"two\nthree\n")
    equal(log_text(t.logs(made, tail_lines=0)[0]), b"one\ntwo\nthree\n")
    equal(log_text(t.logs(made)[0]), b"one\ntwo\nthree\n")
    made = printing(t, "i=0; while [ $i -lt 1000 ]; do i=$((i + 1)); echo line $i; done; sleep 1000", 1000)
    equal(log_text(t.logs(made, tail_lines=25)[0]), b"".join(b"line %d\n" % n for n in range(976, 1001)))


@check("7.2.16", "output of commands is in no log")
def _(t):
    made = printing(t, "echo main; sleep 1000", 1)
    t.sh(made, "echo exec; echo error >&2").ended(0)
    equal(log_text(t.logs(made)[0]), b"main\n")


@check("7.2.17", "every entry has an offset and a session, also without follow")
def _(t):
    made = printing(t, "echo one; echo two; sleep 1000", 2)
    for options in ({}, {"timestamps": True}, {"tail_lines": 1}):
        entries, _ = t.logs(made, **options)
        total = 0
        for one in entries:
            total += len(one.data)
            equal((one.next_log_offset, bool(one.log_session_id)), (total, True), f"with {options}")
        holds(total, "nothing")


@check("7.2.18", "a very long line is one line in as many entries as needed")
def _(t):
    made = printing(t, "echo short; head -c 700000 /dev/zero | tr '\\0' 'L'; echo; sleep 1000", 2)
    equal(log_text(t.logs(made, tail_lines=1)[0]) == b"L" * 700000 + b"\n", True, "the line")


@check("7.2.19", "a log followed from the start has each line once, ten times over")
def _(t):
    for _ in range(3):
        made = t.create("sh", "-c", "sleep 0.2; for i in 1 2 3; do echo line $i; sleep 0.05; done")
        t.await_state(made, "STATE_RUNNING", *TERMINAL)
        equal(log_text(t.logs(made, follow=True)[0]), b"line 1\nline 2\nline 3\n")
    made = t.run("sh", "-c", COUNTER)
    for _ in range(10):
        entries, refusal = t.logs(made, lines_are(2), follow=True)
        holds(log_text(entries).startswith(b"counter=1\ncounter=2\n") and not refusal, f"{entries} {refusal}")


def drain(t, pid):
    """Asks the server to go while a log is followed, who must be told so. Not a check of a server that stays."""
    made = printing(t, COUNTER, 1)
    call = t.call("StreamLogs", sandbox_id=made, follow=True)
    next(call)
    os.kill(pid, signal.SIGTERM)
    codes = [one.error.code for one in call if one.HasField("error")]
    holds(codes in (["RUNNER_DRAINING"], ["STREAM_INTERRUPTED"]), f"in-band errors {codes}, status {call.code()}")
