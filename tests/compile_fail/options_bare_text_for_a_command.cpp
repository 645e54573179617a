// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors
// expect: (could not convert|no viable conversion|no known conversion|conversion from|no matching function|invalid initialization)

#include <cwsandbox/command.hpp>

void exec(cwsandbox::command const&);
void use() { exec("ls -l"); }
