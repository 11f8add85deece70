import { readFile } from 'node:fs/promises';
import { type CommandResult, errorText, type Hub, type JsonObject, writeFileAtomic } from 'cupboard/sdk';
import type { Config, Tunnel } from './config.ts';
import { compareTraces } from './cost/compare.ts';
import { download } from './cost/download.ts';
import { preferIPv4 } from './cost/gai.ts';
import { isHost, traceBoth } from './cost/trace.ts';
import { parseConntrack, parseNeighbours, type Traffic } from './cost/usage.ts';
import type { Outcome } from './device.ts';
import { auditTunnel } from './firewall/live.ts';
import { type TextForm, textFor } from './firewall/texts.ts';
import type { Memory } from './memory.ts';
import { askOutside } from './outside.ts';
import { parseMtrReport } from './parse/mtr.ts';
import { createRun, type Run } from './run.ts';
import { parseTarget } from './tcp.ts';
import type { Watch } from './watch.ts';

/** A tunnel with all that acts on it. */
export interface Watched {
  readonly tunnel: Tunnel;
  readonly run: Run;
  readonly watch: Watch;
}

type OneTunnel = { readonly tunnel?: string };
const GAI_CONF = '/etc/gai.conf';
const SHOWN_DESTINATIONS = 100;

export function commands(hub: Hub<Config>, watched: readonly Watched[], memory: Memory): void {
  const onOne = <Args extends OneTunnel = OneTunnel>(
    name: string,
    act: (one: Watched, args: Args) => Promise<CommandResult>,
  ) => hub.command<Args>(name, (args) => onWhich(watched, args, act));

  onOne('probe', async ({ watch }) => {
    const { evidence, verdict } = await watch.probeNow();
    return { ok: true, verdict: verdict.name, advice: verdict.advice, evidence: asJson(evidence) };
  });
  onOne('restart', async ({ watch }) => answer(await watch.restartNow()));
  onOne('off', async ({ watch }) => answer(await watch.off()));
  onOne('on', async ({ watch }) => {
    await setPreference(false).catch((error) => hub.log.warn(`${GAI_CONF} could not be put back: ${errorText(error)}`));
    return answer(await watch.on());
  });
  onOne<OneTunnel & { host: string }>('trace', async ({ tunnel, run }, { host }) => {
    if (!isHost(host)) return { ok: false, error: 'not a host', expected: 'a name or an address', got: host };
    return { ok: true, ...asJson(await traceBoth(host, tunnel, run, hub.config.cost)) };
  });
  onOne('usage', async ({ run }) => ({ ok: true, ...asJson(await usageOf(run)) }));
  hub.command<OneTunnel & { text?: string; interface: string; lan: string }>('audit', async (args) => {
    if (args.text === undefined) return onWhich(watched, args, async ({ tunnel, run }) => audited(tunnel, run));
    const known = watched.find(({ tunnel }) => tunnel.name === args.tunnel)?.tunnel ?? watched[0]?.tunnel;
    const link = args.interface || known?.link || 'sixxs';
    const lan = known?.lan ?? args.lan;
    const subject = { kind: 'sit', name: 'text', link, lan, mtu: 1480, ttl: 255, default_route: true } as const;
    return audited(subject, createRun(), args.text);
  });
  onOne<OneTunnel & { limit: number }>('verdicts', async ({ tunnel }, { limit }) => ({
    ok: true,
    verdicts: asJson(memory.verdicts(tunnel.name, limit)),
  }));
  onOne<OneTunnel & { form: TextForm }>('text', async ({ tunnel, run }, { form }) => ({
    ok: true,
    text: await textFor(form, tunnel, hub.config, run),
  }));
  hub.command<{ targets: readonly string[] }>('outside', async ({ targets }) => {
    if (!hub.config.outside)
      return { ok: false, error: 'not tested: no responder is configured', expected: 'outside.url and outside.token' };
    return { ok: true, results: asJson(await askOutside(hub.config.outside, targets.map(parseTarget), hub.signal)) };
  });
  hub.command<{ v6: string; v4: string; gateway_hop: number }>('compare', ({ v6, v4, gateway_hop }) => ({
    ok: true,
    ...asJson(compareTraces(parseMtrReport(v6), parseMtrReport(v4), gateway_hop, hub.config.cost)),
  }));
  hub.command('download', async () => {
    const { download_url, download_bytes } = hub.config.cost;
    if (download_url === undefined) return { ok: false, error: 'nothing is fetched without cost.download_url' };
    const url = new URL(download_url);
    const v4 = await download(url, 4, download_bytes, hub.signal);
    const v6 = await download(url, 6, download_bytes, hub.signal);
    return { ok: true, v4: asJson(v4), v6: asJson(v6), ratio: Math.round((v6.rate * 100) / v4.rate) / 100 };
  });
  hub.command('prefer_ipv4', async () => {
    await setPreference(true);
    return {
      ok: true,
      message: `programs of this machine that start now take IPv4 first; other machines of the house do not see this`,
    };
  });
}

function onWhich<Args extends OneTunnel>(
  watched: readonly Watched[],
  args: Args,
  act: (one: Watched, args: Args) => Promise<CommandResult>,
): Promise<CommandResult> | CommandResult {
  const found = watched.find(({ tunnel }) => tunnel.name === args.tunnel);
  const one = args.tunnel === undefined && watched.length === 1 ? watched[0] : found;
  if (one) return act(one, args);
  const expected = watched.map(({ tunnel }) => tunnel.name).join(', ') || 'none configured';
  return { ok: false, error: 'no such tunnel', expected, got: args.tunnel ?? null };
}

async function audited(tunnel: Tunnel, run: Run, text?: string): Promise<CommandResult> {
  const findings = await auditTunnel(tunnel, run, text);
  const worst = (['fail', 'not checked', 'advice'] as const).find((level) =>
    findings.some((each) => each.level === level),
  );
  return { ok: true, verdict: worst ?? 'pass', findings: asJson(findings) };
}

/** Traffic by destination, and the machines of the house that have an address of the world. */
export async function usageOf(run: Run): Promise<{
  readonly destinations: readonly Traffic[];
  readonly families: Readonly<Record<'v4' | 'v6', { readonly connections: number; readonly bytes: number }>>;
  readonly neighbours: readonly { readonly address: string; readonly mac: string }[];
}> {
  const traffic = await readTraffic(run);
  const neighbours = await run(['ip', '-6', 'neigh', 'show'], { timeoutMs: 5000 });
  const total = (family: 4 | 6) => {
    const own = traffic.filter((each) => each.family === family);
    const sum = (value: (each: Traffic) => number) => own.reduce((all, each) => all + value(each), 0);
    return { connections: sum((each) => each.connections), bytes: sum((each) => each.bytes ?? 0) };
  };
  return {
    destinations: traffic.slice(0, SHOWN_DESTINATIONS),
    families: { v4: total(4), v6: total(6) },
    neighbours: parseNeighbours(neighbours.stdout),
  };
}

/** @throws Error when neither way of reading it is there or permitted */
export async function readTraffic(run: Run): Promise<Traffic[]> {
  const listed = await Promise.all(
    (['ipv4', 'ipv6'] as const).map((family) =>
      run(['conntrack', '-L', '-f', family, '-o', 'extended'], { timeoutMs: 15_000 }),
    ),
  );
  if (listed.every(({ code }) => code === 0)) return parseConntrack(listed.map(({ stdout }) => stdout).join('\n'));
  const read = await run(['cat', '/proc/net/nf_conntrack'], { timeoutMs: 15_000 });
  if (read.code === 0) return parseConntrack(read.stdout);
  throw new Error('connection tracking cannot be read: apt install conntrack, and it needs CAP_NET_ADMIN');
}

async function setPreference(prefer: boolean): Promise<void> {
  const before = await readFile(GAI_CONF, 'utf8').catch(() => '');
  const after = preferIPv4(before, prefer);
  if (after !== before) await writeFileAtomic(GAI_CONF, after, 0o644);
}

const answer = ({ ok, message }: Outcome): CommandResult => (ok ? { ok, message } : { ok, error: message });

/** Plain data of ours is JSON, which TypeScript cannot tell of an interface. */
const asJson = (value: object) => value as unknown as JsonObject;
