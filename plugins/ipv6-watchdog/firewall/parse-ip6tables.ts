import { type Chain, icmpType, type Rule, type RuleSet, type State } from './rules.ts';

/**
 * Reads the filter table as `ip6tables -S`, `ip6tables-save` or a script of `ip6tables` commands has it. In a script
 * simple assignments (`WAN_IF=sixxs`) are filled in.
 */
export function parseIp6tables(text: string): RuleSet {
  const policies = new Map<string, 'accept' | 'drop'>();
  const rules = new Map<string, Rule[]>();
  for (const words of filterLines(text)) {
    const [command, chain = '', ...rest] = words;
    if (command === '-P') policies.set(chain, rest[0] === 'ACCEPT' ? 'accept' : 'drop');
    if (command === '-F' && chain === '') rules.clear();
    if (command === '-A' || command === '-I') {
      const list = rules.get(chain) ?? [];
      const rule = parseRule(
        chain,
        rest.filter((word, index) => !(command === '-I' && index === 0 && /^\d+$/.test(word))),
      );
      rules.set(chain, command === '-A' ? [...list, rule] : [rule, ...list]);
    }
  }
  const chain = (name: string): Chain => ({ policy: policies.get(name) ?? 'accept', rules: rules.get(name) ?? [] });
  const others = [...rules].filter(([name]) => !policies.has(name) && !BASE.has(name));
  return {
    input: [chain('INPUT')],
    forward: [chain('FORWARD')],
    others: new Map(others.map(([name, list]) => [name, { rules: list }])),
  };
}

const BASE = new Set(['INPUT', 'FORWARD', 'OUTPUT']);

/** The commands on the filter table as words. */
function filterLines(text: string): string[][] {
  const variables = new Map<string, string>();
  const lines: string[][] = [];
  let table = 'filter';
  for (const line of text.split('\n').map((each) => each.trim())) {
    const assigned = /^(?:export )?([A-Za-z_]\w*)=(\S*)$/.exec(line);
    if (assigned) variables.set(assigned[1] as string, (assigned[2] as string).replace(/^["']|["']$/g, ''));
    if (line.startsWith('*')) table = line.slice(1);
    if (table !== 'filter') continue;
    const policy = /^:(\S+) (ACCEPT|DROP)\b/.exec(line);
    if (policy) lines.push(['-P', policy[1] as string, policy[2] as string]);
    const command = /^(?:\S*ip6tables\s+)?(?:-t filter\s+)?(-[PFAI]\b.*)$/.exec(line);
    if (command)
      lines.push(
        words((command[1] as string).replace(/\$\{?(\w+)\}?/g, (_, name: string) => variables.get(name) ?? `$${name}`)),
      );
  }
  return lines;
}

const words = (line: string) => (line.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replace(/^"|"$/g, ''));

/** Options that say nothing about which packets fit, with how many words follow. */
const SILENT: Readonly<Record<string, number>> = {
  '--comment': 1,
  '-c': 2,
  '--reject-with': 1,
  '--log-prefix': 1,
  '--log-level': 1,
};

function parseRule(chain: string, given: readonly string[]): Rule {
  const rule: { -readonly [Key in keyof Rule]?: Rule[Key] } = {};
  const unknown: string[] = [];
  const left = [...given];
  let not = false;
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    if (word === '!') {
      not = true;
      continue;
    }
    const value = () => left.shift() ?? '';
    const before = left.length;
    if (word === '-i') rule.in = [value()];
    else if (word === '-o') unknown.push(`-o ${value()}`);
    else if (word === '-s') rule.source = value();
    else if (word === '-d') unknown.push(`-d ${value()}`);
    else if (word === '-p') rule.protocol = protocolName(value());
    else if (word === '-m') value();
    else if (word === '--icmpv6-type') takeTypes(value());
    else if (word === '--state' || word === '--ctstate') rule.states = value().toLowerCase().split(',') as State[];
    else if (word === '--dport' || word === '--dports') rule.port = value();
    else if (word === '-j' || word === '-g') rule.target = target(value());
    else if (word in SILENT) left.splice(0, SILENT[word]);
    else unknown.push([word, ...(left[0]?.startsWith('-') === false ? [value()] : [])].join(' '));
    // "Not from there" is a test of its own, and not one that is followed here.
    if (not && left.length < before) unknown.push(`! ${word}`);
    not = false;
  }
  return { text: `-A ${[chain, ...given].join(' ')}`, target: 'none', ...rule, unknown };

  function takeTypes(text: string): void {
    const type = icmpType(text);
    if (type === undefined) unknown.push(`--icmpv6-type ${text}`);
    else rule.icmpTypes = [type];
  }
}

function target(name: string): Rule['target'] {
  if (name === 'ACCEPT') return 'accept';
  if (name === 'DROP' || name === 'REJECT') return 'drop';
  if (name === 'RETURN') return 'return';
  // They look at the packet and pass it on.
  if (['LOG', 'NFLOG', 'MARK', 'CONNMARK', 'TCPMSS'].includes(name)) return 'none';
  return { jump: name };
}

const protocolName = (name: string) =>
  (['icmpv6', 'ipv6-icmp', '58'].includes(name) ? 'icmpv6' : name === 'all' ? undefined : name) as string;
