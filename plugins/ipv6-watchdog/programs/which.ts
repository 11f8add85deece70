import { type Config, type Tunnel, toTunnel } from '../config.ts';

/** The tunnel a program is about: the one named, or the only one. @throws RangeError */
export function whichTunnel({ tunnels }: Config, name: string | undefined): Tunnel {
  const names = Object.keys(tunnels);
  const chosen = name ?? (names.length === 1 ? names[0] : undefined);
  const config = chosen === undefined ? undefined : tunnels[chosen];
  if (chosen !== undefined && config !== undefined) return toTunnel(chosen, config);
  throw new RangeError(
    `expected the name of a tunnel (${names.join(', ') || 'none is configured'}), got ${name ?? 'none'}`,
  );
}
