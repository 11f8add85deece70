import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished } from 'vitest';
import { distFile } from '../../core/support/paths.ts';
import { type RunningHub, startHub, temporaryFolder, waitFor } from '../support/hub.ts';
import { testNeeding } from '../support/prerequisites.ts';
import { ADDRESSES, Ipv6Lab, TUNNEL } from './ipv6/lab.ts';

interface Shown {
  readonly verdict: string;
  readonly phase: string;
  readonly restarts: number;
  readonly held: string;
  readonly advice: string;
  readonly exposed: string;
  readonly latency_v6?: number | null;
  readonly cost_ms?: number;
}

const test = testNeeding('root', 'ip', 'python3', 'ping');
const isPossible = process.getuid?.() === 0;
const lab = new Ipv6Lab();
const { broker4, broker6, world4, world6 } = ADDRESSES;

beforeAll(() => {
  if (isPossible) lab.up();
});
afterEach(() => {
  if (isPossible) lab.heal();
});
afterAll(() => {
  if (isPossible) lab.down();
});

/** The shipped hub in the house, watching the tunnel, once it has found it well. */
async function watchingHub(tunnel: object = {}, more: object = {}): Promise<RunningHub> {
  const hub = await startHub({
    within: lab.within('house'),
    config: {
      plugins: {
        'ipv6-watchdog': {
          ...{ interval: 2, timeout: 2, down: 2, up: 2, big_every: 1, loss: 15 },
          targets_v4: [`${world4}:80`, `${broker4}:80`],
          targets_v6: world6.map((address) => `[${address}]:80`),
          dns: { v4: '', v6: '' },
          cost: { destinations: [] },
          ...more,
          tunnels: {
            he: {
              kind: 'external',
              interface: TUNNEL,
              remote: broker4,
              gateway: broker6,
              restart: ['sh', lab.restartScript],
              ...tunnel,
            },
          },
        },
      },
    },
  });
  await shows(hub, ({ verdict }) => verdict === 'ok');
  return hub;
}

async function shown(hub: RunningHub): Promise<Shown | undefined> {
  const { body } = await hub.api<{ payload: string }[]>('GET', '/api/v1/topics?filter=ipv6-watchdog/he');
  return body[0] && (JSON.parse(body[0].payload) as Shown);
}

async function shows(hub: RunningHub, fits: (state: Shown) => boolean): Promise<Shown> {
  let last: Shown | undefined;
  try {
    return await waitFor(
      'the state',
      async () => {
        last = await shown(hub);
        return last && fits(last) && last;
      },
      60,
    );
  } catch (error) {
    throw new Error(`${(error as Error).message}; it shows ${JSON.stringify(last)}`);
  }
}

const verdictIs = (hub: RunningHub, name: string) => shows(hub, ({ verdict }) => verdict === name);

describe('a tunnel with a fault', () => {
  test('cut: the link is down; one restart brings it back', async () => {
    const hub = await watchingHub();
    lab.cut();
    await shows(hub, ({ restarts }) => restarts === 1);
    expect(await shows(hub, ({ verdict, phase }) => verdict === 'ok' && phase === 'online')).toMatchObject({
      restarts: 1,
    });
  });

  test('crash: the carrier is lost; a restart that leaves a daemon behind does not hang', async () => {
    const hub = await watchingHub();
    lab.crash();
    await verdictIs(hub, 'link-down');
    expect(await shows(hub, ({ verdict, phase }) => verdict === 'ok' && phase === 'online')).toMatchObject({
      restarts: 1,
    });
  });

  test('silent: the link is up and nothing comes through; a restart does not help, the next keeps its distance', async () => {
    const hub = await watchingHub();
    lab.turn({ silent: true });
    await verdictIs(hub, 'tunnel-down');
    const state = await shows(hub, ({ held, restarts }) => restarts === 1 && /next restart is due/.test(held));
    expect(state).toMatchObject({ verdict: 'tunnel-down', phase: 'offline' });
  });

  test('faults that no restart can mend are named, and nothing is restarted', async () => {
    const hub = await watchingHub();
    const faults: readonly [string, () => void][] = [
      ['pmtu-blackhole', () => lab.turn({ biggest: 1300 })],
      ['lossy', () => lab.turn({ loss_in: 50 })],
      ['lossy', () => lab.turn({ loss_out: 50 })],
      ['slow', () => lab.turn({ delay: 90 })],
      ['ipv4-down', () => lab.cutLine()],
    ];
    for (const [verdict, fault] of faults) {
      fault();
      const state = await verdictIs(hub, verdict);
      expect(state.restarts).toBe(0);
      if (verdict === 'slow') expect(state.cost_ms).toBeGreaterThan(150);
      lab.turn({}, true);
      if (verdict !== 'ipv4-down') await verdictIs(hub, 'ok');
    }
    expect(await shows(hub, ({ phase }) => phase === 'offline')).toMatchObject({ held: 'a restart cannot help' });
  });

  test('off and on: the house is told first, off is never down', async () => {
    const hub = await watchingHub();
    const off = await hub.api('POST', '/api/v1/plugins/ipv6-watchdog/commands/off', {});
    expect(off.body).toMatchObject({ ok: true });
    await verdictIs(hub, 'off');
    expect(lab.run('house', 'ip', 'link', 'show', 'dev', TUNNEL)).not.toContain(',UP');
    const events = await hub.api<unknown[]>('GET', '/api/v1/events?filter=ipv6-watchdog/event/down');
    expect(events.body).toEqual([]);
    const on = await hub.api('POST', '/api/v1/plugins/ipv6-watchdog/commands/on', {});
    expect(on.body).toMatchObject({ ok: true });
    await verdictIs(hub, 'ok');
  });
});

describe('a new address of the house', () => {
  /** The broker's update service; answers what it was asked. */
  async function brokerService(): Promise<() => readonly string[]> {
    const script = fileURLToPath(new URL('ipv6/broker-api.mjs', import.meta.url));
    const [program = '', ...args] = [
      ...lab.within('broker'),
      process.execPath,
      script,
      '8080',
      lab.knobsFile('broker'),
    ];
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill());
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    await waitFor('the service', () => output.includes('ready'));
    return () => output.trim().split('\n').slice(1);
  }
  const update = (key: string) => ({
    endpoint_update: { tunnel_id: '123456', user: 'ann', key, url: `http://${broker4}:8080/nic/update` },
  });

  test('is told to the broker once, and the tunnel works again', async () => {
    const asked = await brokerService();
    const hub = await watchingHub(update('update-key'));
    await hub.api('POST', '/api/v1/plugins/ipv6-watchdog/commands/probe', {});
    lab.renumber();
    await shows(hub, ({ restarts }) => restarts === 1);
    await shows(hub, ({ verdict, phase }) => verdict === 'ok' && phase === 'online');
    expect(asked()).toEqual([`200 good ${ADDRESSES.newHouse4} ?hostname=123456&myip=${ADDRESSES.newHouse4}`]);
    expect(hub.output()).not.toContain('update-key');
  });

  test('with a wrong key stops after one try and says so', async () => {
    const asked = await brokerService();
    const hub = await watchingHub(update('wrong-key'));
    lab.renumber();
    const { body } = await waitFor(
      'the refusal',
      async () => {
        const topics = await hub.api<{ payload: string }[]>('GET', '/api/v1/topics?filter=ipv6-watchdog/he/advice');
        return /Update Key/.test(topics.body[0]?.payload ?? '') && topics;
      },
      60,
    );
    expect(body).toHaveLength(1);
    expect(asked()).toEqual([expect.stringMatching(/^401 badauth /)]);
    expect(hub.output()).not.toContain('wrong-key');
  });
});

describe('another machine', () => {
  test('a router that has nothing but BusyBox is watched and restarted all the same', async () => {
    const hub = await watchingHub({ via: ['busybox'] });
    lab.cut();
    await shows(hub, ({ restarts }) => restarts === 1);
    expect(await shows(hub, ({ verdict, phase }) => verdict === 'ok' && phase === 'online')).toMatchObject({
      restarts: 1,
    });
  });

  test('that cannot be reached is unknown, and nothing is restarted', async () => {
    const hub = await watchingHub();
    const { tunnels } = JSON.parse(await readFile(join(hub.dataDir, 'cupboard.yaml'), 'utf8')).plugins['ipv6-watchdog'];
    const unreachable = {
      he: { ...tunnels.he, via: ['sh', '-c', 'echo ssh: connect to host router: timed out >&2; exit 255'] },
    };
    const config = await hub.api<{ config: object }>('GET', '/api/v1/plugins/ipv6-watchdog/config');
    await hub.api('PUT', '/api/v1/plugins/ipv6-watchdog/config', { ...config.body.config, tunnels: unreachable });
    expect(await verdictIs(hub, 'unknown')).toMatchObject({
      restarts: 0,
      advice: expect.stringContaining('timed out'),
    });
  });

  test('outside tells which ports are open, and knows its token', async () => {
    const token = 'a-token-of-some-length';
    const [program = '', ...args] = [
      ...lab.within('world'),
      process.execPath,
      distFile('cupboard.js'),
      'run',
      'ipv6-watchdog',
      'responder',
      '8600',
      token,
    ];
    const elsewhere = await temporaryFolder();
    const responder = spawn(program, args, {
      env: { ...process.env, CUPBOARD_DATA: elsewhere },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    onTestFinished(() => void responder.kill('SIGKILL'));
    let said = '';
    responder.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    await waitFor('the responder', () => said.includes('listening'));
    const listener = spawn(
      lab.within('house')[0] as string,
      [...lab.within('house').slice(1), 'python3', '-m', 'http.server', '2222', '--bind', '::'],
      { stdio: 'ignore' },
    );
    onTestFinished(() => void listener.kill('SIGKILL'));
    const hub = await watchingHub({}, { outside: { url: `http://[${world6[0]}]:8600/`, token } });
    const ask = async (targets: readonly string[]) =>
      (
        await hub.api<{ results: { port: number; result: string }[] }>(
          'POST',
          '/api/v1/plugins/ipv6-watchdog/commands/outside',
          { targets },
        )
      ).body;
    const { house6 } = ADDRESSES;
    await waitFor('the open port', async () => (await ask([`[${house6}]:2222`])).results[0]?.result === 'open');
    expect(await ask([`[${house6}]:2223`, '[::1]:22', '[fd00::1]:22'])).toMatchObject({
      ok: true,
      results: [{ port: 2223, result: 'closed' }, { result: 'not tested' }, { result: 'not tested' }],
    });
  });
});

describe('the firewall', () => {
  const withIp6tables = testNeeding('root', 'ip', 'ip6tables');
  withIp6tables('that is applied stays only when it is confirmed', async () => {
    const hub = await watchingHub({ lan: 'line' });
    const policy = () => /^-P INPUT (\w+)/m.exec(lab.run('house', 'ip6tables', '-S'))?.[1];
    for (const [answer, kept] of [
      ['no', 'ACCEPT'],
      ['yes', 'DROP'],
    ] as const) {
      const program = [process.execPath, distFile('cupboard.js'), 'run', 'ipv6-watchdog', 'firewall', 'apply', 'he'];
      const [ip = '', ...args] = [...lab.within('house'), ...program];
      const apply = spawn(ip, args, { env: { ...process.env, CUPBOARD_DATA: hub.dataDir } });
      const ended = once(apply, 'exit');
      let asked = '';
      apply.stdout.setEncoding('utf8').on('data', (text: string) => {
        asked += text;
      });
      await waitFor('the question', () => asked.includes('type yes'));
      expect(policy()).toBe('DROP');
      apply.stdin.write(`${answer}\n`);
      expect(await ended).toEqual([answer === 'yes' ? 0 : 1, null]);
      expect(policy()).toBe(kept);
    }
    lab.run('house', 'nft', 'flush', 'ruleset');
  });

  testNeeding(
    'root',
    'ip',
    'radvd',
  )('radvd takes what is rendered for it', async () => {
    const hub = await watchingHub({ lan: 'line', prefix: '2001:db8:1::/64' });
    const { body } = await hub.api<{ text: string }>('POST', '/api/v1/plugins/ipv6-watchdog/commands/text', {
      form: 'radvd',
    });
    const file = join(await temporaryFolder(), 'radvd.conf');
    await writeFile(file, body.text);
    expect(lab.run('house', 'radvd', '-c', '-C', file)).toBeDefined();
  });

  const withTables = testNeeding('root', 'ip', 'ip6tables', 'nft');
  withTables(
    'that is rendered is taken by the real programs, passes the audit in force and keeps strangers out',
    async () => {
      const hub = await watchingHub({ lan: 'line', prefix: '2001:db8:1::/64' });
      const command = async (name: string, args: object) =>
        (
          await hub.api<{ ok: boolean; text: string; findings: { level: string; check: string }[] }>(
            'POST',
            `/api/v1/plugins/ipv6-watchdog/commands/${name}`,
            args,
          )
        ).body;
      // Seen without being asked, too: a link that is up before its rules.
      await shows(hub, ({ exposed }) => exposed.includes('anyone can open any port'));
      const before = await command('audit', {});
      expect(before.findings.filter(({ level }) => level === 'fail').map(({ check }) => check)).toContain('A-policy');
      for (const [form, program] of [
        ['ip6tables', ['ip6tables-restore']],
        ['nft', ['nft', '-f', '-']],
      ] as const) {
        const { text } = await command('text', { form });
        lab.feed('house', text, ...program);
        const { findings } = await command('audit', {});
        expect(findings.filter(({ level, check }) => level === 'fail' && check !== 'A-v4')).toEqual([]);
        lab.run('house', 'nft', 'flush', 'ruleset');
      }
    },
  );
});
