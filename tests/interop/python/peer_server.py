#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The cwsandbox for C++ authors
"""A sandbox service on grpcio that answers well, or badly when a call asks for it. See ../README.md for the names."""

import argparse
import base64
import itertools
import os
import signal
import sys
import threading
import time
from concurrent import futures

import grpc

import rpc_status
import schema

FRAME = 65536
DOMAIN = "cwsandbox.com"
TOO_LARGE = "Received message larger than max (150000000 vs. 104857600)"
AWKWARD = "Größe – 日本語 😀\nsecond line\r\n100% %41 \"quoted\"\ttab\x7f " + "long " * 300 + "end"
METADATA = {"filepath": "/tmp/x", "max_size_bytes": "10", "size_bytes": "12"}
VIOLATIONS = [("sandbox.spec.containers[0].image", "must not be empty"), ("sandbox.spec.tags", "too many")]

codes = {code.value[0]: code for code in grpc.StatusCode}


class Done(Exception):
    """The call was answered with a status."""


class Service:
    def __init__(self, api, restart):
        self.api = api
        self.restart = restart
        self.lock = threading.Lock()
        self.numbers = itertools.count(1)
        self.reset()

    def reset(self):
        self.sandboxes = {}
        self.files = {}
        self.stats = {"calls": 0, "cancelled": 0, "active": 0, "bytes_read": 0, "messages_sent": 0}

    def count(self, name, by=1):
        with self.lock:
            self.stats[name] += by

    # The fault that a call asks for, as words; an empty list for none.
    def fault_of(self, request):
        words = []
        for field in ("sandbox_id", "path"):
            words.append(getattr(request, field, "").lstrip("/"))
        words += list(getattr(request, "command", []))[:1]
        words += list(getattr(request, "tags", []))
        if isinstance(request, self.api.CreateSandboxRequest):
            words += list(request.sandbox.spec.tags)
        for word in words:
            if word.startswith("fault:"):
                return word.split(":")[1:]
        return []

    # Runs one call: counts it, and sees whether the client gave it up.
    def watch(self, context):
        gone = threading.Event()
        if not context.add_callback(gone.set):
            gone.set()
        self.count("calls")
        self.count("active")
        return gone

    def refuse(self, context, code, message, details=None):
        trailers = [("grpc-status-details-bin", details)] if details is not None else []
        context.set_trailing_metadata(trailers)
        context.abort(codes[code], message)

    def not_found(self, context, sandbox_id):
        info = rpc_status.error_info("CWSANDBOX_SANDBOX_NOT_FOUND", DOMAIN, {"sandbox_id": sandbox_id})
        message = f"no sandbox {sandbox_id}"
        self.refuse(context, 5, message, rpc_status.status(5, message, [info]))

    # Faults that any call knows. Returns when the call is to be answered as usual.
    def common_fault(self, fault, context, gone):
        name, args = fault[0], fault[1:]
        if name == "details" or name == "details_foreign":
            code = int(args[0]) if args else 3
            reason = args[1] if len(args) > 1 else "CWSANDBOX_INVALID_REQUEST"
            domain = DOMAIN if name == "details" else "other.example"
            message = "scripted refusal"
            self.refuse(context, code, message, rpc_status.status(code, message, [
                rpc_status.localized_message("en", "an unknown detail, to be passed over"),
                rpc_status.error_info(reason, domain, METADATA),
                rpc_status.retry_info(1, 500000000),
                rpc_status.bad_request(VIOLATIONS)]))
        elif name == "details_malformed":
            self.refuse(context, 9, "details are no protobuf", b"\xff\xff\xff\xff\x07")
        elif name in ("code", "trailers_only", "early"):
            code = int(args[0]) if args else {"code": 13, "trailers_only": 14, "early": 8}[name]
            self.refuse(context, code, f"scripted status {code}")
        elif name == "long_message":
            self.refuse(context, 13, AWKWARD)
        elif name == "too_large":
            self.refuse(context, 8, TOO_LARGE)
        elif name == "hang":
            gone.wait()
            self.count("cancelled")
            raise Done
        elif name == "delay":
            if gone.wait(int(args[0]) / 1000):
                self.count("cancelled")
                raise Done
        elif name == "die":
            os._exit(9)
        elif name == "goaway":
            self.restart(int(args[0]) / 1000 if args else 5)
        elif name == "compressed":
            context.set_compression(grpc.Compression.Gzip)
        elif name == "initial_metadata":
            context.send_initial_metadata([("x-scripted", "initial"), ("x-scripted-bin", b"\x00\xff")])
            context.set_trailing_metadata([("x-scripted", "trailing"), ("x-scripted-bin", b"\xff\x00")])
        elif name == "no_status":
            self.refuse(context, 12, "this stack always sends a status")

    def unary(self, answer, stream=False):
        def handler(request, context):
            gone = self.watch(context)
            try:
                fault = self.fault_of(request)
                if fault:
                    self.common_fault(fault, context, gone)
                    if fault[0] == "garbage_message":
                        return b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
                    if fault[0] == "empty_message":
                        return b""
                return answer(request, context, fault)
            except Done:
                return b""
            finally:
                self.count("active", -1)
        return handler

    def find(self, context, sandbox_id):
        if sandbox_id.startswith("fault:"):
            made = self.api.Sandbox(sandbox_id=sandbox_id)
            made.status.state = self.api.STATE_RUNNING
            return made
        with self.lock:
            made = self.sandboxes.get(sandbox_id)
        if made is None:
            self.not_found(context, sandbox_id)
        return made

    def create(self, request, context, fault):
        made = self.api.Sandbox()
        made.CopyFrom(request.sandbox)
        made.sandbox_id = f"peer-{next(self.numbers)}"
        made.status.state = self.api.STATE_RUNNING
        made.status.create_time.GetCurrentTime()
        made.status.start_time.GetCurrentTime()
        made.status.runner_id = "peer"
        with self.lock:
            self.sandboxes[made.sandbox_id] = made
        return made

    def get(self, request, context, fault):
        if request.sandbox_id.startswith("stat:"):
            made = self.api.Sandbox(sandbox_id=request.sandbox_id)
            with self.lock:
                for name, value in self.stats.items():
                    made.spec.annotations[name] = str(value)
            if request.sandbox_id == "stat:reset":
                with self.lock:
                    active = self.stats["active"]
                    self.reset()
                    self.stats["active"] = active
            return made
        made = self.find(context, request.sandbox_id)
        if fault and fault[0] == "metadata":
            for name, value in context.invocation_metadata():
                text = base64.b64encode(value).decode() if isinstance(value, bytes) else value
                made.spec.annotations[name] = text
            left = context.time_remaining()
            if left is not None and left < 1e8:
                made.spec.annotations["deadline-ms"] = str(int(left * 1000))
        elif fault and fault[0] == "compressed":
            made.spec.annotations["text"] = "hello " * 1000
        elif fault and fault[0] == "huge":
            made.spec.annotations["huge"] = "x" * (int(fault[1]) << 20)
        elif fault and fault[0] == "unknown_fields":
            return made.SerializeToString() + rpc_status.chunk(1000, "later") + rpc_status.integer(1001, 7)
        return made

    def list(self, request, context, fault):
        with self.lock:
            found = [s for s in self.sandboxes.values()
                     if set(request.tags) <= set(s.spec.tags) and
                     (request.state == s.status.state if request.state else
                      request.show_terminated or s.status.state == self.api.STATE_RUNNING)]
        size = request.page_size or 100
        start = int(request.page_token or "0")
        reply = self.api.ListSandboxesResponse(sandboxes=found[start:start + size])
        if start + size < len(found):
            reply.next_page_token = str(start + size)
        return reply

    def delete(self, request, context, fault):
        if request.allow_missing and request.sandbox_id not in self.sandboxes:
            return self.api.DeleteSandboxResponse()
        made = self.find(context, request.sandbox_id)
        made.status.state = self.api.STATE_TERMINATED
        made.status.end_time.GetCurrentTime()
        return self.api.DeleteSandboxResponse(sandbox=made)

    def exec(self, request, context, fault):
        self.find(context, request.sandbox_id)
        reply = self.api.ExecResponse()
        if fault and fault[0] == "huge":
            reply.stdout = b"x" * (int(fault[1]) << 20)
        else:
            reply.exit_code, reply.stdout, reply.stderr = self.run(list(request.command), b"")
        reply.stdout_bytes_produced, reply.stderr_bytes_produced = len(reply.stdout), len(reply.stderr)
        return reply

    @staticmethod
    def run(command, given):
        if command[0] == "echo":
            return 0, " ".join(command[1:]).encode() + b"\n", b""
        if command[0] == "exit":
            return int(command[1]), b"", b""
        if command[0] == "yes":
            return 0, (b"y\n" * (int(command[1]) // 2 + 1))[:int(command[1])], b""
        if command[0] == "cat":
            return 0, given, b""
        if command[0].startswith("fault:"):
            return 0, b"", b""
        return 127, b"", command[0].encode() + b": not found\n"

    def write_file(self, request, context, fault):
        self.find(context, request.sandbox_id)
        self.files[request.sandbox_id, request.path] = request.content
        return self.api.WriteFileResponse()

    def read_file(self, request, context, fault):
        self.find(context, request.sandbox_id)
        if fault and fault[0] == "huge":
            return self.api.ReadFileResponse(content=b"x" * (int(fault[1]) << 20))
        content = self.files.get((request.sandbox_id, request.path))
        if content is None and not fault:
            message = f"no file {request.path}"
            info = rpc_status.error_info("CWSANDBOX_FILE_NOT_FOUND", DOMAIN, {"filepath": request.path})
            self.refuse(context, 5, message, rpc_status.status(5, message, [info]))
        return self.api.ReadFileResponse(content=content or b"")

    # Streams.
    def output(self, data, stream=1):
        reply = self.api.ExecStreamResponse()
        reply.output.stream, reply.output.data = stream, data
        self.count("messages_sent")
        return reply

    def exit(self, code):
        reply = self.api.ExecStreamResponse()
        reply.exit.exit_code = code
        reply.exit.completed_time.GetCurrentTime()
        return reply

    def ready(self):
        reply = self.api.ExecStreamResponse()
        reply.ready.ready_time.GetCurrentTime()
        return reply

    def error(self, code):
        return self.api.ExecStreamResponse(
            error={"message": "scripted stream error", "code": code})

    def stream_exec(self, requests, context):
        gone = self.watch(context)
        try:
            first = next(requests, None)
            if first is None or not first.HasField("init") or not first.init.command:
                self.refuse(context, 3, "the first message must be init with a command")
            init = first.init
            fault = self.fault_of(init)
            if fault:
                self.common_fault(fault, context, gone)
                known = self.exec_fault(fault[0], fault[1:], requests, context, gone)
                if known is not None:
                    yield from known
                    return
            self.find(context, init.sandbox_id)
            yield self.ready()
            yield from self.stream_command(list(init.command), requests, gone)
        except Done:
            return
        finally:
            self.count("active", -1)

    def read_stdin(self, requests):
        for request in requests:
            if request.HasField("stdin"):
                self.count("bytes_read", len(request.stdin))
                yield request.stdin
            elif request.HasField("close"):
                return

    def stream_command(self, command, requests, gone):
        if command[0] == "cat":
            for data in self.read_stdin(requests):
                yield self.output(data)
            code = 0
        elif command[0] == "wc":
            yield self.output(b"%d\n" % sum(len(data) for data in self.read_stdin(requests)))
            code = 0
        elif command[0] == "sleep":
            if gone.wait(float(command[1])):
                self.count("cancelled")
                return
            code = 0
        elif command[0] == "yes":
            left = int(command[1])
            block = b"y\n" * (FRAME // 2)
            while left > 0 and not gone.is_set():
                yield self.output(block[:left])
                left -= FRAME
            if gone.is_set():
                self.count("cancelled")
                return
            code = 0
        else:
            code, out, err = self.run(command, b"")
            if out:
                yield self.output(out)
            if err:
                yield self.output(err, 2)
        yield self.exit(code)

    # The answers to a fault that only exec streams know; None for a fault that changes nothing here.
    def exec_fault(self, name, args, requests, context, gone):
        if name == "early_exit":
            return iter([self.exit(0)])
        if name == "slow_reader":
            return self.slow_reader(int(args[0]) / 1000 if args else 1.0, requests, gone)
        if name == "huge":
            return iter([self.ready(), self.output(b"x" * (int(args[0]) << 20)), self.exit(0)])
        if name == "abort":
            return self.abort_after(int(args[0]) if args else 3, context)
        if name == "die_after":
            return self.die_after(int(args[0]) if args else 3)
        if name == "exec_error":
            return iter([self.ready(), self.output(b"partial\n"), self.error(args[0] if args else "")])
        if name == "no_exit":
            return iter([self.ready(), self.output(b"partial\n")])
        if name == "no_ready":
            return self.no_ready(requests, gone)
        if name == "after_exit":
            return iter([self.ready(), self.exit(3), self.output(b"late\n"), self.exit(4)])
        if name == "empty_message":
            return iter([self.ready(), b"", self.output(b""), self.output(b"hello\n"), self.exit(0)])
        if name == "garbage_message":
            return iter([self.ready(), b"\xff" * 10 + b"\x01", self.exit(0)])
        if name == "unknown_fields":
            return iter([self.ready(), self.output(b"hello\n").SerializeToString() +
                         rpc_status.chunk(1000, "later"), self.exit(0)])
        if name == "compressed":
            return iter([self.ready(), self.output(b"hello " * 1000), self.exit(0)])
        return None

    def slow_reader(self, seconds, requests, gone):
        yield self.ready()
        if not gone.wait(seconds):
            yield self.output(b"%d\n" % sum(len(data) for data in self.read_stdin(requests)))
            yield self.exit(0)
        else:
            self.count("cancelled")

    def abort_after(self, messages, context):
        yield self.ready()
        for number in range(messages):
            yield self.output(b"line %d\n" % (number + 1))
        self.refuse(context, 10, "scripted abort")

    def die_after(self, messages):
        yield self.ready()
        for number in range(messages):
            yield self.output(b"line %d\n" % (number + 1))
        # What was yielded is with the transport only when the next message is asked for; a moment lets it leave.
        time.sleep(0.2)
        os._exit(9)

    def no_ready(self, requests, gone):
        gone.wait()
        self.count("cancelled")
        yield from ()

    def stream_logs(self, request, context):
        gone = self.watch(context)
        try:
            fault = self.fault_of(request)
            if fault:
                self.common_fault(fault, context, gone)
            name, args = (fault[0], fault[1:]) if fault else ("", [])
            if name == "log_error":
                yield self.api.LogEntry(error={"code": args[0], "message": "scripted log error"})
                return
            if name == "huge":
                yield self.api.LogEntry(data=b"x" * (int(args[0]) << 20), log_session_id="log",
                                        next_log_offset=int(args[0]) << 20)
                return
            if name == "garbage_message":
                yield b"\xff" * 10 + b"\x01"
                return
            self.find(context, request.sandbox_id)
            # One line an entry, from the offset on; with log_cut:N, cut after N entries each time.
            cut = int(args[0]) if name in ("log_cut", "abort") and args else 0
            lines = [b"counter=%d\n" % n for n in range(1, 1 + (cut * 3 or 10))]
            session = request.resume_log_session_id or "log-1"
            if session != "log-1":
                yield self.api.LogEntry(error={"code": "SESSION_NOT_FOUND", "message": "unknown session"})
                return
            if request.tail_lines and not request.resume_log_session_id:
                lines = lines[-request.tail_lines:]
            end = sent = 0
            for line in lines:
                end += len(line)
                if end <= request.resume_log_offset:
                    continue
                data = line[-(end - request.resume_log_offset):]
                yield self.api.LogEntry(data=data, log_session_id=session, next_log_offset=end)
                self.count("messages_sent")
                sent += 1
                if sent == cut and end < sum(map(len, lines)):
                    self.refuse(context, 14 if name == "log_cut" else 10, "scripted cut")
            if request.follow and not cut:
                gone.wait()
                self.count("cancelled")
        except Done:
            return
        finally:
            self.count("active", -1)

    def handlers(self):
        kinds = {(False, False): grpc.unary_unary_rpc_method_handler,
                 (False, True): grpc.unary_stream_rpc_method_handler,
                 (True, True): grpc.stream_stream_rpc_method_handler}
        answers = {"CreateSandbox": self.unary(self.create), "GetSandbox": self.unary(self.get),
                   "ListSandboxes": self.unary(self.list), "DeleteSandbox": self.unary(self.delete),
                   "Exec": self.unary(self.exec), "ReadFile": self.unary(self.read_file),
                   "WriteFile": self.unary(self.write_file), "StreamExec": self.stream_exec,
                   "StreamLogs": self.stream_logs}
        methods = {}
        for name, answer in answers.items():
            method = self.api.methods["SandboxService", name]
            methods[name] = kinds[method.client_streaming, method.server_streaming](
                answer, method.request.FromString,
                lambda reply: reply if isinstance(reply, bytes) else reply.SerializeToString())
        return grpc.method_handlers_generic_handler(schema.PACKAGE + ".SandboxService", methods)


class TokenCheck(grpc.ServerInterceptor):
    def __init__(self, token):
        self.wanted = "Bearer " + token

        def refuse(ignored, context):
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "a valid API key is needed")
        self.refusal = grpc.stream_stream_rpc_method_handler(refuse)

    def intercept_service(self, continuation, call):
        if dict(call.invocation_metadata).get("authorization") == self.wanted:
            return continuation(call)
        return self.refusal


class Runner:
    """The listening server; `restart` replaces it on the same port while the old one drains."""

    def __init__(self, options, api):
        self.options = options
        self.service = Service(api, self.restart)
        self.lock = threading.Lock()
        self.port = options.port
        self.server = self.start()

    def start(self):
        interceptors = [TokenCheck(self.options.token)] if self.options.token else []
        server = grpc.server(
            futures.ThreadPoolExecutor(max_workers=128), interceptors=interceptors,
            options=[("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1),
                     ("grpc.so_reuseport", 1)])
        server.add_generic_rpc_handlers((self.service.handlers(),))
        address = f"127.0.0.1:{self.port}"
        if self.options.tls_cert:
            with open(self.options.tls_key, "rb") as key, open(self.options.tls_cert, "rb") as cert:
                credentials = grpc.ssl_server_credentials([(key.read(), cert.read())])
            self.port = server.add_secure_port(address, credentials)
        else:
            self.port = server.add_insecure_port(address)
        server.start()
        return server

    def restart(self, grace):
        with self.lock:
            old, self.server = self.server, self.start()
        old.stop(grace)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    schema.add_arguments(parser)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--tls-cert")
    parser.add_argument("--tls-key")
    parser.add_argument("--token", help="refuse calls without this API key")
    parser.add_argument("--ignore-stdin", action="store_true", help="do not end when stdin does")
    options = parser.parse_args()

    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *ignored: ended.set())
    runner = Runner(options, schema.load(options.proto, options.stubs))
    print(f"listening on {'https' if options.tls_cert else 'http'}://127.0.0.1:{runner.port}", flush=True)

    def wait_for_end_of_input():
        while os.read(0, 4096):
            pass
        ended.set()
    if not options.ignore_stdin:
        threading.Thread(target=wait_for_end_of_input, daemon=True).start()
    ended.wait()
    runner.server.stop(0)
    # Handlers that hang hold threads; nothing of theirs is worth waiting for.
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
