import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createPing } from '../../../plugins/ipv6-watchdog/ping.ts';
import { createRun, type Ended, quoted } from '../../../plugins/ipv6-watchdog/run.ts';
import { temporaryFolder, waitFor } from '../../support/hub.ts';

const run = createRun();
const signal = new AbortController().signal;

describe('running a program', () => {
  test('answers output and status, in the C locale', async () => {
    expect(await run(['sh', '-c', 'echo $LC_ALL; echo no >&2; exit 3'], { timeoutMs: 5000 })).toEqual({
      code: 3,
      stdout: 'C\n',
      stderr: 'no\n',
    });
  });

  test('a program that is not there is missing, not an error', async () => {
    expect(await run(['no-such-program-here'], { timeoutMs: 5000 })).toMatchObject({ failure: 'missing' });
  });

  test('one that hangs is ended with all it started, although it ignores SIGTERM', async () => {
    const folder = await temporaryFolder();
    const pidFile = join(folder, 'pid');
    const script = `trap '' TERM; sleep 1000 & echo $! > ${quoted(pidFile)}; wait; wait`;
    const ended = await run(['sh', '-c', script], { timeoutMs: 700 });
    expect(ended).toMatchObject({ failure: 'timed_out' });
    expect(ended.code).toBeUndefined();
    const child = readFileSync(pidFile, 'utf8').trim();
    await waitFor('the grandchild to be gone', () => !isRunning(child));
  });

  test('a daemon that keeps the output open does not hold up the answer', async () => {
    const started = performance.now();
    const { code, stdout } = await run(['sh', '-c', 'echo up; sleep 20 & echo $!'], { timeoutMs: 15_000 });
    expect(code).toBe(0);
    expect(performance.now() - started).toBeLessThan(15_000);
    const pid = stdout.split('\n')[1] as string;
    expect(isRunning(pid)).toBe(true);
    process.kill(Number(pid));
  });

  test('behind a prefix every argument arrives as it was', async () => {
    const behind = createRun(['sh', '-c', 'eval "$*"', 'sh']);
    const { stdout } = await behind(['printf', '%s|', `it's`, 'a b', '$HOME', '*'], { timeoutMs: 5000 });
    expect(stdout).toBe(`it's|a b|$HOME|*|`);
  });
});

describe('ping', () => {
  const options = { family: 6, link: 'sixxs', count: 3, signal } as const;
  const answering = (answers: (argv: readonly string[]) => Ended) => {
    const calls: string[] = [];
    const ping = createPing(async (argv) => {
      calls.push(argv.join(' '));
      return answers(argv);
    });
    return { ping, calls };
  };

  test('finds the dialect that is understood and keeps to it', async () => {
    const { ping, calls } = answering((argv) =>
      argv.includes('-n')
        ? { code: 1, stdout: '', stderr: "ping: invalid option -- 'n'\nBusyBox v1.35.0" }
        : { code: 0, stdout: '3 packets transmitted, 3 packets received, 0% packet loss\n', stderr: '' },
    );
    expect(await ping('2001:db8::1', options)).toMatchObject({ received: 3 });
    expect(await ping('2001:db8::1', options)).toMatchObject({ received: 3 });
    expect(calls).toEqual([
      'ping -6 -n -q -c 3 -i 0.2 -W 1 -I sixxs 2001:db8::1',
      'ping -6 -q -c 3 -W 1 -I sixxs 2001:db8::1',
      'ping -6 -q -c 3 -W 1 -I sixxs 2001:db8::1',
    ]);
  });

  test('without the program or the permission says so instead of calling the line dead', async () => {
    expect(await answering(() => ({ stdout: '', stderr: '', failure: 'missing' })).ping('::1', options)).toEqual({
      cannot: 'ping is not installed',
    });
    const denied = { code: 2, stdout: '', stderr: 'ping: socket: Operation not permitted' };
    expect(await answering(() => denied).ping('::1', options)).toEqual({ cannot: 'ping is not permitted' });
  });

  test('the real BusyBox is understood, where there is one', async ({ skip }) => {
    try {
      execFileSync('busybox', ['ping', '-c', '1', '-W', '1', '127.0.0.1']);
    } catch {
      skip('no busybox that may ping');
    }
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'ping'), '#!/bin/sh\nexec busybox ping "$@"\n', { mode: 0o755 });
    const busybox = createPing((argv, given) => run(['env', `PATH=${folder}:${process.env['PATH']}`, ...argv], given));
    expect(await busybox('127.0.0.1', { family: 4, count: 1, signal })).toMatchObject({ received: 1, loss: 0 });
  });
});

function isRunning(pid: string): boolean {
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch {
    return false;
  }
}
