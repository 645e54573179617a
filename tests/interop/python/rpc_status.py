# SPDX-License-Identifier: Apache-2.0
# Copyright The cwsandbox for C++ authors
"""google.rpc.Status and the details that our services send, written and read by hand: apt has no module of it."""

from types import SimpleNamespace


def _varint(number):
    out = bytearray()
    number &= (1 << 64) - 1
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def integer(field, number):
    return _varint(field << 3) + _varint(number) if number else b""


def chunk(field, data):
    data = data.encode() if isinstance(data, str) else data
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def any_of(name, value):
    return chunk(1, "type.googleapis.com/" + name) + chunk(2, value)


def error_info(reason, domain, metadata):
    entries = b"".join(chunk(3, chunk(1, k) + chunk(2, v)) for k, v in sorted(metadata.items()))
    return any_of("google.rpc.ErrorInfo", chunk(1, reason) + chunk(2, domain) + entries)


def retry_info(seconds, nanos):
    return any_of("google.rpc.RetryInfo", chunk(1, integer(1, seconds) + integer(2, nanos)))


def bad_request(violations):
    fields = b"".join(chunk(1, chunk(1, f) + chunk(2, d)) for f, d in violations)
    return any_of("google.rpc.BadRequest", fields)


def localized_message(locale, text):
    return any_of("google.rpc.LocalizedMessage", chunk(1, locale) + chunk(2, text))


def status(code, message, details):
    return integer(1, code) + chunk(2, message) + b"".join(chunk(3, d) for d in details)


def fields(data):
    """(number, value) of each field; varints as int, chunks as bytes."""
    at = 0

    def varint():
        nonlocal at
        number = shift = 0
        while True:
            byte = data[at]
            at += 1
            number |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return number

    while at < len(data):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
        elif key & 7 == 2:
            size = varint()
            yield key >> 3, data[at:at + size]
            at += size
        else:
            raise ValueError(f"wire type {key & 7}")


def _text(data, number):
    return next((v.decode() for n, v in fields(data) if n == number), "")


def decode(data):
    """reason, domain, metadata, retry_delay (seconds or None), violations, code, message."""
    found = SimpleNamespace(reason="", domain="", metadata={}, retry_delay=None, violations=[],
                            code=next((v for n, v in fields(data) if n == 1), 0), message=_text(data, 2))
    for number, detail in fields(data):
        if number != 3:
            continue
        name = _text(detail, 1).rpartition("/")[2]
        value = next((v for n, v in fields(detail) if n == 2), b"")
        if name == "google.rpc.ErrorInfo":
            found.reason, found.domain = _text(value, 1), _text(value, 2)
            found.metadata = {_text(v, 1): _text(v, 2) for n, v in fields(value) if n == 3}
        elif name == "google.rpc.RetryInfo":
            delay = dict(fields(next((v for n, v in fields(value) if n == 1), b"")))
            found.retry_delay = delay.get(1, 0) + delay.get(2, 0) / 1e9
        elif name == "google.rpc.BadRequest":
            found.violations = [(_text(v, 1), _text(v, 2)) for n, v in fields(value) if n == 1]
    return found
