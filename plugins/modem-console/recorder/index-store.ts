import type { Store } from 'cupboard/sdk';
import type { Boot } from '../decode/boot.ts';
import type { Line } from '../lines.ts';

export interface TimedLine extends Line {
  /** When its end came, epoch ms. */
  readonly time: number;
}

/** A boot as the recording knows it. */
export interface RecordedBoot {
  /** Unique over all consoles. */
  readonly id: number;
  readonly console: string;
  /** Of its first line, epoch ms. */
  readonly time: number;
  /** Of its login or console prompt, epoch ms; `null` = none seen. */
  readonly finished: number | null;
  /** Of its first line. */
  readonly offset: number;
  readonly boot: Boot;
}

/** What one write of the index brings. */
export interface IndexBatch {
  readonly marks: readonly { readonly offset: number; readonly time: number }[];
  readonly lines: readonly TimedLine[];
  readonly boots: readonly Omit<RecordedBoot, 'console'>[];
  /** Local dates of the boots that started. */
  readonly days: readonly string[];
  /** Every line before this offset is in the index. */
  readonly indexed: number;
}

interface BootRow {
  readonly id: number;
  readonly console: string;
  readonly time: number;
  readonly finished: number | null;
  readonly offset: number;
  readonly boot: string;
}

const BOOT_COLUMNS = 'boot.id, console.name AS console, boot.time, boot.finished, boot.offset, boot.boot';
const readBoot = (row: unknown): RecordedBoot => {
  const stored = row as BootRow;
  return { ...stored, boot: JSON.parse(stored.boot) as Boot };
};

/** Bits of an offset in a line's id: 8 TB of one console. */
const OFFSET_BITS = 43;
const OFFSETS = 2 ** OFFSET_BITS;

/** The index of one console's recording in the plugin's database. */
export class ConsoleIndex {
  readonly #id: number;
  /** The id a line at offset 0 has. */
  readonly #firstLine: number;
  readonly write: (batch: IndexBatch) => void;

  constructor(
    private readonly store: Store,
    readonly name: string,
    private readonly keepBoots: number,
  ) {
    store.prepare('INSERT OR IGNORE INTO console (name) VALUES (?)').run(name);
    this.#id = store.prepare('SELECT id FROM console WHERE name = ?').pluck().get(name) as number;
    this.#firstLine = this.#id * OFFSETS;
    this.write = this.#prepareWrite();
  }

  /** Every line before this offset is in the index. */
  indexed(): number {
    return this.store.prepare('SELECT indexed FROM console WHERE id = ?').pluck().get(this.#id) as number;
  }

  lastBoot(): RecordedBoot | undefined {
    return recordedBoots(this.store, { console: this.name, limit: 1 })[0];
  }

  /** Boots counted on a local date, `2026-11-22`. */
  bootsOn(date: string): number {
    const sql = 'SELECT boots FROM day WHERE console = ? AND date = ?';
    return (this.store.prepare(sql).pluck().get(this.#id, date) as number | undefined) ?? 0;
  }

  /** When the line that starts at an offset came; `undefined` where none does. */
  lineTime(offset: number): number | undefined {
    const sql = 'SELECT time FROM line WHERE id = ?';
    return this.store
      .prepare(sql)
      .pluck()
      .get(this.#firstLine + offset) as number | undefined;
  }

  /** About when the byte at an offset came; `undefined` before the first mark. */
  timeAt(offset: number): number | undefined {
    const sql = 'SELECT time FROM mark WHERE console = ? AND offset <= ? ORDER BY offset DESC LIMIT 1';
    return this.store.prepare(sql).pluck().get(this.#id, offset) as number | undefined;
  }

  /** Offset of the first line that came at or after a time; `undefined` where none did. */
  offsetAt(time: number): number | undefined {
    // The mark before it bounds the search: lines have no index by time.
    const mark = 'SELECT max(offset) FROM mark WHERE console = ? AND time < ?';
    const from = (this.store.prepare(mark).pluck().get(this.#id, time) as number | null) ?? 0;
    const line = 'SELECT id FROM line WHERE id >= ? AND id < ? AND time >= ? ORDER BY id LIMIT 1';
    const bounds = [this.#firstLine + from, this.#firstLine + OFFSETS];
    const id = this.store
      .prepare(line)
      .pluck()
      .get(...bounds, time) as number | undefined;
    return id === undefined ? undefined : id - this.#firstLine;
  }

  /** Forgets the lines and marks of bytes that are not kept any more. */
  forgetBefore(offset: number): void {
    const old = 'FROM line WHERE id >= ? AND id < ?';
    const bounds = [this.#firstLine, this.#firstLine + offset];
    this.store.transaction(() => {
      this.store.prepare(`DELETE FROM line_text WHERE rowid IN (SELECT id ${old})`).run(...bounds);
      this.store.prepare(`DELETE ${old}`).run(...bounds);
      this.store.prepare('DELETE FROM mark WHERE console = ? AND offset < ?').run(this.#id, offset);
    })();
  }

  #prepareWrite(): (batch: IndexBatch) => void {
    const { store } = this;
    const id = this.#id;
    const addMark = store.prepare('INSERT OR REPLACE INTO mark (console, offset, time) VALUES (?, ?, ?)');
    const addLine = store.prepare('INSERT OR IGNORE INTO line (id, length, time) VALUES (?, ?, ?)');
    const addText = store.prepare('INSERT INTO line_text (rowid, text) VALUES (?, ?)');
    const putBoot = store.prepare(
      `INSERT INTO boot (id, console, time, finished, offset, boot) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET finished = excluded.finished, boot = excluded.boot`,
    );
    const countBoot = store.prepare(
      'INSERT INTO day (console, date, boots) VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET boots = boots + 1',
    );
    const forgetBoots = store.prepare(
      `DELETE FROM boot WHERE console = ? AND id <=
         (SELECT id FROM boot WHERE console = ? ORDER BY id DESC LIMIT 1 OFFSET ?)`,
    );
    const advance = store.prepare('UPDATE console SET indexed = ? WHERE id = ?');
    return store.transaction(({ marks, lines, boots, days, indexed }: IndexBatch) => {
      for (const { offset, time } of marks) addMark.run(id, offset, time);
      for (const line of lines) {
        if (line.text === '') continue;
        const { changes, lastInsertRowid } = addLine.run(this.#firstLine + line.offset, line.length, line.time);
        // As a bigint, for a number beyond 32 bits is bound as REAL, which is no rowid.
        if (changes > 0) addText.run(BigInt(lastInsertRowid), line.text);
      }
      for (const { id: boot, time, finished, offset, boot: decoded } of boots) {
        putBoot.run(boot, id, time, finished, offset, JSON.stringify(decoded));
      }
      for (const date of days) countBoot.run(id, date);
      if (days.length > 0) forgetBoots.run(id, id, this.keepBoots);
      advance.run(indexed, id);
    });
  }
}

/** SQL of a line's console id and of its offset. */
export const LINE_CONSOLE = `(line.id >> ${OFFSET_BITS})`;
export const LINE_OFFSET = `(line.id & ${OFFSETS - 1})`;

/** The highest number a boot has. */
export function lastBootId(store: Store): number {
  return (store.prepare('SELECT max(id) FROM boot').pluck().get() as number | null) ?? 0;
}

/** Boots, newest first. */
export function recordedBoots(
  store: Store,
  { console, limit }: { readonly console?: string; readonly limit: number },
): RecordedBoot[] {
  const where = console === undefined ? '' : 'WHERE console.name = @console';
  const sql = `SELECT ${BOOT_COLUMNS} FROM boot JOIN console ON console.id = boot.console ${where} ORDER BY boot.id DESC LIMIT @limit`;
  return store
    .prepare(sql)
    .all({ limit, ...(console !== undefined && { console }) })
    .map(readBoot);
}

/** The boot with this id, and the offset where the next boot of its console starts. */
export function findBoot(store: Store, id: number): (RecordedBoot & { readonly end: number | undefined }) | undefined {
  const sql = `SELECT ${BOOT_COLUMNS} FROM boot JOIN console ON console.id = boot.console WHERE boot.id = ?`;
  const row = store.prepare(sql).get(id);
  if (row === undefined) return undefined;
  const next = 'SELECT min(offset) FROM boot WHERE console = (SELECT console FROM boot WHERE id = ?) AND id > ?';
  const end = store.prepare(next).pluck().get(id, id) as number | null;
  return { ...readBoot(row), end: end ?? undefined };
}

/** Every console that was ever recorded. */
export function consoleNames(store: Store): string[] {
  return store.prepare('SELECT name FROM console ORDER BY name').pluck().all() as string[];
}
