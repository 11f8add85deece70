/**
 * hub.db: what the store worker does to it. One write is the name of a statement and its parameters, so that the
 * worker needs no code per kind of state.
 */

/** Numbered by position: the database's `user_version` is the number of migrations it has seen. */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE documents (space TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (space, key)) WITHOUT ROWID;
   CREATE TABLE retained (topic TEXT PRIMARY KEY, time INTEGER NOT NULL, packet BLOB NOT NULL) WITHOUT ROWID;
   CREATE TABLE sessions (client TEXT PRIMARY KEY, owner TEXT NOT NULL, expiry INTEGER, seen INTEGER NOT NULL) WITHOUT ROWID;
   CREATE TABLE subscriptions (client TEXT NOT NULL, filter TEXT NOT NULL, options TEXT NOT NULL, PRIMARY KEY (client, filter)) WITHOUT ROWID;
   CREATE TABLE outgoing (client TEXT NOT NULL, seq INTEGER NOT NULL, message_id INTEGER, released INTEGER NOT NULL DEFAULT 0,
     packet BLOB NOT NULL, PRIMARY KEY (client, seq)) WITHOUT ROWID;
   CREATE TABLE incoming (client TEXT NOT NULL, message_id INTEGER NOT NULL, PRIMARY KEY (client, message_id)) WITHOUT ROWID;
   CREATE TABLE wills (client TEXT PRIMARY KEY, packet BLOB NOT NULL) WITHOUT ROWID;
   CREATE TABLE journal (id INTEGER PRIMARY KEY, packets BLOB NOT NULL);
   CREATE TABLE syncs (id INTEGER PRIMARY KEY CHECK (id = 0), count INTEGER NOT NULL);
   INSERT INTO syncs VALUES (0, 0);`,
];

export const STATEMENTS = {
  putDocument: 'INSERT OR REPLACE INTO documents (space, key, value) VALUES (?, ?, ?)',
  deleteDocument: 'DELETE FROM documents WHERE space = ? AND key = ?',
  putRetained: 'INSERT OR REPLACE INTO retained (topic, time, packet) VALUES (?, ?, ?)',
  deleteRetained: 'DELETE FROM retained WHERE topic = ?',
  putSession: 'INSERT OR REPLACE INTO sessions (client, owner, expiry, seen) VALUES (?, ?, ?, ?)',
  deleteSession: 'DELETE FROM sessions WHERE client = ?',
  putSubscription: 'INSERT OR REPLACE INTO subscriptions (client, filter, options) VALUES (?, ?, ?)',
  deleteSubscription: 'DELETE FROM subscriptions WHERE client = ? AND filter = ?',
  deleteSubscriptions: 'DELETE FROM subscriptions WHERE client = ?',
  enqueue: 'INSERT OR REPLACE INTO outgoing (client, seq, packet) VALUES (?, ?, ?)',
  markSent: 'UPDATE outgoing SET message_id = ?, released = ? WHERE client = ? AND seq = ?',
  dequeue: 'DELETE FROM outgoing WHERE client = ? AND seq = ?',
  clearQueue: 'DELETE FROM outgoing WHERE client = ?',
  putIncoming: 'INSERT OR REPLACE INTO incoming (client, message_id) VALUES (?, ?)',
  deleteIncoming: 'DELETE FROM incoming WHERE client = ? AND message_id = ?',
  clearIncoming: 'DELETE FROM incoming WHERE client = ?',
  putWill: 'INSERT OR REPLACE INTO wills (client, packet) VALUES (?, ?)',
  deleteWill: 'DELETE FROM wills WHERE client = ?',
  putJournal: 'INSERT OR REPLACE INTO journal (id, packets) VALUES (?, ?)',
  deleteJournal: 'DELETE FROM journal WHERE id = ?',
  sync: 'UPDATE syncs SET count = count + 1',
} as const;

export type StatementName = keyof typeof STATEMENTS;
export type Parameter = string | number | null | Uint8Array;
export type Write = readonly [statement: StatementName, ...parameters: Parameter[]];

/** Everything the hub mirrors in memory, read once at start. */
export const STATE_QUERIES = {
  documents: 'SELECT space, key, value FROM documents',
  retained: 'SELECT topic, time, packet FROM retained ORDER BY topic',
  sessions: 'SELECT client, owner, expiry, seen FROM sessions',
  subscriptions: 'SELECT client, filter, options FROM subscriptions',
  outgoing: 'SELECT client, seq, message_id AS messageId, released, packet FROM outgoing ORDER BY client, seq',
  incoming: 'SELECT client, message_id AS messageId FROM incoming',
  wills: 'SELECT client, packet FROM wills',
  journal: 'SELECT id, packets FROM journal ORDER BY id',
} as const;

export interface StoredState {
  readonly documents: readonly { space: string; key: string; value: string }[];
  readonly retained: readonly { topic: string; time: number; packet: Uint8Array }[];
  readonly sessions: readonly { client: string; owner: string; expiry: number | null; seen: number }[];
  readonly subscriptions: readonly { client: string; filter: string; options: string }[];
  readonly outgoing: readonly {
    client: string;
    seq: number;
    messageId: number | null;
    released: number;
    packet: Uint8Array;
  }[];
  readonly incoming: readonly { client: string; messageId: number }[];
  readonly wills: readonly { client: string; packet: Uint8Array }[];
  readonly journal: readonly { id: number; packets: Uint8Array }[];
}

/** Main thread to worker. `sync`: the answer means "survives a power cut", not only "survives the process". */
export type StoreRequest =
  | { readonly kind: 'commit'; readonly writes: readonly Write[]; readonly sync: boolean }
  | { readonly kind: 'close' };

/** Worker to main thread; one answer to each request, in order, and `opened` or `unusable` first. */
export type StoreAnswer =
  | { readonly kind: 'opened'; readonly state: StoredState; readonly notes: readonly string[] }
  | { readonly kind: 'unusable'; readonly code: string; readonly message: string }
  | { readonly kind: 'committed' }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };
