#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors
'use strict';

// Puts a sandbox server to what grpc-js clients expect of it, where another stack than Python's matters: streams, flow
// control, cancellation, deadlines, credentials, TLS. Prints a line for each expectation; exits with 1 when one fails.
// usage: client_checks.js URL [--ca FILE] [--token TOKEN] [--only REGEX] [--proto DIR]

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const fs = require('node:fs');
const grpc = require('@grpc/grpc-js');
const rpcStatus = require('./rpc_status.js');
const schema = require('./schema.js');

const LIMIT = 104857600;
const IMAGE = 'python:3.11';
const DOMAIN = 'cwsandbox.com';
const TERMINAL = ['STATE_COMPLETED', 'STATE_FAILED', 'STATE_TERMINATED'];
const FRAME = 65536;

const url = new URL(process.argv[2]);
const token = option('--token');
const api = schema.load(option('--proto'));

function option(name) {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
}

// A connection of its own when `apart`: a session of Node's holds 10 MB of unsent data, and then fails calls itself.
function open(apart) {
  const credentials =
    url.protocol === 'https:'
      ? grpc.credentials.createSsl(fs.readFileSync(option('--ca')))
      : grpc.credentials.createInsecure();
  const options = { 'grpc.max_send_message_length': LIMIT, 'grpc.max_receive_message_length': LIMIT };
  if (apart) options['grpc.use_local_subchannel_pool'] = 1;
  return {
    sandboxes: new api.SandboxService(url.host, credentials, options),
    discovery: new api.DiscoveryService(url.host, credentials, options),
  };
}
const { sandboxes: client, discovery } = open();

function metadata(entries = token ? { authorization: `Bearer ${token}` } : {}) {
  const made = new grpc.Metadata();
  for (const [name, value] of Object.entries(entries)) made.set(name, value);
  return made;
}

const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const soon = (seconds = 20) => ({ deadline: Date.now() + seconds * 1000 });

// One unary call; rejects with the status and its decoded details.
function unary(method, request, { seconds, credentials, stub = client } = {}) {
  return new Promise((done, fail) => {
    stub[method](request, credentials ?? metadata(), soon(seconds), (error, reply) =>
      error ? fail(withDetails(error)) : done(reply),
    );
  });
}

function withDetails(error) {
  const [details] = error.metadata?.get('grpc-status-details-bin') ?? [];
  error.info = rpcStatus.decode(details ?? Buffer.alloc(0));
  return error;
}

async function refused(promise, code, reason) {
  let error;
  try {
    await promise;
  } catch (caught) {
    error = caught;
  }
  assert(error?.info, `not refused: ${error}`);
  assert.equal(grpc.status[error.code], code, error.message);
  if (reason) assert.deepEqual([error.info.reason, error.info.domain], [reason, DOMAIN]);
  return error;
}

// --- sandboxes -----------------------------------------------------------------------------------------------------

class Tester {
  static count = 0;

  constructor() {
    this.tag = `interop-js-${process.pid}-${++Tester.count}`;
    this.made = [];
  }

  async create(command = ['sleep', 'infinity'], { container = {}, ...spec } = {}) {
    const main = { name: 'main', image: IMAGE, command: command[0], args: command.slice(1), ...container };
    const sandbox = {
      spec: { containers: [main], primary_container: 'main', tags: [this.tag], max_lifetime_seconds: 60, ...spec },
    };
    const made = await unary('CreateSandbox', { sandbox });
    this.made.push(made.sandbox_id);
    return made.sandbox_id;
  }

  async run(command, spec) {
    const id = await this.create(command, spec);
    await this.state(id, ['STATE_RUNNING', ...TERMINAL]);
    return id;
  }

  async state(id, states) {
    for (let tries = 0; ; ++tries) {
      const made = await unary('GetSandbox', { sandbox_id: id });
      if (states.includes(made.status.state)) return made;
      assert(tries < 400, `still ${made.status.state}`);
      await sleep(50);
    }
  }

  // Runs a command to its end; without `stdin` the sending side closes at once.
  async exec(id, command, { stdin, ...options } = {}) {
    const call = new Exec(id, command, options);
    if (!stdin) return call.halfClose().drained();
    await call.ready;
    for (const piece of stdin) await call.write(piece);
    return call.close().halfClose().drained();
  }

  async clean() {
    await Promise.all(
      this.made.map((id) => unary('DeleteSandbox', { sandbox_id: id, allow_missing: true }).catch(() => {})),
    );
  }
}

class Exec {
  constructor(id, command, { seconds, first, on, ...init } = {}) {
    this.events = [];
    this.frames = [];
    this.call = (on ?? client).StreamExec(metadata(), soon(seconds));
    this.ready = new Promise((done) => (this.isReady = done));
    this.ended = new Promise((done) => {
      this.call.on('status', (status) => {
        this.status = status;
        this.isReady();
      });
      this.call.on('error', (error) => {
        this.error = withDetails(error);
        this.isReady();
        done();
      });
      this.call.on('end', done);
    });
    this.call.on('data', (message) => this.take(message));
    this.call.write(first ?? { init: { sandbox_id: id, command, ...init } });
  }

  take(message) {
    this.events.push(message.message);
    if (message.ready) this.isReady();
    if (message.output) this.frames.push([message.output.stream, message.output.data, Date.now()]);
    if (message.exit) this.exitCode = message.exit.exit_code ?? 0;
    if (message.message === 'error') this.streamError = message.error;
    this.wake?.();
  }

  write(stdin) {
    return new Promise((done) => {
      if (this.call.write({ stdin: Buffer.from(stdin) })) done();
      else Promise.race([new Promise((drain) => this.call.once('drain', drain)), this.ended]).then(done);
    });
  }

  close() {
    this.call.write({ close: {} });
    return this;
  }

  halfClose() {
    this.call.end();
    return this;
  }

  async drained() {
    await this.ended;
    return this;
  }

  async until(condition) {
    while (!condition(this)) {
      const news = new Promise((done) => (this.wake = done));
      const over = await Promise.race([news, this.ended.then(() => true)]);
      assert(!over || condition(this), `the stream ended early: ${this.error}`);
    }
    return this;
  }

  stream(name) {
    return Buffer.concat(this.frames.filter((frame) => frame[0] === name).map((frame) => frame[1]));
  }

  get out() {
    return this.stream('STREAM_STDOUT');
  }

  get err() {
    return this.stream('STREAM_STDERR');
  }

  // Checks a whole run: ready once, everything before the one exit, then status OK.
  done(code, out, err) {
    assert(!this.error, `${this.error}`);
    assert.equal(this.exitCode, code, `exit code, stderr ${this.err}`);
    assert.equal(this.events.filter((kind) => kind === 'ready').length, 1, 'ready');
    assert.equal(this.events.indexOf('exit'), this.events.length - 1, 'the exit is the last message');
    if (out !== undefined)
      assert(this.out.equals(Buffer.from(out)), `stdout ${this.out.subarray(0, 200)} (${this.out.length} bytes)`);
    if (err !== undefined) assert(this.err.equals(Buffer.from(err)), `stderr ${this.err.subarray(0, 200)}`);
    return this;
  }
}

// Reads a log until `enough` of it is there, or to its end.
function logs(id, { enough = () => false, ...options } = {}) {
  return new Promise((done, fail) => {
    const entries = [];
    const call = client.StreamLogs({ sandbox_id: id, ...options }, metadata(), soon());
    call.on('data', (entry) => {
      entries.push(entry);
      if (enough(entries)) call.cancel();
    });
    call.on('error', (error) =>
      error.code === grpc.status.CANCELLED && enough(entries) ? done(entries) : fail(withDetails(error)),
    );
    call.on('end', () => done(entries));
  });
}

const textOf = (entries) => Buffer.concat(entries.map((entry) => entry.data ?? Buffer.alloc(0))).toString();
const lines = (count) => (entries) => textOf(entries).split('\n').length > count;

// --- checks --------------------------------------------------------------------------------------------------------

const checks = [];
const check = (number, name, run) => checks.push({ number, name, run });
const skip = (reason) => {
  throw Object.assign(new Error(reason), { skipped: true });
};
const sh = (script) => ['sh', '-c', script];
const python = (code, ...words) => ['python', '-c', code, ...words];

check('1', 'a create is answered with an id', async (t) => assert(await t.create()));

check('2', 'a sandbox reaches RUNNING', async (t) => t.state(await t.create(), ['STATE_RUNNING']));

check('6', 'a command that ends by itself completes the sandbox', async (t) => {
  const ended = await t.state(await t.create(['echo', 'hello']), TERMINAL);
  assert.deepEqual([ended.status.state, ended.status.exit_code], ['STATE_COMPLETED', 0]);
});

check('7', 'environment variables reach commands exactly', async (t) => {
  const id = await t.run(undefined, { container: { environment_variables: { A: 'quote \' " $X', B: 'ä€\n' } } });
  (await t.exec(id, ['printenv', 'A', 'B'])).done(0, 'quote \' " $X\nä€\n\n');
});

check('14', 'echo prints its words', async (t) =>
  (await t.exec(await t.run(), ['echo', 'hello'])).done(0, 'hello\n', ''),
);

check('15', 'one write of a command is one frame', async (t) =>
  assert.equal((await t.exec(await t.run(), ['echo', 'hello'])).done(0).frames.length, 1),
);

check('16', 'both outputs are kept apart', async (t) =>
  (await t.exec(await t.run(), sh('echo out; echo err >&2'))).done(0, 'out\n', 'err\n'),
);

check('17', 'exit 42 is an exit message, not a status', async (t) =>
  (await t.exec(await t.run(), sh('exit 42'))).done(42),
);

check('24', 'two thousand lines arrive once and in order', async (t) => {
  const done = await t.exec(await t.run(), sh('i=0; while [ $i -lt 2000 ]; do i=$((i + 1)); echo line $i; done'));
  done.done(0, Array.from({ length: 2000 }, (_, n) => `line ${n + 1}\n`).join(''));
});

check('25', 'ten lines apart in time are ten frames apart in time', async (t) => {
  const done = (await t.exec(await t.run(), sh('for i in 0 1 2 3 4 5 6 7 8 9; do echo line $i; sleep 0.2; done'))).done(
    0,
  );
  assert.deepEqual(
    done.frames.map((frame) => String(frame[1])),
    Array.from({ length: 10 }, (_, n) => `line ${n}\n`),
  );
  assert(done.frames[9][2] - done.frames[0][2] > 1000, 'more than a second');
});

check('28', 'commands at the same time do not mix', async (t) => {
  const id = await t.run();
  const script = 'for i in 1 2 3 4 5; do echo $0 $i; sleep 0.02; done';
  const all = await Promise.all(Array.from({ length: 8 }, (_, n) => t.exec(id, ['sh', '-c', script, `worker${n}`])));
  all.forEach((done, n) => done.done(0, [1, 2, 3, 4, 5].map((i) => `worker${n} ${i}\n`).join('')));
});

check('33', '204800 bytes are counted', async (t) => {
  const done = await t.exec(await t.run(), ['wc', '-c'], {
    stdin: [FRAME, FRAME, FRAME, 8192].map((n) => Buffer.alloc(n, 'x')),
  });
  assert.equal(String(done.done(0).out).trim(), '204800');
});

check('34', 'sort sees the end of its input', async (t) =>
  (await t.exec(await t.run(), ['sort'], { stdin: ['c\n', 'a\n', 'b\n'] })).done(0, 'a\nb\nc\n'),
);

check('38', 'binary input is not converted', async (t) => {
  const data = Buffer.from(Array.from({ length: 1000 }, (_, n) => 1 + (n % 255)));
  (await t.exec(await t.run(), ['cat'], { stdin: [data] })).done(0, data);
});

check('40', 'stdin behind a close does no harm', async (t) => {
  const running = new Exec(await t.run(), ['cat']);
  await running.ready;
  await running.write('before');
  running.close().close();
  await running.write('after');
  (await running.halfClose().drained()).done(0, 'before');
});

check('41', 'an early half-close does not end the command', async (t) =>
  (await t.exec(await t.run(), sh('sleep 0.3; echo done'))).done(0, 'done\n'),
);

check('42', 'the exit comes although stdin was never closed', async (t) => {
  const running = await new Exec(await t.run(), sh('exit 0')).until((e) => e.exitCode !== undefined);
  (await running.halfClose().drained()).done(0);
});

check('43', 'cat with open stdin goes on until its deadline', async (t) => {
  const running = await new Exec(await t.run(), ['cat'], { seconds: 2 }).drained();
  assert.deepEqual([grpc.status[running.error?.code], running.events], ['DEADLINE_EXCEEDED', ['ready']]);
});

check('46', 'all byte values are kept', async (t) => {
  const id = await t.run();
  const content = Buffer.from(Array.from({ length: 256 }, (_, n) => n));
  await unary('WriteFile', { sandbox_id: id, path: '/tmp/bytes', content });
  assert((await unary('ReadFile', { sandbox_id: id, path: '/tmp/bytes' })).content.equals(content));
});

check('47', '5 MiB, and 32 MiB, go and come in unary calls', async (t) => {
  const id = await t.run();
  const { sandboxes: stub } = open(true);
  for (const size of [5 << 20, 32 << 20]) {
    const content = crypto.randomBytes(size);
    await unary('WriteFile', { sandbox_id: id, path: '/tmp/big', content }, { stub });
    assert((await unary('ReadFile', { sandbox_id: id, path: '/tmp/big' }, { stub })).content.equals(content));
  }
  stub.close();
});

check('48', '20 MiB go and come through exec', async (t) => {
  const id = await t.run();
  const { sandboxes: on } = open(true);
  const data = crypto.randomBytes(20 << 20);
  const pieces = Array.from({ length: 320 }, (_, n) => data.subarray(n * FRAME, (n + 1) * FRAME));
  (await t.exec(id, ['/bin/sh', '-c', 'cat > "$1"', 'write', '/tmp/twenty'], { stdin: pieces, seconds: 40, on })).done(
    0,
  );
  (await t.exec(id, ['cat', '--', '/tmp/twenty'], { seconds: 40, on })).done(0, data);
  on.close();
});

check('50', 'a missing file has reason, domain and path', async (t) => {
  const error = await refused(
    unary('ReadFile', { sandbox_id: await t.run(), path: '/no/such ä' }),
    'NOT_FOUND',
    'CWSANDBOX_FILE_NOT_FOUND',
  );
  assert.equal(error.info.metadata.filepath, '/no/such ä');
});

const COUNTER = sh('i=0; while :; do i=$((i + 1)); echo counter=$i; sleep 0.05; done');

check('53', 'the log of a silent command ends by itself', async (t) =>
  assert.equal(textOf(await logs(await t.run(), { tail_lines: 10 })), ''),
);

check('54', 'a followed log is live, its offsets count the bytes of one session', async (t) => {
  const entries = await logs(await t.run(COUNTER), { follow: true, enough: (all) => all.length >= 5 });
  let total = 0;
  for (const entry of entries) assert.equal(entry.next_log_offset, (total += entry.data.length));
  assert.equal(new Set(entries.map((entry) => entry.log_session_id)).size, 1);
});

check('57', 'an unknown session is said in the stream', async (t) => {
  const entries = await logs(await t.run(), {
    follow: true,
    resume_log_session_id: 'no-such-session',
    resume_log_offset: 3,
  });
  assert.deepEqual(
    entries.map((entry) => entry.error?.code),
    ['SESSION_NOT_FOUND'],
  );
});

check('58', 'a follow goes on where it was cut, nothing lost or doubled', async (t) => {
  const id = await t.run(COUNTER);
  let entries = await logs(id, { follow: true, enough: lines(5) });
  let text = textOf(entries);
  for (let n = 0; n < 2; ++n) {
    await sleep(500);
    const { log_session_id, next_log_offset } = entries.at(-1);
    entries = await logs(id, {
      follow: true,
      resume_log_session_id: log_session_id,
      resume_log_offset: next_log_offset,
      enough: lines(5),
    });
    text += textOf(entries);
  }
  const numbers = [...text.matchAll(/counter=(\d+)\n/g)].map((match) => Number(match[1]));
  assert.deepEqual(
    numbers,
    numbers.map((_, n) => n + 1),
  );
});

check('79', 'a healthy runner is listed', async () => {
  const { runners } = await unary('ListAvailableRunners', { view: 'RUNNER_VIEW_FULL' }, { stub: discovery });
  assert(runners.some((one) => one.healthy && one.runner_id && one.resources));
  await refused(
    unary('GetAvailableRunner', { runner_id: 'no-such-runner' }, { stub: discovery }),
    'NOT_FOUND',
    'CWSANDBOX_RUNNER_NOT_FOUND',
  );
});

check('7.1.1', 'ready is sent once, before output, also without stdin', async (t) =>
  assert.deepEqual((await t.exec(await t.run(), ['echo', 'x'])).events, ['ready', 'output', 'exit']),
);

check('7.1.3', 'a stream that begins wrongly is an invalid argument', async (t) => {
  const id = await t.run();
  for (const first of [{ stdin: Buffer.from('x') }, { close: {} }, {}, { init: { sandbox_id: id } }]) {
    const done = await new Exec(id, [], { first }).halfClose().drained();
    assert.equal(grpc.status[done.error?.code], 'INVALID_ARGUMENT', JSON.stringify(first));
  }
});

check('7.1.4', 'an unknown sandbox is not found, with its reason, by unary calls and streams', async (t) => {
  await refused(unary('GetSandbox', { sandbox_id: 'none' }), 'NOT_FOUND', 'CWSANDBOX_SANDBOX_NOT_FOUND');
  await refused(logs('none'), 'NOT_FOUND', 'CWSANDBOX_SANDBOX_NOT_FOUND');
  const done = await t.exec('none', ['true']);
  assert.deepEqual(
    [grpc.status[done.error?.code], done.error?.info.reason],
    ['NOT_FOUND', 'CWSANDBOX_SANDBOX_NOT_FOUND'],
  );
});

check('7.1.5', 'input that nobody reads any more is ignored', async (t) => {
  // Written before the end: grpc-js takes a write behind it for an error of its own.
  const running = new Exec(await t.run(), ['sleep', '0.5']);
  await running.ready;
  for (let n = 0; n < 16; ++n) running.call.write({ stdin: Buffer.alloc(FRAME) });
  (await running.close().halfClose().drained()).done(0);
});

check('7.1.6', 'a command that cannot run, and one that a signal ends, end the stream', async (t) => {
  const id = await t.run();
  const done = await t.exec(id, ['no-such-command']);
  assert(done.streamError || done.exitCode === 127);
  (await t.exec(id, sh('kill -9 $$'))).done(137);
});

check('7.1.8', 'a reader that rests slows the command down and loses nothing', async (t) => {
  const id = await t.run();
  const size = 32 << 20;
  const running = new Exec(id, sh(`head -c ${size} /dev/zero; echo done > /tmp/done; echo end`), {
    seconds: 40,
  }).halfClose();
  await running.ready;
  running.call.pause();
  await sleep(1000);
  await refused(unary('ReadFile', { sandbox_id: id, path: '/tmp/done' }), 'NOT_FOUND', 'CWSANDBOX_FILE_NOT_FOUND');
  running.call.resume();
  assert.equal((await running.drained()).done(0).out.length, size + 4);
});

check('7.2.0', 'the credentials of a partner account are taken in place of authorization', async (t) => {
  if (!token) skip('this server asks for no key');
  const request = { tags: [t.tag] };
  const partner = { 'x-entity-id': 'entity', 'x-project-name': 'project' };
  await unary('ListSandboxes', request, { credentials: metadata({ 'x-wandb-api-key': token, ...partner }) });
  for (const wrong of [
    {},
    partner,
    { authorization: `Bearer ${token}x` },
    { authorization: token },
    { 'x-wandb-api-key': `x${token}`, ...partner },
  ]) {
    await refused(unary('ListSandboxes', request, { credentials: metadata(wrong) }), 'UNAUTHENTICATED');
  }
});

check('7.2.1', 'runner id and start time are the same from get and list', async (t) => {
  const id = await t.run(['/bin/sh', '-lc', "trap 'exit 0' TERM; while :; do sleep 1; done"]);
  const { status } = await unary('GetSandbox', { sandbox_id: id });
  const [listed] = (await unary('ListSandboxes', { tags: [t.tag] })).sandboxes;
  assert(status.runner_id.trim() && status.start_time.seconds > 0);
  assert.deepEqual([listed.status.runner_id, listed.status.start_time], [status.runner_id, status.start_time]);
});

check('7.2.2', 'get and list carry the exit code of a one-shot, 0 included', async (t) => {
  const ended = await t.state(await t.create(python('print(1)')), TERMINAL);
  const [listed] = (await unary('ListSandboxes', { tags: [t.tag], show_terminated: true })).sandboxes;
  assert.deepEqual([ended.status.exit_code, listed.status.exit_code, ended.status.state], [0, 0, 'STATE_COMPLETED']);
});

check('7.2.5', 'pages of one lead through all', async (t) => {
  const made = [await t.create(), await t.create(), await t.create()];
  const seen = [];
  let page_token = '';
  do {
    const page = await unary('ListSandboxes', { tags: [t.tag], page_size: 1, page_token });
    assert.equal(page.sandboxes.length, 1);
    seen.push(page.sandboxes[0].sandbox_id);
    page_token = page.next_page_token ?? '';
  } while (page_token && seen.length < 10);
  assert.deepEqual(seen.sort(), made.sort());
});

check('7.2.6', 'a second and a simultaneous stop are one stop', async (t) => {
  const id = await t.run();
  const stop = () => unary('DeleteSandbox', { sandbox_id: id, allow_missing: true, grace_period_seconds: 1 });
  await Promise.all([stop(), stop()]);
  await stop();
  await t.state(id, TERMINAL);
});

check('7.2.7', 'a working directory with blanks and a quote is entered by the wrapped command', async (t) => {
  const id = await t.run();
  await unary('Exec', { sandbox_id: id, command: ['mkdir', "/tmp/it's a place"] });
  const done = await unary('Exec', {
    sandbox_id: id,
    command: ['/bin/sh', '-lc', "cd '/tmp/it'\\''s a place' && exec 'pwd'"],
  });
  assert.equal(String(done.stdout), "/tmp/it's a place\n");
});

check('7.2.8', 'unary exec keeps code and streams apart', async (t) => {
  const id = await t.run();
  const done = await unary('Exec', { sandbox_id: id, command: sh('echo out; echo err >&2; exit 7') });
  assert.deepEqual([done.exit_code, String(done.stdout), String(done.stderr)], [7, 'out\n', 'err\n']);
});

check('7.2.9', 'many small writes and a large one arrive whole', async (t) => {
  const id = await t.run();
  const code =
    'import os\nfor n in range(128): os.write(1, bytes([65 + n % 26]) * 4096)\n' +
    'os.write(1, b"x" * 1048576); os.write(2, b"err")';
  const small = Array.from({ length: 128 }, (_, n) => String.fromCharCode(65 + (n % 26)).repeat(4096)).join('');
  (await t.exec(id, python(code))).done(0, small + 'x'.repeat(1048576), 'err');
});

check('7.2.10', 'a cancelled call ends the whole process group, and the next exec works at once', async (t) => {
  const id = await t.run();
  const running = new Exec(id, sh("sh -c 'while :; do echo child; done' js7210 & yes js7210")).halfClose();
  await running.until((e) => e.frames.length > 3);
  running.call.cancel();
  (await t.exec(id, ['echo', 'next'])).done(0, 'next\n');
  await running.drained();
  assert.equal(grpc.status[running.error?.code], 'CANCELLED');
  const find = sh("cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -c ^js7210$");
  for (let tries = 0; String((await t.exec(id, find)).out) !== '0\n'; ++tries) {
    assert(tries < 50, 'still running');
    await sleep(100);
  }
});

check('7.2.11', 'a terminal runs the lines that were typed before its input closed', async (t) => {
  const running = new Exec(await t.run(), ['/bin/sh'], { tty: true, tty_width: 80, tty_height: 24 });
  await running.ready;
  await running.write('echo first $((1 + 1))\n');
  await running.write('stty size; exit\n');
  await running.close().drained();
  const text = Buffer.concat(running.frames.map((frame) => frame[1])).toString();
  assert.equal(running.exitCode, 0, text);
  for (const part of ['echo first', 'first 2', '24 80']) assert(text.includes(part), text);
});

check('7.2.12', '4096 binary bytes in pieces of 512 arrive exactly', async (t) => {
  const data = crypto.randomBytes(4096);
  const stdin = Array.from({ length: 8 }, (_, n) => data.subarray(n * 512, (n + 1) * 512));
  (await t.exec(await t.run(), ['cat'], { stdin })).done(0, data);
});

check('7.2.13', 'files written and read in parallel are all right', async (t) => {
  const id = await t.run();
  const files = Array.from({ length: 12 }, (_, n) => ({
    sandbox_id: id,
    path: `/tmp/file${n}`,
    content: crypto.randomBytes(10000 + n),
  }));
  await Promise.all(files.map((file) => unary('WriteFile', file)));
  const back = await Promise.all(files.map(({ path }) => unary('ReadFile', { sandbox_id: id, path })));
  back.forEach((file, n) => assert(file.content.equals(files[n].content)));
});

check('7.2.15', 'tail gives exactly the last lines', async (t) => {
  const id = await t.run(sh('echo one; echo two; echo three; sleep 1000'));
  await logs(id, { follow: true, enough: lines(3) });
  assert.equal(textOf(await logs(id, { tail_lines: 2 })), 'two\nthree\n');
});

check('7.2.19', 'a follow is closed ten times over and each has every line', async (t) => {
  const id = await t.run(COUNTER);
  for (let n = 0; n < 10; ++n)
    assert(textOf(await logs(id, { follow: true, enough: lines(2) })).startsWith('counter=1\ncounter=2\n'));
});

check('1.4.5', 'an expired call kills the command', async (t) => {
  const id = await t.run();
  const running = await new Exec(id, ['sleep', '245.5'], { seconds: 0.7 }).halfClose().drained();
  assert.equal(grpc.status[running.error?.code], 'DEADLINE_EXCEEDED');
  const find = sh("cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -c ^245.5$");
  for (let tries = 0; String((await t.exec(id, find)).out) !== '0\n'; ++tries) {
    assert(tries < 50, 'still running');
    await sleep(100);
  }
  await refused(unary('Exec', { sandbox_id: id, command: ['sleep', '30'] }, { seconds: 0.5 }), 'DEADLINE_EXCEEDED');
});

check('0', 'a connection without TLS to a TLS port, or the other way, fails in time', async (t) => {
  const credentials = url.protocol === 'https:' ? grpc.credentials.createInsecure() : grpc.credentials.createSsl();
  const wrong = new api.SandboxService(url.host, credentials);
  const error = await unary('ListSandboxes', { tags: [t.tag] }, { stub: wrong, seconds: 3 }).catch((caught) => caught);
  wrong.close();
  assert(['UNAVAILABLE', 'DEADLINE_EXCEEDED'].includes(grpc.status[error.code]), `${error}`);
});

// The last, and alone: its load would disturb the timing of the others.
check('1.4.4', 'two hundred commands at the same time on one connection', async (t) => {
  const id = await t.run();
  const all = await Promise.all(
    Array.from({ length: 200 }, (_, n) => t.exec(id, ['echo', String(n)], { seconds: 60 })),
  );
  all.forEach((done, n) => done.done(0, `${n}\n`));
});
const crowd = checks.at(-1);

// --- the run -------------------------------------------------------------------------------------------------------

async function one({ number, name, run }) {
  const t = new Tester();
  const start = Date.now();
  let timer;
  const late = new Promise((_, fail) => (timer = setTimeout(() => fail(new Error('took longer than 60 s')), 60000)));
  try {
    await Promise.race([run(t), late]);
    return { good: true, line: `ok ${number} ${name} # ${((Date.now() - start) / 1000).toFixed(1)} s` };
  } catch (error) {
    if (error.skipped) return { good: true, line: `skip ${number} ${name}: ${error.message}` };
    const [, where] = /(client_checks\.js:\d+):\d+\)?\n/.exec(`${error.stack}\n`) ?? [];
    const why = `${error.message} ${error.info ? JSON.stringify(error.info) : ''} (${where})`;
    return { good: false, line: `not ok ${number} ${name}\n# ${why.replaceAll('\n', '\n# ')}` };
  } finally {
    clearTimeout(timer);
    await t.clean();
  }
}

async function main() {
  const only = new RegExp(option('--only') ?? '');
  const chosen = checks.filter(({ number, name }) => only.test(`${number} ${name}`));
  const results = [];
  let next = 0;
  let printed = 0;
  let bad = 0;
  const report = () => {
    for (; results[printed]; ++printed) {
      process.stdout.write(`${results[printed].line}\n`);
      bad += !results[printed].good;
    }
  };
  const together = chosen.filter((each) => each !== crowd);
  const worker = async () => {
    while (next < together.length) {
      const at = next++;
      results[at] = await one(together[at]);
      report();
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  if (chosen.includes(crowd)) results.push(await one(crowd));
  report();
  process.stdout.write(`1..${chosen.length}\n`);
  process.exit(bad ? 1 : 0);
}

main();
