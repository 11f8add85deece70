import { resolve4, resolve6 } from 'node:dns/promises';
import { median, tenths } from '../numbers.ts';
import { tcpConnect } from '../tcp.ts';

export interface Destination {
  readonly host: string;
  readonly port: number;
  /** Its share in the sum; any scale. */
  readonly weight: number;
}

/** One comparison of a destination over both families. */
export interface ConnectionCost extends Destination {
  /** They may belong to different servers, so both are shown. */
  readonly address_v4?: string;
  readonly address_v6?: string;
  /** Median of the TCP connect times, in ms; absent where it does not connect. */
  readonly v4_ms?: number;
  readonly v6_ms?: number;
  readonly cost_ms?: number;
}

const SAMPLES = 5;
const TIMEOUT_MS = 3000;

/** Connects in turn over IPv4 and IPv6, so that what else goes on meets both alike. */
export async function measure(destination: Destination, signal: AbortSignal): Promise<ConnectionCost> {
  const { host, port } = destination;
  const [address_v4, address_v6] = await Promise.all([first(resolve4(host)), first(resolve6(host))]);
  const times = { v4: [] as number[], v6: [] as number[] };
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    for (const [family, address] of [
      ['v4', address_v4],
      ['v6', address_v6],
    ] as const) {
      if (address === undefined || signal.aborted) continue;
      const ms = await tcpConnect({ address, port }, TIMEOUT_MS, signal);
      if (ms !== undefined) times[family].push(ms);
    }
  }
  const v4 = shown(median(times.v4));
  const v6 = shown(median(times.v6));
  return {
    ...destination,
    ...(address_v4 !== undefined && { address_v4 }),
    ...(address_v6 !== undefined && { address_v6 }),
    ...(v4 !== undefined && { v4_ms: v4 }),
    ...(v6 !== undefined && { v6_ms: v6 }),
    ...(v4 !== undefined && v6 !== undefined && { cost_ms: tenths(v6 - v4) }),
  };
}

/** Mean cost by weight, of the destinations reached over both families; undefined when there is none. */
export function weightedCost(costs: readonly ConnectionCost[]): number | undefined {
  const known = costs.filter((cost): cost is ConnectionCost & { cost_ms: number } => cost.cost_ms !== undefined);
  const weight = known.reduce((sum, each) => sum + each.weight, 0);
  if (weight === 0) return undefined;
  return tenths(known.reduce((sum, each) => sum + each.cost_ms * each.weight, 0) / weight);
}

/** `www.example.org`, `www.example.org:8443`. */
export function parseDestination(text: string, weight: number): Destination {
  const [, host = text, port = '443'] = /^(.+?)(?::(\d{1,5}))?$/.exec(text) ?? [];
  return { host, port: Number(port), weight };
}

const first = (addresses: Promise<string[]>): Promise<string | undefined> =>
  addresses.then(
    ([one]) => one,
    () => undefined,
  );

const shown = (ms: number | undefined) => (ms === undefined ? undefined : tenths(ms));
