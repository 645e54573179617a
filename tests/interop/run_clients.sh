#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The cwsandbox for C++ authors

# run_clients.sh SERVER: clients in Python (grpcio) and JavaScript (grpc-js) against a sandbox server, in the clear and
# with TLS and a token. Exits with 1 when a client does not get what it expects, or when the server leaves anything
# behind.
# STUBS=DIR keeps the compiled schema; PYTHON names the interpreter that has grpcio.
set -euo pipefail

server=$(realpath "$1")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=${PYTHON:-/usr/bin/python3}
work=$(mktemp -d)
stubs=${STUBS:-$work/stubs}
pid=
bad=0

end() {
  if [ -n "$pid" ]; then kill -KILL "$pid" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap end EXIT

# Starts the server with the arguments and waits for its first line; sets pid and url.
start() {
  mkdir -m 700 "$work/state"
  : >"$work/out"
  INTEROP_RUN=$work "$server" --port 0 --state-directory "$work/state" "$@" >"$work/out" 2>"$work/err" &
  pid=$!
  for _ in $(seq 100); do
    url=$(sed -n 's/^listening on \(http[^ ]*\).*/\1/p' "$work/out")
    if [ -n "$url" ]; then return; fi
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  echo "not ok the server did not start" >&2
  cat "$work/err" >&2
  exit 1
}

# Processes that the server or a child of it has started: they have its environment, or name its directory.
left_over() {
  pgrep -a -f -- "$work/state" || true
  grep -l -z -x -- "INTEROP_RUN=$work" /proc/[0-9]*/environ 2>/dev/null || true
}

# Waits for the server, which was asked to go, and checks that it took everything with it.
gone() {
  for tenth in $(seq 150); do
    kill -0 "$pid" 2>/dev/null || break
    # The shutdown check has asked, unless it failed before.
    if [ "$tenth" -eq 80 ]; then kill "$pid" 2>/dev/null || true; fi
    sleep 0.1
  done
  if kill -0 "$pid" 2>/dev/null; then
    echo "not ok the server is still there 15 s after SIGTERM"
    bad=1
    kill -KILL "$pid"
  fi
  local code=0
  wait "$pid" || code=$?
  if [ "$code" -ne 0 ]; then
    echo "not ok the server ended with $code"
    tail -n 20 "$work/err" | sed 's/^/# /'
    bad=1
  fi
  sleep 0.3
  local left
  left=$(left_over)
  if [ -n "$left" ]; then
    echo "not ok processes are left: $left"
    bad=1
  else
    echo "ok no process is left"
  fi
  pid=
  rm -rf "$work/state"
}

run() {
  echo "# $1"
  shift
  timeout 120 "$@" || bad=1
}

# What the server holds: descriptors and threads. Both are made as needed and kept, so a few more are no leak.
held() {
  echo $(($(ls "/proc/$pid/fd" | wc -l) + $(ls "/proc/$pid/task" | wc -l)))
}

clients() {
  local before after
  before=$(held)
  run "Python, $url" "$python" "$here/python/client_checks.py" "$url" --stubs "$stubs" "$@"
  run "JavaScript, $url" node --no-deprecation "$here/js/client_checks.js" "$url" "$@"
  for _ in $(seq 20); do
    after=$(held)
    if [ "$after" -le $((before + 40)) ]; then break; fi
    sleep 0.2
  done
  if [ "$after" -le $((before + 40)) ]; then
    echo "ok 7.2.19 descriptors and threads are given back # $before before, $after after"
  else
    echo "not ok 7.2.19 descriptors and threads are given back # $before before, $after after"
    bad=1
  fi
  run "Python, $url, shutdown" "$python" "$here/python/client_checks.py" "$url" --stubs "$stubs" "$@" --drain "$pid"
  gone
}

if [ ! -d "$here/js/node_modules" ]; then
  echo "tests/interop/js/node_modules is missing: npm ci in tests/interop/js" >&2
  exit 2
fi

start
clients

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
  -addext "subjectAltName=DNS:localhost,IP:127.0.0.1" -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null
printf 'sesame-%s\n' "$$" >"$work/token"
start --tls-cert "$work/cert.pem" --tls-key "$work/key.pem" --token-file "$work/token"
clients --ca "$work/cert.pem" --token "$(cat "$work/token")"

exit "$bad"
