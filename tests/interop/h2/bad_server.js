#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors
'use strict';

// A server that breaks HTTP/2 and gRPC framing when a call asks for it: `authorization: Bearer mode:NAME` chooses how,
// `mode:NAME@METHOD` for the calls of one method. What goes wrong before any call is chosen by the port; the first line
// printed says which. See ../README.md for the names.

const fs = require('node:fs');
const net = require('node:net');
const tls = require('node:tls');
const zlib = require('node:zlib');
const hpack = require('./hpack.js');

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const DATA = 0,
  HEADERS = 1,
  RST_STREAM = 3,
  SETTINGS = 4,
  PUSH_PROMISE = 5,
  PING = 6,
  GOAWAY = 7,
  WINDOW_UPDATE = 8,
  CONTINUATION = 9;
const END_STREAM = 1,
  ACK = 1,
  END_HEADERS = 4,
  PADDED = 8,
  PRIORITY = 32;
const MAX_STREAMS = 3,
  INITIAL_WINDOW = 4,
  MAX_FRAME = 5,
  TABLE_SIZE = 1;
const LAST_STREAM = 0x7fffffff;
const ERRORS = [
  'no_error',
  'protocol_error',
  'internal_error',
  'flow_control_error',
  'settings_timeout',
  'stream_closed',
  'frame_size_error',
  'refused_stream',
  'cancel',
  'compression_error',
  'connect_error',
  'enhance_your_calm',
  'inadequate_security',
  'http_1_1_required',
];

const stats = {
  connections: 0,
  open_connections: 0,
  streams: 0,
  rst_received: 0,
  last_rst_code: -1,
  goaway_received: 0,
  last_goaway_code: -1,
  pings_received: 0,
  settings_acks: 0,
  bytes_received: 0,
  bytes_sent: 0,
  refused: 0,
  violations: 0,
};
const seenTokens = new Map();

// --- bytes ---------------------------------------------------------------------------------------------------------

function u32(number) {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(number >>> 0);
  return out;
}

function frame(type, flags, stream, payload = Buffer.alloc(0)) {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream >>> 0, 5);
  return Buffer.concat([head, payload]);
}

function settings(values) {
  const parts = [];
  for (const [id, value] of values) parts.push(Buffer.from([id >> 8, id & 255]), u32(value));
  return frame(SETTINGS, 0, 0, Buffer.concat(parts));
}

const goaway = (last, code, text = '') => frame(GOAWAY, 0, 0, Buffer.concat([u32(last), u32(code), Buffer.from(text)]));
const windowUpdate = (stream, by) => frame(WINDOW_UPDATE, 0, stream, u32(by));

function varint(number) {
  const out = [];
  for (; number > 127; number = Math.floor(number / 128)) out.push((number % 128) | 128);
  return Buffer.from([...out, number]);
}

function chunk(field, data) {
  data = Buffer.from(data);
  return Buffer.concat([varint(field * 8 + 2), varint(data.length), data]);
}

const integer = (field, number) => Buffer.concat([varint(field * 8), varint(number)]);

// The first chunk of a field in a message; undefined when there is none.
function field(message, wanted) {
  let at = 0;
  const number = () => {
    for (let value = 0, shift = 0; ; shift += 7) {
      const byte = message[at++];
      if (byte === undefined) return value;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const key = number();
    if (key % 8 === 2) {
      const length = number();
      const data = message.subarray(at, (at += length));
      if (key >> 3 === wanted) return data;
    } else if (key % 8 === 0) {
      number();
    } else {
      return undefined;
    }
  }
  return undefined;
}

function fields(message, wanted) {
  const found = [];
  for (let rest = message; ;) {
    const one = field(rest, wanted);
    if (!one) return found;
    found.push(one);
    rest = message.subarray(one.byteOffset - message.byteOffset + one.length);
  }
}

function prefixed(message, flag = 0, length = message.length) {
  return Buffer.concat([Buffer.from([flag]), u32(length), message]);
}

// google.rpc.Status with an ErrorInfo of our domain.
function statusDetails(code, message, reason) {
  const info = Buffer.concat([
    chunk(1, reason),
    chunk(2, 'cwsandbox.com'),
    chunk(3, Buffer.concat([chunk(1, 'key'), chunk(2, 'value')])),
  ]);
  const any = Buffer.concat([chunk(1, 'type.googleapis.com/google.rpc.ErrorInfo'), chunk(2, info)]);
  return Buffer.concat([integer(1, code), chunk(2, message), chunk(3, any)]);
}

// --- good answers --------------------------------------------------------------------------------------------------

const GRPC = [
  [':status', '200'],
  ['content-type', 'application/grpc'],
];
const OK = [['grpc-status', '0']];
const ready = chunk(1, '');
const exit = (code) => chunk(3, code ? integer(1, code) : '');
const output = (data) => chunk(2, Buffer.concat([integer(1, 1), chunk(2, data)]));

function annotations(map) {
  return Object.entries(map).map(([key, value]) => chunk(11, Buffer.concat([chunk(1, key), chunk(2, String(value))])));
}

function sandbox(id, notes = {}) {
  const spec = Object.keys(notes).length ? chunk(2, Buffer.concat(annotations(notes))) : Buffer.alloc(0);
  return Buffer.concat([chunk(1, id), spec, chunk(3, integer(1, 2))]);
}

// --- a connection --------------------------------------------------------------------------------------------------

class Stream {
  constructor(connection, id, headers) {
    this.connection = connection;
    this.id = id;
    this.headers = headers;
    const get = (name) => (headers.find((header) => header[0] === name) ?? ['', ''])[1];
    this.method = get(':path').split('/').pop();
    const [mode, only] = get('authorization')
      .replace(/^Bearer mode:/, '')
      .split('@');
    this.token = get('authorization');
    this.mode = this.token.startsWith('Bearer mode:') && (!only || only === this.method) ? mode : 'ok';
    [this.name, ...this.args] = this.mode.split(':');
    this.window = connection.clientWindow;
    this.received = Buffer.alloc(0);
    this.messages = 0;
    this.stdin = 0;
    this.queue = [];
    this.ended = false;
    this.halfClosed = false;
  }

  send(type, flags, payload) {
    if (!this.ended) this.connection.write(frame(type, flags, this.id, payload));
    if (flags & END_STREAM && type <= HEADERS) this.end();
  }

  end() {
    this.ended = true;
    this.connection.active.delete(this.id);
  }

  head(headers = GRPC, flags = END_HEADERS) {
    this.send(HEADERS, flags, hpack.encode(headers));
  }

  // Sends DATA as the client's windows allow, then calls `after`.
  data(bytes, after) {
    this.queue.push({ bytes, after });
    this.pump();
  }

  message(bytes, after) {
    this.data(prefixed(bytes), after);
  }

  trailers(headers = OK) {
    this.data(Buffer.alloc(0), () => this.head(headers, END_HEADERS | END_STREAM));
  }

  pump() {
    while (this.queue.length && !this.ended && !this.connection.closed) {
      const first = this.queue[0];
      const room = Math.min(this.window, this.connection.window, 16384, first.bytes.length);
      if (room <= 0 && first.bytes.length) return;
      if (room > 0) {
        this.send(DATA, 0, first.bytes.subarray(0, room));
        this.window -= room;
        this.connection.window -= room;
        stats.bytes_sent += room;
        first.bytes = first.bytes.subarray(room);
        if (this.connection.socket.writableLength > 1 << 20) {
          this.connection.socket.once('drain', () => this.pump());
          return;
        }
      }
      if (!first.bytes.length) {
        this.queue.shift();
        if (first.after) first.after();
      }
    }
  }

  reset(code) {
    if (!this.ended) this.connection.write(frame(RST_STREAM, 0, this.id, u32(code)));
    this.end();
  }

  // Whether this is the first call with its token.
  first() {
    const count = (seenTokens.get(this.token) ?? 0) + 1;
    seenTokens.set(this.token, count);
    return count === 1;
  }

  // What a call without a fault is answered, once its first message is here.
  answer() {
    this.head();
    if (this.method === 'StreamExec') {
      this.message(ready);
      const [command, word] = fields(field(this.request, 1) ?? Buffer.alloc(0), 2).map(String);
      if (command === 'cat' || command === 'wc') {
        this.command = command;
        this.answered = true;
        this.connection.process(this);
      } else {
        if (command === 'echo') this.message(output(`${word ?? ''}\n`));
        this.message(exit(0));
        this.trailers();
      }
      return;
    }
    this.message(this.reply());
    this.trailers();
  }

  reply() {
    const id = String(field(this.request, 1) ?? '');
    switch (this.method) {
      case 'GetSandbox':
        if (id === 'fault:metadata') {
          return sandbox(id, {
            ...Object.fromEntries(this.headers),
            'header-order': this.headers.map((h) => h[0]).join(' '),
          });
        }
        return sandbox(id, id.startsWith('stat:') ? stats : {});
      case 'CreateSandbox':
        return sandbox('bad-1');
      case 'Exec':
      case 'ReadFile':
        return chunk(1, 'ok\n');
      case 'StreamLogs':
        return Buffer.concat([chunk(1, 'line\n'), chunk(3, 'log-1'), integer(4, 5)]);
      default:
        return Buffer.alloc(0);
    }
  }

  // The rest of a stream whose command reads its input.
  input(message) {
    const data = field(message, 2);
    if (data) {
      this.stdin += data.length;
      if (this.command === 'cat') this.message(output(data));
    } else if (field(message, 4) !== undefined) {
      this.finish();
    }
  }

  finish() {
    if (!this.command) return;
    if (this.command === 'wc') this.message(output(`${this.stdin}\n`));
    this.command = undefined;
    this.message(exit(0));
    this.trailers();
  }
}

class Connection {
  constructor(socket, kind) {
    this.socket = socket;
    this.kind = kind;
    this.decoder = new hpack.Decoder();
    this.pending = Buffer.alloc(0);
    this.active = new Map();
    this.streams = new Map();
    this.window = 65535;
    this.clientWindow = 65535;
    this.clientFrame = 16384;
    this.started = false;
    this.closed = false;
    this.lastStream = 0;
    this.afterPing = [];
    stats.connections += 1;
    stats.open_connections += 1;
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
      stats.open_connections -= 1;
    });
    socket.on('data', (data) => {
      this.pending = Buffer.concat([this.pending, data]);
      try {
        this.read();
      } catch (error) {
        stats.violations += 1;
        process.stderr.write(`bad_server: ${error.message}\n`);
        socket.destroy();
      }
    });
    socket.setNoDelay(true);
  }

  write(data) {
    if (!this.closed) this.socket.write(data);
  }

  read() {
    if (!this.started) {
      if (this.pending.length < PREFACE.length) return;
      if (this.pending.toString('latin1', 0, PREFACE.length) !== PREFACE) throw new Error('no HTTP/2 preface');
      this.pending = this.pending.subarray(PREFACE.length);
      this.started = true;
      (KINDS[this.kind].preface ?? (() => this.write(settings(KINDS[this.kind].settings ?? []))))(this);
    }
    while (this.pending.length >= 9 && !this.closed) {
      const length = this.pending.readUIntBE(0, 3);
      if (this.pending.length < 9 + length) return;
      const [type, flags, id] = [this.pending[3], this.pending[4], this.pending.readUInt32BE(5) & LAST_STREAM];
      const payload = this.pending.subarray(9, 9 + length);
      this.pending = this.pending.subarray(9 + length);
      if (!KINDS[this.kind].deaf) this.frame(type, flags, id, payload);
    }
  }

  frame(type, flags, id, payload) {
    if (flags & PADDED && (type === DATA || type === HEADERS))
      payload = payload.subarray(1, payload.length - payload[0]);
    switch (type) {
      case SETTINGS:
        if (flags & ACK) {
          stats.settings_acks += 1;
          break;
        }
        for (let at = 0; at + 6 <= payload.length; at += 6) {
          const value = payload.readUInt32BE(at + 2);
          const setting = payload.readUInt16BE(at);
          if (setting === INITIAL_WINDOW) this.clientWindow = value;
          if (setting === MAX_FRAME) this.clientFrame = value;
        }
        if (!KINDS[this.kind].noSettings) this.write(frame(SETTINGS, ACK, 0));
        break;
      case PING:
        if (!(flags & ACK)) {
          stats.pings_received += 1;
          this.write(frame(PING, ACK, 0, payload));
        } else {
          this.afterPing.splice(0).forEach((then) => then());
        }
        break;
      case WINDOW_UPDATE:
        if (id === 0) this.window += payload.readUInt32BE(0) & LAST_STREAM;
        else if (this.streams.has(id)) this.streams.get(id).window += payload.readUInt32BE(0) & LAST_STREAM;
        for (const stream of [...this.active.values()]) stream.pump();
        break;
      case GOAWAY:
        stats.goaway_received += 1;
        stats.last_goaway_code = payload.readUInt32BE(4);
        break;
      case RST_STREAM:
        stats.rst_received += 1;
        stats.last_rst_code = payload.readUInt32BE(0);
        if (this.streams.has(id)) this.streams.get(id).end();
        break;
      case HEADERS:
        if (flags & PRIORITY) payload = payload.subarray(5);
        this.block = { id, end: flags & END_STREAM, parts: [payload] };
        if (flags & END_HEADERS) this.opened();
        break;
      case CONTINUATION:
        this.block.parts.push(payload);
        if (flags & END_HEADERS) this.opened();
        break;
      case DATA:
        this.received(id, flags, payload);
        break;
      default:
    }
  }

  opened() {
    const headers = this.decoder.decode(Buffer.concat(this.block.parts));
    const stream = new Stream(this, this.block.id, headers);
    this.lastStream = stream.id;
    this.streams.set(stream.id, stream);
    stats.streams += 1;
    const limit = KINDS[this.kind].limit;
    if (limit !== undefined && this.active.size >= limit) {
      stats.refused += 1;
      stream.reset(7);
      return;
    }
    this.active.set(stream.id, stream);
    const mode = MODES[stream.name] ?? family(stream.name);
    if (!mode) {
      stream.head(
        [...GRPC, ['grpc-status', '12'], ['grpc-message', `no mode ${stream.name}`]],
        END_HEADERS | END_STREAM,
      );
      return;
    }
    if (mode.opened) mode.opened(stream);
    stream.run = mode.message ?? (mode.opened ? () => {} : mode === MODES.ok ? (s) => s.answer() : mode);
  }

  received(id, flags, payload) {
    stats.bytes_received += payload.length;
    const stream = this.streams.get(id);
    const updates = KINDS[this.kind].updates ?? (stream && WINDOWS[stream.name]) ?? grant;
    if (payload.length) updates(this, id, payload.length);
    if (!stream || stream.ended) return;
    stream.received = Buffer.concat([stream.received, payload]);
    if (flags & END_STREAM) stream.halfClosed = true;
    this.process(stream);
  }

  // Messages behind the first wait for the answer to begin.
  process(stream) {
    while (stream.received.length >= 5 && !stream.ended && (stream.messages === 0 || stream.answered)) {
      const length = stream.received.readUInt32BE(1);
      if (stream.received.length < 5 + length) break;
      const message = stream.received.subarray(5, 5 + length);
      stream.received = stream.received.subarray(5 + length);
      if (stream.messages++ === 0) {
        stream.request = message;
        const delay = KINDS[this.kind].delay;
        if (delay) setTimeout(() => stream.run(stream), delay);
        else stream.run(stream);
      } else if (stream.command) {
        stream.input(message);
      }
    }
    if (stream.halfClosed && stream.answered) stream.finish();
  }

  close() {
    this.closed = true;
    this.socket.end();
    // A client that keeps its side open must not keep ours.
    setTimeout(() => this.socket.destroy(), 1000).unref();
  }

  kill() {
    this.closed = true;
    if (this.socket.resetAndDestroy && !this.socket.encrypted) this.socket.resetAndDestroy();
    else this.socket.destroy();
  }
}

// --- windows -------------------------------------------------------------------------------------------------------

function grant(connection, id, bytes) {
  connection.write(Buffer.concat([windowUpdate(0, bytes), windowUpdate(id, bytes)]));
}

const WINDOWS = {
  no_window: () => {},
  // Each byte is given back a while after it came, a kibibyte at a time.
  slow_window(connection, id, bytes) {
    for (let given = 0, round = 1; given < bytes; given += 1024, ++round) {
      const part = Math.min(1024, bytes - given);
      setTimeout(() => grant(connection, id, part), 2 * round);
    }
  },
};

// --- what goes wrong in a call -------------------------------------------------------------------------------------

const HTML = Buffer.from('<!DOCTYPE html><html><head><title>Oops</title></head><body>A proxy speaks.</body></html>');
const details = (code, ...values) => [
  ['grpc-status', String(code)],
  ['grpc-message', 'scripted'],
  ...values.map((value) => ['grpc-status-details-bin', value]),
];
const GOOD_DETAILS = statusDetails(3, 'scripted', 'CWSANDBOX_INVALID_REQUEST').toString('base64');
const BAD_DETAILS = Buffer.from('fffffffff0', 'hex').toString('base64');
const unary = (stream, trailers) => {
  stream.head();
  stream.trailers(trailers);
};
const repeat = (count, bytes) => Buffer.concat(Array(count).fill(bytes));
const answerLater = (stream, milliseconds) => setTimeout(() => stream.answer(), milliseconds);
// The whole good answer of a unary call or of an echo as message bytes.
const body = (stream) =>
  stream.method === 'StreamExec'
    ? Buffer.concat([ready, output('ok\n'), exit(0)].map((m) => prefixed(m)))
    : prefixed(stream.reply());

const MODES = {
  ok: {},
  // Streams reset, connections lost.
  refused_once: (s) => (s.first() ? s.reset(7) : s.answer()),
  rst_after_trailers(s) {
    s.answer();
    s.connection.write(frame(RST_STREAM, 0, s.id, u32(0)));
  },
  close: (s) => s.connection.close(),
  reset: (s) => s.connection.kill(),
  close_once: (s) => (s.first() ? s.connection.close() : s.answer()),
  close_mid(s) {
    s.head();
    s.send(DATA, 0, prefixed(Buffer.from('half'), 0, 100));
    s.connection.close();
  },
  half_frame(s) {
    s.connection.write(frame(DATA, 0, s.id, Buffer.alloc(100)).subarray(0, 19));
    s.connection.close();
  },
  garbage: (s) => s.connection.write(repeat(1000, Buffer.from('\xde\xad\xbe\xef garbage ', 'latin1'))),
  hang: () => {},
  hang_headers: (s) => s.head(),
  hang_mid(s) {
    s.head();
    s.data(body(s).subarray(0, 6));
  },
  delay: (s) => answerLater(s, Number(s.args[0] ?? 200)),
  // GOAWAY.
  goaway_covering(s) {
    s.connection.write(goaway(s.id, 0));
    answerLater(s, 100);
  },
  goaway_two_phase(s) {
    s.connection.write(Buffer.concat([goaway(LAST_STREAM, 0), frame(PING, 0, 0, Buffer.alloc(8, 7))]));
    s.connection.afterPing.push(() => {
      s.connection.write(goaway(s.connection.lastStream, 0));
      answerLater(s, 100);
    });
  },
  goaway_not_covering(s) {
    s.connection.write(goaway(Math.max(0, s.id - 2), 0));
    setTimeout(() => s.connection.close(), 100);
  },
  goaway_not_covering_once: (s) => (s.first() ? MODES.goaway_not_covering(s) : s.answer()),
  goaway_close(s) {
    s.connection.write(goaway(s.id, 0));
    s.connection.close();
  },
  goaway_error(s) {
    s.connection.write(goaway(s.id, 11, 'too_many_pings'));
    s.connection.close();
  },
  goaway_protocol_error(s) {
    s.connection.write(goaway(s.id, 1, 'scripted'));
    s.connection.close();
  },
  // Answers that are not gRPC.
  json(s) {
    s.head([
      [':status', '200'],
      ['content-type', 'application/json'],
    ]);
    s.send(DATA, END_STREAM, Buffer.from('{"ok":true}'));
  },
  grpc_web(s) {
    s.head([
      [':status', '200'],
      ['content-type', 'application/grpc-web+proto'],
    ]);
    s.data(body(s), () => s.trailers());
  },
  grpc_proto(s) {
    s.head([
      [':status', '200'],
      ['content-type', 'application/grpc+proto'],
    ]);
    s.data(body(s), () => s.trailers());
  },
  no_content_type(s) {
    s.head([[':status', '200']]);
    s.data(body(s), () => s.trailers());
  },
  html_with_grpc_status(s) {
    s.head([
      [':status', '503'],
      ['content-type', 'text/html'],
    ]);
    s.data(HTML, () => s.trailers([['grpc-status', '5']]));
  },
  missing_trailers(s) {
    s.head();
    s.send(DATA, END_STREAM, body(s));
  },
  missing_status(s) {
    s.head();
    s.data(body(s), () => s.trailers([['x-other', 'trailer']]));
  },
  headers_only_end: (s) => s.head(GRPC, END_HEADERS | END_STREAM),
  trailers_only: (s) => s.head([...GRPC, ...details(Number(s.args[0] ?? 14))], END_HEADERS | END_STREAM),
  // Messages that are not whole.
  no_message: (s) => unary(s),
  two_messages(s) {
    s.head();
    s.data(Buffer.concat([body(s), body(s)]), () => s.trailers());
  },
  message_and_error(s) {
    s.head();
    s.data(body(s), () => s.trailers(details(13)));
  },
  compressed_flag(s) {
    s.head();
    s.data(prefixed(s.reply(), 1), () => s.trailers());
  },
  compressed_flag_gzip(s) {
    s.head([...GRPC, ['grpc-encoding', 'gzip']]);
    s.data(prefixed(zlib.gzipSync(s.reply()), 1), () => s.trailers());
  },
  encoding_without_flag(s) {
    s.head([...GRPC, ['grpc-encoding', 'gzip']]);
    s.data(body(s), () => s.trailers());
  },
  bad_flag(s) {
    s.head();
    s.data(prefixed(s.reply(), 0xee), () => s.trailers());
  },
  short_message(s) {
    s.head();
    s.data(prefixed(Buffer.from('short'), 0, 500), () => s.trailers());
  },
  short_message_end(s) {
    s.head();
    s.send(DATA, END_STREAM, prefixed(Buffer.from('short'), 0, 500));
  },
  short_prefix(s) {
    s.head();
    s.data(Buffer.from([0, 0, 0]), () => s.trailers());
  },
  garbage_message(s) {
    s.head();
    s.data(prefixed(Buffer.from('ffffffffffffffffffffff01', 'hex')), () => s.trailers());
  },
  huge_length(s) {
    s.head();
    s.data(prefixed(Buffer.from('x'), 0, 200 << 20));
  },
  max_length(s) {
    s.head();
    s.data(prefixed(Buffer.from('x'), 0, 0xffffffff));
  },
  huge(s) {
    s.head();
    const bytes = Buffer.alloc(Number(s.args[0] ?? 8) * 1048576, 'x');
    if (s.method === 'StreamExec') s.message(ready);
    s.message(s.method === 'StreamExec' ? output(bytes) : chunk(1, bytes));
    if (s.method === 'StreamExec') s.message(exit(0));
    s.trailers();
  },
  // Output without an end, as fast as the client's windows allow.
  endless(s) {
    s.head();
    s.message(ready);
    const one = s.method === 'StreamLogs' ? chunk(1, 'y\n'.repeat(8192)) : output('y\n'.repeat(8192));
    const next = () => s.message(one, () => setImmediate(next));
    next();
  },
  // Headers.
  big_headers(s) {
    const block = hpack.encode([...GRPC, ['x-big', 'x'.repeat(1 << 20)]]);
    s.send(HEADERS, 0, block.subarray(0, 16384));
    for (let at = 16384; at < block.length; at += 16384) {
      s.send(CONTINUATION, at + 16384 >= block.length ? END_HEADERS : 0, block.subarray(at, at + 16384));
    }
    s.data(body(s), () => s.trailers());
  },
  many_headers(s) {
    const block = hpack.encode([...GRPC, ...Array.from({ length: 10000 }, (_, n) => [`x-${n}`, 'v'])]);
    s.send(HEADERS, 0, block.subarray(0, 16384));
    for (let at = 16384; at < block.length; at += 16384) {
      s.send(CONTINUATION, at + 16384 >= block.length ? END_HEADERS : 0, block.subarray(at, at + 16384));
    }
    s.data(body(s), () => s.trailers());
  },
  continuation_flood(s) {
    s.send(HEADERS, 0, hpack.encode(GRPC));
    const more = (left) => {
      for (let n = 0; n < 100; ++n) s.send(CONTINUATION, 0, hpack.encode([['x-more', 'x'.repeat(1000)]]));
      if (left && !s.connection.closed) setImmediate(() => more(left - 1));
    };
    more(640);
  },
  interim(s) {
    s.head([
      [':status', '103'],
      ['link', '</style.css>; rel=preload'],
    ]);
    s.answer();
  },
  uppercase_header(s) {
    s.head([...GRPC, ['X-Bad', 'x']]);
    s.data(body(s), () => s.trailers());
  },
  no_http_status(s) {
    s.head([['content-type', 'application/grpc']]);
    s.data(body(s), () => s.trailers());
  },
  bad_hpack: (s) => s.send(HEADERS, END_HEADERS, Buffer.from([0xff, 0xff, 0xff, 0x7f])),
  double_headers(s) {
    s.head();
    s.head();
    s.data(body(s), () => s.trailers());
  },
  // Statuses.
  status_text: (s) =>
    unary(s, [
      ['grpc-status', 'abc'],
      ['grpc-message', 'scripted'],
    ]),
  status_negative: (s) => unary(s, [['grpc-status', '-1']]),
  status_99: (s) =>
    unary(s, [
      ['grpc-status', '99'],
      ['grpc-message', 'scripted'],
    ]),
  status_empty: (s) => unary(s, [['grpc-status', '']]),
  status_overflow: (s) => unary(s, [['grpc-status', '99999999999999999999']]),
  status_twice: (s) =>
    unary(s, [
      ['grpc-status', '5'],
      ['grpc-status', '0'],
    ]),
  message_percent: (s) =>
    unary(s, [
      ['grpc-status', '13'],
      ['grpc-message', 'euro %E2%82%AC line%0Aend %zz %4 %'],
    ]),
  message_not_utf8: (s) =>
    unary(s, [
      ['grpc-status', '13'],
      ['grpc-message', '%ff%fe raw \xe4'],
    ]),
  details_padded: (s) => unary(s, details(3, GOOD_DETAILS)),
  details_unpadded: (s) => unary(s, details(3, GOOD_DETAILS.replace(/=+$/, ''))),
  details_malformed: (s) => unary(s, details(3, BAD_DETAILS)),
  details_not_base64: (s) => unary(s, details(3, '!!! not base64 !!!')),
  details_second: (s) => unary(s, details(3, BAD_DETAILS, GOOD_DETAILS)),
  details_joined: (s) => unary(s, details(3, `${BAD_DETAILS},${GOOD_DETAILS}`)),
  // Early ends, while the client still writes.
  early_trailers: {
    opened: (s) => s.head([...GRPC, ...details(8)], END_HEADERS | END_STREAM),
  },
  early_trailers_rst: {
    opened(s) {
      s.connection.write(frame(HEADERS, END_HEADERS | END_STREAM, s.id, hpack.encode([...GRPC, ...details(8)])));
      s.reset(0);
    },
  },
  early_ok: {
    opened: (s) => s.head([...GRPC, ...OK], END_HEADERS | END_STREAM),
  },
  no_window: {
    opened(s) {
      s.head();
      if (s.method === 'StreamExec') s.message(ready);
    },
  },
  slow_window: (s) => s.answer(),
  // Frames.
  ping_flood(s) {
    s.connection.write(repeat(10000, frame(PING, 0, 0, Buffer.alloc(8, 1))));
    s.answer();
  },
  settings_flood(s) {
    s.connection.write(repeat(10000, settings([[MAX_STREAMS, 100]])));
    s.answer();
  },
  empty_data_flood(s) {
    s.head();
    s.connection.write(repeat(10000, frame(DATA, 0, s.id)));
    s.data(body(s), () => s.trailers());
  },
  one_byte_frames(s) {
    s.head();
    for (const byte of body(s)) s.data(Buffer.from([byte]));
    s.trailers();
  },
  trickle(s) {
    s.head();
    const bytes = body(s);
    let at = 0;
    const timer = setInterval(() => {
      if (at === bytes.length || s.ended || s.connection.closed) {
        clearInterval(timer);
        s.trailers();
      } else {
        s.data(bytes.subarray(at, ++at));
      }
    }, 1);
  },
  padded(s) {
    s.head();
    const bytes = body(s);
    s.send(DATA, PADDED, Buffer.concat([Buffer.from([200]), bytes, Buffer.alloc(200)]));
    s.trailers();
  },
  data_first(s) {
    s.send(DATA, 0, body(s));
    s.head(OK, END_HEADERS | END_STREAM);
  },
  data_after_end(s) {
    s.answer();
    s.connection.write(frame(DATA, 0, s.id, Buffer.from('late')));
  },
  unknown_frame(s) {
    s.connection.write(Buffer.concat([frame(0xfa, 0xff, s.id, Buffer.alloc(50)), frame(0xfb, 0, 0, Buffer.alloc(5))]));
    s.answer();
  },
  unknown_stream: (s) => s.connection.write(frame(DATA, 0, s.id + 100, Buffer.from('lost'))),
  push_promise: (s) =>
    s.send(
      PUSH_PROMISE,
      END_HEADERS,
      Buffer.concat([
        u32(2),
        hpack.encode([
          [':method', 'GET'],
          [':scheme', 'http'],
          [':path', '/'],
          [':authority', 'x'],
        ]),
      ]),
    ),
  window_overflow: (s) =>
    s.connection.write(Buffer.concat([windowUpdate(s.id, LAST_STREAM), windowUpdate(s.id, LAST_STREAM)])),
  window_overflow_connection: (s) =>
    s.connection.write(Buffer.concat([windowUpdate(0, LAST_STREAM), windowUpdate(0, LAST_STREAM)])),
  window_zero: (s) => s.connection.write(windowUpdate(s.id, 0)),
  oversize_frame(s) {
    s.head();
    s.send(DATA, 0, Buffer.alloc(Math.min(s.connection.clientFrame + 1, 0xffffff)));
  },
  flow_violation(s) {
    s.head();
    const bytes = Math.min(s.window, s.connection.window) + 65536;
    s.connection.write(frame(DATA, 0, s.id, prefixed(Buffer.alloc(11), 0, 90 << 20)));
    for (let sent = 0; sent < bytes; sent += 16384) s.connection.write(frame(DATA, 0, s.id, Buffer.alloc(16384)));
  },
  ping_ack_unasked(s) {
    s.connection.write(frame(PING, ACK, 0, Buffer.alloc(8, 9)));
    s.answer();
  },
};

// Modes whose name carries a number or a code.
function family(name) {
  const rst = /^rst_(mid_)?(?:(\d+)|([a-z0-9_]+))$/.exec(name);
  if (rst) {
    const code = rst[2] !== undefined ? Number(rst[2]) : ERRORS.indexOf(rst[3]);
    if (code < 0) return undefined;
    return (s) => {
      if (rst[1]) {
        s.head();
        s.data(s.method === 'StreamExec' ? prefixed(ready) : body(s).subarray(0, 6), () => s.reset(code));
      } else {
        s.reset(code);
      }
    };
  }
  const html = /^(html|http)_(\d{3})$/.exec(name);
  if (html) {
    return (s) => {
      if (html[1] === 'http') return s.head([[':status', html[2]]], END_HEADERS | END_STREAM);
      s.head([
        [':status', html[2]],
        ['content-type', 'text/html; charset=utf-8'],
      ]);
      s.send(DATA, END_STREAM, HTML);
    };
  }
  return undefined;
}

// --- what goes wrong on a port, before any call --------------------------------------------------------------------

const http1 = (status, type, text) =>
  `HTTP/1.1 ${status}\r\ncontent-type: ${type}\r\ncontent-length: ${text.length}\r\nconnection: close\r\n\r\n${text}`;
const firstBytes =
  (bytes, then = 'end') =>
  (socket) => {
    socket.once('data', () => (then === 'end' ? socket.end(bytes) : socket.write(bytes)));
  };
let goawayGiven = false;

// `accept`: no HTTP/2 at all. Otherwise a Connection with: settings; preface, in place of sending them; limit of
// streams; updates, in place of giving back the window at once; delay before each answer.
const KINDS = {
  main: {},
  silent: { accept: (socket) => socket.on('data', () => {}) },
  close_at_once: { accept: (socket) => socket.end() },
  reset_at_once: { accept: (socket) => (socket.resetAndDestroy ? socket.resetAndDestroy() : socket.destroy()) },
  close_after_preface: { accept: firstBytes('') },
  garbage: {
    accept: firstBytes(
      Buffer.from('\x00\x01\x02 no protocol that anybody knows \xff\xfe\r\n'.repeat(20), 'latin1'),
      'stay',
    ),
  },
  http1_400: { accept: firstBytes(http1('400 Bad Request', 'text/plain', 'bad request')) },
  http1_html: { accept: firstBytes(http1('200 OK', 'text/html', '<html>a web server</html>')) },
  tls_alert: { accept: firstBytes(Buffer.from('15030100020246', 'hex')) },
  no_settings: { preface: () => {}, noSettings: true },
  settings_only: { deaf: true },
  slow_settings: { preface: (c) => setTimeout(() => c.write(settings([])), 300), delay: 400 },
  bad_settings: { settings: [[MAX_FRAME, 1]] },
  no_header_table: { settings: [[TABLE_SIZE, 0]] },
  max_streams_0: { settings: [[MAX_STREAMS, 0]], limit: 0 },
  max_streams_1: { settings: [[MAX_STREAMS, 1]], limit: 1, delay: 20 },
  // The limit comes down while calls may already be under way.
  max_streams_late: { preface: (c) => c.write(Buffer.concat([settings([]), settings([[MAX_STREAMS, 1]])])), delay: 20 },
  tiny_window: { settings: [[INITIAL_WINDOW, 100]] },
  zero_window: {
    preface(c) {
      c.write(settings([[INITIAL_WINDOW, 0]]));
      setTimeout(() => c.write(settings([[INITIAL_WINDOW, 65535]])), 300);
    },
  },
  goaway_at_once: {
    preface(c) {
      c.write(Buffer.concat([settings([]), goaway(0, 11, 'go away')]));
      c.close();
    },
  },
  goaway_first: {
    preface(c) {
      c.write(settings([]));
      if (goawayGiven) return;
      goawayGiven = true;
      c.write(goaway(0, 0));
      c.close();
    },
  },
};

function option(name) {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
}

async function main() {
  const ports = {};
  const listen = (server, port) =>
    new Promise((done) => server.listen(port, '127.0.0.1', () => done(server.address().port)));
  const handler = (kind) => (socket) => {
    socket.on('error', () => {});
    if (KINDS[kind].accept) KINDS[kind].accept(socket);
    else new Connection(socket, kind);
  };
  for (const kind of Object.keys(KINDS)) {
    ports[kind] = await listen(
      net.createServer({ allowHalfOpen: false }, handler(kind)),
      kind === 'main' ? Number(option('--port') ?? 0) : 0,
    );
  }
  if (option('--tls-cert')) {
    const files = { cert: fs.readFileSync(option('--tls-cert')), key: fs.readFileSync(option('--tls-key')) };
    for (const [name, protocols] of [
      ['tls', ['h2']],
      ['tls_no_alpn', undefined],
      ['tls_http1', ['http/1.1']],
    ]) {
      const server = tls.createServer({ ...files, ALPNProtocols: protocols }, handler('main'));
      server.on('tlsClientError', () => {});
      ports[name] = await listen(server, 0);
    }
  }
  const others = Object.entries(ports)
    .filter(([name]) => name !== 'main')
    .map(([name, port]) => `${name}=${port}`);
  process.stdout.write(`listening on http://127.0.0.1:${ports.main} ${others.join(' ')}\n`);
  process.on('SIGTERM', () => process.exit(0));
  process.on('SIGINT', () => process.exit(0));
  if (!process.argv.includes('--ignore-stdin')) {
    process.stdin.resume();
    process.stdin.on('end', () => process.exit(0));
    process.stdin.on('error', () => process.exit(0));
  }
}

if (process.argv.includes('--list')) {
  for (const name of Object.keys(MODES)) process.stdout.write(`mode ${name}\n`);
  for (const name of Object.keys(KINDS)) process.stdout.write(`port ${name}\n`);
} else {
  main();
}
