/** One rule of a filter, whichever program printed it. What it does not test is absent. */
export interface Rule {
  /** As it was printed, for people. */
  readonly text: string;
  /** Links it comes in by, any of them. */
  readonly in?: readonly string[];
  /** Address with prefix length. */
  readonly source?: string;
  readonly protocol?: string;
  readonly icmpTypes?: readonly number[];
  readonly states?: readonly State[];
  /** As printed: `22`, `1000:2000`, `{ 80, 443 }`. */
  readonly port?: string;
  readonly target: 'accept' | 'drop' | 'return' | 'none' | { readonly jump: string };
  /** Tests that are not understood here: the rule may or may not fit. */
  readonly unknown: readonly string[];
}

export type State = 'new' | 'established' | 'related' | 'untracked' | 'invalid';

export interface Chain {
  /** What happens to a packet no rule decided; absent in a chain that others jump to. */
  readonly policy?: 'accept' | 'drop';
  readonly rules: readonly Rule[];
}

export interface RuleSet {
  /** Base chains that see the packets, in the order they do: nftables may have several on one hook. */
  readonly input: readonly Chain[];
  readonly forward: readonly Chain[];
  /** Chains that rules jump to, by name. */
  readonly others: ReadonlyMap<string, Chain>;
}

/** A packet to ask about. */
export interface Packet {
  readonly in: string;
  readonly protocol: 'icmpv6' | 'tcp' | 'udp';
  readonly icmpType?: number;
  readonly state: State;
  /** `link-local` or `global`. */
  readonly source: 'link-local' | 'global';
}

export interface Fate {
  readonly verdict: 'accept' | 'drop' | 'cannot tell';
  /** The rule that decided, or the policy. */
  readonly because: string;
}

/** Follows a packet through the chains: the first rule that fits decides, as in the kernel. */
export function follow(rules: RuleSet, hook: 'input' | 'forward', packet: Packet): Fate {
  const chains = rules[hook];
  let last: Fate = { verdict: 'accept', because: 'no chain filters these packets' };
  // All base chains of a hook are asked; a drop in one is final, an accept only ends that one.
  for (const chain of chains) {
    const fate = throughChain(rules, chain, packet, new Set()) ?? policyOf(chain);
    if (fate.verdict !== 'accept') return fate;
    last = fate;
  }
  return last;
}

const policyOf = ({ policy = 'accept' }: Chain): Fate => ({
  verdict: policy,
  because: `policy ${policy.toUpperCase()}`,
});

/** Undefined when the packet falls off the end of the chain. `within` holds the chains being followed. */
function throughChain(rules: RuleSet, chain: Chain, packet: Packet, within: ReadonlySet<Chain>): Fate | undefined {
  if (within.has(chain)) return { verdict: 'cannot tell', because: 'chains that jump to each other' };
  for (const [index, rule] of chain.rules.entries()) {
    if (!fits(rule, packet)) continue;
    const fate = fateOf(rules, rule, packet, new Set([...within, chain]));
    if (fate === 'goes on') continue;
    if (rule.unknown.length === 0) return fate === 'returns' ? undefined : fate;
    return uncertain(rules, { ...chain, rules: chain.rules.slice(index + 1) }, rule, fate, packet, within);
  }
  return undefined;
}

/** A rule that may not fit changes nothing when what follows it decides the same. */
function uncertain(
  rules: RuleSet,
  rest: Chain,
  rule: Rule,
  fate: Fate | 'returns',
  packet: Packet,
  within: ReadonlySet<Chain>,
): Fate | undefined {
  const otherwise = throughChain(rules, rest, packet, within) ?? (rest.policy && policyOf(rest));
  if (fate !== 'returns' && otherwise?.verdict === fate.verdict) return otherwise;
  return { verdict: 'cannot tell', because: rule.text };
}

function fateOf(
  rules: RuleSet,
  { target, text }: Rule,
  packet: Packet,
  within: ReadonlySet<Chain>,
): Fate | 'returns' | 'goes on' {
  if (target === 'none') return 'goes on';
  if (target === 'return') return 'returns';
  if (typeof target === 'string') return { verdict: target, because: text };
  const next = rules.others.get(target.jump);
  if (!next) return { verdict: 'cannot tell', because: text };
  return throughChain(rules, next, packet, within) ?? 'goes on';
}

function fits(rule: Rule, packet: Packet): boolean {
  if (rule.in && !rule.in.some((pattern) => sameLink(pattern, packet.in))) return false;
  if (rule.protocol !== undefined && rule.protocol !== packet.protocol) return false;
  if (rule.icmpTypes && (packet.icmpType === undefined || !rule.icmpTypes.includes(packet.icmpType))) return false;
  if (rule.states && !rule.states.includes(packet.state)) return false;
  // Asked about is any port that is not named.
  if (rule.port !== undefined) return false;
  return rule.source === undefined || isFrom(rule.source, packet.source);
}

/** Asked about is any address of its kind that is not named, so a rule on one network does not fit. */
function isFrom(prefix: string, source: Packet['source']): boolean {
  if (prefix === '::/0') return true;
  return source === 'link-local' ? /^fe80:/i.test(prefix) : prefix === '2000::/3';
}

/** `wg+` of iptables and `wg*` of nftables stand for all that begin so. */
function sameLink(pattern: string, link: string): boolean {
  return /[+*]$/.test(pattern) ? link.startsWith(pattern.slice(0, -1)) : pattern === link;
}

/** Names of ICMPv6 types as ip6tables and nft know them, with their numbers (IANA). */
export const ICMP_TYPES: Readonly<Record<string, number>> = {
  'destination-unreachable': 1,
  'packet-too-big': 2,
  'time-exceeded': 3,
  'ttl-exceeded': 3,
  'parameter-problem': 4,
  'echo-request': 128,
  ping: 128,
  'echo-reply': 129,
  pong: 129,
  'mld-listener-query': 130,
  'mld-listener-report': 131,
  'mld-listener-done': 132,
  'mld-listener-reduction': 132,
  'router-solicitation': 133,
  'nd-router-solicit': 133,
  'router-advertisement': 134,
  'nd-router-advert': 134,
  'neighbor-solicitation': 135,
  'neighbour-solicitation': 135,
  'nd-neighbor-solicit': 135,
  'neighbor-advertisement': 136,
  'neighbour-advertisement': 136,
  'nd-neighbor-advert': 136,
  redirect: 137,
  'nd-redirect': 137,
  'mld2-listener-report': 143,
};

/** The number of a type given as name, number or `type/code`; undefined when it is not known. */
export function icmpType(text: string): number | undefined {
  const [name = ''] = text.split('/');
  return /^\d+$/.test(name) ? Number(name) : ICMP_TYPES[name];
}
