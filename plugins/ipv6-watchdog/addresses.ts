import { isIPv6 } from 'node:net';

/** Kinds of IPv6 address that come out of automatic tunnels and are known to work badly. */
export function transitionKind(address: string): 'Teredo' | '6to4' | undefined {
  if (!isIPv6(address)) return undefined;
  const [first = '', second = ''] = address.toLowerCase().split(':');
  if (first === '2001' && (second === '0' || second === '0000' || second === '')) return 'Teredo';
  return first === '2002' ? '6to4' : undefined;
}
