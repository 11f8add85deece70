import { parentPort, workerData } from 'node:worker_threads';
import { errorCode, errorText, HubError } from '../support/errors.ts';
import type { Logger } from '../support/log.ts';
import { Archive } from './archive.ts';
import { Extractor } from './extract.ts';
import {
  type Batch,
  COLLECT_MS,
  type FromWorker,
  type Question,
  type Questions,
  type ToWorker,
  type WorkerData,
} from './protocol.ts';

/** The thread that owns recorder.db: takes messages in batches, commits in time, answers questions. */

const MAINTAIN_MS = 3_600_000;
/** After a failed commit. */
const RETRY_MS = 5000;

const port = parentPort;
if (!port) throw new Error('recorder-worker.js runs as a worker thread of the hub');
const send = (message: FromWorker) => port.postMessage(message);
const logAt = (level: keyof Logger) => (message: string) => send({ kind: 'log', level, message });
const log: Logger = { debug: logAt('debug'), info: logAt('info'), warn: logAt('warn'), error: logAt('error') };

const { file, ...initial } = workerData as WorkerData;
let settings = initial;
const extractor = new Extractor();
const archive = openArchive();
let commitTimer: NodeJS.Timeout | undefined;

const answers: { [Q in Question]: (ask: Questions[Q]['ask']) => Questions[Q]['answer'] } = {
  history: (query) => archive.history(query),
  series: () => archive.series(),
  events: (query) => archive.events(query),
  flush: commit,
  close: () => {
    try {
      commit();
    } finally {
      archive.close();
      clearInterval(maintenance);
      clearTimeout(commitTimer);
      // After the answer has gone; then nothing keeps the thread.
      setImmediate(() => port.close());
    }
  },
};

port.on('message', (message: ToWorker) => {
  if (message.kind === 'batch') {
    take(message.batch);
    send({ kind: 'taken' });
  } else if (message.kind === 'settings') {
    settings = message.settings;
    attempt(() => archive.configure(settings));
    attempt(() => archive.maintain());
    sendStats();
  } else {
    answer(message.id, message.question, message.ask);
  }
});
const maintenance = setInterval(() => attempt(() => archive.maintain()), MAINTAIN_MS);
send({ kind: 'open' });
sendStats();
attempt(() => archive.maintain());

function openArchive(): Archive {
  try {
    return new Archive(file, settings, log);
  } catch (error) {
    // An SqliteError does not survive the way to the other thread.
    throw new Error(`cannot open ${file}: ${errorText(error)}`);
  }
}

function take({ topics, payloads, ends, times, retained }: Batch): void {
  const bytes = Buffer.from(payloads.buffer, payloads.byteOffset, payloads.byteLength);
  let start = 0;
  for (const [index, topic] of topics.entries()) {
    const end = ends[index] ?? start;
    const payload = bytes.toString('utf8', start, end);
    start = end;
    archive.take(extractor.extract({ topic, payload, time: times[index] ?? 0, retained: retained[index] ?? false }));
  }
  if (archive.isFull && !archive.isBlocked) attempt(commit);
  else if (archive.waiting > 0) commitTimer ??= setTimeout(() => attempt(commit), commitDelay());
}

function sendStats(): void {
  send({ kind: 'stats', stats: archive.stats() });
}

/** What the hub's thread collected has waited there already. */
function commitDelay(): number {
  if (archive.isBlocked) return RETRY_MS;
  return Math.max(0, settings.recorder.commit_seconds * 1000 - 2 * COLLECT_MS);
}

function commit(): undefined {
  clearTimeout(commitTimer);
  commitTimer = undefined;
  try {
    archive.commit();
  } finally {
    sendStats();
    if (archive.waiting > 0) commitTimer = setTimeout(() => attempt(commit), RETRY_MS);
  }
}

function answer(id: number, question: Question, ask: unknown): void {
  try {
    const answered = (answers[question] as (ask: unknown) => unknown)(ask);
    send({ kind: 'answer', id, answer: answered });
  } catch (error) {
    send({ kind: 'failed', id, code: errorCode(error) ?? 'recorder_failed', message: errorText(error) });
  }
}

/** Work nobody waits for: what goes wrong is in the log, and the thread lives on. */
function attempt(work: () => void): void {
  try {
    work();
  } catch (error) {
    // A blocked archive says so itself, once.
    if (!(error instanceof HubError && error.code === 'recorder_blocked')) log.error(`recorder: ${errorText(error)}`);
  }
}
