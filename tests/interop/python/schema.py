# SPDX-License-Identifier: Apache-2.0
# Copyright The cwsandbox for C++ authors
"""The API's messages and methods, made by protoc from our .proto files when a program starts."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from types import SimpleNamespace

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

HERE = os.path.dirname(os.path.abspath(__file__))
PROTO_DIR = os.path.normpath(os.path.join(HERE, "../../../examples/server/proto"))
PACKAGE = "coreweave.sandbox.v1"
FILES = ("sandbox", "discovery")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--proto", default=PROTO_DIR, help="directory with coreweave/sandbox/v1")
    parser.add_argument("--stubs", help="directory that keeps the compiled schema between runs")


def _descriptor_set(proto_dir, stubs):
    sources = [f"coreweave/sandbox/v1/{name}.proto" for name in FILES]
    with tempfile.TemporaryDirectory() as scratch:
        out = os.path.join(scratch, "schema.pb")
        if stubs:
            os.makedirs(stubs, exist_ok=True)
            kept = os.path.join(stubs, "schema.pb")
            newest = max(os.path.getmtime(os.path.join(proto_dir, name)) for name in sources)
            if os.path.exists(kept) and os.path.getmtime(kept) >= newest:
                with open(kept, "rb") as file:
                    return file.read()
        protoc = shutil.which("protoc")
        command = [protoc] if protoc else [sys.executable, "-m", "grpc_tools.protoc"]
        subprocess.run(command + ["--include_imports", "--descriptor_set_out=" + out,
                                  "-I" + proto_dir] + sources, check=True)
        if stubs:
            # Renamed into place: several peers may start at once.
            shutil.copy(out, kept + f".{os.getpid()}")
            os.replace(kept + f".{os.getpid()}", kept)
        with open(out, "rb") as file:
            return file.read()


def load(proto_dir=PROTO_DIR, stubs=None):
    """Message classes, enum values (by name) and `methods` by service and name."""
    files = descriptor_pb2.FileDescriptorSet.FromString(_descriptor_set(proto_dir, stubs))
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    factory = message_factory.MessageFactory(pool)
    schema = SimpleNamespace(methods={})
    for file in files.file:
        if file.package != PACKAGE:
            continue
        described = pool.FindFileByName(file.name)
        for name, message in described.message_types_by_name.items():
            setattr(schema, name, factory.GetPrototype(message))
        for enum in described.enum_types_by_name.values():
            for value in enum.values:
                setattr(schema, value.name, value.number)
        for service in described.services_by_name.values():
            for method in service.methods:
                written = next(m for s in file.service if s.name == service.name
                               for m in s.method if m.name == method.name)
                schema.methods[service.name, method.name] = SimpleNamespace(
                    path=f"/{PACKAGE}.{service.name}/{method.name}",
                    request=factory.GetPrototype(method.input_type),
                    response=factory.GetPrototype(method.output_type),
                    client_streaming=written.client_streaming,
                    server_streaming=written.server_streaming)
    return schema


class Stub:
    """One service on a channel: `stub.GetSandbox(request, timeout=..., metadata=...)`."""

    def __init__(self, channel: grpc.Channel, schema, service="SandboxService"):
        kinds = {(False, False): channel.unary_unary, (False, True): channel.unary_stream,
                 (True, False): channel.stream_unary, (True, True): channel.stream_stream}
        for (owner, name), method in schema.methods.items():
            if owner == service:
                kind = kinds[method.client_streaming, method.server_streaming]
                setattr(self, name, kind(method.path, method.request.SerializeToString,
                                         method.response.FromString))
