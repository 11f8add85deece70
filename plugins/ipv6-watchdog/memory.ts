import type { Store } from 'cupboard/sdk';

/** Only ever added to. */
export const MIGRATIONS = [
  `CREATE TABLE endpoints (tunnel TEXT PRIMARY KEY, address TEXT NOT NULL, time INTEGER NOT NULL, stopped TEXT) STRICT;
   CREATE TABLE modes (tunnel TEXT PRIMARY KEY, mode TEXT NOT NULL, time INTEGER NOT NULL) STRICT;
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
}

export function openMemory(store: Store, now: () => number = Date.now): Memory {
  const endpoint = store.prepare<[string], { address: string; stopped: string | null }>(
    'SELECT address, stopped FROM endpoints WHERE tunnel = ?',
  );
  const keep = store.prepare('INSERT OR REPLACE INTO endpoints VALUES (?, ?, ?, ?)');
  const mode = store.prepare<[string], { mode: Mode; time: number }>('SELECT mode, time FROM modes WHERE tunnel = ?');
  const setMode = store.prepare('INSERT OR REPLACE INTO modes VALUES (?, ?, ?)');
  return {
    endpoint(tunnel) {
      const row = endpoint.get(tunnel);
      return row && { address: row.address, ...(row.stopped !== null && { stopped: row.stopped }) };
    },
    keepEndpoint: (tunnel, address, stopped) => void keep.run(tunnel, address, now(), stopped ?? null),
    mode: (tunnel) => mode.get(tunnel) ?? { mode: 'on', time: 0 },
    setMode: (tunnel, next) => void setMode.run(tunnel, next, now()),
  };
}
