import { Resolver } from 'node:dns/promises';
import { median } from './numbers.ts';
import { parseCounters, parseLink, parseRoutes, parseSource } from './parse/ip.ts';
import type { Ping } from './ping.ts';
import type { Run } from './run.ts';
import { type TcpTarget, tcpConnect } from './tcp.ts';
import type { Evidence, LinkEvidence } from './verdict.ts';

/** What a round looks at. */
export interface ProbePlan {
  readonly link: string;
  /** IPv4 address of the broker's tunnel server. */
  readonly endpoint?: string;
  /** IPv6 address at the far end of the tunnel; else the default route's. */
  readonly gateway?: string;
  readonly v4: readonly TcpTarget[];
  readonly v6: readonly TcpTarget[];
  readonly quorum: number;
  readonly dns: { readonly v4?: string; readonly v6?: string; readonly name: string };
  readonly timeoutMs: number;
  /** Full-sized packets are tried only now and then: they cost as much as a page. */
  readonly big: boolean;
  /** The link is elsewhere: connections from here cannot be bound to its address. */
  readonly remote: boolean;
}

export interface ProbeTools {
  readonly run: Run;
  readonly ping: Ping;
  readonly signal: AbortSignal;
}

const PING_COUNT = 3;
/** IPv6 header and ICMPv6 header. */
const PING_OVERHEAD = 48;
const READ_TIMEOUT_MS = 5000;

export interface Round extends Evidence {
  /** Our end of the tunnel. */
  readonly source?: string;
  /** Bytes through the link since it was made. */
  readonly counters?: { readonly rx: number; readonly tx: number };
  /** Our own IPv4 address as packets to the broker carry it; behind a NAT a private one. */
  readonly address4?: string;
}

/** One round of probes, in parallel; none runs longer than `timeoutMs` and a few seconds. */
export async function probe(plan: ProbePlan, tools: ProbeTools): Promise<Round> {
  const seen = await look(plan, tools);
  if (seen.blind !== undefined) return { blind: seen.blind };
  const { link, gateway, source, counters } = seen;
  const cannot: string[] = [];
  const ping = async (address: string | undefined, family: 4 | 6, size?: number) => {
    if (address === undefined) return undefined;
    const through = family === 6 && link.present ? { link: plan.link } : {};
    const options = {
      family,
      ...through,
      count: PING_COUNT,
      signal: tools.signal,
      ...(size !== undefined && { size }),
    };
    const answer = await tools.ping(address, options);
    if (!('cannot' in answer)) return answer;
    if (!cannot.includes(answer.cannot)) cannot.push(answer.cannot);
    return undefined;
  };
  const connects = (targets: readonly TcpTarget[], from?: string) =>
    Promise.all(targets.map((target) => tcpConnect(target, plan.timeoutMs, tools.signal, from)));
  const from6 = plan.remote ? undefined : link.addresses[0];

  const [tcp4, tcp6, toEndpoint, toGateway, pings6, dns4, dns6, address4] = await Promise.all([
    connects(plan.v4),
    connects(plan.v6, from6),
    ping(plan.endpoint, 4),
    ping(gateway, 6),
    Promise.all(plan.v6.map(({ address }) => ping(address, 6))),
    asks(plan.dns.v4, plan),
    asks(plan.dns.v6, plan),
    plan.endpoint === undefined ? undefined : sourceTowards(plan.endpoint, tools),
  ]);
  const big = plan.big ? await bigPackets(plan, link.evidence.mtu, pings6, ping) : undefined;
  const reached6 = plan.v6.filter((_, index) => tcp6[index] !== undefined || (pings6[index]?.received ?? 0) > 0);
  const losses = pings6.filter((each) => each !== undefined && each.received > 0).map((each) => each?.loss ?? 0);
  const latencyV4 = median(numbers(tcp4));
  const latencyV6 = median(numbers(tcp6));
  return {
    link: link.evidence,
    ...(plan.v4.length > 0 && { v4: { answered: numbers(tcp4).length, tried: tcp4.length } }),
    ...(toEndpoint && { endpoint: pinged(toEndpoint) }),
    ...(toGateway && { gateway: pinged(toGateway) }),
    ...(plan.v6.length > 0 && {
      v6: {
        answered: reached6.length,
        tried: plan.v6.length,
        quorum: Math.min(plan.quorum, plan.v6.length),
        ...(losses.length > 0 && { loss: Math.max(...losses) }),
      },
    }),
    ...(big && { big }),
    dns: { ...(dns4 !== undefined && { v4: dns4 }), ...(dns6 !== undefined && { v6: dns6 }) },
    ...(latencyV4 !== undefined && { latencyV4 }),
    ...(latencyV6 !== undefined && { latencyV6 }),
    ...(source !== undefined && { source }),
    ...(counters && { counters }),
    ...(address4 !== undefined && { address4 }),
    ...(cannot.length > 0 && { cannot }),
  };
}

/** Link, addresses and routes, or why they cannot be read. */
async function look({ link: name, gateway }: ProbePlan, { run, signal }: ProbeTools) {
  const options = { timeoutMs: READ_TIMEOUT_MS, signal };
  const [shown, routed, counted] = await Promise.all([
    run(['ip', '-6', 'addr', 'show', 'dev', name], options),
    run(['ip', '-6', 'route', 'show'], options),
    run(['cat', '/proc/net/dev'], options),
  ]);
  const whole = await run(['ip', 'link', 'show', 'dev', name], options);
  const missing = /does not exist|can't find device/i;
  if (whole.failure === 'missing') return { blind: 'the program ip is not installed' };
  if (whole.failure !== undefined || (whole.code !== 0 && !missing.test(whole.stderr + whole.stdout))) {
    return { blind: whole.stderr.trim().split('\n').at(-1) || 'ip gave no answer in time' };
  }
  const found = parseLink(whole.stdout);
  const addresses = parseLink(shown.stdout)?.addresses ?? [];
  const route = parseRoutes(routed.stdout).find(
    ({ destination, device }) => (destination === 'default' || destination === '::/0') && device === name,
  );
  const evidence: LinkEvidence = {
    present: found !== undefined,
    up: found?.flags.includes('UP') ?? false,
    carrier: found !== undefined && !found.flags.includes('NO-CARRIER'),
    address: addresses.length > 0,
    route: route === undefined ? 'missing' : route.linkdown ? 'linkdown' : 'ok',
    ...(found && { mtu: found.mtu }),
  };
  return {
    link: { evidence, addresses, present: found !== undefined },
    gateway: gateway ?? route?.gateway,
    source: addresses[0],
    counters: parseCounters(counted.stdout, name),
  };
}

async function bigPackets(
  plan: ProbePlan,
  mtu: number | undefined,
  small: readonly ({ received: number } | undefined)[],
  ping: (address: string, family: 6, size: number) => Promise<{ received: number; tooBig?: number } | undefined>,
): Promise<Evidence['big']> {
  if (mtu === undefined) return undefined;
  const answering = plan.v6.filter((_, index) => (small[index]?.received ?? 0) > 0).slice(0, 2);
  const answers = await Promise.all(answering.map(({ address }) => ping(address, 6, mtu - PING_OVERHEAD)));
  const made = answers.filter((answer) => answer !== undefined);
  const tooBig = made.find((answer) => answer.tooBig !== undefined)?.tooBig;
  const lost = made.filter(({ received }) => received === 0).length;
  return { lost, tried: made.length, ...(tooBig !== undefined && { tooBig }) };
}

/** Does this name server answer? "No such name" is an answer. */
async function asks(server: string | undefined, { dns, timeoutMs }: ProbePlan): Promise<boolean | undefined> {
  if (server === undefined) return undefined;
  const resolver = new Resolver({ timeout: timeoutMs, tries: 1 });
  resolver.setServers([server]);
  try {
    await resolver.resolve6(dns.name);
    return true;
  } catch (error) {
    return ['ENODATA', 'ENOTFOUND', 'EREFUSED', 'ESERVFAIL'].includes((error as NodeJS.ErrnoException).code ?? '');
  }
}

/** Our own IPv4 address as packets to the broker carry it. */
async function sourceTowards(endpoint: string, { run, signal }: ProbeTools): Promise<string | undefined> {
  const { stdout } = await run(['ip', 'route', 'get', endpoint], { timeoutMs: READ_TIMEOUT_MS, signal });
  return parseSource(stdout);
}

const pinged = ({ received, loss, average }: { received: number; loss: number; average?: number }) => ({
  answered: received > 0,
  loss,
  ...(average !== undefined && { latency: average }),
});

const numbers = (times: readonly (number | undefined)[]) => times.filter((time) => time !== undefined);
