#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The cwsandbox for C++ authors
"""Puts a sandbox server to what clients in Python expect of it: a line for each, exit code 1 when one fails."""

import argparse
import sys

import checks_exec  # noqa: F401 (registers its checks)
import checks_files_logs
import checks_life  # noqa: F401
import harness
import schema


def by_number(one):
    """1 to 88, then 7.1.x, then 7.2.x, then the others."""
    parts = [int("".join(filter(str.isdigit, part)) or 0) for part in one[0].split(".")]
    return (len(parts) > 1, parts[0] != 7, parts, one[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="http(s)://HOST:PORT")
    parser.add_argument("--ca", help="certificate authority of the server, PEM")
    parser.add_argument("--token")
    parser.add_argument("--only", default="", help="a regular expression over number and name")
    parser.add_argument("--jobs", type=int, default=8)
    parser.add_argument("--drain", type=int, metavar="PID",
                        help="instead: end the server with this process id while a log is followed")
    schema.add_arguments(parser)
    options = parser.parse_args()
    if options.drain:
        def drained(t):
            checks_files_logs.drain(t, options.drain)
        harness.CHECKS[:] = [("7.1.12", "an orderly shutdown is said to those who follow a log", drained)]
    harness.CHECKS.sort(key=by_number)
    suite = harness.Suite(options.url, options.ca, options.token, options.proto, options.stubs)
    return 1 if suite.run(options.only, options.jobs) else 0


if __name__ == "__main__":
    sys.exit(main())
