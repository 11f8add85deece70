import type { Device } from 'cupboard/sdk';
import type { ConnectionCost, Destination } from './cost/connection.ts';
import type { TunnelDevice } from './device.ts';
import type { Memory } from './memory.ts';
import { tenths } from './numbers.ts';
import type { Round } from './probes.ts';
import { judge, type Limits } from './verdict.ts';

const MINUTE = 60_000;
const DONE = Promise.resolve({ ok: true, message: 'done' });
/** Minutes of each hour in which something is wrong. */
const SCRIPT: readonly { readonly from: number; readonly to: number; readonly fault: Partial<Round> }[] = [
  { from: 12, to: 15, fault: { gateway: { answered: false, loss: 100 }, v6: { answered: 0, tried: 3, quorum: 2 } } },
  { from: 27, to: 29, fault: { v6: { answered: 3, tried: 3, quorum: 2, loss: 33.3 } } },
  { from: 41, to: 44, fault: { big: { lost: 2, tried: 2 } } },
];

/** A tunnel that ends far away: 185 ms dearer than IPv4, and with a fault now and then. A restart mends what it can. */
export function simulatedTunnel(now: () => number = Date.now) {
  let mendedUntil = 0;
  return {
    probe: (): Promise<Round> => {
      const minute = (now() / MINUTE) % 60;
      const scene = now() < mendedUntil ? undefined : SCRIPT.find(({ from, to }) => minute >= from && minute < to);
      const { latencyV6, ...round } = { ...well(now()), ...scene?.fault };
      return Promise.resolve(round.v6?.answered === 0 || latencyV6 === undefined ? round : { ...round, latencyV6 });
    },
    device: {
      off: () => DONE,
      on: () => DONE,
      restart: () => {
        mendedUntil = now() + 10 * MINUTE;
        return DONE;
      },
      status: () => Promise.resolve(undefined),
      publicAddress: () => Promise.resolve(undefined),
      updateEndpoint: () => Promise.resolve({ result: 'unchanged', advice: 'simulated' } as const),
    } satisfies TunnelDevice,
    /** Costs of connections, without a single packet. */
    measure: (destination: Destination): Promise<ConnectionCost> => {
      const v4 = 8 + wobble(now(), destination.host.length) * 4;
      const v6 = v4 + 150 + destination.host.length * 2 + wobble(now(), 7) * 6;
      return Promise.resolve({
        ...destination,
        address_v4: '198.51.100.7',
        address_v6: '2001:db8:ffff::7',
        v4_ms: tenths(v4),
        v6_ms: tenths(v6),
        cost_ms: tenths(v6 - v4),
      });
    },
  };
}

const PAST_MS = 24 * 60 * MINUTE;
const PAST_STEP_MS = 2 * MINUTE;

/** A day that was before the demo began, so that graphs and band have something to show. */
export async function simulatePast(tunnel: string, shown: Device, memory: Memory, limits: Limits): Promise<void> {
  const end = Date.now();
  let before = '';
  for (let time = end - PAST_MS; time < end; time += PAST_STEP_MS) {
    const round = await simulatedTunnel(() => time).probe();
    const { name, advice } = judge(round, limits);
    if (name !== before) memory.addVerdict(tunnel, name, advice, time);
    before = name;
    const { latencyV4 = 0, latencyV6, v6 } = round;
    const answered =
      latencyV6 === undefined ? {} : { latency_v6: tenths(latencyV6), cost_ms: tenths(latencyV6 - latencyV4) };
    await shown.report({ latency_v4: tenths(latencyV4), loss: v6?.loss ?? 100, ...answered }, time);
  }
}

function well(time: number): Round {
  const v4 = 9 + wobble(time, 1) * 3;
  return {
    link: { present: true, up: true, carrier: true, address: true, route: 'ok', mtu: 1480 },
    v4: { answered: 3, tried: 3 },
    endpoint: { answered: true, loss: 0 },
    gateway: { answered: true, loss: 0 },
    v6: { answered: 3, tried: 3, quorum: 2, loss: 0 },
    dns: { v4: true, v6: true },
    latencyV4: v4,
    latencyV6: v4 + 17 + wobble(time, 5) * 4,
    address4: '203.0.113.9',
  };
}

/** -1 to 1, the same for the same time: two slow waves that never meet. */
const wobble = (time: number, seed: number) =>
  (Math.sin(time / 47_000 + seed) + Math.sin(time / 313_000 + seed * 3)) / 2;
