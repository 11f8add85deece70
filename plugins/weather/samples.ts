import type { Statement } from 'better-sqlite3';
import type { Store } from 'cupboard/sdk';
import type { Input } from './fields.ts';
import type { Flag } from './quality.ts';
import { HORIZON, type JudgedSample } from './station.ts';

/** The last day of readings on disk: what a restarted station begins with. */
export class SampleStore {
  readonly #store: Store;
  readonly #insert: Statement<[string, number, number | null, string | null, string]>;

  constructor(store: Store) {
    this.#store = store;
    this.#insert = store.prepare('INSERT OR REPLACE INTO sample VALUES (?, ?, ?, ?, ?)');
  }

  /** Which of these delivered last. */
  latestOrigin(origins: readonly string[]): string | undefined {
    const newest = this.#store
      .prepare<[string], number | null>('SELECT max(time) FROM sample WHERE origin = ?')
      .pluck();
    return origins
      .map((origin) => ({ origin, time: newest.get(origin) ?? undefined }))
      .filter(({ time }) => time !== undefined)
      .sort((a, b) => (b.time as number) - (a.time as number))[0]?.origin;
  }

  /** What `origin` delivered. A reading of another station would make a false step of rain. */
  load(origin: string): JudgedSample[] {
    return this.#store
      .prepare<[string], JudgedSample & { flag: Flag | null }>(
        'SELECT field, time, value, flag FROM sample WHERE origin = ? ORDER BY time',
      )
      .all(origin)
      .map((sample) => ({ ...sample, flag: sample.flag ?? undefined }));
  }

  keep(samples: readonly JudgedSample[], origin: string): void {
    this.#store.transaction(() => {
      for (const { field, time, value, flag } of samples) this.#insert.run(field, time, value, flag ?? null, origin);
    })();
  }

  /** As `Station.prune`: the newest reading before the horizon stays, as the baseline of what follows. */
  prune(inputs: readonly Input[], time: number): void {
    const drop = this.#store.prepare(
      'DELETE FROM sample WHERE field = :field AND time < (SELECT max(time) FROM sample WHERE field = :field AND time <= :horizon)',
    );
    for (const field of inputs) drop.run({ field, horizon: time - HORIZON });
  }

  forget(inputs: readonly Input[]): void {
    const drop = this.#store.prepare('DELETE FROM sample WHERE field = ?');
    for (const field of inputs) drop.run(field);
  }
}
