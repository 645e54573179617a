#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The cwsandbox for C++ authors

# Configures, builds and tests one preset of CMakePresets.json: dev, or the one named as argument. Installs the packages
# it needs where they are missing.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
preset=${1:-dev}

if command -v apt-get >/dev/null; then
  roles=(run test)
  case $preset in clang | asan-ubsan | tsan) roles+=(ci) ;; esac
  if [ "$preset" = dev ] || [ "$preset" = release ]; then
    roles+=(peers)
    command -v npm >/dev/null || roles+=(node)
  fi
  .ci/install "${roles[@]}"
fi

cmake --preset "$preset"
cmake --build --preset "$preset"
# On a shared CI machine a test that needs processes to be scheduled in time gets a second chance; ctest says which did.
repeat=()
[ -z "${CI:-}" ] || repeat=(--repeat until-pass:2)
ctest --preset "$preset" --output-on-failure "${repeat[@]}"
