import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ConfigFile } from '../config/contract.ts';
import { freeBytes, LOW_BYTES } from '../support/disk.ts';
import { errorText, HubError } from '../support/errors.ts';
import type { HubEvents } from '../support/events.ts';
import type { Logger } from '../support/log.ts';
import { distFile } from '../support/paths.ts';

/** Below the data directory: gone with it, so another disk's copy is still the owner's affair. */
const FOLDER = 'backups';
const NAME = /^cupboard-\d{4}-\d\d-\d\dT[\d-]+Z\.tar\.gz$/;
const DAY_MS = 24 * 3600 * 1000;
/** Not at once: whoever only tries something out, or restarts after a fault, has no use for a backup of that minute. */
const FIRST_LOOK_MS = 10 * 60 * 1000;
const LOOK_EVERY_MS = 3600 * 1000;

/** The automatic backups there are, newest first. */
export async function automaticBackups(dataDir: string): Promise<readonly string[]> {
  const folder = join(dataDir, FOLDER);
  if (!existsSync(folder)) return [];
  const names = (await readdir(folder)).filter((name) => NAME.test(name)).sort();
  return names.reverse().map((name) => join(folder, name));
}

/** When one was begun, from its name; epoch ms. */
export const timeOf = (file: string) =>
  Date.parse((file.match(/\d{4}-.*Z/)?.[0] ?? '').replace(/T(\d\d)-(\d\d)-(\d\d)/, 'T$1:$2:$3'));

export interface AutomaticParts {
  readonly dataDir: string;
  readonly config: ConfigFile;
  readonly log: Logger;
  readonly events: HubEvents;
}

/**
 * Writes a backup when the newest is a day old, and removes those beyond `backup.keep`. Another process does it, at the
 * lowest priority: compressing would stop the hub for seconds. What fails is said and tried again in an hour.
 */
export function startAutomaticBackups(parts: AutomaticParts): { stop(): void } {
  const { log, events } = parts;
  const look = () =>
    backUpDaily(parts).catch((error: unknown) => {
      log.error(`no automatic backup: ${errorText(error)}`);
      events('backup_failed', { reason: errorText(error) });
    });
  const first = setTimeout(look, FIRST_LOOK_MS).unref();
  const timer = setInterval(look, LOOK_EVERY_MS).unref();
  return {
    stop: () => {
      clearTimeout(first);
      clearInterval(timer);
    },
  };
}

/** @throws HubError `disk_low`, or what the backup said */
export async function backUpDaily(
  { dataDir, config, log, events }: AutomaticParts,
  now: () => number = Date.now,
): Promise<void> {
  const { keep, max_file_mb } = config.current.backup;
  const present = await automaticBackups(dataDir);
  const [newest] = present;
  // One from the future was made with a wrong clock: it does not count.
  if (keep === 0 || (newest !== undefined && Math.abs(now() - timeOf(newest)) < DAY_MS)) return;
  if ((await freeBytes(dataDir)) < LOW_BYTES) throw new HubError('disk_low', 'the disk is nearly full');
  await mkdir(join(dataDir, FOLDER), { recursive: true, mode: 0o700 });
  const stamp = new Date(now()).toISOString().replace(/\.\d+/, '').replaceAll(':', '-');
  const file = join(dataDir, FOLDER, `cupboard-${stamp}.tar.gz`);
  const args = [
    distFile('cupboard.js'),
    'backup',
    file,
    '--data',
    dataDir,
    '--max-file-mb',
    String(max_file_mb),
    '--json',
  ];
  const writing = promisify(execFile)(process.execPath, args);
  if (writing.child.pid !== undefined) setPriority(writing.child.pid, 19);
  const { bytes } = JSON.parse((await writing).stdout) as { bytes: number };
  log.info(`automatic backup written: ${file}`);
  events('backup_made', { file, bytes });
  for (const old of [file, ...present].sort().reverse().slice(keep)) await rm(old, { force: true });
}
