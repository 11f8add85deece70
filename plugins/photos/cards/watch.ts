import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Logger } from 'cupboard/sdk';

/** Programs that print a line when a mount, or a block device or the medium in it, changes. */
const WATCHERS = [
  ['findmnt', '--poll', '--noheadings', '--output', 'ACTION,TARGET'],
  ['udevadm', 'monitor', '--udev', '--subsystem-match=block'],
] as const;

/** What changes when mounts and disks do: read instead where one of the programs is not there. */
const POLLED = ['/proc/self/mountinfo', '/proc/partitions'];
const POLL_MS = 1000;

/** findmnt's `umount /media/card`, and udevadm's `UDEV  [12.3] remove /devices/... (block)`. */
const isDeparture = (line: string) => /^umount |\] remove /.test(line);

/**
 * Calls `onDeparture` when a mount or disk has gone, `onChange` when one has come, changed, or may have done either;
 * until `signal` is aborted.
 */
export function watchDevices(
  { onChange, onDeparture }: { readonly onChange: () => void; readonly onDeparture: () => void },
  log: Logger,
  signal: AbortSignal,
): void {
  const onLine = (line: string) => (isDeparture(line) ? onDeparture() : onChange());

  let polls = false;
  for (const [program, ...args] of WATCHERS) {
    listen(program, args, onLine, signal).catch((error: Error) => {
      if (signal.aborted || polls) return;
      polls = true;
      log.info(`${error.message}: looking for cards every second instead`);
      poll(onChange, signal);
    });
  }
}

/** Rejects when the program cannot be started or ends. */
function listen(
  program: string,
  args: readonly string[],
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<never> {
  return new Promise((_, reject) => {
    // It sleeps until something changes, so only the kernel can end it in time when this process is killed.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, ...args], {
      stdio: ['ignore', 'pipe', 'ignore'],
      signal,
      killSignal: 'SIGKILL',
    });
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`${program} ended with ${code}`)));
    createInterface({ input: child.stdout }).on('line', onLine);
  });
}

function poll(onChange: () => void, signal: AbortSignal): void {
  let last: string | undefined;
  const timer = setInterval(async () => {
    const now = await Promise.all(POLLED.map((file) => readFile(file, 'utf8').catch(() => '')));
    const text = now.join('\n');
    if (last !== undefined && text !== last) onChange();
    last = text;
  }, POLL_MS);
  signal.addEventListener('abort', () => clearInterval(timer));
}
