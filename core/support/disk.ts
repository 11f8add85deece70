import { statfs } from 'node:fs/promises';
import { errorText } from './errors.ts';
import type { Logger } from './log.ts';

const LOOK_EVERY_MS = 60_000;
/** Enough for SQLite's journals and the logs while somebody is on the way to make room. */
export const LOW_BYTES = 500_000_000;

/** Calls back once each time the disk below `folder` gets low. */
export function watchDisk(folder: string, log: Logger, onLow: (freeBytes: number) => void): { stop(): void } {
  let low = false;
  const look = async () => {
    try {
      const free = await freeBytes(folder);
      if (free < LOW_BYTES && !low) onLow(free);
      low = free < LOW_BYTES;
    } catch (error) {
      log.warn(`cannot tell how full the disk of ${folder} is: ${errorText(error)}`);
    }
  };
  void look();
  const timer = setInterval(() => void look(), LOOK_EVERY_MS);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

/** What a program without root may still write there. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
