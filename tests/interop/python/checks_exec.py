# SPDX-License-Identifier: Apache-2.0
# Copyright The cwsandbox for C++ authors
"""Commands, their input and output: lines 14 to 44, 7.1.1 to 7.1.8 and 7.2.7 to 7.2.12."""

import asyncio
import time
from concurrent import futures

import grpc
import grpc.aio

import schema
from harness import DOMAIN, TERMINAL, Exec, check, equal, holds

# Well below the limit of a message.
MAX_FRAME = 1 << 20

# Every process of the sandbox whose command line holds a word; this one and its parents excepted.
FIND = r"""
import os, sys
word = sys.argv[1].encode()
for pid in filter(str.isdigit, os.listdir('/proc')):
    try:
        line = open(f'/proc/{pid}/cmdline', 'rb').read()
    except OSError:
        continue
    if word in line and b'import os' not in line:
        print(pid, line)
"""


def await_gone(t, made, word, seconds=5):
    end = time.monotonic() + seconds
    while True:
        found = t.python(made, FIND, word).ended(0).out
        if not found:
            return
        holds(time.monotonic() < end, f"still running: {found!r}")
        time.sleep(0.1)


@check("14", "echo prints its words")
def _(t):
    t.exec(t.run(), "echo", "hello").ended(0, b"hello\n", b"")


@check("15", "one write of a command is one frame")
def _(t):
    equal(t.exec(t.run(), "echo", "hello").ended(0).frames, [(1, b"hello\n")])


@check("16", "both outputs are kept apart")
def _(t):
    t.sh(t.run(), "echo out; echo err >&2").ended(0, b"out\n", b"err\n")


@check("17", "exit 42 is an exit message, not a status")
def _(t):
    t.sh(t.run(), "exit 42").ended(42, b"", b"")


@check("18", "the line before an exit 42 arrives before it")
def _(t):
    t.sh(t.run(), "echo line; exit 42").ended(42, b"line\n")


@check("19", "exit 1 is an exit message")
def _(t):
    t.sh(t.run(), "exit 1").ended(1)


@check("20", "standard error alone arrives")
def _(t):
    t.sh(t.run(), "echo text >&2").ended(0, b"", b"text\n")


@check("21", "python computes, and is 3.11")
def _(t):
    made = t.run()
    t.python(made, "print(2 + 2)").ended(0, b"4\n")
    done = t.exec(made, "python", "--version").ended(0)
    holds((done.out + done.err).startswith(b"Python 3.11"), f"{done.out + done.err!r}")


@check("22", "no exit code comes before the end")
def _(t):
    made = t.run()
    running = t.start(made, "sleep", "0.5").until_ready()
    equal(running.exit_code, None)
    running.half_close().drain().ended(0)
    holds(running.times[-1] - running.times[0] > 0.3, "the exit came too early")


@check("23", "the exit follows the end of the output")
def _(t):
    done = t.exec(t.run(), "echo", "x").ended(0, b"x\n")
    holds(done.times[-1] - done.times[-2] < 2, f"{done.times}")


@check("24", "two thousand lines arrive once and in order")
def _(t):
    done = t.sh(t.run(), "i=0; while [ $i -lt 2000 ]; do i=$((i + 1)); echo line $i; done")
    done.ended(0, b"".join(b"line %d\n" % n for n in range(1, 2001)))


@check("25", "ten lines apart in time are ten frames apart in time")
def _(t):
    done = t.sh(t.run(), "for i in 0 1 2 3 4 5 6 7 8 9; do echo line $i; sleep 0.2; done").ended(0)
    equal(done.frames, [(1, b"line %d\n" % n) for n in range(10)])
    times = [at for at, kind in zip(done.times, done.events) if kind == "output"]
    holds(times[-1] - times[0] > 1.0, f"{times}")


@check("26", "a command may be run as soon as RUNNING is seen")
def _(t):
    made = t.create()
    t.await_state(made, "STATE_RUNNING")
    t.exec(made, "echo", "early").ended(0, b"early\n")


@check("27", "two sandboxes keep their outputs apart")
def _(t):
    both = [t.run(env={"NAME": name}) for name in ("one", "two")]
    running = [t.start(made, "printenv", "NAME").half_close() for made in both]
    for name, one in zip(("one", "two"), running):
        one.drain().ended(0, name.encode() + b"\n")


@check("28", "commands at the same time do not mix")
def _(t):
    made = t.run()
    script = "for i in 1 2 3 4 5; do echo $0 $i; sleep 0.02; done"
    running = [t.start(made, "sh", "-c", script, f"worker{n}").half_close() for n in range(8)]
    for n, one in enumerate(running):
        one.drain().ended(0, b"".join(b"worker%d %d\n" % (n, i) for i in range(1, 6)))


# Stdin.

@check("29", "ready comes soon when stdin stays open")
def _(t):
    running = t.start(t.run(), "cat").until_ready()
    holds(running.times[0] < 5, f"after {running.times[0]} s")
    running.close().half_close().drain().ended(0, b"")


@check("30", "a script on stdin is run")
def _(t):
    t.exec(t.run(), "sh", stdin=[b"echo hello\necho there\n"]).ended(0, b"hello\nthere\n")


@check("31", "a script in several writes keeps order and content")
def _(t):
    t.exec(t.run(), "sh", stdin=[b"A=on", b"e\necho $", b"A\n", b"echo tw", b"o\n"]).ended(0, b"one\ntwo\n")


@check("32", "lines are run one by one")
def _(t):
    running = t.start(t.run(), "sh").until_ready()
    for n in range(3):
        running.write(b"echo line %d\n" % n).until_output(b"line %d\n" % n)
    running.close().half_close().drain().ended(0)


@check("33", "204800 bytes are counted")
def _(t):
    sizes = (65536, 65536, 65536, 8192)
    equal(t.exec(t.run(), "wc", "-c", stdin=[b"x" * n for n in sizes]).ended(0).out.strip(), b"204800")


@check("34", "sort sees the end of its input")
def _(t):
    lines = [b"line %d\n" % n for n in (3, 9, 1, 7, 0, 2, 8, 6, 5, 4)]
    t.exec(t.run(), "sort", stdin=lines).ended(0, b"".join(sorted(lines)))


@check("35", "sorted lines come through the stream")
def _(t):
    running = t.start(t.run(), "sort").until_ready().write(b"c\n", b"a\n", b"b\n").close()
    running.until_output(b"a\nb\nc\n").half_close().drain().ended(0, b"a\nb\nc\n")


@check("36", "text without a newline stays so")
def _(t):
    t.exec(t.run(), "cat", stdin=[b"hello world"]).ended(0, b"hello world")


@check("37", "three writes are three lines in order")
def _(t):
    t.exec(t.run(), "cat", stdin=[b"1\n", b"2\n", b"3\n"]).ended(0, b"1\n2\n3\n")


@check("38", "binary input is not converted")
def _(t):
    data = bytes(1 + n % 255 for n in range(1000))
    code = "import sys; d = sys.stdin.buffer.read(); print(len(d), d == bytes(1 + n % 255 for n in range(1000)))"
    t.exec(t.run(), "python", "-c", code, stdin=[data]).ended(0, b"1000 True\n")


@check("39", "closing again is no error")
def _(t):
    running = t.start(t.run(), "sh").until_ready().write(b"sleep 0.3; exit 0\n")
    running.close().close().close().half_close().drain().ended(0, b"", b"")


@check("40", "stdin behind a close does no harm")
def _(t):
    running = t.start(t.run(), "cat").until_ready().write(b"before").close().write(b"after")
    running.half_close().drain().ended(0, b"before")


@check("41", "an early half-close does not end the command")
def _(t):
    made = t.run()
    t.sh(made, "sleep 0.5; echo done").ended(0, b"done\n")
    t.exec(made, "cat").ended(0, b"")


@check("42", "the exit comes although stdin was never closed")
def _(t):
    running = t.start(t.run(), "sh", "-c", "exit 0")
    running.until(lambda e: e.exit_code is not None)
    equal(running.exit_code, 0)
    running.write(b"late").drain().ended(0)


@check("43", "cat with open stdin goes on until its call ends")
def _(t):
    made = t.run()
    running = t.start(made, "cat", "-", "/nowhere/cat43", timeout=3).until_ready()
    running.drain()
    equal((running.refusal and running.refusal.code, running.events), ("DEADLINE_EXCEEDED", ["ready"]))
    await_gone(t, made, "cat43")


@check("44", "the asynchronous style behaves the same")
def _(t):
    made = t.run()

    async def all_calls():
        async with t.suite.open_channel(grpc.aio) as channel:
            stub = schema.Stub(channel, t.api)
            call = stub.StreamExec(timeout=10, metadata=t.metadata)
            await call.write(t.api.ExecStreamRequest(init={"sandbox_id": made, "command": ["sort"]}))
            equal((await call.read()).WhichOneof("message"), "ready")
            for line in (b"b\n", b"a\n"):
                await call.write(t.api.ExecStreamRequest(stdin=line))
            await call.write(t.api.ExecStreamRequest(close={}))
            await call.done_writing()
            seen = []
            while (message := await call.read()) is not grpc.aio.EOF:
                seen.append(message)
            equal(b"".join(one.output.data for one in seen), b"a\nb\n")
            equal((seen[-1].WhichOneof("message"), seen[-1].exit.exit_code), ("exit", 0))
            equal(await call.code(), grpc.StatusCode.OK)
            write = t.api.WriteFileRequest(sandbox_id=made, path="/tmp/x", content=b"async\0")
            await stub.WriteFile(write, timeout=10, metadata=t.metadata)
            read = t.api.ReadFileRequest(sandbox_id=made, path="/tmp/x")
            equal((await stub.ReadFile(read, timeout=10, metadata=t.metadata)).content, b"async\0")
    asyncio.run(all_calls())


# Duties of the server.

@check("7.1.1", "ready is sent once, before output, also without stdin")
def _(t):
    made = t.run()
    equal(t.exec(made, "echo", "x").events, ["ready", "output", "exit"])
    equal(t.exec(made, "true").events, ["ready", "exit"])


@check("7.1.2", "the exit comes after all output, even of a child that outlives the command for a moment")
def _(t):
    made = t.run()
    for _ in range(5):
        t.sh(made, "head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2").ended(0, bytes(300000), bytes(300000))


@check("7.1.3", "a stream that begins wrongly is an invalid argument")
def _(t):
    made = t.run()
    for first in (t.api.ExecStreamRequest(stdin=b"x"), t.api.ExecStreamRequest(close={}), t.api.ExecStreamRequest(),
                  t.api.ExecStreamRequest(init={"sandbox_id": made})):
        done = Exec(t, made, [], first=first).half_close().drain()
        equal(done.refusal and done.refusal.code, "INVALID_ARGUMENT", str(first))
    running = t.start(made, "cat", "-", "/nowhere/second-init").until_ready()
    running.requests.put(t.api.ExecStreamRequest(init={"sandbox_id": made, "command": ["true"]}))
    running.drain()
    equal(running.refusal and running.refusal.code, "INVALID_ARGUMENT", "a second init")
    await_gone(t, made, "second-init")
    done = t.stub.StreamExec(iter([]), timeout=10, metadata=t.metadata)
    equal(t.refused(list, done).code, "INVALID_ARGUMENT", "no message at all")


def calls_on(t, sandbox_id):
    return [lambda: t.call("Exec", sandbox_id=sandbox_id, command=["true"]),
            lambda: t.call("ReadFile", sandbox_id=sandbox_id, path="/tmp/x"),
            lambda: t.call("WriteFile", sandbox_id=sandbox_id, path="/tmp/x", content=b"x"),
            lambda: list(t.stub.StreamExec(iter([t.api.ExecStreamRequest(
                init={"sandbox_id": sandbox_id, "command": ["true"]})]), timeout=10, metadata=t.metadata))]


@check("7.1.4", "an unknown sandbox is not found, one that does not run is a failed precondition")
def _(t):
    missing = calls_on(t, "no-such-sandbox") + [
        lambda: t.get("no-such-sandbox"), lambda: t.delete("no-such-sandbox"),
        lambda: list(t.call("StreamLogs", sandbox_id="no-such-sandbox"))]
    for number, call in enumerate(missing):
        refusal = t.refused(call)
        equal((refusal.code, refusal.details.reason, refusal.details.domain),
              ("NOT_FOUND", "CWSANDBOX_SANDBOX_NOT_FOUND", DOMAIN), f"call {number}")
    made = t.create("true")
    t.await_state(made, *TERMINAL)
    for number, call in enumerate(calls_on(t, made)):
        equal(t.refused(call).code, "FAILED_PRECONDITION", f"call {number}")


@check("7.1.5", "stdin after the end and a resize without a terminal are ignored")
def _(t):
    made = t.run()
    running = t.start(made, "true").until(lambda e: e.exit_code is not None)
    running.write(b"x" * 65536, b"y").close().half_close().drain().ended(0)
    running = t.start(made, "cat").until_ready().resize(100, 40).write(b"x").resize(0, 0).close().half_close()
    running.drain().ended(0, b"x")


@check("7.1.5b", "commands that end while input still arrives for them harm nobody", alone=True)
def _(t):
    made = t.run()

    def once(number):
        command = ("true",) if number % 3 == 0 else ("cat",)
        running = t.start(made, *command).until_ready().write(b"a").close().write(b"behind", b"the end").half_close()
        running.drain().ended(0, b"" if command == ("true",) else b"a")
    with futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(once, range(400)))


@check("7.1.6", "a command that cannot run, and one that a signal ends, end the stream")
def _(t):
    made = t.run()
    done = t.exec(made, "no-such-command")
    holds(done.error is not None or done.exit_code == 127, f"{done.events} {done.exit_code} {done.refusal}")
    done = t.exec(made, "/etc/passwd")
    holds(done.error is not None or done.exit_code == 126, f"{done.events} {done.exit_code} {done.refusal}")
    t.sh(made, "kill -9 $$").ended(137)
    t.sh(made, "kill -15 $$").ended(143)


@check("7.1.7", "output frames are small and whole")
def _(t):
    done = t.python(t.run(), "import sys; sys.stdout.buffer.write(b'z' * 4000000)").ended(0, b"z" * 4000000)
    largest = max(len(data) for _, data in done.frames)
    holds(largest <= MAX_FRAME, f"a frame of {largest} bytes")


@check("7.1.8", "a reader that rests slows the command down and loses nothing")
def _(t):
    made = t.run()
    size = 48 << 20
    script = f"head -c {size} /dev/zero; echo done > /tmp/done; echo end"
    running = t.start(made, "sh", "-c", script, timeout=40).half_close().until_ready()
    time.sleep(1.5)
    refusal = t.try_call(t.read, made, "/tmp/done")[1]
    equal(refusal and refusal.details.reason, "CWSANDBOX_FILE_NOT_FOUND", "the command was not slowed down")
    got = 0
    while running.next() == "output":
        got += len(running.frames[-1][1])
        if len(running.frames) > 1:
            del running.frames[0]
    equal((got, running.exit_code), (size + 4, 0))


# What clients of other languages add.

@check("7.2.7", "a working directory with blanks and a quote is entered by the wrapped command")
def _(t):
    made = t.run()
    name = "/tmp/it's a place"
    t.exec(made, "mkdir", name).ended(0)
    quoted = "'" + name.replace("'", "'\"'\"'") + "'"
    done = t.call("Exec", sandbox_id=made, command=["/bin/sh", "-c", f"cd {quoted} && exec pwd"])
    equal((done.exit_code, done.stdout), (0, name.encode() + b"\n"))


@check("7.2.8", "unary exec keeps code and streams apart")
def _(t):
    made = t.run()
    done = t.call("Exec", sandbox_id=made, command=["sh", "-c", "echo out; echo err >&2; exit 7"])
    equal((done.exit_code, done.stdout, done.stderr), (7, b"out\n", b"err\n"))
    done = t.call("Exec", sandbox_id=made, command=["true"])
    equal((done.exit_code, done.stdout, done.stderr, done.stdout_truncated), (0, b"", b"", False))
    done = t.call("Exec", sandbox_id=made, command=["head", "-c", "5000", "/dev/zero"], max_output_bytes=1000)
    equal((len(done.stdout), done.stdout_truncated, done.stdout_bytes_produced, done.exit_code), (1000, True, 5000, 0))
    done = t.call("Exec", sandbox_id=made, command=["printenv", "A"], env={"A": "b"})
    equal(done.stdout, b"b\n")
    equal(t.refused(t.call, "Exec", sandbox_id=made, command=[]).code, "INVALID_ARGUMENT", "no command")


@check("7.2.9", "many small writes and a large one arrive whole; unread stdout holds nothing else up")
def _(t):
    made = t.run()
    code = "import sys\nfor n in range(128):\n  sys.stdout.write(chr(65 + n % 26) * 4096); sys.stdout.flush()"
    t.python(made, code).ended(0, b"".join(bytes([65 + n % 26]) * 4096 for n in range(128)))
    code = "import os; os.write(1, b'x' * 1048576); os.write(2, b'err')"
    t.python(made, code).ended(0, b"x" * 1048576, b"err")
    # A second call on the connection goes on while the first is not read.
    idle = t.start(made, "head", "-c", "20000000", "/dev/zero").half_close().until_ready()
    t.python(made, "print('x' * 3000000)").ended(0, b"x" * 3000000 + b"\n")
    idle.drain().ended(0)


@check("7.2.10", "a cancelled call ends the whole process group, and the next exec works at once")
def _(t):
    made = t.run()
    running = t.start(made, "sh", "-c", "sh -c 'while :; do echo child; done' group7210 & yes group7210").half_close()
    running.until_output(b"group7210\n")
    running.cancel()
    t.exec(made, "echo", "next").ended(0, b"next\n")
    await_gone(t, made, "group7210")


@check("7.2.11", "a terminal runs the lines that were typed before its input closed")
def _(t):
    running = t.start(t.run(), "/bin/sh", tty=True, tty_width=80, tty_height=24).until_ready()
    running.write(b"echo first $((1 + 1))\n", b"stty size; exit\n").close().drain()
    text = b"".join(data for _, data in running.frames)
    equal(running.exit_code, 0, f"exit code ({text!r})")
    for part in (b"echo first", b"first 2", b"24 80"):
        holds(part in text, f"no {part!r} in {text!r}")


@check("7.2.11b", "a terminal follows a resize")
def _(t):
    running = t.start(t.run(), "/bin/sh", tty=True, tty_width=80, tty_height=24).until_ready()
    running.resize(101, 37).write(b"sleep 0.2; stty size\n")
    running.until(lambda e: b"37 101" in b"".join(data for _, data in e.frames))
    running.write(b"exit 3\n").drain()
    equal(running.exit_code, 3)


@check("7.2.12", "4096 binary bytes in pieces of 512 arrive exactly")
def _(t):
    data = bytes(n * 7 % 256 for n in range(4096))
    t.exec(t.run(), "cat", stdin=[data[n:n + 512] for n in range(0, 4096, 512)]).ended(0, data)


@check("1.4.5", "an expired call kills the command")
def _(t):
    made = t.run()
    running = t.start(made, "sleep", "145.5", timeout=0.8).half_close().drain()
    equal(running.refusal and running.refusal.code, "DEADLINE_EXCEEDED")
    await_gone(t, made, "145.5")


@check("1.5", "output is kept byte by byte")
def _(t):
    made = t.run()
    t.exec(made, "printf", r"a\0b\r\nc\r\377\376").ended(0, b"a\0b\r\nc\r\xff\xfe")


@check("1.4.4", "two hundred commands at the same time on one connection", alone=True)
def _(t):
    made = t.run()
    with futures.ThreadPoolExecutor(50) as pool:
        for n, done in enumerate(pool.map(lambda n: t.exec(made, "echo", str(n), timeout=60), range(200))):
            done.ended(0, b"%d\n" % n)


@check("1.6", "a command ends with its sandbox")
def _(t):
    made = t.run()
    running = t.start(made, "sleep", "infinity").until_ready()
    t.delete(made)
    running.drain()
    holds(running.refusal or running.error or running.exit_code, f"{running.events} {running.exit_code}")


@check("1.7", "calls that are cancelled at any moment leave nothing running", alone=True)
def _(t):
    made = t.run("sh", "-c", "while :; do echo line; sleep 0.01; done")

    def once(number):
        time.sleep(number % 7 / 1000)
        if number % 4 == 0:
            call = t.call("StreamLogs", sandbox_id=made, follow=True)
        else:
            running = t.start(made, *(("yes", "cancel17") if number % 4 == 1 else ("cat", "-", "/nowhere/cancel17")))
            running.write(b"x" * 65536)
            call = running.call
        time.sleep(number % 13 / 1000)
        call.cancel()
        if number % 4:
            running.cancel()
    with futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(once, range(300)))
    t.exec(made, "echo", "next").ended(0, b"next\n")
    await_gone(t, made, "cancel17")
