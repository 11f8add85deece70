import type { RecorderConfig } from '../../../core/config/contract.ts';
import type { Settings } from '../../../core/recorder/protocol.ts';
import type { LogEntry } from '../../../core/support/log.ts';
import { createLogger } from '../../../core/support/log.ts';

const config: RecorderConfig = {
  commit_seconds: 1,
  exclude: [],
  retention: [{ filter: '#', raw_days: 30, five_minute_days: 365, hour_days: null, day_days: null }],
  event_days: 365,
  max_bytes: 1024 ** 3,
  max_series: 5000,
};

/** What cupboard.yaml gives without a line in it, in a zone with daylight saving. */
export function settings(changes: Partial<RecorderConfig> = {}, timezone = 'Europe/Berlin'): Settings {
  return { recorder: { ...config, ...changes }, timezone };
}

/** A logger that keeps its lines. */
export function keepingLog() {
  const entries: LogEntry[] = [];
  return { log: createLogger('hub', (entry) => entries.push(entry)), entries };
}
