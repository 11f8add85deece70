import type { RecorderConfig } from '../config/contract.ts';
import type { LogLevel } from '../support/log.ts';
import type { HistoryQuery, RecordedEvent, RecorderStats, SeriesInfo } from './contract.ts';
import type { FlatHistory } from './queries.ts';

/** What passes between the hub's thread (recorder.ts) and the thread that owns the database (worker.ts). */

/** How long the hub's thread collects messages before it hands them over. */
export const COLLECT_MS = 50;

export interface Settings {
  readonly recorder: RecorderConfig;
  readonly timezone: string;
}

export interface WorkerData extends Settings {
  readonly file: string;
}

/** Messages off the bus, laid flat so that handing them over costs the hub's thread little. */
export interface Batch {
  readonly topics: readonly string[];
  /** All payloads, one after the other. */
  readonly payloads: Uint8Array;
  /** Where each payload ends. */
  readonly ends: readonly number[];
  readonly times: readonly number[];
  readonly retained: readonly boolean[];
}

/** Stats as the recorder's thread knows them. */
export type ArchiveStats = Omit<RecorderStats, 'dropped'>;
export type EventsQuery = { from?: number; to?: number; filter?: string; limit?: number };

/** Questions and what they are answered with. */
export interface Questions {
  history: { ask: HistoryQuery; answer: FlatHistory };
  series: { ask: undefined; answer: readonly SeriesInfo[] };
  events: { ask: EventsQuery; answer: readonly RecordedEvent[] };
  flush: { ask: undefined; answer: undefined };
  close: { ask: undefined; answer: undefined };
}
export type Question = keyof Questions;

export type ToWorker =
  | { readonly kind: 'batch'; readonly batch: Batch }
  | { readonly kind: 'settings'; readonly settings: Settings }
  | { readonly kind: 'ask'; readonly id: number; readonly question: Question; readonly ask: unknown };

export type FromWorker =
  | { readonly kind: 'open' }
  | { readonly kind: 'log'; readonly level: LogLevel; readonly message: string }
  /** A batch was taken; the next may come. */
  | { readonly kind: 'taken' }
  | { readonly kind: 'stats'; readonly stats: ArchiveStats }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly code: string; readonly message: string };
