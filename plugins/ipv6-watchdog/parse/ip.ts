/** A network link as `ip addr show` describes it. */
export interface Link {
  /** IFF flags as printed: UP, LOWER_UP, NO-CARRIER, POINTOPOINT, NOARP ... */
  readonly flags: readonly string[];
  readonly mtu: number;
  /** Global IPv6 addresses that can be used: not tentative, not failed in duplicate detection. */
  readonly addresses: readonly string[];
}

export interface Route {
  readonly destination: string;
  readonly gateway?: string;
  readonly device?: string;
  /** The kernel keeps it but the carrier is lost. */
  readonly linkdown: boolean;
}

/**
 * Reads `ip -6 addr show dev NAME` in plain text, which iproute2 and BusyBox print alike; JSON is not known to BusyBox.
 * Undefined when there is no such link.
 */
export function parseLink(output: string): Link | undefined {
  const head = /^\d+: \S+ <([^>]*)> mtu (\d+)/m.exec(output);
  if (!head) return undefined;
  const addresses = output
    .split('\n')
    .map((line) => /^\s+inet6 ([\da-f:.]+)\/\d+ scope global(.*)$/i.exec(line))
    .filter((found) => found !== null)
    .filter(([, , flags = '']) => !/\b(tentative|dadfailed)\b/.test(flags))
    .map(([, address = '']) => address);
  return { flags: (head[1] ?? '').split(',').filter(Boolean), mtu: Number(head[2]), addresses };
}

/** Reads `ip -6 route show` (or `ip route show`) in plain text. */
export function parseRoutes(output: string): Route[] {
  return output
    .split('\n')
    .map((line) => /^(?:unicast )?(default|[\da-f:.]+(?:\/\d+)?) (.*)$/i.exec(line.trim()))
    .filter((found) => found !== null)
    .map(([, destination = '', rest = '']) => {
      const gateway = /\bvia (?:inet6 )?([\da-f:.]+)/i.exec(rest)?.[1];
      const device = /\bdev (\S+)/.exec(rest)?.[1];
      return {
        destination,
        ...(gateway !== undefined && { gateway }),
        ...(device !== undefined && { device }),
        linkdown: /\blinkdown\b/.test(rest),
      };
    });
}

/** The source address `ip route get ADDRESS` chose; undefined when there is no route. */
export function parseSource(output: string): string | undefined {
  return /\bsrc ([\da-f:.]+)/i.exec(output)?.[1];
}

/** Bytes of a link from `/proc/net/dev`, which every Linux has. */
export function parseCounters(procNetDev: string, name: string): { rx: number; tx: number } | undefined {
  for (const line of procNetDev.split('\n')) {
    const [device, numbers = ''] = line.split(/:(.*)/s, 2);
    if (device?.trim() !== name) continue;
    const fields = numbers.trim().split(/\s+/).map(Number);
    return { rx: fields[0] ?? 0, tx: fields[8] ?? 0 };
  }
  return undefined;
}

/** A name that may stand in an argv: no option, no path. */
export const isLinkName = (name: string): boolean => /^[A-Za-z0-9_.@][A-Za-z0-9_.@-]{0,14}$/.test(name);
