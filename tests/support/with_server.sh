#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The cwsandbox for C++ authors

# with_server.sh plaintext|tls SERVER CERTIFICATES PROGRAM [KEY]: starts the development server, runs PROGRAM with its URL
# and, for TLS, the file of its authority; the token is in the environment. With KEY the URL is that which the server's
# first line calls KEY=.
set -euo pipefail

security=$1 server=$2 certificates=$3 program=$4 key=${5:-}
options=(--port 0)
[ -z "$key" ] || options+=(--http-port 0)
arguments=()
if [ "$security" = tls ]; then
  export CWSANDBOX_API_KEY=a-token-for-tests CWSANDBOX_SERVER_TOKEN=a-token-for-tests
  options+=(--tls-cert "$certificates/server.pem" --tls-key "$certificates/server.key")
  arguments=("$certificates/ca.pem")
fi

coproc started { exec "$server" "${options[@]}"; }
pid=$started_PID
trap 'kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true' EXIT
read -r -t 30 line <&"${started[0]}"
if [ -n "$key" ]; then
  url=$(sed -n "s/.* $key=\\([^ ]*\\).*/\\1/p" <<<"$line")
else
  url=$(sed -n 's/^listening on \([^ ]*\).*/\1/p' <<<"$line")
fi
if [ -z "$url" ]; then
  echo "the server says no URL: $line" >&2
  exit 1
fi
"$program" "$url" "${arguments[@]}"
