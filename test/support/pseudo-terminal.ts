import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import { waitFor } from './hub.ts';

/** A serial line as socat makes it: a device node at one end, bytes counted and sent at the other. */
export interface FarEnd {
  /** Everything that came from the node so far. */
  readonly received: () => Buffer;
  send(bytes: string | Uint8Array): Promise<void>;
  /** kill -9 of socat: what pulling the plug does. */
  unplug(): Promise<void>;
}

/** Plugs in a pseudo-terminal under the name `link`, which goes with it. */
export async function plugIn(link: string): Promise<FarEnd> {
  rmSync(link, { force: true });
  // ignoreeof: a node that nobody has open is no end of the line.
  const socat: ChildProcess = spawn('socat', ['-', `pty,rawer,link=${link},ignoreeof`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(socat, 'exit');
  const parts: Buffer[] = [];
  socat.stdout?.on('data', (part: Buffer) => parts.push(part));
  // A write that meets the end of socat is the test's own doing.
  socat.stdin?.on('error', () => undefined);
  const unplug = async () => {
    socat.kill('SIGKILL');
    await exited;
    rmSync(link, { force: true });
  };
  onTestFinished(unplug);
  await waitFor(`the pseudo-terminal ${link}`, () => existsSync(link));
  return {
    received: () => Buffer.concat(parts),
    send: (bytes) =>
      new Promise((resolve, reject) => socat.stdin?.write(bytes, (error) => (error ? reject(error) : resolve()))),
    unplug,
  };
}
