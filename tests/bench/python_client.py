#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The cwsandbox for C++ authors
"""The Python grpcio client's side of the comparison. Usage: python_client.py URL WORK COUNT"""

import asyncio
import os
import re
import resource
import sys
import time

import grpc
import grpc.aio

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../interop/python"))
import schema as schemas  # noqa: E402

FRAME = 65536
FILE = 32 << 20
ID = "sandbox-0001"
LIMIT = 300
OPTIONS = [("grpc.max_receive_message_length", -1)]


def status_kib(key):
    with open("/proc/self/status") as file:
        return int(re.search(rf"^{key}:\s+(\d+)", file.read(), re.M).group(1))


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class Measured:
    def __init__(self):
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
        self.idle = status_kib("VmRSS")
        self.cpu = cpu_seconds()
        self.start = time.monotonic()

    def print(self, calls):
        cpu = cpu_seconds() - self.cpu
        wall = time.monotonic() - self.start
        print(f"calls={calls} wall={wall:.6f} cpu={cpu:.6f} idle_kib={self.idle} "
              f"peak_kib={status_kib('VmHWM')}")


class Client:
    """The synchronous API, and the asynchronous one for what is done at the same time."""

    def __init__(self, target):
        self.target = target
        self.schema = schemas.load()

    def init(self, command):
        message = self.schema.ExecStreamRequest()
        message.init.sandbox_id = ID
        message.init.command.extend(command)
        return message

    def get_many(self, stub, count):
        for _ in range(count):
            stub.GetSandbox(self.schema.GetSandboxRequest(sandbox_id=ID), timeout=LIMIT)

    def exec(self, stub, command, size=0):
        def messages():
            yield self.init(command)
            if not size:
                return
            frame = self.schema.ExecStreamRequest(stdin=b"x" * FRAME)
            for _ in range(size // FRAME):
                yield frame
            close = self.schema.ExecStreamRequest()
            close.close.SetInParent()
            yield close

        total = 0
        last = b""
        for message in stub.StreamExec(messages(), timeout=LIMIT):
            if message.HasField("output"):
                last = message.output.data
                total += len(last)
        return total, last

    def run(self, work, count):
        with grpc.insecure_channel(self.target, options=OPTIONS) as channel:
            stub = schemas.Stub(channel, self.schema)
            self.get_many(stub, 20)
            measured = Measured()
            if work == "unary":
                self.get_many(stub, count)
            elif work == "read":
                for _ in range(count):
                    answer = stub.ReadFile(self.schema.ReadFileRequest(path=str(FILE)),
                                           timeout=LIMIT)
                    assert len(answer.content) == FILE
            elif work == "exec":
                for _ in range(count):
                    assert self.exec(stub, ["echo"])[0]
            elif work == "out":
                assert self.exec(stub, ["yes", str(count)])[0] == count
            elif work == "in":
                assert self.exec(stub, ["wc"], count)[1] == str(count).encode()
            else:
                raise SystemExit(f"no such work: {work}")
            measured.print(count)

    async def run_async(self, work, count):
        async with grpc.aio.insecure_channel(self.target, options=OPTIONS) as channel:
            stub = schemas.Stub(channel, self.schema)
            request = self.schema.GetSandboxRequest(sandbox_id=ID)

            async def get_many(n):
                for _ in range(n):
                    await stub.GetSandbox(request, timeout=LIMIT)

            await get_many(20)
            measured = Measured()
            if work == "unary-100":
                await asyncio.gather(*(get_many(count // 100) for _ in range(100)))
            else:
                await self.hold_many(stub, count)
            measured.print(count)

    async def hold_many(self, stub, count):
        async def opened():
            call = stub.StreamExec(timeout=LIMIT)
            await call.write(self.init(["hold"]))
            assert (await call.read()).HasField("ready")
            return call

        async def release(call):
            close = self.schema.ExecStreamRequest()
            close.close.SetInParent()
            await call.write(close)
            await call.done_writing()
            while await call.read() is not grpc.aio.EOF:
                pass

        calls = await asyncio.gather(*(opened() for _ in range(count)))
        await asyncio.gather(*(release(call) for call in calls))


def main():
    url, work, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    client = Client(re.sub(r"^.*://", "", url))
    if work in ("unary-100", "many"):
        asyncio.run(client.run_async(work, count))
    else:
        client.run(work, count)


main()
