import type { Location } from 'cupboard/sdk';
import type { Observation, ObservationField } from '../observation.ts';

/** One entry of `services` in the config, defaults filled in. */
export interface ServiceSettings {
  readonly type: string;
  /** The topic level below `weather-upload/`. */
  readonly name: string;
  readonly id: string;
  readonly key: string;
  /** Seconds between records. */
  readonly interval: number;
  /** Replaces scheme, host and path; for `http` the whole template. */
  readonly url?: string;
}

/** What every service may need beside its settings and the observation. */
export interface Surroundings {
  /** Epoch ms. */
  readonly now: number;
  readonly location: Location | undefined;
  /** Sent as the software's name: `Cupboard/0.1.0`. */
  readonly software: string;
  readonly includeIndoor: boolean;
  readonly exactPosition: boolean;
}

/** What goes over the wire. */
export type Post =
  | { readonly kind: 'http'; readonly method: 'GET' | 'POST'; readonly url: string; readonly body?: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly lines: readonly string[] };

/** What came back. */
export interface Answer {
  /** HTTP status; 0 for a TCP service. */
  readonly status: number;
  readonly body: string;
  /** Seconds the service asked us to wait. */
  readonly retryAfter?: number;
}

/** What an answer means for the record that was posted. */
export type Verdict =
  | { readonly kind: 'stored' }
  /** This record will never be taken; the next one may. */
  | { readonly kind: 'skip'; readonly reason: string }
  /** The account is refused: stop, say so, look again in an hour. */
  | { readonly kind: 'refused'; readonly reason: string; readonly advice: string }
  /** Too often: this record is given up, the next waits. */
  | { readonly kind: 'throttled'; readonly reason: string; readonly retryAfter?: number }
  /** Keep the record and try again later. */
  | { readonly kind: 'retry'; readonly reason: string };

/** One upload service; everything in it is pure. */
export interface Service {
  readonly defaultInterval: number;
  /** Without one of these a record is not posted at all. */
  readonly essential: readonly ObservationField[];
  /** Oldest record in ms that the service takes; `Infinity` where it stores a record under its own time. */
  readonly oldest: number;
  /** What the settings lack, as advice to the user; `undefined` when it can run. */
  lacks(settings: ServiceSettings, around: Surroundings): string | undefined;
  compose(observation: Observation, settings: ServiceSettings, around: Surroundings): Post;
  judge(answer: Answer): Verdict;
}

/** The rules that most HTTP services share; a service judges its own bodies and codes first. */
export function judgeStatus({ status, retryAfter }: Answer): Verdict {
  if (status >= 200 && status < 300) return { kind: 'stored' };
  if (status === 401 || status === 403) return refused(`HTTP ${status}`);
  if (status === 429) {
    return { kind: 'throttled', reason: 'HTTP 429, too often', ...(retryAfter !== undefined && { retryAfter }) };
  }
  if (status >= 400 && status < 500 && status !== 408) return { kind: 'skip', reason: `HTTP ${status}` };
  return { kind: 'retry', reason: `HTTP ${status}` };
}

/** The verdict for an account that the service does not take. */
export function refused(reason: string): Verdict {
  return {
    kind: 'refused',
    reason,
    advice: 'check id and key in the account of the service; it is tried again every hour',
  };
}

/** Advice when `id` or `key` is empty. */
export function lacksAccount({ id, key }: ServiceSettings): string | undefined {
  if (id === '') return 'set id to the station id of the service';
  if (key === '') return 'set key to the station key of the service';
  return undefined;
}

/** `2026-11-22 18:00:00`, UTC, as Weather Underground and its relatives want it. */
export function dateUtc(time: number): string {
  return new Date(time).toISOString().slice(0, 19).replace('T', ' ');
}

/** A query string of the parameters that have a value, numbers in the decimals given with them. */
export function query(parameters: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(parameters)
    .filter((entry): entry is [string, string] => entry[1] !== undefined)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&');
}

/** `convert(value)` with fixed decimals, or nothing for a value that was not measured. */
export function fixed(
  value: number | undefined,
  decimals: number,
  convert: (value: number) => number = (same) => same,
): string | undefined {
  return value === undefined ? undefined : convert(value).toFixed(decimals);
}
