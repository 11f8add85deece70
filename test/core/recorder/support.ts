import { join } from 'node:path';
import Sqlite, { type Database } from 'better-sqlite3';
import { onTestFinished } from 'vitest';
import type { RecorderConfig } from '../../../core/config/contract.ts';
import { Archive } from '../../../core/recorder/archive.ts';
import type { Reading } from '../../../core/recorder/extract.ts';
import type { Settings } from '../../../core/recorder/protocol.ts';
import { createLogger, type LogEntry } from '../../../core/support/log.ts';
import { temporaryFolder } from '../../support/hub.ts';

/** A Monday in summer time, on the hour. */
export const NOON = Date.UTC(2026, 5, 1, 10);

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

export interface OpenArchive {
  readonly file: string;
  readonly archive: Archive;
  readonly lines: () => string[];
  /** Takes and commits readings. */
  record(...readings: Reading[]): void;
  /** Rows as a second program sees them. */
  rows<T>(sql: string): T[];
}

/** An archive in a file of its own, closed when the test ends. */
export async function openArchive(
  options: { settings?: Settings; file?: string; maxWaiting?: number } = {},
): Promise<OpenArchive> {
  const file = options.file ?? join(await temporaryFolder(), 'recorder.db');
  const { log, entries } = keepingLog();
  const archive = new Archive(file, options.settings ?? settings(), log, options.maxWaiting);
  onTestFinished(() => archive.close());
  return {
    file,
    archive,
    lines: () => entries.map(({ level, message }) => `${level} ${message}`),
    record(...readings) {
      archive.take({ readings, events: [] });
      archive.commit();
    },
    rows: (sql) => readRows(file, sql),
  };
}

export function readRows<T>(file: string, sql: string): T[] {
  const database: Database = new Sqlite(file, { readonly: true });
  try {
    return database.prepare<[], T>(sql).all();
  } finally {
    database.close();
  }
}

/** A reading that carries its own time. */
export function reading(series: string, time: number, value: number | string, more: Partial<Reading> = {}): Reading {
  return { series, topic: series, value, time, timed: true, retained: false, ...more };
}
