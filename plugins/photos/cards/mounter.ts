import { execFile } from 'node:child_process';
import { mkdir, rmdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { errorText } from 'cupboard/sdk';
import { mountOptions, udisksOptions } from './mount-options.ts';
import type { Volume } from './volumes.ts';

const run = promisify(execFile);
const TIMEOUT_MS = 60_000;

/** A card that could not be mounted. */
export class MountError extends Error {
  constructor(
    /** `not_allowed`: the plugin may not mount at all; `mount_failed`: this card cannot be mounted. */
    readonly reason: 'not_allowed' | 'mount_failed',
    message: string,
  ) {
    super(message);
  }
}

/** A card that the plugin mounted. */
export interface Mounted {
  readonly point: string;
  readonly unmount: () => Promise<void>;
}

/** Mounts cards read-only, by itself as root, else by asking UDisks2. */
export interface Mounter {
  /** Counts the beginnings and ends of mounting and unmounting: what was looked at while it rose does not fit together. */
  readonly changes: number;
  /** @throws MountError */
  mount(volume: Volume): Promise<Mounted>;
  /** Unmounts what an earlier run of the plugin left mounted below its own folder. */
  unmount(point: string): Promise<void>;
}

/** @param folder where mount points are made; only used as root */
export function createMounter(folder: string, isRoot = process.getuid?.() === 0): Mounter {
  let changes = 0;
  const counted = async <T>(work: Promise<T>): Promise<T> => {
    changes += 1;
    return work.finally(() => {
      changes += 1;
    });
  };
  return {
    get changes() {
      return changes;
    },
    mount: async (volume) => {
      const { point, unmount } = await counted(isRoot ? mountAsRoot(volume, folder) : mountByUdisks(volume));
      return { point, unmount: () => counted(unmount()) };
    },
    unmount: (point) => counted(unmountAsRoot(point)),
  };
}

async function mountAsRoot(volume: Volume, folder: string): Promise<Mounted> {
  const point = join(folder, basename(volume.path));
  await mkdir(point, { recursive: true });
  try {
    await run('mount', ['-t', volume.type, '-o', mountOptions(volume.type), volume.path, point], {
      timeout: TIMEOUT_MS,
    });
  } catch (error) {
    await rmdir(point).catch(() => undefined); // another mount may lie there: that one stays
    throw new MountError('mount_failed', messageOf(error));
  }
  return { point, unmount: () => unmountAsRoot(point) };
}

async function unmountAsRoot(point: string): Promise<void> {
  // Whoever still looks at it keeps what was opened; the name goes at once, and the card is only read.
  await run('umount', [point], { timeout: TIMEOUT_MS }).catch(() => run('umount', ['--lazy', point]));
  await rmdir(point);
}

const UDISKS = 'org.freedesktop.UDisks2';
const BUSY_TRIES = 10;
const BUSY_WAIT_MS = 300;

async function mountByUdisks(volume: Volume): Promise<Mounted> {
  const options = ['a{sv}', '2', 'options', 's', udisksOptions(volume.type), 'auth.no_user_interaction', 'b', 'true'];
  for (let attempt = 1; ; attempt += 1) {
    try {
      const answer = await callUdisks(volume, 'Mount', options);
      const { data } = JSON.parse(answer) as { data: [point: string] };
      return { point: data[0], unmount: async () => void (await callUdisks(volume, 'Unmount', ['a{sv}', '0'])) };
    } catch (error) {
      const message = messageOf(error);
      // Udev and others still have it open for a moment after it came.
      if (!/busy/i.test(message) || attempt === BUSY_TRIES) throw new MountError(reasonOf(message), message);
    }
    await setTimeout(BUSY_WAIT_MS);
  }
}

async function callUdisks(volume: Volume, method: string, args: readonly string[]): Promise<string> {
  const object = `/org/freedesktop/UDisks2/block_devices/${objectName(basename(volume.path))}`;
  const call = [
    '--system',
    '--json=short',
    `--timeout=${TIMEOUT_MS / 1000}`,
    'call',
    UDISKS,
    object,
    `${UDISKS}.Filesystem`,
    method,
  ];
  return (await run('busctl', [...call, ...args])).stdout;
}

/** D-Bus object paths know letters, digits and the underscore; UDisks2 writes others as `_` and two hex digits. */
const objectName = (device: string) =>
  device.replace(/[^A-Za-z0-9]/g, (sign) => `_${sign.charCodeAt(0).toString(16).padStart(2, '0')}`);

/** No bus, no UDisks2 on it, no busctl, or nobody who grants it: then no card can be mounted. */
function reasonOf(message: string): MountError['reason'] {
  return /ENOENT|not provided|No such file|not authorized|connect|activat|Access denied|Permission/i.test(message)
    ? 'not_allowed'
    : 'mount_failed';
}

/** What the program said, rather than how it was called. */
function messageOf(error: unknown): string {
  const said = (error as { stderr?: string }).stderr?.trim();
  return said ? said.split('\n').join(' ') : errorText(error);
}
