import type { ConsoleIndex } from './index-store.ts';
import type { RawLog } from './raw-log.ts';
import type { Recorder } from './recorder.ts';

/** The recording of one console, also of one that is no longer configured. */
export interface Recording {
  readonly log: RawLog;
  readonly index: ConsoleIndex;
  /** While it is configured: what it hears and understands now. */
  readonly recorder: Recorder | undefined;
}
