import type { Database, Statement, Transaction } from 'better-sqlite3';
import type { RecordedEvent } from './contract.ts';
import type { Days } from './days.ts';
import { RollUps } from './rollups.ts';
import { toThousandths } from './schema.ts';
import type { Pending, Series } from './series.ts';

/** Writes readings, their roll-ups and events: a batch is one transaction. */
export class Writer {
  readonly #rollUps: RollUps;
  readonly #saveSeries: Statement;
  readonly #insertThousandths: Statement;
  readonly #insertReal: Statement;
  readonly #insertText: Statement;
  readonly #insertEvent: Statement;
  readonly #write: Transaction<(readings: readonly Pending[], events: readonly RecordedEvent[]) => Series[]>;

  constructor(database: Database, days: Days) {
    this.#rollUps = new RollUps(database, days);
    this.#saveSeries = database.prepare(
      `INSERT INTO series (id, name, unit, kind) VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET unit = excluded.unit, kind = excluded.kind`,
    );
    // IGNORE: a reading sent again, same series and time, changes nothing and is not counted twice.
    this.#insertThousandths = database.prepare('INSERT OR IGNORE INTO raw VALUES (?, ?, CAST(? AS INTEGER))');
    this.#insertReal = database.prepare('INSERT OR IGNORE INTO raw VALUES (?, ?, ?)');
    this.#insertText = database.prepare('INSERT OR IGNORE INTO texts VALUES (?, ?, ?)');
    this.#insertEvent = database.prepare('INSERT INTO events (time, topic, payload) VALUES (?, ?, ?)');
    this.#write = database.transaction((readings, events) => this.#writeAll(readings, events));
  }

  /** Durable when it returns; where it throws nothing of the batch is in the database and it can be tried again. */
  commit(readings: readonly Pending[], events: readonly RecordedEvent[]): void {
    for (const series of this.#write(readings, events)) series.saved = true;
  }

  #writeAll(readings: readonly Pending[], events: readonly RecordedEvent[]): Series[] {
    const saved = new Set<Series>();
    this.#rollUps.begin();
    // In key order the inserts walk the tree once, and each bucket is written once.
    const sorted = [...readings].sort((a, b) => a.series.id - b.series.id || a.time - b.time);
    for (const { series, time, value } of sorted) {
      if (!series.saved && !saved.has(series)) {
        this.#saveSeries.run(series.id, series.name, series.unit, series.kind);
        saved.add(series);
      }
      if (typeof value === 'string') this.#insertText.run(series.id, time, value);
      else if (this.#insertNumber(series.id, time, value)) this.#rollUps.add(series, time, value);
    }
    this.#rollUps.end();
    for (const { time, topic, payload } of events) this.#insertEvent.run(time, topic, payload);
    return [...saved];
  }

  /** False where the reading was there already. */
  #insertNumber(id: number, time: number, value: number): boolean {
    const thousandths = toThousandths(value);
    const { changes } =
      thousandths === undefined
        ? this.#insertReal.run(id, time, value)
        : this.#insertThousandths.run(id, time, thousandths);
    return changes === 1;
  }
}
