#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The cwsandbox for C++ authors

# tinyproxy.sh: a forward proxy that asks for a password. Prints where it listens, user information included; ends with its
# standard input.
set -euo pipefail

work=$(mktemp -d)
trap 'kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; rm -rf "$work"' EXIT
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >"$work/tinyproxy.conf" <<END
Port $port
Listen 127.0.0.1
Timeout 600
MaxClients 100
LogFile "$work/log"
LogLevel Error
BasicAuth user secret
END
tinyproxy=$(command -v tinyproxy || echo /usr/sbin/tinyproxy)
"$tinyproxy" -d -c "$work/tinyproxy.conf" >&2 &
pid=$!
for _ in $(seq 200); do
  if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then break; fi
  sleep 0.05
done
echo "listening on http://user:secret@127.0.0.1:$port"
cat >/dev/null
