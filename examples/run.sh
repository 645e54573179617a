#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The cwsandbox for C++ authors

# Builds examples/pool.cpp, or the example named as argument, with nothing but the compiler, and runs it. Installs the
# few packages it needs where they are missing.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
name=${1:-pool}

if command -v apt-get >/dev/null; then
  .ci/install run
fi

mkdir -p build/examples
echo "+ g++ -std=c++20 -Iinclude examples/$name.cpp -o build/examples/$name -pthread"
"${CXX:-g++}" -std=c++20 -Iinclude "examples/$name.cpp" -o "build/examples/$name" -pthread
echo "+ build/examples/$name"
exec "build/examples/$name"
