/** A 6in4 tunnel of this machine: IPv6 packets as protocol 41 in IPv4. */
export interface SitTunnel {
  readonly name: string;
  /** IPv4 address of the broker's tunnel server. */
  readonly remote: string;
  /** Our own IPv4 address; behind a NAT the private one. */
  readonly local: string;
  /** Our end, with prefix length. */
  readonly address: string;
  /** The broker's end: the gateway. */
  readonly gateway: string;
  readonly mtu: number;
  readonly ttl: number;
  /** A routed prefix for the house: where its first address goes. */
  readonly lan?: { readonly link: string; readonly address: string };
  readonly defaultRoute: boolean;
}

/** 1500 of Ethernet less 20 of the IPv4 header around each packet. */
export const SIT_MTU = 1480;

type Commands = readonly (readonly string[])[];

/** What makes the tunnel and what mends it: each step may be repeated, so a half-made tunnel becomes a whole one. */
export function makeTunnel(tunnel: SitTunnel, exists: boolean): Commands {
  const { name, remote, local, address, gateway, mtu, ttl, lan, defaultRoute } = tunnel;
  return [
    [
      'ip',
      'link',
      exists ? 'change' : 'add',
      'name',
      name,
      'type',
      'sit',
      'remote',
      remote,
      'local',
      local,
      'ttl',
      `${ttl}`,
    ],
    ['ip', 'link', 'set', 'dev', name, 'mtu', `${mtu}`, 'up'],
    ['ip', '-6', 'addr', 'replace', address, 'dev', name],
    ...(lan ? [['ip', '-6', 'addr', 'replace', lan.address, 'dev', lan.link]] : []),
    ...(defaultRoute ? [['ip', '-6', 'route', 'replace', 'default', 'via', gateway, 'dev', name]] : []),
  ];
}

export const removeTunnel = ({ name }: Pick<SitTunnel, 'name'>): Commands => [['ip', 'link', 'del', 'dev', name]];

/** `he` and its like are words of `ip` itself: `ip link add he` prints the help. */
export const isIpKeyword = (name: string): boolean => 'help'.startsWith(name) || 'dev'.startsWith(name);
