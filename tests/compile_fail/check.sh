#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The cwsandbox for C++ authors

# check.sh COMPILER FLAGS PROGRAM: the program must not compile, and the compiler must say what the program's line
# "// expect: REGEX" wants (an extended regular expression; several lines must all be found).
set -euo pipefail

compiler=$1
flags=$2
program=$3

mapfile -t expected < <(sed -n 's|^// expect: ||p' "$program")
if [ "${#expected[@]}" -eq 0 ]; then
  echo "$program names no expected message" >&2
  exit 1
fi

# The flags are several words on purpose.
# shellcheck disable=SC2086
if output=$(LC_ALL=C "$compiler" -std=c++20 -fsyntax-only $flags "$program" 2>&1); then
  echo "$program compiles, but must not" >&2
  exit 1
fi

for regex in "${expected[@]}"; do
  if ! grep -Eq -- "$regex" <<<"$output"; then
    echo "the compiler does not say: $regex" >&2
    echo "$output" >&2
    exit 1
  fi
done
