import type { BuildResult } from '../contract.ts';
import type { BuildStatus, ChangeStatus, JobStatus } from '../view.ts';
import { icons } from './icons.ts';

/** How the page colours a state; empty = not at all. */
export type Mood = 'good' | 'info' | 'warn' | 'bad' | '';

export interface Face {
  readonly mood: Mood;
  readonly text: string;
  readonly icon: (typeof icons)[keyof typeof icons];
}

/** What went wrong with the change is red, what went wrong around it amber. */
const RESULTS: Readonly<Record<BuildResult, Face>> = {
  SUCCESS: { mood: 'good', text: 'passed', icon: icons.check },
  FAILURE: { mood: 'bad', text: 'failed', icon: icons.cross },
  TIMED_OUT: { mood: 'bad', text: 'timed out', icon: icons.clock },
  MERGE_CONFLICT: { mood: 'bad', text: 'merge conflict', icon: icons.branch },
  CONFIG_ERROR: { mood: 'bad', text: 'configuration error', icon: icons.warning },
  POST_FAILURE: { mood: 'bad', text: 'publishing failed', icon: icons.cross },
  DISK_FULL: { mood: 'bad', text: 'disk full', icon: icons.warning },
  NODE_FAILURE: { mood: 'warn', text: 'node failed', icon: icons.warning },
  RETRY_LIMIT: { mood: 'warn', text: 'tried too often', icon: icons.again },
  ABORTED: { mood: '', text: 'stopped', icon: icons.stop },
  SKIPPED: { mood: '', text: 'skipped', icon: icons.skip },
};
export const RESULT_NAMES = Object.keys(RESULTS) as BuildResult[];

const STATES: Readonly<Record<JobStatus['state'], Face>> = {
  queued: { mood: '', text: 'queued', icon: icons.clock },
  waiting: { mood: '', text: 'waiting', icon: icons.clock },
  starting: { mood: 'info', text: 'starting', icon: icons.play },
  running: { mood: 'info', text: 'running', icon: icons.play },
  publishing: { mood: 'info', text: 'publishing', icon: icons.play },
  done: { mood: '', text: 'done', icon: icons.check },
};

export function faceOf({ state, result }: Pick<BuildStatus | JobStatus, 'state' | 'result'>): Face {
  return (result && RESULTS[result]) || STATES[state];
}

export const isUnderWay = (state: JobStatus['state']): boolean =>
  state === 'starting' || state === 'running' || state === 'publishing';

/** `lamp 12,3`, `lamp main`. */
export function changeName({ project, number, patchset, branch }: ChangeStatus): string {
  if (number === undefined) return `${project} ${branch}`;
  return `${project} ${number}${patchset === undefined ? '' : `,${patchset}`}`;
}

/** The same from a key such as `hub:lamp/12,3` or `hub:lamp/refs/heads/main@1f0c...`. */
export function keyName(key: string): string {
  const rest = key.slice(key.indexOf(':') + 1);
  const slash = rest.search(/\/(?:\d+(?:,\d+)?$|refs\/)/);
  if (slash < 0) return rest;
  const ref = rest.slice(slash + 1).replace(/^refs\/(heads|tags)\//, '');
  return `${rest.slice(0, slash)} ${ref.replace(/@([0-9a-f]{7})[0-9a-f]*$/, ' $1')}`;
}

/** The name in `Anna <anna@house.test>`. */
export const authorName = (author: string | undefined): string => author?.replace(/\s*<[^>]*>$/, '') ?? '';

/** `0:07`, `3:20`, `1:02:03`: as a stopwatch shows it. */
export function watchOf(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const two = (value: number) => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** `40 s`, `3 min`, `2 h 5 min`, `4 days`: as one says it. */
export function spanOf(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.round(hours / 24)} days`;
}

export function sizeOf(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB'];
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  const value = bytes / 1000 ** power;
  return `${value < 10 && power > 0 ? value.toFixed(1) : Math.round(value)} ${units[power]}`;
}

/** `23 Nov 2026, 14:14` where the house is. */
export const momentOf = (time: number, timezone: string): string =>
  new Intl.DateTimeFormat('en-GB', { timeZone: timezone, dateStyle: 'medium', timeStyle: 'short' }).format(time);
