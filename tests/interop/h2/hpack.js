// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors
'use strict';

// Header compression (RFC 7541): a decoder for what clients send, and the plainest encoder there is.

// prettier-ignore
const STATIC = [
  [':authority', ''], [':method', 'GET'], [':method', 'POST'], [':path', '/'], [':path', '/index.html'],
  [':scheme', 'http'], [':scheme', 'https'], [':status', '200'], [':status', '204'], [':status', '206'],
  [':status', '304'], [':status', '400'], [':status', '404'], [':status', '500'], ['accept-charset', ''],
  ['accept-encoding', 'gzip, deflate'], ['accept-language', ''], ['accept-ranges', ''], ['accept', ''],
  ['access-control-allow-origin', ''], ['age', ''], ['allow', ''], ['authorization', ''], ['cache-control', ''],
  ['content-disposition', ''], ['content-encoding', ''], ['content-language', ''], ['content-length', ''],
  ['content-location', ''], ['content-range', ''], ['content-type', ''], ['cookie', ''], ['date', ''], ['etag', ''],
  ['expect', ''], ['expires', ''], ['from', ''], ['host', ''], ['if-match', ''], ['if-modified-since', ''],
  ['if-none-match', ''], ['if-range', ''], ['if-unmodified-since', ''], ['last-modified', ''], ['link', ''],
  ['location', ''], ['max-forwards', ''], ['proxy-authenticate', ''], ['proxy-authorization', ''], ['range', ''],
  ['referer', ''], ['refresh', ''], ['retry-after', ''], ['server', ''], ['set-cookie', ''],
  ['strict-transport-security', ''], ['transfer-encoding', ''], ['user-agent', ''], ['vary', ''], ['via', ''],
  ['www-authenticate', ''],
];

// The code is canonical: the length of each symbol's code says it all. The last one is the end of string.
// prettier-ignore
const LENGTHS = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
  28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12,
  10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6,
  5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22,
  22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20,
  22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28,
  27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28,
  27, 27, 27, 27, 27, 26, 30,
];

const SYMBOLS = new Map(); // `length:code` -> symbol
{
  const order = LENGTHS.map((length, symbol) => [length, symbol]).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  let code = 0;
  let before = order[0][0];
  for (const [length, symbol] of order) {
    code *= 2 ** (length - before);
    SYMBOLS.set(`${length}:${code}`, symbol);
    code += 1;
    before = length;
  }
}

function unhuff(data) {
  const out = [];
  let code = 0;
  let length = 0;
  for (const byte of data) {
    for (let bit = 7; bit >= 0; --bit) {
      code = code * 2 + ((byte >> bit) & 1);
      const symbol = SYMBOLS.get(`${++length}:${code}`);
      if (symbol !== undefined) {
        out.push(symbol);
        code = length = 0;
      } else if (length > 30) {
        throw new Error('no such Huffman code');
      }
    }
  }
  return Buffer.from(out);
}

class Decoder {
  constructor() {
    this.dynamic = [];
    this.size = 0;
    this.capacity = 4096;
  }

  entry(index) {
    const found = index <= STATIC.length ? STATIC[index - 1] : this.dynamic[index - STATIC.length - 1];
    if (!found) throw new Error(`no header with index ${index}`);
    return found;
  }

  evict() {
    while (this.size > this.capacity) {
      const [name, value] = this.dynamic.pop();
      this.size -= name.length + value.length + 32;
    }
  }

  // The headers of one block, in order, as [name, value].
  decode(block) {
    let at = 0;
    const integer = (bits) => {
      const mask = 2 ** bits - 1;
      let number = block[at++] & mask;
      if (number < mask) return number;
      for (let shift = 0; ; shift += 7) {
        const byte = block[at++];
        if (byte === undefined) throw new Error('header block ends early');
        number += (byte & 127) * 2 ** shift;
        if (byte < 128) return number;
      }
    };
    const text = () => {
      const huffman = block[at] & 128;
      const length = integer(7);
      const data = block.subarray(at, (at += length));
      return (huffman ? unhuff(data) : data).toString('latin1');
    };
    const headers = [];
    while (at < block.length) {
      const byte = block[at];
      if (byte & 128) {
        headers.push(this.entry(integer(7)));
      } else if ((byte & 0xe0) === 0x20) {
        this.capacity = integer(5);
        this.evict();
      } else {
        const index = integer(byte & 64 ? 6 : 4);
        const name = index ? this.entry(index)[0] : text();
        const header = [name, text()];
        headers.push(header);
        if (byte & 64) {
          this.dynamic.unshift(header);
          this.size += header[0].length + header[1].length + 32;
          this.evict();
        }
      }
    }
    return headers;
  }
}

function prefixed(length) {
  if (length < 127) return Buffer.from([length]);
  const out = [127];
  let left = length - 127;
  for (; left > 127; left = Math.floor(left / 128)) out.push((left & 127) | 128);
  return Buffer.from([...out, left]);
}

// Literals without indexing and without Huffman codes.
function encode(headers) {
  const parts = [];
  for (const pair of headers) {
    parts.push(Buffer.from([0]));
    for (const text of pair) {
      const data = Buffer.from(text, 'latin1');
      parts.push(prefixed(data.length), data);
    }
  }
  return Buffer.concat(parts);
}

module.exports = { Decoder, encode };
