#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The cwsandbox for C++ authors

# make_certificates.sh DIRECTORY: makes, for tests, an authority (ca.pem) and what it signs: server.pem for the loopback
# names and addresses, other_host.pem for another name, expired.pem; each with its .key. other_ca.pem is an authority that
# signed none of them. Does nothing when they are there and valid.
set -euo pipefail

directory=$1
mkdir -p "$directory"
cd "$directory"
if [ -e done ] && openssl x509 -in server.pem -checkend 86400 -noout >/dev/null; then
  exit 0
fi

key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key" && chmod 600 "$1.key"; }

authority() {
  key "$1"
  openssl req -x509 -new -key "$1.key" -sha256 -days 30 -subj "/CN=cwsandbox test $1" -out "$1.pem"
}

# signed NAME ALTERNATIVE_NAMES OPTION...
signed() {
  local name=$1 names=$2
  shift 2
  key "$name"
  openssl req -new -key "$name.key" -subj "/CN=cwsandbox test $name" -out "$name.csr"
  openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -sha256 "$@" \
    -extfile <(printf 'subjectAltName=%s\n' "$names") -out "$name.pem"
}

{
  authority ca
  authority other_ca
  signed server 'DNS:localhost,IP:127.0.0.1,IP:::1' -days 30
  signed other_host 'DNS:elsewhere.example' -days 30
  # a certificate of the past: the command has no option for the first day of validity before OpenSSL 3.4
  key expired
  openssl req -new -key expired.key -subj '/CN=cwsandbox test expired' -out expired.csr
  touch index.txt
  printf '01\n' >serial
  openssl ca -batch -notext -keyfile ca.key -cert ca.pem -in expired.csr -out expired.pem \
    -startdate 20200101000000Z -enddate 20200102000000Z -config <(
      printf '[ca]\ndefault_ca=c\n[c]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\n'
      printf 'default_md=sha256\npolicy=p\nx509_extensions=e\n[p]\ncommonName=supplied\n'
      printf '[e]\nsubjectAltName=DNS:localhost,IP:127.0.0.1\n'
    )
} 2>log || {
  cat log >&2
  exit 1
}
touch done
