# SPDX-License-Identifier: Apache-2.0
# Copyright The cwsandbox for C++ authors

# The program that README shows is EXAMPLE, without the two lines of its licence.

cmake_minimum_required(VERSION 3.20)

file(READ "${EXAMPLE}" program)
string(REGEX REPLACE "^(//[^\n]*\n)+\n" "" program "${program}")
file(READ "${README}" readme)
string(FIND "${readme}" "```cpp\n${program}```\n" position)
if(position EQUAL -1)
  message(FATAL_ERROR "${README} does not show ${EXAMPLE} as it is")
endif()
