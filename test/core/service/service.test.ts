import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { renderService, UNIT_FILE } from '../../../core/service/unit.ts';
import { distFile } from '../../../core/support/paths.ts';
import { startHub, temporaryFolder } from '../../support/hub.ts';
import { testNeeding } from '../../support/prerequisites.ts';

const run = promisify(execFile);
const NOTHING = {
  groups: [],
  capabilities: [],
  privileged: [],
  unprotected: [],
  delegate: false,
  udev: [],
  polkit: [],
};
const plan = { node: '/usr/bin/node', cupboard: '/opt/cup board/dist/cupboard.js', dataDir: '/data/50%', user: 'cup' };

it('takes back only the protections that a configured plugin cannot live with', () => {
  const files = renderService({
    ...plan,
    needs: {
      weather: NOTHING,
      net: { ...NOTHING, capabilities: ['CAP_NET_RAW'] },
      ci: { ...NOTHING, unprotected: ['RestrictNamespaces'], delegate: true, groups: ['kvm'], udev: ['RULE'] },
    },
  });
  expect(Object.keys(files)).toEqual([
    UNIT_FILE,
    `${UNIT_FILE}.d/net.conf`,
    `${UNIT_FILE}.d/ci.conf`,
    '/etc/udev/rules.d/60-cupboard-ci.rules',
  ]);
  expect(files[`${UNIT_FILE}.d/net.conf`]).toBe(
    '[Service]\nCapabilityBoundingSet=CAP_NET_RAW\nAmbientCapabilities=CAP_NET_RAW\n',
  );
  expect(files[`${UNIT_FILE}.d/ci.conf`]).toBe(
    '[Service]\nSupplementaryGroups=kvm\nRestrictNamespaces=no\nDelegate=yes\n',
  );
  expect(files[UNIT_FILE]).toContain(
    'ExecStart=/usr/bin/node "/opt/cup board/dist/cupboard.js" start --data /data/50%%\n',
  );
});

testNeeding('systemd-analyze')(
  'systemd itself finds nothing wrong with what is written for all first-party plugins',
  async () => {
    const [dataDir, root] = [await temporaryFolder(), await temporaryFolder()];
    const ids = ['acurite', 'photos', 'modem-console', 'ipv6-watchdog', 'ci', 'weather'];
    const config = JSON.stringify({ plugins: Object.fromEntries(ids.map((id) => [id, {}])) });
    await writeFile(join(dataDir, 'cupboard.yaml'), config);
    const args = ['service', 'install', '--data', dataDir, '--root', root, '--user', 'root'];
    await run(process.execPath, [distFile('cupboard.js'), ...args]);
    const { stderr } = await run('systemd-analyze', ['verify', '--man=no', join(root, UNIT_FILE)]);
    expect(stderr).not.toContain('cupboard.service');
    expect(await readFile(join(root, '/etc/udev/rules.d/60-cupboard-acurite.rules'), 'utf8')).toContain('24c0');
  },
);

testNeeding('systemd-notify', 'python3')('tells systemd that it is up, that it lives, and that it stops', async () => {
  const socket = join(await temporaryFolder(), 'notify');
  const listener = spawn('python3', [
    '-u',
    '-c',
    `
import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(${JSON.stringify(socket)})
print('bound')
while True:
  said = s.recv(4096).decode().strip()
  if said != 'BARRIER=1': print(said) # systemd-notify's own wait until it was heard
`,
  ]);
  const lines = createInterface({ input: listener.stdout })[Symbol.asyncIterator]();
  try {
    const told = async () => (await lines.next()).value as string;
    expect(await told()).toBe('bound');
    const hub = await startHub({ env: { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '400000' } });
    expect(await told()).toBe('READY=1');
    expect(await told()).toBe('WATCHDOG=1');
    expect(await told()).toBe('WATCHDOG=1');
    const stopped = hub.stop();
    let last = await told();
    while (last === 'WATCHDOG=1') last = await told();
    expect(last).toBe('STOPPING=1');
    expect(await stopped).toBe(0);
  } finally {
    listener.kill();
    await once(listener, 'exit');
  }
});
