import type { LiveMessage } from '../mqtt/client.ts';

export interface TopicRow {
  readonly topic: string;
  text: string;
  /** Epoch ms at which it came here. */
  time: number;
  /** True while all we have is what the broker kept. */
  retained: boolean;
  count: number;
  bytes: number;
}

const MOST_TOPICS = 5000;
const LONGEST_TEXT = 20_000;
const decoder = new TextDecoder('utf-8', { fatal: true });

/** The last message of every topic that was seen, bounded: a flood of topics costs a counter, not the page. */
export class TopicTable {
  readonly #rows = new Map<string, TopicRow>();
  /** Messages of topics that found no place. */
  dropped = 0;
  received = 0;

  take({ topic, payload, retained }: LiveMessage, time: number): void {
    this.received += 1;
    const before = this.#rows.get(topic);
    if (payload.length === 0 && retained === false && before === undefined) return;
    if (!before && this.#rows.size >= MOST_TOPICS) {
      this.dropped += 1;
      return;
    }
    const row: TopicRow = before ?? { topic, text: '', time, retained, count: 0, bytes: 0 };
    Object.assign(row, { text: toText(payload), time, retained, bytes: payload.length, count: row.count + 1 });
    this.#rows.set(topic, row);
  }

  get size(): number {
    return this.#rows.size;
  }

  clear(): void {
    this.#rows.clear();
    this.dropped = 0;
    this.received = 0;
  }

  /** Rows whose topic or text contains `words`, by first level, topics in order. */
  groups(words: string): [string, TopicRow[]][] {
    const wanted = words.trim().toLowerCase();
    const groups = new Map<string, TopicRow[]>();
    for (const row of this.#rows.values()) {
      if (wanted && !row.topic.toLowerCase().includes(wanted) && !row.text.toLowerCase().includes(wanted)) continue;
      const root = row.topic.split('/', 1)[0] ?? '';
      const rows = groups.get(root);
      if (rows) rows.push(row);
      else groups.set(root, [row]);
    }
    for (const rows of groups.values()) rows.sort((a, b) => (a.topic < b.topic ? -1 : 1));
    return [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
  }
}

function toText(payload: Uint8Array): string {
  const shown = payload.subarray(0, LONGEST_TEXT);
  try {
    return decoder.decode(shown) + (payload.length > LONGEST_TEXT ? ' …' : '');
  } catch {
    // Not UTF-8: bytes are shown as bytes.
    return [...shown.subarray(0, 64)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  }
}

/** JSON laid out for reading; anything else as it is. */
export function prettyPayload(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? JSON.stringify(value, null, 2) : text;
  } catch {
    return text;
  }
}
