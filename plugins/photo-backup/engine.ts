import { setTimeout as sleep } from 'node:timers/promises';
import { Cron } from 'croner';
import { errorText, type Hub } from 'cupboard/sdk';
import type { Backup, Place } from './backup.ts';
import { followCatalogue } from './catalogue-follower.ts';
import type { Config } from './config.ts';
import { createReporter } from './report.ts';
import { Uploader } from './uploader.ts';

/** After events of photos that are no import: a caption is seldom written alone. */
const QUIET_SECONDS = 5;

/** The uploaders at work. */
export interface Engine {
  readonly uploaders: readonly Uploader[];
  /** Takes over what is new in the catalogue of photos; answers whether photos could be asked. */
  sync(): Promise<boolean>;
  /** Ends when the uploaders have. */
  readonly stopped: Promise<void>;
}

/**
 * Starts an uploader a target and wakes them when photos has something new, on schedule and at the start.
 * @param afterPass writes what belongs beside the photos of a target
 */
export async function startEngine(
  hub: Hub<Config>,
  backup: Backup,
  afterPass: (place: Place, signal: AbortSignal) => Promise<void>,
): Promise<Engine> {
  const { catalogue, hashes, archive } = backup;
  const { signal, log, timezone, config } = hub;
  const uploaders: Uploader[] = [];
  const report = createReporter(hub, backup, uploaders);
  for (const place of backup.places.values()) {
    const { name } = place.settings;
    uploaders.push(
      new Uploader({
        place,
        catalogue,
        hashes,
        archive,
        timezone,
        verifyDays: config.verify_days,
        log,
        signal,
        event: (event, data) => {
          hub.event(event, data).catch((error) => log.warn(`${event} not published: ${errorText(error)}`));
        },
        progress: (done, total, message) => hub.progress(name, done, total, message),
        changed: () => report.soon(),
        afterPass,
      }),
    );
  }

  const follower = await followCatalogue(hub, catalogue);
  const look = async () => {
    if (!(await follower.sync())) log.info('photos does not answer; going by what it said last');
    for (const uploader of uploaders) uploader.wake();
    report.soon();
  };
  const settled = afterQuiet(look, signal, (error) => log.error(errorText(error)));
  await hub.subscribe('photos/event/+', ({ topic }) =>
    settled(topic.endsWith('/import_finished') ? config.settle_seconds : QUIET_SECONDS),
  );
  await hub.subscribe('photos/status', ({ payload }) => {
    if (payload === 'online') settled(0);
  });
  try {
    const schedule = new Cron(config.schedule, { timezone, protect: true }, look);
    signal.addEventListener('abort', () => schedule.stop(), { once: true });
  } catch (error) {
    hub.waiting(`schedule: ${errorText(error)}`, 'Write it as cron does, such as 0 3 * * * for three at night.');
  }
  const running = Promise.all(uploaders.map((uploader) => uploader.run()));
  report.soon();
  return { uploaders, sync: follower.sync, stopped: running.then(() => undefined) };
}

/** Runs `task` once nothing was heard for the seconds given last; an earlier call with more seconds still counts. */
function afterQuiet(task: () => Promise<void>, signal: AbortSignal, failed: (error: unknown) => void) {
  let due = 0;
  let waiting = false;
  const wait = async () => {
    waiting = true;
    try {
      while (due > performance.now()) await sleep(due - performance.now(), undefined, { signal });
    } finally {
      waiting = false;
    }
    await task();
  };
  return (seconds: number): void => {
    due = Math.max(due, performance.now() + seconds * 1000);
    if (!waiting) {
      wait().catch((error) => {
        if (!signal.aborted) failed(error);
      });
    }
  };
}
