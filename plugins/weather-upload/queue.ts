import type { Store } from 'cupboard/sdk';
import type { Observation } from './observation.ts';

export const MIGRATIONS = [
  `CREATE TABLE queue (
     service TEXT NOT NULL,
     time INTEGER NOT NULL,
     observation TEXT NOT NULL,
     PRIMARY KEY (service, time)
   ) WITHOUT ROWID;
   CREATE TABLE service (
     name TEXT PRIMARY KEY,
     last_queued INTEGER,
     last_success INTEGER
   ) WITHOUT ROWID;`,
];

/** Records kept for one service while it cannot be reached: at one a minute more than two months. */
const MOST_RECORDS = 100_000;

/** What waits to be posted to one service; every change is on disk when the function returns. */
export interface Queue {
  add(observation: Observation): void;
  remove(time: number): void;
  oldest(): Observation | undefined;
  newest(): Observation | undefined;
  size(): number;
  /** Drops what was observed before `time`; answers how many records. */
  dropBefore(time: number): number;
  /** Event time of the last record added; `undefined` before the first. */
  lastQueued(): number | undefined;
  /** When a record was last stored by the service, epoch ms. */
  lastSuccess(): number | undefined;
  succeeded(time: number): void;
}

/** The queue of the service called `name` in the plugin's database. */
export function openQueue(store: Store, name: string): Queue {
  store.prepare('INSERT OR IGNORE INTO service (name) VALUES (?)').run(name);
  const insert = store.prepare('INSERT OR IGNORE INTO queue (service, time, observation) VALUES (?, ?, ?)');
  const noteQueued = store.prepare('UPDATE service SET last_queued = ? WHERE name = ?');
  const noteSuccess = store.prepare('UPDATE service SET last_success = ? WHERE name = ?');
  const remove = store.prepare('DELETE FROM queue WHERE service = ? AND time = ?');
  const removeBefore = store.prepare('DELETE FROM queue WHERE service = ? AND time < ?');
  const count = store.prepare('SELECT count(*) FROM queue WHERE service = ?').pluck();
  const times = store.prepare('SELECT last_queued, last_success FROM service WHERE name = ?');
  const end = (order: 'ASC' | 'DESC') =>
    store.prepare(`SELECT observation FROM queue WHERE service = ? ORDER BY time ${order} LIMIT 1`).pluck();
  const [first, last] = [end('ASC'), end('DESC')];
  const read = (row: unknown) => (typeof row === 'string' ? (JSON.parse(row) as Observation) : undefined);
  const time = (column: 'last_queued' | 'last_success') =>
    (times.get(name) as Record<string, number | null>)[column] ?? undefined;
  const trim = store.prepare(
    'DELETE FROM queue WHERE service = ? AND time <= (SELECT time FROM queue WHERE service = ? ORDER BY time DESC LIMIT 1 OFFSET ?)',
  );

  const add = store.transaction((observation: Observation) => {
    insert.run(name, observation.time, JSON.stringify(observation));
    noteQueued.run(observation.time, name);
    trim.run(name, name, MOST_RECORDS);
  });
  return {
    add: (observation) => void add(observation),
    remove: (at) => void remove.run(name, at),
    oldest: () => read(first.get(name)),
    newest: () => read(last.get(name)),
    size: () => count.get(name) as number,
    dropBefore: (at) => removeBefore.run(name, at).changes,
    lastQueued: () => time('last_queued'),
    lastSuccess: () => time('last_success'),
    succeeded: store.transaction((at: number) => {
      remove.run(name, at);
      noteSuccess.run(Date.now(), name);
    }),
  };
}
