#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors
'use strict';

// A sandbox service on grpc-js that answers well, or badly when a call asks for it. See ../README.md for the names.

const fs = require('node:fs');
const grpc = require('@grpc/grpc-js');
const rpcStatus = require('./rpc_status.js');
const schema = require('./schema.js');

const FRAME = 65536;
const DOMAIN = 'cwsandbox.com';
const TOO_LARGE = 'Received message larger than max (150000000 vs. 104857600)';
const AWKWARD = `Größe – 日本語 😀\nsecond line\r\n100% %41 "quoted"\ttab\x7f ${'long '.repeat(300)}end`;
const METADATA = { filepath: '/tmp/x', max_size_bytes: '10', size_bytes: '12' };
const VIOLATIONS = [
  ['sandbox.spec.containers[0].image', 'must not be empty'],
  ['sandbox.spec.tags', 'too many'],
];
const STDOUT = 'STREAM_STDOUT',
  STDERR = 'STREAM_STDERR';
// Bytes in place of a message; the serializers below let them pass.
const GARBAGE = Buffer.from('ffffffffffffffffffff01', 'hex');
const LATER_FIELDS = Buffer.from('c23e056c61746572c83e07', 'hex'); // 1000: "later", 1001: 7

const api = schema.load(option('--proto'));
const definition = Object.fromEntries(
  Object.entries(api.SandboxService.service).map(([name, method]) => [
    name,
    { ...method, responseSerialize: (value) => (Buffer.isBuffer(value) ? value : method.responseSerialize(value)) },
  ]),
);

let server;
let address;
let created = 0;
let sandboxes, files, stats;
reset();

function option(name) {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
}

function reset() {
  sandboxes = new Map();
  files = new Map();
  stats = { calls: 0, cancelled: 0, active: stats?.active ?? 0, bytes_read: 0, messages_sent: 0 };
}

function now() {
  const time = Date.now();
  return { seconds: Math.floor(time / 1000), nanos: (time % 1000) * 1e6 };
}

// --- faults --------------------------------------------------------------------------------------------------------

// The fault that a request asks for, as words; an empty list for none.
function faultOf(request) {
  const words = [
    request.sandbox_id,
    request.path,
    request.command?.[0],
    ...(request.tags ?? []),
    ...(request.sandbox?.spec?.tags ?? []),
  ];
  const word = words.map((one) => (one ?? '').replace(/^\//, '')).find((one) => one.startsWith('fault:'));
  return word ? word.split(':').slice(1) : [];
}

function refusal(code, message, details) {
  const metadata = new grpc.Metadata();
  if (details) metadata.set('grpc-status-details-bin', details);
  return { code, details: message, metadata };
}

function notFound(id) {
  const message = `no sandbox ${id}`;
  return refusal(
    5,
    message,
    rpcStatus.status(5, message, [rpcStatus.errorInfo('CWSANDBOX_SANDBOX_NOT_FOUND', DOMAIN, { sandbox_id: id })]),
  );
}

// Faults that any call knows: throws the status that they end with, `undefined` for a call that was given up.
// Returns the flags to write messages with when the call is to be answered as usual.
async function commonFault([name, ...args], call) {
  switch (name) {
    case 'details':
    case 'details_foreign': {
      const code = Number(args[0] ?? 3);
      const domain = name === 'details' ? DOMAIN : 'other.example';
      throw refusal(
        code,
        'scripted refusal',
        rpcStatus.status(code, 'scripted refusal', [
          rpcStatus.localizedMessage('en', 'an unknown detail, to be passed over'),
          rpcStatus.errorInfo(args[1] ?? 'CWSANDBOX_INVALID_REQUEST', domain, METADATA),
          rpcStatus.retryInfo(1, 500000000),
          rpcStatus.badRequest(VIOLATIONS),
        ]),
      );
    }
    case 'details_malformed':
      throw refusal(9, 'details are no protobuf', Buffer.from('ffffffff07', 'hex'));
    case 'code':
    case 'trailers_only':
    case 'early': {
      const code = Number(args[0] ?? { code: 13, trailers_only: 14, early: 8 }[name]);
      throw refusal(code, `scripted status ${code}`);
    }
    case 'long_message':
      throw refusal(13, AWKWARD);
    case 'too_large':
      throw refusal(8, TOO_LARGE);
    case 'no_status':
      throw refusal(12, 'this stack always sends a status');
    case 'hang':
      await call.watched.gone;
      throw undefined;
    case 'delay':
      await pause(call, Number(args[0]));
      break;
    case 'die':
      process.kill(process.pid, 'SIGKILL');
      break;
    case 'goaway':
      // Connections are told to go; the port stays open. After this turn, so that this answer is on its way first.
      setTimeout(() => server.drain(address, Number(args[0] ?? 5000)), 20);
      break;
    case 'initial_metadata': {
      const metadata = new grpc.Metadata();
      metadata.set('x-scripted', 'initial');
      metadata.set('x-scripted-bin', Buffer.from([0, 255]));
      call.sendMetadata(metadata);
      call.trailing = new grpc.Metadata();
      call.trailing.set('x-scripted', 'trailing');
      call.trailing.set('x-scripted-bin', Buffer.from([255, 0]));
      break;
    }
    default:
  }
}

// Waits; a call that was given up meanwhile is counted and over.
async function pause(call, milliseconds) {
  let timer;
  const waited = new Promise((done) => (timer = setTimeout(() => done(true), milliseconds)));
  const whole = await Promise.race([waited, call.watched.gone]);
  clearTimeout(timer);
  if (!whole) throw undefined;
}

// Counts a call, and sees whether the client gives it up: `call.watched.gone` resolves to false.
function watch(call) {
  stats.calls += 1;
  stats.active += 1;
  const watched = { over: false };
  watched.gone = new Promise((done) => {
    call.on('cancelled', () => {
      if (watched.over) return;
      stats.cancelled += 1;
      watched.cancelled = true;
      done(false);
    });
  });
  watched.end = () => {
    if (!watched.over) stats.active -= 1;
    watched.over = true;
  };
  call.watched = watched;
}

// --- unary calls ---------------------------------------------------------------------------------------------------

function unary(answer) {
  return async (call, callback) => {
    watch(call);
    try {
      const fault = faultOf(call.request);
      await commonFault(fault, call);
      let reply;
      if (fault[0] === 'garbage_message') reply = GARBAGE;
      else if (fault[0] === 'empty_message') reply = Buffer.alloc(0);
      else reply = answer(call.request, fault, call);
      callback(null, reply, call.trailing);
    } catch (error) {
      callback(error ?? refusal(1, 'given up'));
      if (error instanceof Error) process.stderr.write(`${error.stack}\n`);
    } finally {
      call.watched.end();
    }
  };
}

function find(id) {
  if (id.startsWith('fault:')) return { sandbox_id: id, spec: { annotations: {} }, status: { state: 'STATE_RUNNING' } };
  if (!sandboxes.has(id)) throw notFound(id);
  return sandboxes.get(id);
}

function run(command, input) {
  const reply = (exit_code, stdout = '', stderr = '') => ({
    exit_code,
    stdout: Buffer.from(stdout),
    stderr: Buffer.from(stderr),
  });
  if (command[0] === 'echo') return reply(0, `${command.slice(1).join(' ')}\n`);
  if (command[0] === 'exit') return reply(Number(command[1]));
  if (command[0] === 'yes') return reply(0, 'y\n'.repeat(Number(command[1]) / 2 + 1).slice(0, Number(command[1])));
  if (command[0] === 'cat') return reply(0, input);
  if (command[0].startsWith('fault:')) return reply(0);
  return reply(127, '', `${command[0]}: not found\n`);
}

const big = (megabytes) => Buffer.alloc(Number(megabytes) * 1048576, 'x');

const answers = {
  CreateSandbox({ sandbox }) {
    const made = {
      ...sandbox,
      sandbox_id: `peer-${++created}`,
      status: { state: 'STATE_RUNNING', create_time: now(), start_time: now(), runner_id: 'peer' },
    };
    sandboxes.set(made.sandbox_id, made);
    return made;
  },

  GetSandbox({ sandbox_id: id = '' }, fault, call) {
    if (id.startsWith('stat:')) {
      const annotations = Object.fromEntries(Object.entries(stats).map(([name, value]) => [name, String(value)]));
      if (id === 'stat:reset') reset();
      return { sandbox_id: id, spec: { annotations } };
    }
    const made = find(id);
    const { annotations } = made.spec ?? {};
    if (fault[0] === 'metadata') {
      for (const name of Object.keys(call.metadata.getMap())) {
        annotations[name] = call.metadata
          .get(name)
          .map((value) => (Buffer.isBuffer(value) ? value.toString('base64') : value))
          .join(', ');
      }
      annotations[':authority'] = call.getHost();
      annotations[':path'] = call.getPath();
      const deadline = Number(call.getDeadline());
      if (Number.isFinite(deadline)) annotations['deadline-ms'] = String(Math.round(deadline - Date.now()));
    } else if (fault[0] === 'compressed') {
      annotations.text = 'hello '.repeat(1000);
    } else if (fault[0] === 'huge') {
      annotations.huge = String(big(fault[1]));
    } else if (fault[0] === 'unknown_fields') {
      return Buffer.concat([api.SandboxService.service.GetSandbox.responseSerialize(made), LATER_FIELDS]);
    }
    return made;
  },

  ListSandboxes({ tags = [], state, show_terminated, page_size, page_token }) {
    const found = [...sandboxes.values()].filter(
      (one) =>
        tags.every((tag) => one.spec?.tags?.includes(tag)) &&
        (state && state !== 'STATE_UNSPECIFIED'
          ? state === one.status.state
          : show_terminated || one.status.state === 'STATE_RUNNING'),
    );
    const size = page_size || 100;
    const start = Number(page_token || 0);
    return {
      sandboxes: found.slice(start, start + size),
      next_page_token: start + size < found.length ? String(start + size) : '',
    };
  },

  DeleteSandbox({ sandbox_id: id, allow_missing }) {
    if (allow_missing && !sandboxes.has(id)) return {};
    const made = find(id);
    made.status = { ...made.status, state: 'STATE_TERMINATED', end_time: now() };
    return { sandbox: made };
  },

  Exec({ sandbox_id: id, command }, fault) {
    find(id);
    const reply = fault[0] === 'huge' ? { stdout: big(fault[1]), stderr: Buffer.alloc(0) } : run(command, '');
    return { ...reply, stdout_bytes_produced: reply.stdout.length, stderr_bytes_produced: reply.stderr.length };
  },

  WriteFile({ sandbox_id: id, path, content }) {
    find(id);
    files.set(`${id}\n${path}`, content ?? Buffer.alloc(0));
    return {};
  },

  ReadFile({ sandbox_id: id, path }, fault) {
    find(id);
    if (fault[0] === 'huge') return { content: big(fault[1]) };
    const content = files.get(`${id}\n${path}`);
    if (!content && !fault.length) {
      const message = `no file ${path}`;
      throw refusal(
        5,
        message,
        rpcStatus.status(5, message, [rpcStatus.errorInfo('CWSANDBOX_FILE_NOT_FOUND', DOMAIN, { filepath: path })]),
      );
    }
    return { content: content ?? Buffer.alloc(0) };
  },
};

// --- streams -------------------------------------------------------------------------------------------------------

const ready = () => ({ ready: { ready_time: now() } });
const output = (data, stream = STDOUT) => ({ output: { stream, data: Buffer.from(data) } });
const exit = (exit_code) => ({ exit: { exit_code, completed_time: now() } });

// Writes one message; waits while the client's window is full.
async function send(call, message) {
  if (message.output || message.data) stats.messages_sent += 1;
  if (call.watched.cancelled) throw undefined;
  if (!call.write(message)) {
    if ((await Promise.race([new Promise((done) => call.once('drain', done)), call.watched.gone])) === false)
      throw undefined;
  }
}

// The client's messages, one at a time; nothing is read before it is asked for, but for what the stack reads ahead.
class Requests {
  constructor(call) {
    this.call = call;
    this.waiting = [];
    this.wake = () => {};
    call.pause();
    call.on('data', (message) => {
      this.waiting.push(message);
      call.pause();
      this.wake();
    });
    call.on('end', () => {
      this.ended = true;
      this.wake();
    });
    call.on('error', () => {
      this.ended = true;
      this.wake();
    });
  }

  async next() {
    while (!this.waiting.length) {
      if (this.ended || this.call.watched.cancelled) return undefined;
      const arrived = new Promise((done) => (this.wake = done));
      this.call.resume();
      await Promise.race([arrived, this.call.watched.gone]);
    }
    return this.waiting.shift();
  }

  // Everything up to `close` or the end.
  async *stdin() {
    for (let message; (message = await this.next());) {
      if (message.message === 'stdin') {
        stats.bytes_read += message.stdin.length;
        yield message.stdin;
      } else if (message.message === 'close') {
        return;
      }
    }
    if (this.call.watched.cancelled) throw undefined;
  }
}

async function countInput(requests) {
  let bytes = 0;
  for await (const data of requests.stdin()) bytes += data.length;
  return output(`${bytes}\n`);
}

async function execute(command, requests, call) {
  let code = 0;
  if (command[0] === 'cat') {
    for await (const data of requests.stdin()) await send(call, output(data));
  } else if (command[0] === 'wc') {
    await send(call, await countInput(requests));
  } else if (command[0] === 'sleep') {
    await pause(call, Number(command[1]) * 1000);
  } else if (command[0] === 'yes') {
    const block = Buffer.from('y\n'.repeat(FRAME / 2));
    for (let left = Number(command[1]); left > 0; left -= FRAME)
      await send(call, output(block.subarray(0, Math.min(left, FRAME))));
  } else {
    const result = run(command, '');
    code = result.exit_code;
    if (result.stdout.length) await send(call, output(result.stdout));
    if (result.stderr.length) await send(call, output(result.stderr, STDERR));
  }
  await send(call, exit(code));
}

const lines = async (call, count) => {
  await send(call, ready());
  for (let number = 1; number <= count; ++number) await send(call, output(`line ${number}\n`));
};
const script =
  (...messages) =>
  async (call) => {
    for (const message of messages) await send(call, message);
  };

// Faults that only exec streams know; others change nothing here.
const execFaults = {
  early_exit: (args) => script(exit(0)),
  slow_reader: (args) => async (call, requests) => {
    await send(call, ready());
    await pause(call, Number(args[0] ?? 1000));
    await send(call, await countInput(requests));
    await send(call, exit(0));
  },
  huge: (args) => script(ready(), output(big(args[0])), exit(0)),
  abort: (args) => async (call) => {
    await lines(call, Number(args[0] ?? 3));
    throw refusal(10, 'scripted abort');
  },
  die_after: (args) => async (call) => {
    await lines(call, Number(args[0] ?? 3));
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), 200);
    await call.watched.gone;
  },
  exec_error: (args) =>
    script(ready(), output('partial\n'), { error: { message: 'scripted stream error', code: args[0] ?? '' } }),
  no_exit: () => script(ready(), output('partial\n')),
  no_ready: () => async (call) => {
    await call.watched.gone;
    throw undefined;
  },
  after_exit: () => script(ready(), exit(3), output('late\n'), exit(4)),
  empty_message: () => script(ready(), Buffer.alloc(0), output(''), output('hello\n'), exit(0)),
  garbage_message: () => script(ready(), GARBAGE, exit(0)),
  unknown_fields: () =>
    script(
      ready(),
      Buffer.concat([api.SandboxService.service.StreamExec.responseSerialize(output('hello\n')), LATER_FIELDS]),
      exit(0),
    ),
  compressed: () => script(ready(), output('hello '.repeat(1000)), exit(0)),
};

function streaming(answer) {
  return async (call) => {
    watch(call);
    try {
      await answer(call);
      call.end(call.trailing);
    } catch (error) {
      if (error === undefined || call.watched.cancelled) call.end();
      else call.emit('error', error);
      if (error instanceof Error) process.stderr.write(`${error.stack}\n`);
    } finally {
      call.watched.end();
    }
  };
}

const StreamExec = streaming(async (call) => {
  const requests = new Requests(call);
  const first = await requests.next();
  if (!first?.init?.command?.length) throw refusal(3, 'the first message must be init with a command');
  const fault = faultOf(first.init);
  await commonFault(fault, call);
  if (execFaults[fault[0]]) {
    await execFaults[fault[0]](fault.slice(1))(call, requests);
    return;
  }
  find(first.init.sandbox_id);
  await send(call, ready());
  await execute(first.init.command, requests, call);
});

const StreamLogs = streaming(async (call) => {
  const { request } = call;
  const [name, ...args] = faultOf(request);
  await commonFault([name, ...args], call);
  if (name === 'log_error') return send(call, { error: { code: args[0], message: 'scripted log error' } });
  if (name === 'huge')
    return send(call, { data: big(args[0]), log_session_id: 'log', next_log_offset: Number(args[0]) * 1048576 });
  if (name === 'garbage_message') return send(call, GARBAGE);
  find(request.sandbox_id);
  // One line an entry, from the offset on; with log_cut:N, cut after N entries each time.
  const cut = name === 'log_cut' || name === 'abort' ? Number(args[0] ?? 0) : 0;
  let all = Array.from({ length: cut * 3 || 10 }, (_, n) => `counter=${n + 1}\n`);
  const session = request.resume_log_session_id || 'log-1';
  if (session !== 'log-1') return send(call, { error: { code: 'SESSION_NOT_FOUND', message: 'unknown session' } });
  if (request.tail_lines && !request.resume_log_session_id) all = all.slice(-request.tail_lines);
  const from = request.resume_log_offset ?? 0;
  let end = 0;
  let sent = 0;
  for (const [index, line] of all.entries()) {
    end += line.length;
    if (end <= from) continue;
    await send(call, { data: Buffer.from(line.slice(-(end - from))), log_session_id: session, next_log_offset: end });
    if (++sent === cut && index + 1 < all.length) throw refusal(name === 'log_cut' ? 14 : 10, 'scripted cut');
  }
  if (request.follow && !cut) {
    await call.watched.gone;
    throw undefined;
  }
});

// --- the server ----------------------------------------------------------------------------------------------------

const token = option('--token');
const auth = (handler) => (call, callback) => {
  if (!token || call.metadata.get('authorization')[0] === `Bearer ${token}`) return handler(call, callback);
  const refused = refusal(16, 'a valid API key is needed');
  return callback ? callback(refused) : call.emit('error', refused);
};

const service = { StreamExec: auth(StreamExec), StreamLogs: auth(StreamLogs) };
for (const [name, answer] of Object.entries(answers)) service[name] = auth(unary(answer));

server = new grpc.Server({
  'grpc.max_send_message_length': -1,
  'grpc.max_receive_message_length': -1,
});
server.addService(definition, service);
const certificate = option('--tls-cert');
const credentials = certificate
  ? grpc.ServerCredentials.createSsl(null, [
      { cert_chain: fs.readFileSync(certificate), private_key: fs.readFileSync(option('--tls-key')) },
    ])
  : grpc.ServerCredentials.createInsecure();
server.bindAsync(`127.0.0.1:${option('--port') ?? 0}`, credentials, (error, port) => {
  if (error) throw error;
  address = `127.0.0.1:${port}`;
  process.stdout.write(`listening on ${certificate ? 'https' : 'http'}://${address}\n`);
});
process.on('SIGTERM', () => process.exit(0));
process.on('SIGINT', () => process.exit(0));
if (!process.argv.includes('--ignore-stdin')) {
  process.stdin.resume();
  process.stdin.on('end', () => process.exit(0));
  process.stdin.on('error', () => process.exit(0));
}
