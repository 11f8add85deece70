import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { parseAddressRange } from '../support/ports.ts';

/** Who sent a request and what they asked for, seen through the proxies that are trusted to tell. */
export interface Peer {
  /** IP address; undefined on a Unix socket. */
  readonly address: string | undefined;
  /** The Host headers to check: the one that came, and the one a trusted proxy says came to it. The last is the peer's own. */
  readonly hosts: readonly string[];
  /** Whether it came over TLS, at least to the proxy. */
  readonly secure: boolean;
}

export type PeerOf = (request: IncomingMessage) => Peer;

/**
 * Reads X-Forwarded-For, -Proto and -Host where the connection comes from a trusted proxy; from others anybody could
 * write anything there.
 * @param trusted `http.trust_proxy` as it is now: addresses and ranges in CIDR notation
 */
export function createPeerOf(trusted: () => readonly string[]): PeerOf {
  let listed: readonly string[] = [];
  let list = new BlockList();
  const isTrusted = (address: string) => {
    if (listed !== trusted()) {
      listed = trusted();
      list = toBlockList(listed);
    }
    return list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  };
  return (request) => {
    const { socket } = request;
    const direct = {
      address: socket.remoteAddress,
      hosts: [request.headers.host ?? ''],
      secure: 'encrypted' in socket,
    };
    if (direct.address === undefined || !isTrusted(direct.address)) return direct;
    const host = lastOf(request, 'x-forwarded-host');
    const proto = lastOf(request, 'x-forwarded-proto');
    return {
      address: clientOf(direct.address, valuesOf(request, 'x-forwarded-for'), isTrusted),
      hosts: host === undefined ? direct.hosts : [...direct.hosts, host],
      secure: proto === undefined ? direct.secure : proto.toLowerCase() === 'https',
    };
  };
}

/** From the nearest hop outwards: each was told by the one before, so the first that is not trusted is the client. */
function clientOf(nearest: string, forwardedFor: readonly string[], isTrusted: (address: string) => boolean): string {
  let client = nearest;
  for (const address of forwardedFor.toReversed()) {
    if (isIP(address) === 0 || !isTrusted(client)) break;
    client = address;
  }
  return client;
}

/** Each proxy adds its value at the end. */
const lastOf = (request: IncomingMessage, name: string) => valuesOf(request, name).at(-1);

function valuesOf({ headers }: IncomingMessage, name: string): string[] {
  return [headers[name] ?? []]
    .flat()
    .join(',')
    .split(',')
    .map((value) => value.trim())
    .filter((value) => value !== '');
}

function toBlockList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges.map(parseAddressRange)) if (range) list.addSubnet(range.address, range.bits, range.family);
  return list;
}
