import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import type { Config, Tunnel } from '../../../plugins/ipv6-watchdog/config.ts';
import type { TunnelDevice } from '../../../plugins/ipv6-watchdog/device.ts';
import type { UpdateAnswer } from '../../../plugins/ipv6-watchdog/endpoint-update.ts';
import { MIGRATIONS, openMemory } from '../../../plugins/ipv6-watchdog/memory.ts';
import type { Round } from '../../../plugins/ipv6-watchdog/probes.ts';
import type { TunnelState } from '../../../plugins/ipv6-watchdog/state.ts';
import { Watch } from '../../../plugins/ipv6-watchdog/watch.ts';

const ROUND_MS = 5000;
const HOUR = 3_600_000;
const LINK = { present: true, up: true, carrier: true, address: true, route: 'ok', mtu: 1480 } as const;
const WELL: Round = {
  link: LINK,
  v4: { answered: 3, tried: 3 },
  endpoint: { answered: true },
  gateway: { answered: true },
  v6: { answered: 3, tried: 3, quorum: 2, loss: 0 },
  address4: '203.0.113.9',
};
const SILENT: Round = { ...WELL, gateway: { answered: false }, v6: { answered: 0, tried: 3, quorum: 2 } };
const CONFIG = {
  down: 3,
  up: 3,
  big_every: 12,
  loss: 20,
  clock_wait: 600,
  cost: { prefer_ipv4_ms: 30, turn_off_ms: 100 },
  targets_v4: [],
  targets_v6: [],
  dns: { v4: '', v6: '', name: '' },
  timeout: 2,
  quorum: 2,
} as unknown as Config;
const TUNNEL = {
  kind: 'external',
  name: 'he',
  link: 'sixxs',
  endpoint_update: { tunnel_id: '1', user: 'ann', key: 'k' },
} as unknown as Tunnel;

/** A watch on a clock of its own, over evidence that the test gives. */
function bed(answers: readonly UpdateAnswer[] = []) {
  let now = 0;
  let evidence: Round = WELL;
  const store = new Database(':memory:');
  for (const migration of MIGRATIONS) store.exec(migration);
  const memory = openMemory(store);
  const done: string[] = [];
  const events: string[] = [];
  const states: TunnelState[] = [];
  const updates = [...answers];
  const does = (name: string) => () => {
    done.push(name);
    return Promise.resolve({ ok: true, message: 'done' });
  };
  const device: TunnelDevice = {
    restart: does('restart'),
    off: does('off'),
    on: does('on'),
    status: () => Promise.resolve(undefined),
    publicAddress: () => Promise.resolve(undefined),
    updateEndpoint(address) {
      done.push(`update ${address}`);
      return Promise.resolve(
        updates.shift() ?? { result: 'unchanged', advice: 'The broker has this address already.' },
      );
    },
  };
  const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  const watch = new Watch({
    tunnel: TUNNEL,
    config: CONFIG,
    memory,
    device,
    run: () => Promise.resolve({ stdout: 'yes', stderr: '', code: 0 }),
    ping: () => Promise.resolve({ cannot: 'not used' }),
    hub: { log: log as never, signal: new AbortController().signal },
    publish: (state) => states.push(state),
    event: (name) => events.push(name),
    now: () => now,
    probe: () => Promise.resolve(evidence),
  });
  return {
    watch,
    memory,
    done,
    events,
    last: () => states.at(-1) as TunnelState,
    async rounds(count: number, found: Round) {
      evidence = found;
      for (let round = 0; round < count; round += 1) {
        await watch.round();
        now += ROUND_MS;
      }
    },
    pass: (ms: number) => {
      now += ms;
    },
  };
}

describe('a watched tunnel', () => {
  test('is restarted once it is confirmed to be down, and said to be up again', async () => {
    const { rounds, done, events, last } = bed();
    await rounds(5, WELL);
    expect(last()).toMatchObject({ verdict: 'ok', phase: 'online', endpoint: '203.0.113.9' });
    await rounds(2, SILENT);
    expect(done).toEqual([]);
    await rounds(1, SILENT);
    expect(done).toEqual(['restart']);
    await rounds(3, WELL);
    expect(events).toEqual(['down', 'restart', 'up']);
    expect(last()).toMatchObject({ verdict: 'ok', restarts: 1, last_restart_result: 'ok: done' });
  });

  test('48 hours of silence: every restart has its distance, and none is forgotten', async () => {
    const { rounds, done } = bed();
    await rounds((48 * HOUR) / ROUND_MS, SILENT);
    expect(done.length).toBeGreaterThan(48);
    expect(done.length).toBeLessThan(62);
  });

  test('what cannot be looked at is no outage', async () => {
    const { rounds, done, last } = bed();
    await rounds(100, { blind: 'ssh: connect to host router port 22: Connection refused' });
    expect(done).toEqual([]);
    expect(last()).toMatchObject({
      verdict: 'unknown',
      phase: 'online',
      advice: expect.stringContaining('Connection refused'),
    });
  });

  test('turned off it is left alone, also after a restart of the plugin, and never counts as down', async () => {
    const { watch, rounds, done, events, last, memory } = bed();
    expect(await watch.off()).toMatchObject({ ok: true });
    await rounds(50, SILENT);
    expect(last()).toMatchObject({ verdict: 'off', phase: 'off' });
    expect(memory.mode('he').mode).toBe('off');
    expect(await watch.restartNow()).toMatchObject({ ok: false });
    expect([done, events]).toEqual([['off'], []]);
    await watch.on();
    await rounds(1, WELL);
    expect(last()).toMatchObject({ verdict: 'ok' });
  });

  test('packets that go out and never come back are told apart from silence', async () => {
    const { rounds, last } = bed();
    await rounds(3, { ...WELL, counters: { rx: 500, tx: 500 } });
    await rounds(1, { ...SILENT, counters: { rx: 500, tx: 900 } });
    expect(last()).toMatchObject({ verdict: 'tunnel-down', advice: expect.stringContaining('none come back') });
  });

  test('an open firewall is told once, and that it is closed again', async () => {
    const { watch, rounds, events, last } = bed();
    for (const exposed of ['', 'anyone can open any port', 'anyone can open any port']) watch.noteExposure(exposed);
    await rounds(1, WELL);
    expect(last().exposed).toBe('anyone can open any port');
    watch.noteExposure('');
    await rounds(1, WELL);
    expect(last().exposed).toBe('');
    expect(events).toEqual(['exposed', 'closed']);
  });

  test('vanishing big packets count after three rounds, and stay until some pass', async () => {
    const { rounds, last } = bed();
    const lost = { ...WELL, big: { lost: 2, tried: 2 } };
    await rounds(2, lost);
    expect(last().verdict).toBe('ok');
    await rounds(1, lost);
    expect(last().verdict).toBe('pmtu-blackhole');
    await rounds(5, WELL);
    expect(last().verdict).toBe('pmtu-blackhole');
    await rounds(1, { ...WELL, big: { lost: 0, tried: 2 } });
    expect(last().verdict).toBe('ok');
  });
});

describe('a new IPv4 address', () => {
  const MOVED = { ...SILENT, address4: '203.0.113.77' };
  const online = async (answers: readonly UpdateAnswer[]) => {
    const parts = bed(answers);
    await parts.rounds(3, WELL);
    return parts;
  };

  test('is told to the broker once, then the tunnel is restarted', async () => {
    const { rounds, done, events } = await online([
      { result: 'changed', address: '203.0.113.77', advice: 'The broker has the new address.' },
    ]);
    await rounds(4, MOVED);
    await rounds(3, { ...WELL, address4: '203.0.113.77' });
    expect(done).toEqual(['update 203.0.113.77', 'restart']);
    expect(events).toEqual(['down', 'endpoint_updated', 'restart', 'up']);
  });

  test('is never told twice, whatever happens afterwards', async () => {
    const { rounds, done } = await online([{ result: 'unchanged', advice: 'The broker has this address already.' }]);
    await rounds((6 * HOUR) / ROUND_MS, MOVED);
    expect(done.filter((each) => each.startsWith('update'))).toEqual(['update 203.0.113.77']);
  });

  test('that the broker refuses stops the updates and says so', async () => {
    const { rounds, done, last } = await online([{ result: 'refused', advice: 'User name or key is wrong.' }]);
    await rounds(500, MOVED);
    expect(done.filter((each) => each.startsWith('update'))).toHaveLength(1);
    expect(last().advice).toBe('User name or key is wrong.');
  });

  test('waits half an hour after a fault of the service', async () => {
    const later: UpdateAnswer = { result: 'later', retryAfter: 1800, advice: 'The broker has a fault of its own.' };
    const { rounds, done } = await online([later, { result: 'changed', advice: 'The broker has the new address.' }]);
    await rounds((29 * 60_000) / ROUND_MS, MOVED);
    expect(done).toEqual(['update 203.0.113.77']);
    await rounds(HOUR / ROUND_MS, MOVED);
    expect(done.slice(0, 2)).toEqual(['update 203.0.113.77', 'update 203.0.113.77']);
    expect(done[2]).toBe('restart');
  });
});
