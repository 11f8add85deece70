import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { startConsole } from '../../../plugins/ci/console.ts';
import { LogStore } from '../../../plugins/ci/logs/store.ts';
import { temporaryFolder, waitFor } from '../../support/hub.ts';
import { testNeeding } from '../../support/prerequisites.ts';

const BUILD = 'c'.repeat(32);

async function consoleOf() {
  const logs = new LogStore({ folder: await temporaryFolder(), keepDays: 1, keepMb: 1, maxMb: 100 });
  const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  const server = await startConsole({ listen: '127.0.0.1:0', view: (id) => logs.view(id), log: quiet });
  onTestFinished(() => server.close());
  const ask = async (request: string) => {
    const socket = connect(server.port, '127.0.0.1');
    socket.end(request);
    return text(socket);
  };
  return { logs, server, ask };
}

test('serves a log from its first line on as it grows, and ends with it', async () => {
  const { logs, server } = await consoleOf();
  const log = await logs.open(BUILD);
  await log.writer.note('first');
  const socket = connect(server.port, '127.0.0.1');
  let got = '';
  socket.setEncoding('utf8').on('data', (part: string) => {
    got += part;
  });
  socket.write(BUILD.slice(0, 5));
  socket.write(`${BUILD.slice(5)}\r\n`);
  await waitFor('the first line', () => got.includes('[ci] first\n'));
  const ended = once(socket, 'end');
  await log.writer.note('second');
  await log.close();
  await ended;
  expect(got).toMatch(/^\S+ \S+ \| \[ci\] first\n\S+ \S+ \| \[ci\] second\n$/);
});

test('answers to no path and to no endless request', async () => {
  const { logs, ask, server } = await consoleOf();
  const log = await logs.open(BUILD);
  await log.close();
  for (const request of [`../${BUILD}\n`, `${BUILD}/../${BUILD}\n`, '/etc/passwd\n', '\n', 'none\n', `${BUILD}\0\n`]) {
    expect(await ask(request)).toBe('[ci] Log not found\n');
  }
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write('x'.repeat(5000));
  await once(socket, 'close');
});

test('goes on serving others when one takes nothing', async () => {
  const { logs, ask, server } = await consoleOf();
  const log = await logs.open(BUILD);
  for (let part = 0; part < 200; part++) await log.writer.write(Buffer.alloc(64 * 1024, 'x'));
  await log.close();
  const stalled = connect(server.port, '127.0.0.1');
  onTestFinished(() => void stalled.destroy());
  stalled.pause().write(`${BUILD}\n`);
  await once(stalled, 'connect');
  expect((await ask(`${BUILD}\n`)).length).toBeGreaterThan(200 * 64 * 1024);
});

testNeeding('busybox')('speaks with nc', async () => {
  const { logs, server } = await consoleOf();
  const log = await logs.open(BUILD);
  await log.writer.note('hello');
  await log.close();
  const { stdout } = await promisify(execFile)('sh', ['-c', `echo ${BUILD} | busybox nc 127.0.0.1 ${server.port}`]);
  expect(stdout).toContain('[ci] hello\n');
});
