import type { HubMessage } from '../broker/contract.ts';
import type { Batch } from './protocol.ts';

/** Larger payloads are pictures and firmware, not readings. */
const MAX_PAYLOAD = 64 * 1024;
/** A batch is cut here so that the recorder's thread gets work while more comes in. */
const MAX_BATCH_MESSAGES = 2000;
const MAX_BATCH_BYTES = 1024 * 1024;
/** What waits while the recorder's thread is behind. Above it the newest are dropped, and counted. */
const MAX_WAITING_MESSAGES = 200_000;
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

interface Collected {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly time: number;
  readonly retained: boolean;
}

/** Messages that wait in the hub's thread to be handed to the recorder's. */
export class Collector {
  #waiting: Collected[] = [];
  #bytes = 0;
  /** Messages there was no room for. */
  dropped = 0;

  get size(): number {
    return this.#waiting.length;
  }
  /** Is there enough for a batch of its own. */
  get isFull(): boolean {
    return this.#waiting.length >= MAX_BATCH_MESSAGES || this.#bytes >= MAX_BATCH_BYTES;
  }

  add({ topic, payload, retained }: Pick<HubMessage, 'topic' | 'payload' | 'retained'>, time: number): void {
    if (!mayMatter(topic, payload)) return;
    if (this.#waiting.length >= MAX_WAITING_MESSAGES || this.#bytes >= MAX_WAITING_BYTES) {
      this.dropped += 1;
      return;
    }
    this.#waiting.push({ topic, payload, time, retained });
    this.#bytes += payload.length;
  }

  /** The oldest messages as one batch; they are no longer here then. */
  take(): Batch {
    let bytes = 0;
    let count = 0;
    for (const { payload } of this.#waiting) {
      if (count === MAX_BATCH_MESSAGES || bytes >= MAX_BATCH_BYTES) break;
      bytes += payload.length;
      count += 1;
    }
    const taken = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    this.#bytes -= bytes;
    return flatten(taken, bytes);
  }
}

/** A look at the first byte turns away most of what the recorder's thread would find nothing in. */
function mayMatter(topic: string, payload: Uint8Array): boolean {
  if (payload.length > MAX_PAYLOAD || topic.startsWith('hub/log/')) return false;
  const first = payload[0];
  // In the hub's tree an empty payload says that a plugin or a device is gone.
  if (first === undefined) return topic.startsWith('hub/');
  return MAY_BEGIN.has(first) || topic.includes('/event/');
}
const MAY_BEGIN = new Set(Buffer.from('{0123456789+-. \t\r\n'));

function flatten(messages: readonly Collected[], bytes: number): Batch {
  // An own buffer, not one of Node's pool: it is handed over to the other thread whole.
  const payloads = new Uint8Array(bytes);
  const ends: number[] = [];
  let end = 0;
  for (const { payload } of messages) {
    payloads.set(payload, end);
    end += payload.length;
    ends.push(end);
  }
  return {
    topics: messages.map(({ topic }) => topic),
    payloads,
    ends,
    times: messages.map(({ time }) => time),
    retained: messages.map(({ retained }) => retained),
  };
}
