import type { Statement } from 'better-sqlite3';
import type { Store } from 'cupboard/sdk';
import type { BuildRequest, BuildResult, Change, Report, SourceEvent } from '../contract.ts';
import type { Item, PipelineState, SchedulerState, Step } from '../scheduler/state.ts';
import type { BuildFilter, BuildStatus } from '../view.ts';

/** A build as it is kept. */
export interface BuildRecord {
  readonly status: BuildStatus;
  /** `Change.id` of what it tests. */
  readonly changeId: string | null;
  /** Item that wants it; `null` = it was asked for by a command. */
  readonly item: number | null;
  /** Why it is not wanted any more. */
  readonly cancelled?: string;
}

/** What a runner needs, without the values of secrets: those are never written down. */
export type StoredRequest = Omit<BuildRequest, 'secrets'>;

/** A report on its way to its source. */
export interface Letter {
  readonly change: Change;
  readonly report: Report;
}

const ESTIMATE_OF = 10;

/** What the engine keeps on disk: all of it survives `kill -9` at any moment. */
export class EngineStore {
  readonly #db: Store;
  readonly #statements = new Map<string, Statement<unknown[]>>();

  constructor(db: Store) {
    this.#db = db;
  }

  /** Everything that `task` writes, or nothing. */
  transaction<Result>(task: () => Result): Result {
    return this.#db.transaction(task)();
  }

  scheduler(): SchedulerState {
    const parsed = <Value>(sql: string): Value[] =>
      (this.#all(sql) as string[]).map((text) => JSON.parse(text) as Value);
    return {
      items: parsed<Item>('SELECT item FROM items ORDER BY id'),
      pipelines: parsed<PipelineState>('SELECT state FROM pipelines'),
    };
  }

  saveStep({ changed, removed, pipelines }: Step): void {
    for (const item of changed) this.#run('INSERT OR REPLACE INTO items VALUES (?, ?)', item.id, JSON.stringify(item));
    for (const { id } of removed) this.#run('DELETE FROM items WHERE id = ?', id);
    for (const state of pipelines) {
      this.#run('INSERT OR REPLACE INTO pipelines VALUES (?, ?)', state.name, JSON.stringify(state));
    }
  }

  addBuild(record: BuildRecord, request: StoredRequest): void {
    const { build, job, project, branch, pipeline, queued } = record.status;
    this.#run(
      `INSERT INTO builds (id, job, project, branch, pipeline, change_id, queued, record, request)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[build, job, project, branch, pipeline, record.changeId, queued],
      ...[JSON.stringify(record), JSON.stringify(request)],
    );
  }

  saveBuild(record: BuildRecord): void {
    const { build, result, started, duration } = record.status;
    const ended = started !== null && duration !== null ? started + duration : null;
    this.#run(
      'UPDATE builds SET result = ?, started = ?, ended = ?, record = ? WHERE id = ?',
      ...[result, started, ended, JSON.stringify(record), build],
    );
  }

  build(id: string): BuildRecord | undefined {
    const text = this.#all('SELECT record FROM builds WHERE id = ?', id)[0] as string | undefined;
    return text === undefined ? undefined : (JSON.parse(text) as BuildRecord);
  }

  /** Ids that begin with `start`, at most two. */
  buildsLike(start: string): string[] {
    return this.#all('SELECT id FROM builds WHERE id >= ? AND id < ? LIMIT 2', start, `${start}g`) as string[];
  }

  request(id: string): StoredRequest | undefined {
    const text = this.#all('SELECT request FROM builds WHERE id = ?', id)[0] as string | undefined;
    return text === undefined ? undefined : (JSON.parse(text) as StoredRequest);
  }

  /** Builds that have not ended, in the order they were asked for. */
  openBuilds(): BuildRecord[] {
    const texts = this.#all('SELECT record FROM builds WHERE result IS NULL ORDER BY rowid') as string[];
    return texts.map((text) => JSON.parse(text) as BuildRecord);
  }

  /** Newest first. */
  builds({ job, project, pipeline, result, change, before, limit }: BuildFilter): BuildStatus[] {
    const conditions = Object.entries({ job, project, pipeline, result, change_id: change }).filter(
      ([, value]) => value !== undefined,
    ) as [string, string][];
    const where = [...conditions.map(([column]) => `${column} = ?`), ...(before === undefined ? [] : ['queued < ?'])];
    const texts = this.#all(
      `SELECT record FROM builds ${where.length > 0 ? `WHERE ${where.join(' AND ')}` : ''}
        ORDER BY queued DESC, rowid DESC LIMIT ?`,
      ...conditions.map(([, value]) => value),
      ...(before === undefined ? [] : [before]),
      limit,
    ) as string[];
    return texts.map((text) => (JSON.parse(text) as BuildRecord).status);
  }

  /** The build after the `count` newest; `undefined` = there are no more. */
  buildBeyond(count: number): string | undefined {
    return this.#all('SELECT id FROM builds ORDER BY queued DESC, rowid DESC LIMIT 1 OFFSET ?', count)[0] as
      | string
      | undefined;
  }

  /** Mean of the last successful runs of a job, ms. */
  estimate(job: string): number | null {
    const success: BuildResult = 'SUCCESS';
    const sql = `SELECT CAST(avg(ended - started) AS INTEGER) FROM
      (SELECT started, ended FROM builds WHERE job = ? AND result = ? AND ended IS NOT NULL ORDER BY ended DESC LIMIT ?)`;
    return (this.#all(sql, job, success, ESTIMATE_OF)[0] as number | null | undefined) ?? null;
  }

  /** Forgets finished builds but the newest. */
  pruneBuilds(keep: number): void {
    this.#run(
      `DELETE FROM builds WHERE result IS NOT NULL AND rowid <=
        (SELECT rowid FROM builds ORDER BY rowid DESC LIMIT 1 OFFSET ?)`,
      keep,
    );
  }

  addEvent(event: SourceEvent): number {
    return this.#run('INSERT INTO inbox (event) VALUES (?)', JSON.stringify(event));
  }

  events(): { id: number; event: SourceEvent }[] {
    const rows = this.#db.prepare('SELECT id, event FROM inbox ORDER BY id').all() as { id: number; event: string }[];
    return rows.map(({ id, event }) => ({ id, event: JSON.parse(event) as SourceEvent }));
  }

  removeEvent(id: number): void {
    this.#run('DELETE FROM inbox WHERE id = ?', id);
  }

  addLetter(letter: Letter): number {
    return this.#run('INSERT INTO outbox (letter) VALUES (?)', JSON.stringify(letter));
  }

  letters(): { id: number; letter: Letter }[] {
    const rows = this.#db.prepare('SELECT id, letter FROM outbox ORDER BY id').all() as {
      id: number;
      letter: string;
    }[];
    return rows.map(({ id, letter }) => ({ id, letter: JSON.parse(letter) as Letter }));
  }

  removeLetter(id: number): void {
    this.#run('DELETE FROM outbox WHERE id = ?', id);
  }

  setting(key: string): string | undefined {
    return this.#all('SELECT value FROM settings WHERE key = ?', key)[0] as string | undefined;
  }

  saveSetting(key: string, value: string): void {
    this.#run('INSERT OR REPLACE INTO settings VALUES (?, ?)', key, value);
  }

  #statement(sql: string): Statement<unknown[]> {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare<unknown[]>(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #run(sql: string, ...values: unknown[]): number {
    return Number(this.#statement(sql).run(...values).lastInsertRowid);
  }

  /** The only column of every row. */
  #all(sql: string, ...values: unknown[]): unknown[] {
    return this.#statement(sql)
      .pluck()
      .all(...values);
  }
}
