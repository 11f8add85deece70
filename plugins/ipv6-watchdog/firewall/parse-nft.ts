import { type Chain, icmpType, type Rule, type RuleSet, type State } from './rules.ts';

/** Reads what filters IPv6 from `nft list ruleset` in plain text; the JSON form hides the values of rules made by iptables. */
export function parseNft(text: string): RuleSet {
  const input: Chain[] = [];
  const forward: Chain[] = [];
  const others = new Map<string, Chain>();
  for (const { name, lines } of chainsOf(text)) {
    const base = /type filter hook (input|forward) priority [^;]+;(?: policy (accept|drop);)?/.exec(lines[0] ?? '');
    const isBase = /^type /.test(lines[0] ?? '');
    const rules = (isBase ? lines.slice(1) : lines).map(parseRule);
    if (base) (base[1] === 'input' ? input : forward).push({ policy: base[2] === 'drop' ? 'drop' : 'accept', rules });
    else if (!isBase) others.set(name, { rules });
  }
  return { input, forward, others };
}

/** Chains of the tables that see IPv6. */
function chainsOf(text: string): { readonly name: string; readonly lines: string[] }[] {
  const chains: { name: string; lines: string[] }[] = [];
  let seesIPv6 = false;
  let depth = 0;
  let chain: { name: string; lines: string[] } | undefined;
  for (const line of text.split('\n').map((each) => each.trim())) {
    const table = /^table (\w+) \S+ \{$/.exec(line);
    if (table) seesIPv6 = table[1] === 'inet' || table[1] === 'ip6';
    const opened = /^chain (\S+) \{$/.exec(line);
    if (opened && seesIPv6) chain = { name: opened[1] as string, lines: [] };
    else if (line.endsWith('{')) depth += 1;
    else if (line === '}' && depth > 0 && chain === undefined) depth -= 1;
    else if (line === '}' && chain) {
      chains.push(chain);
      chain = undefined;
    } else if (chain && line !== '' && !line.startsWith('#')) chain.lines.push(line);
  }
  return chains;
}

/** One test or statement at the head of what is left of a rule. */
const PARTS: readonly [RegExp, (rule: Draft, found: RegExpExecArray) => void][] = [
  [/^(?:meta )?iif(?:name)? (\{[^}]*\}|\S+)/, (rule, [, links = '']) => Object.assign(rule, { in: list(links) })],
  [/^ip6 saddr ([\da-f:./]+)/i, (rule, [, source]) => Object.assign(rule, { source })],
  [/^ct state (\{[^}]*\}|\S+)/, (rule, [, states = '']) => Object.assign(rule, { states: list(states) as State[] })],
  [/^icmpv6 type (\{[^}]*\}|\S+)/, (rule, [, types = '']) => takeTypes(rule, types)],
  [/^(?:meta l4proto|ip6 nexthdr) (?:ipv6-icmp|icmpv6|58)\b/, (rule) => Object.assign(rule, { protocol: 'icmpv6' })],
  [/^(?:meta l4proto|ip6 nexthdr) (tcp|udp)\b/, (rule, [, protocol]) => Object.assign(rule, { protocol })],
  [/^(tcp|udp) dport (\{[^}]*\}|\S+)/, (rule, [, protocol, port]) => Object.assign(rule, { protocol, port })],
  [/^counter(?: packets \d+ bytes \d+)?/, () => undefined],
  [/^comment "[^"]*"/, () => undefined],
  [/^log\b(?: \w+ (?:"[^"]*"|\S+))*/, () => undefined],
  [/^limit rate \S+(?: burst \d+ packets)?/, (rule, [text]) => void rule.unknown.push(text)],
  [/^accept\b/, (rule) => Object.assign(rule, { target: 'accept' })],
  [/^(?:drop|reject)\b.*/, (rule) => Object.assign(rule, { target: 'drop' })],
  [/^return\b/, (rule) => Object.assign(rule, { target: 'return' })],
  [/^(?:jump|goto) (\S+)/, (rule, [, jump]) => Object.assign(rule, { target: { jump } })],
  [/^\S+/, (rule, [text]) => void rule.unknown.push(text)],
];

type Draft = { text: string; target: Rule['target']; unknown: string[] } & Partial<Rule>;

function parseRule(text: string): Rule {
  const rule: Draft = { text, target: 'none', unknown: [] };
  for (let rest = text; rest !== ''; ) {
    const [pattern, take] = PARTS.find(([each]) => each.test(rest)) as (typeof PARTS)[number];
    const found = pattern.exec(rest) as RegExpExecArray;
    take(rule, found);
    rest = rest.slice(found[0].length).trimStart();
  }
  return rule;
}

function takeTypes(rule: Draft, text: string): void {
  const types = list(text).map(icmpType);
  if (types.includes(undefined)) rule.unknown.push(`icmpv6 type ${text}`);
  else Object.assign(rule, { protocol: 'icmpv6', icmpTypes: types });
}

const list = (text: string) =>
  text
    .replace(/[{}]/g, '')
    .split(',')
    .map((each) => each.trim().replaceAll('"', ''))
    .filter(Boolean);
