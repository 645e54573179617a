#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The cwsandbox for C++ authors
"""Measures our HTTP transport against libcurl, both on one nginx in one run.

    cmake --preset release -DCWSANDBOX_BUILD_BENCHMARKS=ON
    cmake --build --preset release --target bench_http_client
    tests/bench/run_http.py build/release/tests/bench

Prints markdown. Both make the same GET over kept-alive connections from one thread, taking turns; the median of the
rounds counts. The answer is a sandbox of 600 bytes; ours decodes it, libcurl only gathers it.
"""

import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

SANDBOX = (
    '{"sandboxId":"sandbox-0001","spec":{"tags":["bench","one","two"],"containers":[{"name":"main",'
    '"image":"python:3.11","command":"/bin/sh","args":["-c","trap \\"exit 0\\" TERM INT; sleep infinity & wait"],'
    '"environmentVariables":{"A":"1","B":"2"}}],"maxLifetimeSeconds":3600,"primaryContainer":"main"},'
    '"status":{"state":"STATE_RUNNING","createTime":"2026-01-01T00:00:00Z","startTime":"2026-01-01T00:00:01.500Z",'
    '"runnerId":"runner-1"}}'
)
ROUNDS = 5


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def start_nginx(work):
    port = free_port()
    with open(os.path.join(work, "sandbox.json"), "w") as file:
        file.write(SANDBOX)
    user = "user root;" if os.getuid() == 0 else ""  # or the workers may not read the file
    with open(os.path.join(work, "nginx.conf"), "w") as file:
        file.write(f"""
daemon off; {user} worker_processes 1; pid {work}/pid; error_log stderr;
events {{}}
http {{
  access_log off; keepalive_requests 10000000;
  client_body_temp_path {work}/a; proxy_temp_path {work}/b; fastcgi_temp_path {work}/c;
  uwsgi_temp_path {work}/d; scgi_temp_path {work}/e;
  server {{
    listen 127.0.0.1:{port};
    root {work};
    location / {{ default_type application/json; try_files /sandbox.json =404; }}
  }}
}}
""")
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    process = subprocess.Popen([nginx, "-p", work, "-c", os.path.join(work, "nginx.conf")])
    for _ in range(200):
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return process, f"http://127.0.0.1:{port}"
        time.sleep(0.05)
    process.kill()
    sys.exit("nginx does not start")


def run(program, who, url, count, in_flight):
    out = subprocess.run([program, who, url, str(count), str(in_flight)], check=True, capture_output=True, text=True)
    found = {key: float(value) for key, value in re.findall(r"(\w+)=([\d.]+)", out.stdout)}
    return found["cpu"] / found["calls"] * 1e6, found["calls"] / found["wall"]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    program = os.path.join(sys.argv[1], "bench_http_client")
    with tempfile.TemporaryDirectory() as work:
        nginx, url = start_nginx(work)
        try:
            print("| GET of a sandbox | cwsandbox, CPU per request | libcurl | ratio | cwsandbox, requests per second | libcurl |")
            print("|---|---|---|---|---|---|")
            for in_flight, count in ((1, 10000), (16, 20000)):
                results = {"ours": [], "curl": []}
                for _ in range(ROUNDS):
                    for who in results:
                        results[who].append(run(program, who, url, count, in_flight))
                cpu = {who: statistics.median(one[0] for one in all_) for who, all_ in results.items()}
                rate = {who: statistics.median(one[1] for one in all_) for who, all_ in results.items()}
                what = "one after the other" if in_flight == 1 else f"{in_flight} in flight"
                print(f"| {what} | {cpu['ours']:.1f} µs | {cpu['curl']:.1f} µs | {cpu['ours'] / cpu['curl']:.2f} "
                      f"| {rate['ours']:.0f} | {rate['curl']:.0f} |")
        finally:
            nginx.terminate()
            nginx.wait()


if __name__ == "__main__":
    main()
