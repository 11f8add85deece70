import type { Store } from 'cupboard/sdk';

/** Only ever added to. */
export const MIGRATIONS = [
  `CREATE TABLE endpoints (tunnel TEXT PRIMARY KEY, address TEXT NOT NULL, time INTEGER NOT NULL, stopped TEXT) STRICT;
   CREATE TABLE modes (tunnel TEXT PRIMARY KEY, mode TEXT NOT NULL, time INTEGER NOT NULL) STRICT;
   CREATE TABLE verdicts (tunnel TEXT NOT NULL, time INTEGER NOT NULL, verdict TEXT NOT NULL, advice TEXT NOT NULL,
     PRIMARY KEY (tunnel, time)) STRICT, WITHOUT ROWID;
   CREATE TABLE costs (time INTEGER PRIMARY KEY, cost_ms REAL, destinations TEXT NOT NULL) STRICT;`,
];

export type Mode = 'on' | 'off';

/** What must outlive a restart: the address the broker has, and what the user has turned off. */
export interface Memory {
  /** The IPv4 address last asked for or acknowledged; `stopped` holds why no update may follow before it changes. */
  endpoint(tunnel: string): { readonly address: string; readonly stopped?: string } | undefined;
  keepEndpoint(tunnel: string, address: string, stopped?: string): void;
  mode(tunnel: string): { readonly mode: Mode; readonly time: number };
  setMode(tunnel: string, mode: Mode): void;
  addVerdict(tunnel: string, verdict: string, advice: string, time?: number): void;
  /** Newest first. */
  verdicts(tunnel: string, limit: number): readonly KeptVerdict[];
}

/** From `time` (epoch ms) on, until the next one. */
export interface KeptVerdict {
  readonly time: number;
  readonly verdict: string;
  readonly advice: string;
}

/** Verdicts kept for each tunnel. */
const MOST_VERDICTS = 5000;

export function openMemory(store: Store, now: () => number = Date.now): Memory {
  const endpoint = store.prepare<[string], { address: string; stopped: string | null }>(
    'SELECT address, stopped FROM endpoints WHERE tunnel = ?',
  );
  const keep = store.prepare('INSERT OR REPLACE INTO endpoints VALUES (?, ?, ?, ?)');
  const mode = store.prepare<[string], { mode: Mode; time: number }>('SELECT mode, time FROM modes WHERE tunnel = ?');
  const setMode = store.prepare('INSERT OR REPLACE INTO modes VALUES (?, ?, ?)');
  const addVerdict = store.prepare('INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?)');
  const verdicts = store.prepare<[string, number], KeptVerdict>(
    'SELECT time, verdict, advice FROM verdicts WHERE tunnel = ? ORDER BY time DESC LIMIT ?',
  );
  const prune = store.prepare(
    'DELETE FROM verdicts WHERE tunnel = ? AND time <= (SELECT time FROM verdicts WHERE tunnel = ? ORDER BY time DESC LIMIT 1 OFFSET ?)',
  );
  return {
    endpoint(tunnel) {
      const row = endpoint.get(tunnel);
      return row && { address: row.address, ...(row.stopped !== null && { stopped: row.stopped }) };
    },
    keepEndpoint: (tunnel, address, stopped) => void keep.run(tunnel, address, now(), stopped ?? null),
    mode: (tunnel) => mode.get(tunnel) ?? { mode: 'on', time: 0 },
    setMode: (tunnel, next) => void setMode.run(tunnel, next, now()),
    addVerdict(tunnel, verdict, advice, time = now()) {
      addVerdict.run(tunnel, time, verdict, advice);
      prune.run(tunnel, tunnel, MOST_VERDICTS);
    },
    verdicts: (tunnel, limit) => verdicts.all(tunnel, limit),
  };
}
