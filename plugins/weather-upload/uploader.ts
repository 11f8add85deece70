import { setTimeout as sleep } from 'node:timers/promises';
import { backoff, type CommandResult, errorText, type JsonObject, type Logger } from 'cupboard/sdk';
import { send } from './device.ts';
import { createCompleter, type Observation } from './observation.ts';
import { isDue, mayLeave, missingFields, nextToPost } from './plan.ts';
import type { Queue } from './queue.ts';
import type { Post, Service, ServiceSettings, Surroundings, Verdict } from './services/service.ts';

/** Between two records of the past: an outage of a day is made good in some minutes without a flood. */
const CATCH_UP_PAUSE_MS = 100;
const FIRST_RETRY_MS = 5_000;
const LONGEST_RETRY_MS = 10 * 60_000;
const REFUSED_RETRY_MS = 60 * 60_000;

/** `weather-upload/<name>` without its time. */
export interface UploadState {
  readonly state: 'ok' | 'queued' | 'retrying' | 'refused' | 'disabled' | 'simulated';
  readonly queued: number;
  /** Epoch ms; `null` before the first. */
  readonly last_success: number | null;
  readonly last_error: string | null;
  readonly advice: string | null;
}

export interface UploaderOptions {
  readonly service: Service;
  readonly settings: ServiceSettings;
  readonly queue: Queue;
  readonly around: () => Surroundings;
  /** In calm air send the last known direction. */
  readonly keepDirection: boolean;
  /** Records older than this many ms are given up; `Infinity` = none. */
  readonly catchUpMs: number;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly publish: (state: UploadState) => void;
}

export interface Uploader {
  readonly name: string;
  /** Takes a new observation: queues it when it is due. */
  take(observation: Observation): void;
  /** Posts the last observation once, outside the queue. */
  test(): Promise<CommandResult>;
  /** Posts what waits, until stopped. */
  run(): Promise<void>;
}

/** One service's uploader: `take` feeds its queue, `run` empties it. */
export function createUploader(options: UploaderOptions): Uploader {
  const { service, settings, queue, log, signal } = options;
  const complete = createCompleter();
  let latest: Observation | undefined;
  let trouble: Verdict | undefined;
  let note: string | undefined;
  let lastError: string | null = null;
  let wake: () => void = () => undefined;
  signal.addEventListener('abort', () => wake(), { once: true });

  const publish = () => options.publish(describe(queue, { trouble, lastError, note, latest }, options));
  const delays = { current: backoff(FIRST_RETRY_MS, LONGEST_RETRY_MS, 0.5) };

  const take = (observation: Observation) => {
    latest = complete(observation, options.keepDirection);
    if (!mayLeave(latest, settings) || service.lacks(settings, options.around()) !== undefined) return publish();
    if (!isDue(latest.time, queue.lastQueued(), settings.interval, options.around().now)) return;
    const missing = missingFields(latest, service);
    note = missing.length > 0 ? `not posted: ${missing.join(', ')} missing from the station` : undefined;
    if (missing.length === 0) {
      queue.add(latest);
      wake();
    }
    publish();
  };

  /** Applies the answer to the queue; answers how long to wait before the next post, in ms. */
  const settle = (observation: Observation, verdict: Verdict): number => {
    if (verdict.kind === 'stored') {
      queue.succeeded(observation.time);
      if (trouble !== undefined) log.info(`${settings.name}: works again, ${queue.size()} records waiting`);
      trouble = undefined;
      delays.current = backoff(FIRST_RETRY_MS, LONGEST_RETRY_MS, 0.5);
      return CATCH_UP_PAUSE_MS;
    }
    if (trouble?.kind !== verdict.kind || trouble.reason !== verdict.reason) {
      log.warn(`${settings.name}: ${verdict.kind}: ${verdict.reason}`);
    }
    trouble = verdict;
    lastError = masked(verdict.reason, settings);
    if (verdict.kind === 'skip' || verdict.kind === 'throttled') queue.remove(observation.time);
    if (verdict.kind === 'skip') return CATCH_UP_PAUSE_MS;
    if (verdict.kind === 'refused') return REFUSED_RETRY_MS;
    const asked = verdict.kind === 'throttled' ? (verdict.retryAfter ?? 0) * 1000 : 0;
    return Math.max(asked, delays.current.next().value);
  };

  const run = async () => {
    publish();
    while (!signal.aborted) {
      const around = options.around();
      queue.dropBefore(around.now - Math.min(service.oldest, options.catchUpMs));
      const next = nextToPost({ oldest: queue.oldest(), newest: queue.newest() }, around.now, settings.interval);
      if (next === undefined || service.lacks(settings, around) !== undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      const verdict = await post(service, service.compose(next, settings, around), signal);
      if (signal.aborted) return;
      const pause = settle(next, verdict);
      publish();
      await sleep(pause, undefined, { signal }).catch(() => undefined);
    }
  };

  const test = async (): Promise<CommandResult> => {
    const lacking = service.lacks(settings, options.around());
    if (lacking !== undefined) return { ok: false, error: lacking };
    if (latest === undefined) return { ok: false, error: 'no observation yet: is the source reporting?' };
    if (!mayLeave(latest, settings)) {
      return { ok: false, error: 'the data is simulated: it is posted only where url is set' };
    }
    const missing = missingFields(latest, service);
    if (missing.length > 0) return { ok: false, error: `missing from the station: ${missing.join(', ')}` };
    const request = service.compose(latest, settings, options.around());
    const sent = masked(shown(request), settings);
    try {
      const answer = await send(request, signal);
      const verdict = service.judge(answer);
      const result = {
        sent,
        status: answer.status,
        body: masked(answer.body.slice(0, 500), settings),
        verdict: verdict.kind,
      };
      return verdict.kind === 'stored' ? { ok: true, ...result } : { ok: false, error: verdict.reason, ...result };
    } catch (error) {
      return { ok: false, error: errorText(error), sent };
    }
  };
  return { name: settings.name, take, test, run };
}

/** Sends and judges; a service that cannot be reached is a reason to try again. */
async function post(service: Service, request: Post, signal: AbortSignal): Promise<Verdict> {
  try {
    return service.judge(await send(request, signal));
  } catch (error) {
    return { kind: 'retry', reason: errorText(error) };
  }
}

interface Course {
  readonly trouble: Verdict | undefined;
  readonly lastError: string | null;
  readonly note: string | undefined;
  readonly latest: Observation | undefined;
}

function describe(queue: Queue, course: Course, { service, settings, around }: UploaderOptions): UploadState {
  const { trouble, latest } = course;
  const known = { queued: queue.size(), last_success: queue.lastSuccess() ?? null, last_error: course.lastError };
  const lacking = service.lacks(settings, around());
  if (lacking !== undefined) return { state: 'disabled', ...known, advice: lacking };
  if (latest !== undefined && !mayLeave(latest, settings)) {
    return { state: 'simulated', ...known, advice: 'simulated data stays in the house unless url is set' };
  }
  if (trouble?.kind === 'refused') return { state: 'refused', ...known, advice: trouble.advice };
  if (trouble?.kind === 'retry' || trouble?.kind === 'throttled') {
    return {
      state: 'retrying',
      ...known,
      advice: 'nothing to do: records wait on disk and are sent when it works again',
    };
  }
  return { state: known.queued > 0 ? 'queued' : 'ok', ...known, advice: course.note ?? null };
}

function shown(request: Post): JsonObject {
  return request.kind === 'http'
    ? { method: request.method, url: request.url, ...(request.body !== undefined && { body: request.body }) }
    : { host: request.host, port: request.port, lines: request.lines };
}

/** The same with the key, plain or escaped, replaced by stars. */
function masked<T extends string | JsonObject>(value: T, { key }: ServiceSettings): T {
  // CWOP's usual passcode is -1 for everybody: no secret, and part of many numbers.
  if (key.length < 3) return value;
  const hide = (text: string) => text.replaceAll(encodeURIComponent(key), '***').replaceAll(key, '***');
  if (typeof value === 'string') return hide(value) as T;
  return JSON.parse(JSON.stringify(value, (_, part) => (typeof part === 'string' ? hide(part) : part))) as T;
}
