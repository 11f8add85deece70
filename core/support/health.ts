import { statfs } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { errorText } from './errors.ts';
import type { Logger } from './log.ts';

/** How late the hub's own event loop runs, in ms, over the last whole period. */
export interface LoopLag {
  readonly meanMs: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

const PERIOD_MS = 10_000;
const RESOLUTION_MS = 20;
/** Above this the page stutters and keepalives are missed: worth a line in the log. */
const WORRYING_MS = 1000;

/** Watches the event loop. `now` answers what was measured, `stop` ends it. */
export function watchEventLoop(log: Logger): { now(): LoopLag; stop(): void } {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  // The histogram counts its own timer's period in.
  const late = (nanoseconds: number) => Math.max(0, Math.round(nanoseconds / 1e6) - RESOLUTION_MS);
  const read = (): LoopLag =>
    histogram.count === 0
      ? { meanMs: 0, p99Ms: 0, maxMs: 0 }
      : { meanMs: late(histogram.mean), p99Ms: late(histogram.percentile(99)), maxMs: late(histogram.max) };
  let last = read();
  const timer = setInterval(() => {
    last = read();
    histogram.reset();
    if (last.maxMs > WORRYING_MS) log.warn(`the hub did not answer for ${last.maxMs} ms`);
  }, PERIOD_MS);
  timer.unref();
  return {
    now: () => last,
    stop() {
      clearInterval(timer);
      histogram.disable();
    },
  };
}

const LOOK_EVERY_MS = 60_000;
/** Enough for SQLite's journals and the logs while somebody is on the way to make room. */
const LOW_BYTES = 500_000_000;

/** Calls back once each time the disk below `folder` gets low. */
export function watchDisk(folder: string, log: Logger, onLow: (freeBytes: number) => void): { stop(): void } {
  let low = false;
  const look = async () => {
    try {
      const { bavail, bsize } = await statfs(folder);
      const free = bavail * bsize;
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
