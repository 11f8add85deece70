import { execFile } from 'node:child_process';
import { constants, openSync } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';

/**
 * A pipe to run a program with. Node's own are sockets, and those cannot be opened again: in a job,
 * `echo text > /dev/stderr` would fail.
 */
export async function openPipe(path: string): Promise<{ readonly reader: Readable; readonly writer: number }> {
  await promisify(execFile)('mkfifo', ['-m', '600', path]);
  // Not waiting for a writer, which opens next; a file stream would keep a thread of the pool waiting for output.
  const reader = new Socket({ fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), readable: true });
  const writer = openSync(path, constants.O_WRONLY);
  await unlink(path);
  return { reader, writer };
}

/** What a stream says until it ends or a JSON object is complete. */
export async function firstText(stream: Readable): Promise<string> {
  let text = '';
  for await (const part of stream.setEncoding('utf8')) {
    text += part;
    if (text.includes('}')) break;
  }
  return text;
}
