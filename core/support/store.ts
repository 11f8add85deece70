import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { HubError } from './errors.ts';
import { GroupCommit } from './group-commit.ts';
import type { Logger } from './log.ts';
import { distFile } from './paths.ts';
import type { StoreAnswer, StoredState, StoreRequest } from './store-schema.ts';

/**
 * Small documents of the hub itself (accounts, tokens, enabled plugins, consents), kept in hub.db by the store worker
 * and mirrored in memory: reading is synchronous, writing resolves when it is durable.
 */
export interface DocumentStore {
  get<T>(space: string, key: string): T | undefined;
  list<T>(space: string): readonly (readonly [key: string, value: T])[];
  put(space: string, key: string, value: unknown): Promise<void>;
  delete(space: string, key: string): Promise<void>;
}

/** hub.db, open. Only the store worker touches the file; the main thread reads its own mirrors and posts writes. */
export interface HubStore {
  readonly documents: DocumentStore;
  /** What the database held when it was opened, for whoever mirrors a part of it. */
  readonly state: StoredState;
  readonly commit: GroupCommit;
  /** Why nothing can be stored at the moment: `disk full`. */
  readonly problem: string | undefined;
  /** Stores what waits, then closes the file. */
  close(): Promise<void>;
}

/**
 * Opens (and if need be creates, upgrades or replaces) hub.db.
 * @throws HubError `store_newer` when a newer Cupboard wrote it, `store_unusable` when it cannot be opened at all
 */
export async function openHubStore(file: string, log: Logger): Promise<HubStore> {
  const worker = new Worker(distFile('store-worker.js'), { workerData: { file } });
  const exited = once(worker, 'exit');
  const opened = await nextAnswer(worker);
  if (opened.kind === 'unusable') throw new HubError(opened.code, opened.message);
  if (opened.kind !== 'opened') throw new HubError('store_unusable', `hub.db: unexpected answer ${opened.kind}`);
  for (const note of opened.notes) log.warn(note);
  const commit = new GroupCommit((request) => worker.postMessage(request), log);
  worker.on('message', (answer: StoreAnswer) => commit.answered(answer));
  worker.on('error', (error) => {
    log.error(`the store worker ended (${error.message}): nothing is stored until the hub is started again`);
    commit.lost('the store worker ended');
  });
  return {
    documents: new MirroredDocuments(opened.state.documents, commit),
    state: opened.state,
    commit,
    get problem() {
      return commit.problem;
    },
    async close() {
      if (!commit.problem) await commit.durable();
      worker.postMessage({ kind: 'close' } satisfies StoreRequest);
      await exited;
    },
  };
}

async function nextAnswer(worker: Worker): Promise<StoreAnswer> {
  const [answer] = (await once(worker, 'message')) as [StoreAnswer];
  return answer;
}

class MirroredDocuments implements DocumentStore {
  readonly #spaces = new Map<string, Map<string, unknown>>();

  constructor(
    rows: StoredState['documents'],
    private readonly commit: GroupCommit,
  ) {
    for (const { space, key, value } of rows) this.#space(space).set(key, JSON.parse(value));
  }

  get<T>(space: string, key: string): T | undefined {
    return structuredClone(this.#spaces.get(space)?.get(key)) as T | undefined;
  }

  list<T>(space: string): readonly (readonly [key: string, value: T])[] {
    return [...structuredClone(this.#space(space))] as [string, T][];
  }

  put(space: string, key: string, value: unknown): Promise<void> {
    const text = JSON.stringify(value);
    this.#space(space).set(key, JSON.parse(text));
    this.commit.write('putDocument', [space, key, text]);
    return this.commit.durable();
  }

  delete(space: string, key: string): Promise<void> {
    this.#space(space).delete(key);
    this.commit.write('deleteDocument', [space, key]);
    return this.commit.durable();
  }

  #space(name: string): Map<string, unknown> {
    const found = this.#spaces.get(name);
    if (found) return found;
    const created = new Map<string, unknown>();
    this.#spaces.set(name, created);
    return created;
  }
}
