import { parseIp6tables } from './parse-ip6tables.ts';
import { parseNft } from './parse-nft.ts';
import { type Fate, follow, type Packet, type Rule, type RuleSet } from './rules.ts';

export interface Finding {
  readonly check: string;
  readonly level: 'pass' | 'advice' | 'fail' | 'not checked';
  /** What was looked for and found, in one line. */
  readonly message: string;
  /** The rule or policy that decided it. */
  readonly because?: string;
}

export interface AuditSubject {
  readonly rules: RuleSet;
  /** The tunnel's link and that of the house. */
  readonly tunnel: string;
  readonly lan: string;
  /** A sit or tun link without neighbour discovery. */
  readonly pointToPoint: boolean;
  /** The whole text, for what only a script shows. */
  readonly text?: string;
  /** `iptables -S`, which guards the IPv4 packets that carry the tunnel. */
  readonly ipv4?: string;
  /** IPv4 address of the broker's tunnel server. */
  readonly endpoint?: string;
}

type Hook = 'input' | 'forward';
const HOOKS: readonly Hook[] = ['input', 'forward'];

/** Which program printed this. */
export const isNft = (text: string): boolean => /^\s*table (?:inet|ip6|ip) /m.test(text);
export const parseRules = (text: string): RuleSet => (isNft(text) ? parseNft(text) : parseIp6tables(text));

/**
 * Checks a rule set against RFC 4890 and what a house behind a tunnel needs: each check sends packets through the rules
 * and looks at what becomes of them.
 */
export function audit(subject: AuditSubject): Finding[] {
  const { tunnel, lan, pointToPoint } = subject;
  const ask = (hook: Hook, packet: Partial<Packet> & Pick<Packet, 'protocol'>) =>
    follow(subject.rules, hook, { in: tunnel, state: 'new', source: 'global', ...packet });
  const icmp = (hook: Hook, types: readonly number[], packet: Partial<Packet>) =>
    types.map((icmpType) => ({ hook, icmpType, fate: ask(hook, { protocol: 'icmpv6', icmpType, ...packet }) }));

  return [
    ...HOOKS.map((hook) => closed(hook, ask(hook, { protocol: 'tcp' }))),
    ...openPorts(subject),
    ...HOOKS.map((hook) => answers(hook, ask(hook, { protocol: 'tcp', state: 'established' }))),
    ...HOOKS.map((hook) => passes('A-ptb', 'Packet Too Big', 'fail', icmp(hook, [2], { state: 'related' }))),
    ...HOOKS.map((hook) =>
      passes('A-err', 'the errors 1, 3 and 4', 'fail', icmp(hook, [1, 3, 4], { state: 'related' })),
    ),
    passes('A-echo', 'echo requests, by which a broker tells that a tunnel lives,', 'advice', icmp('input', [128], {})),
    ...(pointToPoint ? [] : [neighbours(tunnel)]),
    neighbours(lan),
    passes(
      'A-mld',
      'multicast listener messages of the house',
      'advice',
      icmp('input', [130, 131, 132, 143], nearby(lan)),
    ),
    spoofing(subject),
    protocol41(subject),
    ...startOrder(subject),
  ];

  function neighbours(link: string): Finding {
    const types = link === lan ? [133, 135, 136] : [134, 135, 136];
    return passes('A-nd', `neighbour discovery on ${link}`, 'fail', icmp('input', types, nearby(link)));
  }
}

/** Neighbour discovery and its like: from the next machine, and nothing that connections are kept of. */
const nearby = (link: string) => ({ in: link, state: 'untracked', source: 'link-local' }) as const;

function closed(hook: Hook, { verdict, because }: Fate): Finding {
  const what = hook === 'input' ? 'this machine' : 'the house';
  if (verdict === 'cannot tell')
    return {
      check: 'A-policy',
      level: 'not checked',
      message: `whether ${what} can be reached from outside hangs on a rule not understood here`,
      because,
    };
  if (verdict === 'drop')
    return {
      check: 'A-policy',
      level: 'pass',
      message: `new connections from outside to ${what} are dropped`,
      because,
    };
  return {
    check: because.startsWith('policy') ? 'A-policy' : 'A-any',
    level: 'fail',
    message: `anyone can open any port of ${what} through the tunnel`,
    because,
  };
}

function openPorts({ rules, tunnel }: AuditSubject): Finding[] {
  const open = (rule: Rule) =>
    rule.port !== undefined && rule.target === 'accept' && (rule.in === undefined || rule.in.includes(tunnel));
  return HOOKS.flatMap((hook) =>
    rules[hook].flatMap((chain) =>
      chain.rules.filter(open).map(
        (rule): Finding => ({
          check: 'A-any',
          level: 'advice',
          message: `${rule.protocol} port ${rule.port} is open to the world (${hook})`,
          because: rule.text,
        }),
      ),
    ),
  );
}

function answers(hook: Hook, { verdict, because }: Fate): Finding {
  const what = `answers to connections from inside (${hook})`;
  if (verdict === 'accept') return { check: 'A-state', level: 'pass', message: `${what} pass`, because };
  if (verdict === 'drop') return { check: 'A-state', level: 'fail', message: `${what} are dropped`, because };
  return { check: 'A-state', level: 'not checked', message: `${what} may or may not pass`, because };
}

function passes(
  check: string,
  what: string,
  otherwise: 'fail' | 'advice',
  asked: readonly { readonly hook: Hook; readonly icmpType: number; readonly fate: Fate }[],
): Finding {
  const hook = asked[0]?.hook ?? 'input';
  const dropped = asked.filter(({ fate }) => fate.verdict === 'drop');
  if (dropped.length > 0) {
    const types = dropped.map(({ icmpType }) => icmpType).join(', ');
    return {
      check,
      level: otherwise,
      message: `${what} must pass (${hook}); dropped: ICMPv6 type ${types}`,
      because: dropped[0]?.fate.because as string,
    };
  }
  const unclear = asked.find(({ fate }) => fate.verdict === 'cannot tell');
  if (unclear)
    return {
      check,
      level: 'not checked',
      message: `${what} may or may not pass (${hook})`,
      because: unclear.fate.because,
    };
  return { check, level: 'pass', message: `${what} pass (${hook})`, because: asked[0]?.fate.because as string };
}

function spoofing({ rules, tunnel }: AuditSubject): Finding {
  const guard = rules.forward
    .flatMap((chain) => chain.rules)
    .find((rule) => rule.target === 'drop' && rule.in?.includes(tunnel) && rule.source !== undefined);
  if (guard)
    return {
      check: 'A-spoof',
      level: 'pass',
      message: 'packets from outside that pretend to come from the house are dropped',
      because: guard.text,
    };
  return {
    check: 'A-spoof',
    level: 'advice',
    message: 'drop packets from the tunnel whose source lies in the prefix of the house',
  };
}

function protocol41({ ipv4, endpoint }: AuditSubject): Finding {
  if (ipv4 === undefined)
    return {
      check: 'A-v4',
      level: 'not checked',
      message: 'whether protocol 41 is accepted from the broker alone: the IPv4 rules were not given',
    };
  const accepts = ipv4.split('\n').filter((line) => /^-A INPUT\b.*-p (?:41|ipv6)\b.*-j ACCEPT/.test(line));
  const open = accepts.find((line) => endpoint === undefined || !line.includes(endpoint));
  if (open)
    return {
      check: 'A-v4',
      level: 'advice',
      message: "accept protocol 41 from the broker's tunnel server alone",
      because: open,
    };
  if (accepts.length > 0)
    return {
      check: 'A-v4',
      level: 'pass',
      message: 'protocol 41 is accepted from the broker alone',
      because: accepts[0] as string,
    };
  const policy = /^-P INPUT (\w+)/m.exec(ipv4)?.[1] ?? 'ACCEPT';
  if (policy === 'ACCEPT')
    return {
      check: 'A-v4',
      level: 'advice',
      message: 'protocol 41 is accepted from anyone',
      because: '-P INPUT ACCEPT',
    };
  return {
    check: 'A-v4',
    level: 'fail',
    message: 'protocol 41 is not accepted: a tunnel behind it works only while it sends',
    because: `-P INPUT ${policy}`,
  };
}

const TUNNEL_START = /^(?:aiccu start|ip (?:tunnel add|link set \S+.* up|link set dev \S+.* up)|ifup )/;

/** Only a script shows in which order things happen. */
function startOrder({ text = '' }: AuditSubject): Finding[] {
  const lines = text.split('\n').map((line) => line.trim());
  const start = lines.findIndex((line) => TUNNEL_START.test(line));
  const guard = lines.findIndex((line) =>
    /^(?:\S*ip6tables-restore|nft -f|\S*ip6tables -P (?:INPUT|FORWARD) DROP)/.test(line),
  );
  if (start < 0 || guard < 0) return [];
  const single = lines.filter((line) => /^\S*ip6tables -[APF]/.test(line)).length;
  const order: Finding =
    guard < start
      ? { check: 'A-order', level: 'pass', message: 'the rules are there before the tunnel' }
      : {
          check: 'A-order',
          level: 'fail',
          message: 'the tunnel is up before the rules: until then anyone can reach the house',
          because: lines[start] as string,
        };
  if (single === 0) return [order];
  return [
    order,
    {
      check: 'A-order',
      level: 'advice',
      message: `${single} single commands leave gaps between them: load all at once with ip6tables-restore or nft -f`,
    },
  ];
}
