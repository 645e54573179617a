#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The cwsandbox for C++ authors
"""Measures our gRPC client against h2load, grpc++, Python grpcio and grpc-js, all on one server in one run.

    cmake -B build/release-bench -DCMAKE_BUILD_TYPE=Release -DCWSANDBOX_BUILD_BENCHMARKS=ON
    cmake --build build/release-bench --target bench_grpc
    tests/bench/run_grpc.py build/release-bench/tests/bench

Prints markdown. Every client does the same work as a process of its own, the clients taking turns; the median of the
rounds counts. CPU time is that of the client process alone, from when its connection stands; of h2load, which cannot
be asked, it is that of the whole process. Needs h2load (package nghttp2-client), /usr/bin/python3 with grpcio, node,
and `npm ci` in tests/interop/js; a client that is missing is left out.
"""

import argparse
import collections
import datetime
import os
import re
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SERVICE = "/coreweave.sandbox.v1.SandboxService/"
GIB = 1 << 30
MIB = 1 << 20

Work = collections.namedtuple("Work", "name count unit per what")
WORKS = [
    Work("unary", 10000, "µs", 1e6, "unary call, one after the other"),
    Work("unary-100", 20000, "µs", 1e6, "unary call, 100 in flight"),
    Work("read", 32, "s/GiB", GIB / (32 * MIB), "unary read of 32 MiB"),
    Work("out", GIB, "s/GiB", GIB, "exec, 1 GiB of stdout"),
    Work("in", GIB, "s/GiB", GIB, "exec, 1 GiB of stdin"),
    Work("exec", 2000, "µs", 1e6, "exec of `echo`, one after the other"),
    Work("many", 1000, "µs", 1e6, "exec stream, 1,000 open at once"),
]
SESSION_WORKS = [
    Work("session-exec", 2000, "µs", 1e6, "exec of `echo`, one after the other"),
    Work("session-out", GIB, "s/GiB", GIB, "exec, 1 GiB of stdout read live"),
    Work("session-in", GIB, "s/GiB", GIB, "exec, 1 GiB of stdin"),
]
NAMES = {"ours": "cwsandbox", "h2load": "h2load", "grpcpp": "grpc++", "python": "Python grpcio",
         "js": "grpc-js"}


def field(number, data):
    assert len(data) < 128
    return bytes([number << 3 | 2, len(data)]) + data


def framed(message):
    return b"\0" + struct.pack(">I", len(message)) + message


ID = field(1, b"sandbox-0001")
H2LOAD = {
    "unary": ("GetSandbox", framed(ID), 1),
    "unary-100": ("GetSandbox", framed(ID), 100),
    "read": ("ReadFile", framed(field(2, str(32 * MIB).encode())), 1),
    "out": ("StreamExec", framed(field(1, ID + field(2, b"yes") + field(2, str(GIB).encode()))), 1),
}


def parsed(text):
    return {key: float(value) for key, value in re.findall(r"(\w+)=([\d.]+)", text)}


class Clients:
    def __init__(self, build, url, scratch):
        self.url = url
        self.scratch = scratch
        self.commands = {
            "ours": [os.path.join(build, "bench_grpc_client")],
            "grpcpp": [os.path.join(build, "bench_grpcpp_client")],
        }
        python = "/usr/bin/python3"
        if subprocess.run([python, "-c", "import grpc"], capture_output=True).returncode == 0:
            self.commands["python"] = [python, os.path.join(HERE, "python_client.py")]
        if shutil.which("node") and os.path.isdir(os.path.join(HERE, "../interop/js/node_modules")):
            self.commands["js"] = ["node", os.path.join(HERE, "js_client.js")]

    def names(self):
        found = list(self.commands)
        if shutil.which("h2load"):
            found.insert(1, "h2load")
        return found

    def run(self, client, work):
        """What the client printed; nothing when it does not know the work."""
        if client == "h2load":
            return self.h2load(work) if work.name in H2LOAD else None
        # The count of unary reads is in files; streams are counted in bytes.
        command = self.commands[client] + [self.url, work.name, str(work.count)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)}: {done.stdout}{done.stderr}")
        return parsed(done.stdout)

    def h2load(self, work):
        method, body, streams = H2LOAD[work.name]
        count = 1 if work.name == "out" else work.count
        path = os.path.join(self.scratch, "body")
        with open(path, "wb") as file:
            file.write(body)
        process = subprocess.Popen(
            ["h2load", f"-n{count}", "-c1", f"-m{streams}", "-d", path, "-H",
             "content-type: application/grpc", "-H", "te: trailers", self.url + SERVICE + method],
            stdout=subprocess.PIPE, text=True)
        text = process.stdout.read()
        _, _, usage = os.wait4(process.pid, 0)
        if f" {count} succeeded" not in text:
            sys.exit("h2load: " + text)
        number, unit = re.search(r"finished in ([\d.]+)(us|ms|s),", text).groups()
        wall = float(number) * {"us": 1e-6, "ms": 1e-3, "s": 1}[unit]
        return {"calls": work.count, "wall": wall, "cpu": usage.ru_utime + usage.ru_stime}


def median(rounds):
    return {key: statistics.median(each[key] for each in rounds) for key in rounds[0]}


def each(result, work, key):
    return result[key] / result["calls"] * work.per


def number(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def table(head, rows):
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def measure(clients, works, names, rounds):
    results = {}
    for work in works:
        runs = {name: [] for name in names}
        for _ in range(rounds):
            for name in names:
                if (got := clients.run(name, work)) is not None:
                    runs[name].append(got)
        results[work.name] = {name: median(got) for name, got in runs.items() if got}
        print(f"{work.name}: done", file=sys.stderr)
    return results


def print_comparison(results, names, key, title, rank):
    head = [title, "unit"] + [NAMES[n] for n in names]
    rows = []
    for work in WORKS:
        got = results[work.name]
        own = each(got["ours"], work, key)
        cells = []
        for name in names:
            if name not in got:
                cells.append("")
                continue
            value = each(got[name], work, key)
            cells.append(number(value) + (f" ({own / value:.2f})" if rank and name != "ours" else ""))
        rows.append([work.what, work.unit] + cells)
    table(head, rows)


def print_memory(results, names):
    rows = []
    shown = [n for n in names if n != "h2load"]
    for work in WORKS:
        if work.name in ("unary", "unary-100", "exec"):
            continue
        got = results[work.name]
        rows.append([work.what] + [number((got[n]["peak_kib"] - got[n]["idle_kib"]) / 1024) if n in got
                                   else "" for n in shown])
    table(["peak memory over idle, MiB"] + [NAMES[n] for n in shown], rows)


def print_budgets(results, sessions, few, lots):
    by_name = {work.name: work for work in WORKS}
    rows = []

    def ratio(what, name, peer, limit):
        got = results[name]
        if peer not in got:
            return
        value = each(got["ours"], by_name[name], "cpu") / each(got[peer], by_name[name], "cpu")
        rows.append([what, f"≤ {limit:g} × {NAMES[peer]}", f"{value:.2f} ×",
                     "met" if value <= limit else "not met"])

    ratio("CPU per serial unary call", "unary", "h2load", 1.15)
    ratio("CPU per serial unary call", "unary", "grpcpp", 1)
    ratio("CPU per unary call, 100 in flight", "unary-100", "h2load", 3)
    ratio("CPU per unary call, 100 in flight", "unary-100", "grpcpp", 0.4)
    ratio("CPU per unary call, 100 in flight", "unary-100", "python", 0.15)
    ratio("CPU per GiB of unary file read", "read", "h2load", 1.3)
    ratio("CPU per GiB of unary file read", "read", "grpcpp", 0.5)
    ratio("CPU per GiB of exec stdout", "out", "h2load", 1.3)
    ratio("CPU per GiB of exec stdout", "out", "grpcpp", 0.5)
    for name, what in (("out", "memory over idle, 1 GiB down"), ("in", "memory over idle, 1 GiB up")):
        own = max(got["peak_kib"] - got["idle_kib"]
                  for got in (results[name]["ours"], sessions["session-" + name])) / 1024
        rows.append([what, "≤ 16 MiB", f"{own:.1f} MiB", "met" if own <= 16 else "not met"])
    growth = lots["cpu"] / lots["calls"] / (few["cpu"] / few["calls"])
    fine = lots["connections"] == 1 and growth <= 1.5
    rows.append(["10,000 sandboxes in one session", "one connection, one thread; CPU linear",
                 f"{lots['connections']:.0f} connection, {growth:.2f} × the CPU per sandbox of 1,000",
                 "met" if fine else "not met"])
    table(["what", "target", "measured", ""], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", help="directory with the bench_* programs")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    server = subprocess.Popen([os.path.join(options.build, "bench_grpc_server")],
                              stdout=subprocess.PIPE, text=True)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            url = server.stdout.readline().split()[-1]
            clients = Clients(options.build, url, scratch)
            names = clients.names()
            results = measure(clients, WORKS, names, options.rounds)
            own = measure(clients, SESSION_WORKS, ["ours"], options.rounds)
            sessions = {name: got["ours"] for name, got in own.items()}
            many = [Work("session-sandboxes", n, "µs", 1e6, "") for n in (1000, 10000)]
            few, lots = (median([clients.run("ours", work) for _ in range(options.rounds)])
                         for work in many)
    finally:
        server.terminate()
        server.wait()

    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = re.search(r"model name\s*:\s*(.*)", file.read())
    print(f"{datetime.date.today().isoformat()}, {os.cpu_count()} cores"
          f"{' of ' + model.group(1) if model else ''}, Linux {os.uname().release}, "
          f"median of {options.rounds} rounds.\n")
    print("### CPU time of the client\n\nIn brackets: ours divided by theirs.\n")
    print_comparison(results, names, "cpu", "CPU per call, or per GiB", True)
    print("### Elapsed time\n")
    print_comparison(results, names, "wall", "time per call, or per GiB", False)
    print("### Memory\n")
    print_memory(results, names)
    print("### Sessions on our client\n")
    rows = [[work.what, work.unit, number(each(sessions[work.name], work, "cpu")),
             number(each(sessions[work.name], work, "wall"))] for work in SESSION_WORKS]
    for got in (few, lots):
        count = f"{got['calls']:,.0f}"
        rows.append([f"{count} sandboxes started, polled and closed, each", "µs",
                     number(got["cpu"] / got["calls"] * 1e6), number(got["wall"] / got["calls"] * 1e6)])
    table(["what", "unit", "CPU", "elapsed"], rows)
    print(f"10,000 sandboxes took {number(lots['wall'])} s and {number(lots['cpu'])} s of CPU, of which "
          f"{number(lots['cpu_closing'])} s for closing; a running one takes {lots['bytes_each']:.0f} bytes "
          f"of heap, the peak was {(lots['peak_kib'] - lots['idle_kib']) / 1024:.0f} MiB over idle.\n")
    print("### Budgets\n")
    print_budgets(results, sessions, few, lots)


main()
