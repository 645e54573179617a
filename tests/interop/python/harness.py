# SPDX-License-Identifier: Apache-2.0
# Copyright The cwsandbox for C++ authors
"""What the checks of a server stand on: calls, streams, sandboxes that are cleaned up, and the report."""

import itertools
import os
import queue
import re
import time
import traceback
from concurrent import futures

import grpc

import rpc_status
import schema

MEBIBYTE = 1 << 20
LIMIT = 104857600
IMAGE = "python:3.11"
DOMAIN = "cwsandbox.com"
TERMINAL = ("STATE_COMPLETED", "STATE_FAILED", "STATE_TERMINATED")

CHECKS = []


class Failed(Exception):
    """A check that does not hold."""


class Skipped(Exception):
    """A check that this server, or this machine, cannot be put to."""


ALONE = set()


def check(number, name, alone=False):
    """Registers a check; an `alone` one runs after the others, because its load would disturb their timing."""
    def register(function):
        CHECKS.append((number, name, function))
        if alone:
            ALONE.add(number)
        return function
    return register


def skip(number, name, reason):
    def skipped(t):
        raise Skipped(reason)
    CHECKS.append((number, name, skipped))


def equal(got, wanted, what=""):
    if got != wanted:
        raise Failed(f"{what + ': ' if what else ''}got {brief(got)}, wanted {brief(wanted)}")


def holds(condition, what):
    if not condition:
        raise Failed(what)


def brief(value):
    text = repr(value)
    return text if len(text) < 300 else f"{text[:200]}...{text[-60:]} ({len(text)} characters)"


class Refusal:
    """A call that ended with another status than OK."""

    def __init__(self, error):
        self.code = error.code().name
        self.message = error.details()
        self.details = rpc_status.decode(next(
            (value for key, value in error.trailing_metadata() or () if key == "grpc-status-details-bin"), b""))

    def __repr__(self):
        return f"{self.code} ({self.message}) {vars(self.details)}"


class Exec:
    """One StreamExec call: what is written is queued, what comes back is kept in the order it came."""

    def __init__(self, t, sandbox_id, command, timeout=20, first=None, **init):
        self.api = t.api
        self.requests = queue.SimpleQueue()
        self.ready = 0
        self.frames = []
        self.events = []
        self.times = []
        self.exit_code = self.error = self.refusal = None
        self.started = time.monotonic()
        if first is None:
            first = self.api.ExecStreamRequest(init={"sandbox_id": sandbox_id, "command": command, **init})
        self.requests.put(first)
        self.call = t.stub.StreamExec(iter(self.requests.get, None), timeout=timeout, metadata=t.metadata)

    def write(self, *pieces):
        for piece in pieces:
            self.requests.put(self.api.ExecStreamRequest(stdin=piece))
        return self

    def resize(self, width, height):
        self.requests.put(self.api.ExecStreamRequest(resize={"width": width, "height": height}))
        return self

    def close(self):
        self.requests.put(self.api.ExecStreamRequest(close={}))
        return self

    def half_close(self):
        self.requests.put(None)
        return self

    def next(self):
        """The kind of the next message; None at the end."""
        try:
            message = next(self.call, None)
        except grpc.RpcError as error:
            self.refusal = Refusal(error)
            message = None
        if message is None:
            self.requests.put(None)
            return None
        kind = message.WhichOneof("message")
        self.events.append(kind)
        self.times.append(time.monotonic() - self.started)
        if kind == "ready":
            self.ready += 1
        elif kind == "output":
            self.frames.append((message.output.stream, message.output.data))
        elif kind == "exit":
            self.exit_code = message.exit.exit_code
        elif kind == "error":
            self.error = message.error
        return kind

    def until(self, condition):
        while not condition(self):
            if self.next() is None:
                raise Failed(f"the stream ended early: {self.events[-5:]} {self.refusal}")
        return self

    def until_ready(self):
        return self.until(lambda e: e.ready)

    def until_output(self, data):
        return self.until(lambda e: data in e.out)

    def drain(self):
        while self.next() is not None:
            pass
        return self

    def cancel(self):
        self.call.cancel()
        self.requests.put(None)

    def stream(self, number):
        return b"".join(data for stream, data in self.frames if stream == number)

    @property
    def out(self):
        return self.stream(1)

    @property
    def err(self):
        return self.stream(2)

    def ended(self, code, out=None, err=None):
        """Checks a whole run: ready once, everything before the one exit, then status OK."""
        if self.refusal:
            raise Failed(f"the call failed: {self.refusal}")
        if self.error:
            raise Failed(f"the stream ended with error {self.error.code}: {self.error.message}")
        equal(self.exit_code, code, f"exit code (stderr {brief(self.err)})")
        equal((self.ready, self.events.count("exit"), self.events[-1]), (1, 1, "exit"), "ready, exit, last message")
        if out is not None:
            equal(self.out, out, "stdout")
        if err is not None:
            equal(self.err, err, "stderr")
        return self


class Tester:
    """One check's view of the server."""

    numbers = itertools.count(1)

    def __init__(self, suite):
        self.suite = suite
        self.api = suite.api
        self.stub = suite.stub
        self.discovery = suite.discovery
        self.metadata = suite.metadata
        self.tag = f"interop-{os.getpid()}-{next(self.numbers)}"
        self.made = []

    # Calls. `refused` is for those that must not succeed.
    def call(self, name, timeout=20, **fields):
        method = self.api.methods["SandboxService", name]
        return getattr(self.stub, name)(method.request(**fields), timeout=timeout, metadata=self.metadata)

    def refused(self, call, *arguments, **fields):
        try:
            reply = call(*arguments, **fields)
            if not hasattr(reply, "DESCRIPTOR"):
                reply = list(reply)
        except grpc.RpcError as error:
            return Refusal(error)
        raise Failed(f"was not refused but answered {brief(str(reply))}")

    def try_call(self, call, *arguments, **fields):
        try:
            return call(*arguments, **fields), None
        except grpc.RpcError as error:
            return None, Refusal(error)

    def state(self, sandbox):
        return self.suite.states[sandbox.status.state]

    def get(self, sandbox_id):
        return self.call("GetSandbox", sandbox_id=sandbox_id)

    # Sandboxes.
    def spec(self, command="sleep", args=("infinity",), env=None, container=None, **spec):
        spec.setdefault("tags", []).append(self.tag)
        spec.setdefault("max_lifetime_seconds", 60)
        main = {"name": "main", "image": IMAGE, "command": command, "args": args,
                "environment_variables": env or {}, **(container or {})}
        return {"containers": [main], "primary_container": "main", **spec}

    def create_bare(self, spec):
        made = self.call("CreateSandbox", sandbox={"spec": spec})
        self.made.append(made.sandbox_id)
        return made

    def create(self, *command, **spec):
        """A sandbox whose create was answered."""
        if command:
            spec.update(command=command[0], args=command[1:])
        return self.create_bare(self.spec(**spec)).sandbox_id

    def run(self, *command, **spec):
        """A sandbox that runs, or has run."""
        sandbox_id = self.create(*command, **spec)
        self.await_state(sandbox_id, "STATE_RUNNING", *TERMINAL)
        return sandbox_id

    def await_state(self, sandbox_id, *states, seconds=20):
        end = time.monotonic() + seconds
        while True:
            made = self.get(sandbox_id)
            if self.state(made) in states:
                return made
            if time.monotonic() > end:
                raise Failed(f"still {self.state(made)} after {seconds} s, wanted {states}")
            time.sleep(0.05)

    def delete(self, sandbox_id, **fields):
        return self.call("DeleteSandbox", sandbox_id=sandbox_id, **fields)

    def listed(self, **fields):
        fields.setdefault("tags", [self.tag])
        return [one.sandbox_id for one in self.call("ListSandboxes", **fields).sandboxes]

    def clean(self):
        for sandbox_id in self.made:
            try:
                self.delete(sandbox_id, allow_missing=True)
            except grpc.RpcError:
                pass

    # Commands.
    def start(self, sandbox_id, *command, **options):
        return Exec(self, sandbox_id, command, **options)

    def exec(self, sandbox_id, *command, stdin=None, **options):
        """Runs a command to its end; without `stdin` the sending side closes at once."""
        started = self.start(sandbox_id, *command, **options)
        if stdin is None:
            started.half_close()
        else:
            started.until_ready().write(*stdin).close().half_close()
        return started.drain()

    def sh(self, sandbox_id, script, **options):
        return self.exec(sandbox_id, "sh", "-c", script, **options)

    def python(self, sandbox_id, code, *words, **options):
        return self.exec(sandbox_id, "python", "-c", code, *words, **options)

    # Files.
    def write(self, sandbox_id, path, content):
        return self.call("WriteFile", sandbox_id=sandbox_id, path=path, content=content)

    def read(self, sandbox_id, path):
        return self.call("ReadFile", sandbox_id=sandbox_id, path=path).content

    # Logs: (entries, refusal); ends early when `enough` says so of the entries.
    def logs(self, sandbox_id, enough=lambda entries: False, timeout=20, **fields):
        call = self.call("StreamLogs", timeout=timeout, sandbox_id=sandbox_id, **fields)
        entries = []
        try:
            for entry in call:
                entries.append(entry)
                if enough(entries):
                    call.cancel()
                    return entries, None
        except grpc.RpcError as error:
            return entries, Refusal(error)
        return entries, None


def log_text(entries):
    return b"".join(entry.data for entry in entries)


class Suite:
    def __init__(self, url, ca_file=None, token=None, proto=None, stubs=None):
        self.api = schema.load(proto or schema.PROTO_DIR, stubs)
        self.states = {value: name for name, value in vars(self.api).items() if name.startswith("STATE_")}
        self.token = token
        self.metadata = [("authorization", f"Bearer {token}")] if token else []
        self.target = url.split("://")[1]
        self.ca_file = ca_file if url.startswith("https") else None
        self.channel = self.open_channel()
        self.stub = schema.Stub(self.channel, self.api)
        self.discovery = schema.Stub(self.channel, self.api, "DiscoveryService")

    options = [("grpc.max_send_message_length", LIMIT), ("grpc.max_receive_message_length", LIMIT)]

    def credentials(self):
        with open(self.ca_file, "rb") as file:
            return grpc.ssl_channel_credentials(file.read())

    def open_channel(self, library=grpc):
        if self.ca_file:
            return library.secure_channel(self.target, self.credentials(), options=self.options)
        return library.insecure_channel(self.target, options=self.options)

    def one(self, number, name, function):
        t = Tester(self)
        start = time.monotonic()
        try:
            function(t)
            line = f"ok {number} {name}"
        except Skipped as reason:
            return True, f"skip {number} {name}: {reason}"
        except Exception as error:  # a report must come out of anything that a check runs into
            why = str(error) if isinstance(error, Failed) else (
                repr(Refusal(error)) if isinstance(error, grpc.RpcError) and error.code() else traceback.format_exc())
            line = f"not ok {number} {name}\n# " + why.strip().replace("\n", "\n# ")
        finally:
            t.clean()
        return line.startswith("ok"), f"{line} # {time.monotonic() - start:.1f} s" if line.startswith("ok") else line

    def run(self, only, jobs):
        chosen = [one for one in CHECKS if re.search(only, one[0] + " " + one[1])]
        chosen.sort(key=lambda one: one[0] in ALONE)
        together = [one for one in chosen if one[0] not in ALONE]
        bad = 0

        def report(good, line):
            nonlocal bad
            bad += not good
            print(line, flush=True)
        with futures.ThreadPoolExecutor(jobs) as pool:
            for good, line in pool.map(lambda one: self.one(*one), together):
                report(good, line)
        for one in chosen[len(together):]:
            report(*self.one(*one))
        print(f"1..{len(chosen)}")
        return bad
