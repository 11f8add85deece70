/** What the rules are made for. */
export interface Policy {
  readonly tunnel: string;
  readonly lan: string;
  /** Prefix of the house, for packets that pretend to come from it. */
  readonly prefix?: string;
  /** Does the tunnel's link use neighbour discovery? Not on sit and tun. */
  readonly pointToPoint: boolean;
}

/** Errors and pings that RFC 4890 (4.3.1, 4.4.1) wants through, here and to the house. */
const USEFUL = [1, 2, 3, 4, 128, 129];
/** Router and neighbour discovery, and multicast listeners. */
const NEIGHBOURS = [133, 134, 135, 136];
const LISTENERS = [130, 131, 132, 143];

/**
 * Rules for `ip6tables-restore`, which loads them at once: out goes everything, in come answers and useful ICMPv6. The
 * table follows the policy in the plugin's README.
 */
export function renderIp6tables({ tunnel, lan, prefix, pointToPoint }: Policy): string {
  const icmp = (chain: string, types: readonly number[], link = '') =>
    types.map((type) => `-A ${chain} ${link}-p ipv6-icmp -m icmp6 --icmpv6-type ${type} -j ACCEPT`);
  const answers = (chain: string) => `-A ${chain} -i ${tunnel} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`;
  return [
    '*filter',
    ':INPUT DROP [0:0]',
    ':FORWARD DROP [0:0]',
    ':OUTPUT ACCEPT [0:0]',
    '-A INPUT -i lo -j ACCEPT',
    ...(prefix ? [`-A INPUT -s ${prefix} -i ${tunnel} -j DROP`] : []),
    `-A INPUT -i ${lan} -j ACCEPT`,
    answers('INPUT'),
    '-A INPUT -s fe80::/10 -p ipv6-icmp -m icmp6 --icmpv6-type 129 -j ACCEPT',
    ...icmp('INPUT', USEFUL),
    ...(pointToPoint ? [] : icmp('INPUT', [...NEIGHBOURS, ...LISTENERS], `-i ${tunnel} `)),
    ...(prefix ? [`-A FORWARD -s ${prefix} -i ${tunnel} -j DROP`] : []),
    `-A FORWARD -i ${lan} -j ACCEPT`,
    ...icmp('FORWARD', USEFUL),
    answers('FORWARD'),
    'COMMIT',
    '',
  ].join('\n');
}

/** The same for `nft -f`: a table of its own, replaced at once. */
export function renderNft({ tunnel, lan, prefix, pointToPoint }: Policy): string {
  const useful = `icmpv6 type { ${USEFUL.join(', ')} } accept`;
  const spoofed = prefix ? [`iifname "${tunnel}" ip6 saddr ${prefix} drop`] : [];
  const answers = `iifname "${tunnel}" ct state { established, related } accept`;
  const chain = (name: string, rules: readonly string[]) => [
    `  chain ${name} {`,
    `    type filter hook ${name} priority filter; policy drop;`,
    ...rules.map((rule) => `    ${rule}`),
    '  }',
  ];
  return [
    'add table ip6 cupboard',
    'delete table ip6 cupboard',
    'table ip6 cupboard {',
    ...chain('input', [
      'iifname "lo" accept',
      ...spoofed,
      `iifname "${lan}" accept`,
      answers,
      'ip6 saddr fe80::/10 icmpv6 type 129 accept',
      useful,
      ...(pointToPoint
        ? []
        : [`iifname "${tunnel}" icmpv6 type { ${[...NEIGHBOURS, ...LISTENERS].join(', ')} } accept`]),
    ]),
    ...chain('forward', [...spoofed, `iifname "${lan}" accept`, useful, answers]),
    '}',
    '',
  ].join('\n');
}

export interface Advertising {
  readonly lan: string;
  readonly prefix: string;
  readonly dns: readonly string[];
  /** What fits through the tunnel. */
  readonly mtu: number;
  /** Seconds that a host may use this router; 0 tells them to stop. */
  readonly lifetime: number;
}

/** radvd.conf of the house. @throws RangeError for more than three name servers, which one RDNSS option cannot hold */
export function renderRadvd({ lan, prefix, dns, mtu, lifetime }: Advertising): string {
  if (dns.length > 3) throw new RangeError(`expected up to three name servers, got ${dns.length}`);
  if (mtu < 1280) throw new RangeError(`expected an MTU of 1280 or more, got ${mtu}`);
  return [
    `interface ${lan}`,
    '{',
    '  AdvSendAdvert on;',
    `  AdvLinkMTU ${mtu};`,
    `  AdvDefaultLifetime ${lifetime};`,
    `  prefix ${prefix}`,
    '  {',
    '    AdvOnLink on;',
    '    AdvAutonomous on;',
    '  };',
    ...(dns.length === 0 ? [] : [`  RDNSS ${dns.join(' ')}`, '  {', '  };']),
    '};',
    '',
  ].join('\n');
}

/** The .ipup script of a dd-wrt router: the clock first, then the rules, then the tunnel. */
export function renderDdwrt(
  policy: Policy,
  { lan, prefix }: Pick<Advertising, 'lan' | 'prefix'>,
  address: string,
): string {
  return `#!/bin/sh
# Waits for the clock, but not for ever: a tunnel that signs with the time cannot start before.
tries=0
while [ "$(date +%Y)" -lt 2026 ] && [ $tries -lt 60 ]; do
  sleep 5
  tries=$((tries + 1))
done

# The rules before the link, all at once: nobody can reach the house in between.
ip6tables-restore <<'RULES'
${renderIp6tables(policy)}RULES

if [ -n "$(pidof aiccu)" ]; then
  aiccu stop
  sleep 1
  killall aiccu
fi
aiccu start /jffs/etc/aiccu.conf

ip -6 addr add ${address} dev ${lan}
ip -6 route replace ${prefix} dev ${lan}
`;
}
