/** What went to one address, counted by the kernel's connection tracking. */
export interface Traffic {
  readonly family: 4 | 6;
  readonly destination: string;
  readonly connections: number;
  /** Both directions; undefined where the kernel does not count (net.netfilter.nf_conntrack_acct = 0). */
  readonly bytes?: number;
}

/** Of this machine or house, not of the world. */
const LOCAL =
  /^(?:127\.|10\.|192\.168\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|22[4-9]\.|23\d\.|255\.|::1$|fe80:|f[cd]|ff)/i;

/** Reads `conntrack -L -o extended` or /proc/net/nf_conntrack, which look alike. Most bytes first. */
export function parseConntrack(text: string): Traffic[] {
  const totals = new Map<string, { family: 4 | 6; connections: number; bytes?: number }>();
  for (const line of text.split('\n')) {
    const family = /^ipv([46])\s/.exec(line)?.[1];
    const destination = /\bdst=(\S+)/.exec(line)?.[1];
    if (family === undefined || destination === undefined || LOCAL.test(destination)) continue;
    const counted = [...line.matchAll(/\bbytes=(\d+)/g)].map(([, bytes]) => Number(bytes));
    const before = totals.get(destination) ?? { family: Number(family) as 4 | 6, connections: 0 };
    const bytes = counted.length === 0 ? before.bytes : counted.reduce((sum, each) => sum + each, before.bytes ?? 0);
    totals.set(destination, { ...before, connections: before.connections + 1, ...(bytes !== undefined && { bytes }) });
  }
  return [...totals]
    .map(([destination, total]) => ({ destination, ...total }))
    .sort((a, b) => (b.bytes ?? 0) - (a.bytes ?? 0) || b.connections - a.connections);
}

/** Machines of the house with a global IPv6 address, from `ip -6 neigh show`. */
export function parseNeighbours(text: string): { readonly address: string; readonly mac: string }[] {
  return text
    .split('\n')
    .map((line) =>
      /^([23][\da-f]{3}:\S+) dev \S+ lladdr (\S+)(?: router)? (?:REACHABLE|STALE|DELAY|PROBE|PERMANENT)/i.exec(line),
    )
    .filter((found) => found !== null)
    .map(([, address = '', mac = '']) => ({ address, mac }));
}

/** Weight of a destination by what really goes to its addresses; at least 1, so that nothing measured counts for nothing. */
export function weightByUsage(traffic: readonly Traffic[], addresses: readonly (string | undefined)[]): number {
  const known = traffic.filter(({ destination }) => addresses.includes(destination));
  return Math.max(
    1,
    known.reduce((sum, { bytes, connections }) => sum + (bytes ?? connections), 0),
  );
}
