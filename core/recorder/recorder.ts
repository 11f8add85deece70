import { Worker } from 'node:worker_threads';
import type { Broker } from '../broker/contract.ts';
import type { RecorderConfig } from '../config/contract.ts';
import { errorText, HubError } from '../support/errors.ts';
import type { Logger } from '../support/log.ts';
import { distFile } from '../support/paths.ts';
import { backoff } from '../support/retry.ts';
import { Collector } from './collector.ts';
import type { Recorder, RecorderStats, SeriesHistory } from './contract.ts';
import {
  type ArchiveStats,
  COLLECT_MS,
  type FromWorker,
  type Question,
  type Questions,
  type Settings,
  type ToWorker,
  type WorkerData,
} from './protocol.ts';
import type { FlatHistory } from './queries.ts';

/** Batches the worker may have before it; more wait in the collector, whose size is bounded. */
const MAX_BATCHES_AHEAD = 4;
const CLOSE_TIMEOUT_MS = 8000;

export interface RecorderParts {
  /** Path of recorder.db. */
  readonly file: string;
  readonly config: () => RecorderConfig;
  /** IANA name of the zone whose days are counted. */
  readonly timezone: () => string;
  readonly broker: Pick<Broker, 'subscribe' | 'retained'>;
  readonly log: Logger;
}

/** The recorder as the hub's thread sees it: it listens, hands over and asks; the worker thread does the work. */
export function createRecorder(parts: RecorderParts): Recorder {
  return new ThreadedRecorder(parts);
}

interface Asked {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

class ThreadedRecorder implements Recorder {
  readonly #parts: RecorderParts;
  readonly #collector = new Collector();
  readonly #asked = new Map<number, Asked>();
  #lastQuestion = 0;
  /** Set while the database is open. */
  #worker: Worker | undefined;
  #batchesAhead = 0;
  #handOver: NodeJS.Timeout | undefined;
  #restart: NodeJS.Timeout | undefined;
  #delays = restartDelays();
  #unsubscribe: (() => void) | undefined;
  #stopping = false;
  #reportedDrops = 0;
  #stats: ArchiveStats = { series: 0, waiting: 0, written: 0, bytes: 0, refused: 0 };

  constructor(parts: RecorderParts) {
    this.#parts = parts;
  }

  /** Resolves also where the database could not be opened: the hub runs, the problem is shown, and it is tried again. */
  async start(): Promise<void> {
    await this.#startWorker();
    this.#unsubscribe = await this.#parts.broker.subscribe('#', (message) => {
      this.#collector.add(message, Date.now());
      if (this.#collector.isFull) this.#send();
      else this.#handOver ??= setTimeout(() => this.#send(), COLLECT_MS);
    });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#unsubscribe?.();
    clearTimeout(this.#handOver);
    clearTimeout(this.#restart);
    const worker = this.#worker;
    if (!worker) return;
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    const timeout = setTimeout(() => void worker.terminate(), CLOSE_TIMEOUT_MS);
    this.#sendAll();
    await this.#ask('close', undefined).catch((error) => this.#parts.log.error(`recorder: ${errorText(error)}`));
    await ended;
    clearTimeout(timeout);
  }

  async history(query: Questions['history']['ask']): Promise<SeriesHistory> {
    return unfold(await this.#ask('history', query));
  }

  series(): Promise<Questions['series']['answer']> {
    return this.#ask('series', undefined);
  }

  events(query: Questions['events']['ask']): Promise<Questions['events']['answer']> {
    return this.#ask('events', query);
  }

  async flush(): Promise<void> {
    this.#sendAll();
    await this.#ask('flush', undefined);
  }

  reconfigure(): void {
    this.#post({ kind: 'settings', settings: this.#settings() });
  }

  stats(): RecorderStats {
    const waiting = this.#stats.waiting + this.#collector.size;
    const { dropped } = this.#collector;
    return { ...this.#stats, waiting, ...(dropped > 0 ? { dropped } : {}) };
  }

  #settings(): Settings {
    return { recorder: this.#parts.config(), timezone: this.#parts.timezone() };
  }

  /** Resolves when the worker has the database open, or has ended without. */
  #startWorker(): Promise<void> {
    const workerData: WorkerData = { file: this.#parts.file, ...this.#settings() };
    const worker = new Worker(distFile('recorder-worker.js'), {
      workerData,
      name: 'recorder',
      // After a burst the thread keeps what its young generation grew to; smaller, it is as fast and 25 MB lighter.
      resourceLimits: { maxYoungGenerationSizeMb: 8 },
    });
    return new Promise((resolve) => {
      worker.on('message', (message: FromWorker) => {
        if (message.kind === 'open') {
          this.#opened(worker);
          resolve();
        } else {
          this.#receive(message);
        }
      });
      worker.on('error', (error) => {
        this.#stats = { ...this.#stats, problem: errorText(error) };
        this.#parts.log.error(`recorder: its thread failed: ${errorText(error)}`);
      });
      worker.on('exit', () => {
        resolve();
        this.#ended();
      });
    });
  }

  #opened(worker: Worker): void {
    if (this.#stopping) {
      void worker.terminate();
      return;
    }
    this.#worker = worker;
    this.#batchesAhead = 0;
    this.#delays = restartDelays();
    this.#learn();
    this.#send();
  }

  /** A new worker knows no plugins and devices; the retained descriptions tell it before the first reading does. */
  #learn(): void {
    const learned = new Collector();
    for (const filter of ['hub/plugins/+', 'hub/devices/+/+']) {
      for (const { topic, payload, time } of this.#parts.broker.retained(filter)) {
        learned.add({ topic, payload, retained: true }, time);
      }
    }
    while (learned.size > 0) this.#postBatch(learned);
  }

  #ended(): void {
    this.#worker = undefined;
    for (const { reject } of this.#asked.values()) reject(notRunning());
    this.#asked.clear();
    if (this.#stopping) return;
    this.#restart = setTimeout(() => void this.#startWorker(), this.#delays.next().value);
  }

  #receive(message: Exclude<FromWorker, { kind: 'open' }>): void {
    if (message.kind === 'taken') {
      this.#batchesAhead -= 1;
      if (!this.#handOver) this.#send();
    } else if (message.kind === 'stats') {
      this.#stats = message.stats;
    } else if (message.kind === 'log') {
      this.#parts.log[message.level](message.message);
    } else {
      const asked = this.#asked.get(message.id);
      this.#asked.delete(message.id);
      if (message.kind === 'answer') asked?.resolve(message.answer);
      else asked?.reject(new HubError(message.code, message.message));
    }
  }

  /** Hands over what was collected, as far as the worker keeps up. */
  #send(): void {
    clearTimeout(this.#handOver);
    this.#handOver = undefined;
    if (!this.#worker) return;
    while (this.#collector.size > 0 && this.#batchesAhead < MAX_BATCHES_AHEAD) this.#postBatch(this.#collector);
    if (this.#collector.size === 0) this.#reportDrops();
  }

  #sendAll(): void {
    while (this.#worker && this.#collector.size > 0) this.#postBatch(this.#collector);
  }

  #postBatch(from: Collector): void {
    const batch = from.take();
    this.#batchesAhead += 1;
    this.#post({ kind: 'batch', batch }, [batch.payloads.buffer as ArrayBuffer]);
  }

  /** Once it has caught up: while it is behind there is no time for log lines. */
  #reportDrops(): void {
    const dropped = this.#collector.dropped - this.#reportedDrops;
    if (dropped === 0) return;
    this.#reportedDrops = this.#collector.dropped;
    this.#parts.log.warn(`recorder: could not keep up, ${dropped} messages were not recorded`);
  }

  #ask<Q extends Question>(question: Q, ask: Questions[Q]['ask']): Promise<Questions[Q]['answer']> {
    if (!this.#worker) return Promise.reject(notRunning());
    this.#lastQuestion += 1;
    const id = this.#lastQuestion;
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve: (answer) => resolve(answer as Questions[Q]['answer']), reject });
      this.#post({ kind: 'ask', id, question, ask });
    });
  }

  #post(message: ToWorker, transfer: ArrayBuffer[] = []): void {
    this.#worker?.postMessage(message, transfer);
  }
}

const restartDelays = () => backoff(1000, 60_000);
const notRunning = () => new HubError('recorder_not_running', 'the recorder is not running');

function unfold({ series, unit, resolution, points, texts }: FlatHistory): SeriesHistory {
  const value = (index: number) => {
    const found = points[index];
    return found === undefined || Number.isNaN(found) ? null : found;
  };
  return {
    series,
    ...(unit === null ? {} : { unit }),
    resolution,
    points: Array.from({ length: points.length / 4 }, (_, row) => {
      const at = row * 4;
      return [points[at] ?? 0, value(at + 1), value(at + 2), value(at + 3)] as const;
    }),
    ...(texts.length > 0 ? { texts } : {}),
  };
}
