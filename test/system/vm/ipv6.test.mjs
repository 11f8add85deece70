// Real sit links of the kernel's own driver, made, mended and removed by the shipped plugin.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { run, startHub, until } from './lib.mjs';

const KNOBS = '/var/tmp/broker.json';
const LINK = 'sit-he';
const broker = (...argv) => run('ip', 'netns', 'exec', 'broker', ...argv);
const brokerLink = (remote) => `type sit remote ${remote} local 192.0.2.1 ttl 255`.split(' ');

// The broker: a namespace with the far end of the tunnel and, behind it, two addresses of the world.
run('modprobe', 'sit');
run('ip', 'netns', 'add', 'broker');
run('ip', ...'link add line type veth peer name line netns broker'.split(' '));
run('ip', ...'addr add 192.0.2.2/24 dev line'.split(' '));
run('ip', ...'link set line up'.split(' '));
for (const line of ['addr add 192.0.2.1/24 dev line', 'link set line up', 'link set lo up'])
  broker('ip', ...line.split(' '));
broker('ip', 'link', 'add', 'name', 'tunnel', ...brokerLink('192.0.2.2'));
broker('ip', ...'link set tunnel up'.split(' '));
broker('ip', ...'-6 addr add 2001:db8:ff00::1/64 dev tunnel nodad'.split(' '));
for (const address of ['2001:db8:ffff::2', '2001:db8:ffff::3']) {
  broker('ip', '-6', 'addr', 'add', `${address}/128`, 'dev', 'lo', 'nodad');
}

// What the house tells the broker about its address, the broker does to its end.
writeFileSync(KNOBS, '{"remote":"192.0.2.2"}');
const service = spawn(
  'ip',
  [
    'netns',
    'exec',
    'broker',
    process.execPath,
    fileURLToPath(new URL('../ipv6/broker-api.mjs', import.meta.url)),
    '8080',
    KNOBS,
  ],
  { stdio: ['ignore', 'pipe', 'inherit'] },
);
let said = '';
service.stdout.on('data', (text) => {
  said += text;
});
after(() => service.kill());
await until('the service of the broker', () => said.includes('ready'));

const hub = await startHub(
  {
    plugins: {
      'ipv6-watchdog': {
        ...{ interval: 4, timeout: 4, down: 2, up: 1, big_every: 1000 },
        targets_v4: ['192.0.2.1:80'],
        targets_v6: ['[2001:db8:ffff::2]:80', '[2001:db8:ffff::3]:80'],
        dns: { v4: '', v6: '' },
        cost: { destinations: [] },
        tunnels: {
          he: {
            kind: 'sit',
            remote: '192.0.2.1',
            address: '2001:db8:ff00::2/64',
            gateway: '2001:db8:ff00::1',
            endpoint_update: {
              tunnel_id: '123456',
              user: 'ann',
              key: 'update-key',
              url: 'http://192.0.2.1:8080/nic/update',
            },
          },
        },
      },
    },
  },
  { root: true },
);
const state = () => hub.json('ipv6-watchdog/he');
const verdictIs = (name) =>
  until(`the verdict ${name}, not ${JSON.stringify(state())}`, () => state()?.verdict === name);
const link = () => run('ip', '-d', 'link', 'show');

test('makes the tunnel, and it carries packets', async () => {
  await verdictIs('ok');
  assert.match(link(), new RegExp(`${LINK}@.*\\n.*\\n? *sit.* remote 192\\.0\\.2\\.1 local 192\\.0\\.2\\.2`));
  assert.match(run('ping', '-6', '-c', '1', '-W', '5', '2001:db8:ffff::2'), / 0% packet loss/);
});

test('makes it anew when it was taken away', async () => {
  run('ip', 'link', 'del', LINK);
  await until('a restart', () => state()?.restarts === 1);
  await verdictIs('ok');
  assert.match(link(), /remote 192\.0\.2\.1/);
});

test('tells the broker a new address and moves its own end to it', async () => {
  run('ip', ...'addr del 192.0.2.2/24 dev line'.split(' '));
  run('ip', ...'addr add 192.0.2.77/24 dev line'.split(' '));
  await until('the update', () => JSON.parse(readFileSync(KNOBS, 'utf8')).remote === '192.0.2.77');
  broker('ip', 'link', 'change', 'name', 'tunnel', ...brokerLink('192.0.2.77'));
  await verdictIs('ok');
  assert.match(link(), /remote 192\.0\.2\.1 local 192\.0\.2\.77/);
  assert.deepEqual(said.trim().split('\n').slice(1), ['200 good 192.0.2.77 ?hostname=123456&myip=192.0.2.77']);
});

test('turned off the link is gone, and nothing brings it back but on', async () => {
  assert.equal((await hub.api('POST', '/api/v1/plugins/ipv6-watchdog/commands/off', {})).ok, true);
  await verdictIs('off');
  assert.ok(!link().includes(LINK));
  assert.equal((await hub.api('POST', '/api/v1/plugins/ipv6-watchdog/commands/on', {})).ok, true);
  await verdictIs('ok');
});

test('the hub stops cleanly', async () => {
  assert.equal(await hub.stop(), 0);
});
