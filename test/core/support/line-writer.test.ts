import { execFile } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { errorCode } from '../../../core/support/errors.ts';
import { createLineWriter } from '../../../core/support/line-writer.ts';
import { temporaryFolder } from '../../support/hub.ts';

/** A named pipe, open at both ends: 64 KiB fit in before a writer would have to wait. */
async function pipe() {
  const path = join(await temporaryFolder(), 'pipe');
  await promisify(execFile)('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(path, constants.O_WRONLY);
  return { reader, writer };
}

/** What lies in the pipe now; nothing where it is empty. */
function readAll(fd: number): string {
  const buffer = Buffer.alloc(1 << 20);
  try {
    return buffer.toString('utf8', 0, readSync(fd, buffer));
  } catch (error) {
    if (errorCode(error) === 'EAGAIN') return '';
    throw error;
  }
}

it('writes lines in their order', async () => {
  const { reader, writer } = await pipe();
  const lines = createLineWriter(writer);
  for (const line of ['one\n', 'two\n', 'three\n']) lines.write(line);
  await lines.drained();
  expect(readAll(reader)).toBe('one\ntwo\nthree\n');
});

it('does not wait for a reader that stopped reading, and keeps no more than its bound', async () => {
  const { reader, writer } = await pipe();
  const lines = createLineWriter(writer, 100_000);
  const line = `${'x'.repeat(999)}\n`;
  for (let count = 0; count < 5000; count += 1) lines.write(line);
  let text = '';
  let isDone = false;
  const done = lines.drained().then(() => {
    isDone = true;
  });
  while (!isDone) {
    text += readAll(reader);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await done;
  text += readAll(reader);
  expect(text.length % 1000).toBe(0);
  expect(text.length).toBeLessThanOrEqual(102_000);
});

it('gives up when the reader has gone', async () => {
  const { reader, writer } = await pipe();
  closeSync(reader);
  const lines = createLineWriter(writer);
  lines.write('to nobody\n');
  await lines.drained();
  lines.write('to nobody\n');
  await expect(lines.drained()).resolves.toBeUndefined();
});
