import type { ReportId } from './decode.ts';
import { type Console, DeviceError, type Evidence } from './device.ts';

/** Seconds after which the console has a new console report. */
const CONSOLE_SECONDS = 60;
/** A console that stays silent is asked less often after a while: some get worse by being asked. */
const SILENCES_BEFORE_SLOW = 10;
const SLOWER = 4;

export interface Clock {
  /** Epoch ms, for the readings. */
  time(): number;
  /** Ms that never jump, for the rhythm. */
  elapsed(): number;
  /** Ends early, without an error, when `signal` is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export interface PollOptions {
  readonly outdoorSeconds: number;
  /** After a failure. */
  readonly retrySeconds: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Asks a console for its reports in their rhythm, one transfer at a time, until `signal`. The console is opened for
 * each round and closed again: the form that survives most of what these consoles do.
 */
export async function* poll(
  open: () => Promise<Console>,
  { outdoorSeconds, retrySeconds, clock, signal }: PollOptions,
): AsyncGenerator<Evidence> {
  const due: Record<ReportId, number> = { 1: clock.elapsed(), 2: clock.elapsed() };
  const periods: Record<ReportId, number> = { 1: outdoorSeconds * 1000, 2: CONSOLE_SECONDS * 1000 };
  let silences = 0;
  while (!signal.aborted) {
    const now = clock.elapsed();
    const wanted = ([1, 2] as const).filter((report) => due[report] <= now);
    if (wanted.length === 0) {
      await clock.sleep(Math.min(due[1], due[2]) - now, signal);
      continue;
    }
    const round: Evidence[] = [];
    try {
      for await (const bytes of readReports(open, wanted)) round.push({ kind: 'report', time: clock.time(), bytes });
      silences = 0;
      for (const report of wanted) due[report] = nextDue(due[report], periods[report], now);
    } catch (error) {
      const { failure, message } = DeviceError.from(error);
      round.push({ kind: 'failure', time: clock.time(), failure, detail: message });
      silences = failure === 'silent' ? silences + 1 : 0;
      const pause = retrySeconds * (silences > SILENCES_BEFORE_SLOW ? SLOWER : 1);
      due[1] = due[2] = clock.elapsed() + pause * 1000;
    }
    yield* round;
  }
}

/** Keeps the rhythm; after a pause, of a sleeping machine say, nothing is made up for. */
function nextDue(due: number, period: number, now: number): number {
  return due + period > now ? due + period : now + period;
}

async function* readReports(open: () => Promise<Console>, wanted: readonly ReportId[]): AsyncGenerator<Uint8Array> {
  const console = await open();
  try {
    for (const report of wanted) yield await console.read(report);
  } finally {
    await console.close();
  }
}

export const SYSTEM_CLOCK: Clock = {
  time: Date.now,
  elapsed: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener('abort', done);
    }),
};
