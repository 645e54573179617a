#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The cwsandbox for C++ authors

# nginx.sh URL: an nginx before the service at URL, as a reverse proxy. Prints where it listens; ends with its standard input.
set -euo pipefail

upstream=$1
work=$(mktemp -d)
trap 'kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; rm -rf "$work"' EXIT
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
# As root its workers would run as somebody who may not write into the directory.
user=
[ "$(id -u)" -ne 0 ] || user='user root;'
cat >"$work/nginx.conf" <<END
daemon off;
$user
worker_processes 1;
pid $work/pid;
error_log stderr;
events {}
http {
  access_log off;
  client_max_body_size 200m;
  client_body_temp_path $work/body;
  proxy_temp_path $work/proxy;
  fastcgi_temp_path $work/fastcgi;
  uwsgi_temp_path $work/uwsgi;
  scgi_temp_path $work/scgi;
  server {
    listen 127.0.0.1:$port;
    location / {
      proxy_pass $upstream;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
  }
}
END
nginx=$(command -v nginx || echo /usr/sbin/nginx)
"$nginx" -p "$work" -c "$work/nginx.conf" &
pid=$!
for _ in $(seq 200); do
  if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then break; fi
  sleep 0.05
done
echo "listening on http://127.0.0.1:$port"
cat >/dev/null
