// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors
'use strict';

// The grpc-js client's side of the comparison. Usage: node js_client.js URL WORK COUNT
const fs = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');

const interop = path.join(__dirname, '../interop/js');
const grpc = createRequire(path.join(interop, 'package.json'))('@grpc/grpc-js');
const { load } = require(path.join(interop, 'schema.js'));

const FRAME = 65536;
const FILE = 32 << 20;
const ID = 'sandbox-0001';

function statusKib(key) {
  const line = fs.readFileSync('/proc/self/status', 'utf8').split('\n').find((l) => l.startsWith(key));
  return Number(line.replace(/\D+/g, ''));
}

function measure() {
  fs.writeFileSync('/proc/self/clear_refs', '5');
  const idle = statusKib('VmRSS:');
  const cpu = process.cpuUsage();
  const start = process.hrtime.bigint();
  return (calls) => {
    const used = process.cpuUsage(cpu);
    const wall = Number(process.hrtime.bigint() - start) / 1e9;
    console.log(`calls=${calls} wall=${wall.toFixed(6)} cpu=${((used.user + used.system) / 1e6).toFixed(6)} ` +
      `idle_kib=${idle} peak_kib=${statusKib('VmHWM:')}`);
  };
}

function main() {
  const [url, work, text] = process.argv.slice(2);
  const count = Number(text);
  const { SandboxService } = load();
  const client = new SandboxService(url.replace(/^.*:\/\//, ''), grpc.credentials.createInsecure(), {
    'grpc.max_receive_message_length': -1,
  });
  const deadline = () => ({ deadline: Date.now() + 300000 });

  const call = (method, request) =>
    new Promise((resolve, reject) => {
      client[method](request, deadline(), (error, response) => (error ? reject(error) : resolve(response)));
    });
  const getMany = async (n) => {
    for (let i = 0; i < n; ++i) await call('GetSandbox', { sandbox_id: ID });
  };

  const exec = (command, input = 0) =>
    new Promise((resolve, reject) => {
      const stream = client.StreamExec(deadline());
      let bytes = 0;
      let last = '';
      stream.on('data', (message) => {
        if (message.output === undefined || message.output === null) return;
        bytes += message.output.data.length;
        if (message.output.data.length < 100) last = message.output.data.toString();
      });
      stream.on('error', reject);
      stream.on('end', () => resolve({ bytes, last }));
      stream.write({ init: { sandbox_id: ID, command } });
      let left = input;
      const frame = { stdin: Buffer.alloc(FRAME, 'x') };
      const more = () => {
        while (left > 0) {
          left -= FRAME;
          if (!stream.write(frame)) {
            stream.once('drain', more);
            return;
          }
        }
        if (input > 0) stream.write({ close: {} });
        stream.end();
      };
      more();
    });

  const hold = () => {
    const stream = client.StreamExec(deadline());
    const opened = new Promise((resolve) => stream.once('data', resolve));
    const ended = new Promise((resolve, reject) => {
      stream.on('end', resolve);
      stream.on('error', reject);
    });
    stream.write({ init: { sandbox_id: ID, command: ['hold'] } });
    return { stream, opened, ended };
  };

  const works = {
    unary: () => getMany(count),
    'unary-100': () => Promise.all(Array.from({ length: 100 }, () => getMany(count / 100))),
    read: async () => {
      for (let i = 0; i < count; ++i) {
        const { content } = await call('ReadFile', { path: String(FILE) });
        if (content.length !== FILE) throw new Error('short');
      }
    },
    exec: async () => {
      for (let i = 0; i < count; ++i) if ((await exec(['echo'])).bytes === 0) throw new Error('no output');
    },
    out: async () => {
      if ((await exec(['yes', String(count)])).bytes !== count) throw new Error('short');
    },
    in: async () => {
      if ((await exec(['wc'], count)).last !== String(count)) throw new Error('short');
    },
    many: async () => {
      const all = Array.from({ length: count }, hold);
      await Promise.all(all.map((each) => each.opened));
      for (const { stream } of all) {
        stream.write({ close: {} });
        stream.end();
      }
      await Promise.all(all.map((each) => each.ended));
    },
  };
  (async () => {
    await getMany(20);
    const print = measure();
    await works[work]();
    print(count);
    client.close();
  })().catch((error) => {
    console.error(error);
    process.exit(1);
  });
}

main();
