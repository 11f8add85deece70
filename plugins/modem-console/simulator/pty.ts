import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Duplex, Readable, Writable } from 'node:stream';
import { errorCode, HubError } from 'cupboard/sdk';

/** The far end of a pseudo-terminal: what a device on a serial line sees of it. */
export interface Pty {
  /** The terminal that serial programs open: `/dev/pts/4`. */
  readonly path: string;
  write(bytes: Uint8Array): void;
  /** Bytes not yet taken by the terminal: nobody reads it. */
  readonly backlog: number;
  /** Hangs up: whoever has it open sees an adapter that was pulled out. */
  close(): Promise<void>;
}

/**
 * Node cannot open pseudo-terminals; `script` of util-linux can, and Debian has it on every machine (package bsdutils,
 * essential). The shell it runs tells the terminal's name through descriptor 3, then waits there for our end: nothing
 * is left behind, however this process ends. It keeps nothing open on the terminal, lest it look like somebody using it.
 */
const HOLDER = 'stty raw -echo && tty >&3 && exec cat <&3 >/dev/null 2>&1';

/**
 * Opens a raw pseudo-terminal that loses nothing and adds nothing.
 * @throws HubError `pty_missing` where `script` is not installed
 */
export async function openPty(onData: (bytes: Buffer) => void): Promise<Pty> {
  const child = spawn('script', ['-q', '-E', 'never', '-c', HOLDER, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'ignore', 'pipe'],
    // Its shell is to be the plain one: users' shells print things.
    env: { ...process.env, SHELL: '/bin/sh' },
  }) as ChildProcessByStdio<Writable, Readable, null>;
  const control = child.stdio[3] as Duplex;
  const path = await new Promise<string>((resolve, reject) => {
    control.once('data', (name: Buffer) => resolve(name.toString().trim()));
    child.once('exit', () => reject(new HubError('pty_missing', '`script` could not open a pseudo-terminal')));
    child.once('error', (error) =>
      reject(
        errorCode(error) === 'ENOENT'
          ? new HubError('pty_missing', '`script` is not installed: sudo apt-get install bsdutils', { cause: error })
          : error,
      ),
    );
  });
  child.stdout.on('data', onData);
  child.stdin.on('error', () => undefined); // hung up meanwhile: bytes on a cut wire
  control.on('error', () => undefined);
  const exited = once(child, 'exit');
  return {
    path,
    write: (bytes) => void child.stdin.write(bytes),
    get backlog() {
      return child.stdin.writableLength;
    },
    async close() {
      control.end();
      await exited;
    },
  };
}
