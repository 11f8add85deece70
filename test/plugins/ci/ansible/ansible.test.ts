import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { ConsoleText } from '../../../../plugins/ci/ansible/console-text.ts';
import { type AnsibleEvent, parseEvent, playsOf } from '../../../../plugins/ci/ansible/events.ts';
import { phaseEndOf } from '../../../../plugins/ci/ansible/phase-end.ts';
import { configuration, inventory, playbook, variables } from '../../../../plugins/ci/ansible/playbooks.ts';
import { knownHostsLine, type StaticNode, sshArguments } from '../../../../plugins/ci/ansible/static-node.ts';
import { StaticPool } from '../../../../plugins/ci/ansible/static-pool.ts';
import { Masker } from '../../../../plugins/ci/runner/masking.ts';

const garage: StaticNode = {
  host: '10.0.0.7',
  port: 2222,
  user: 'ci',
  key: '/keys/ci',
  host_key: 'ssh-ed25519 AAAA me',
};
const forever = new AbortController().signal;
const customTags = [{ tag: '!unsafe', resolve: (text: string) => `unsafe ${text}` }];

test('marks every text from outside, so that Ansible never takes it for a template', () => {
  const vars = parse(variables('b'.repeat(32), 60, { ZUUL_BRANCH: "{{ lookup('pipe', 'id') }}" }), { customTags });
  expect(vars.cupboard.environment).toEqual({ ZUUL_BRANCH: "unsafe {{ lookup('pipe', 'id') }}" });
  const text = playbook('body', {
    steps: { setup: [], body: [{ name: '{{ 1 }}: "quoted"\n- hosts: all', shell: 'true' }], publishers: [] },
    deliveries: [],
  });
  expect(parse(text, { customTags })).toEqual([
    {
      name: 'Job body',
      hosts: 'all',
      gather_facts: false,
      any_errors_fatal: true,
      tasks: [
        {
          name: 'unsafe {{ 1 }}: "quoted"\n- hosts: all',
          'ansible.builtin.command': {
            argv: ['{{ cupboard_folder }}/scripts/run', 'body-01'],
            stdin: '{{ cupboard_environments[inventory_hostname] }}',
          },
        },
      ],
    },
  ]);
});

test('brings scripts and repositories in the setup, before the steps of the job', () => {
  const text = playbook('setup', {
    steps: { setup: [{ name: 'install', shell: 'true' }], body: [], publishers: [] },
    deliveries: [
      { project: 'lamp', branch: 'main', commit: 'c'.repeat(40), bundle: '/b/0', folder: '.', others: ['lib'] },
      { project: 'lib', branch: 'main', commit: 'd'.repeat(40), bundle: '/b/1', folder: 'lib', others: [] },
    ],
  });
  const [{ tasks }] = parse(text, { customTags });
  expect(tasks.map(({ name }: { name: string }) => name)).toEqual([
    'Copy the scripts',
    'unsafe Copy lamp',
    'unsafe Check out lamp main cccccccccccc',
    'unsafe Copy lib',
    'unsafe Check out lib main dddddddddddd',
    'unsafe install',
  ]);
});

test('knows each node by its address, its key and the key it must show', () => {
  const hosts = parse(inventory(new Map([['web', { settings: garage, folder: '/home/ci/x' }]])), { customTags }).all
    .hosts;
  expect(hosts.web).toMatchObject({ ansible_host: 'unsafe 10.0.0.7', ansible_port: 2222, ansible_user: 'unsafe ci' });
  expect(knownHostsLine(garage)).toBe('[10.0.0.7]:2222 ssh-ed25519 AAAA\n');
  expect(knownHostsLine({ ...garage, port: 22 })).toBe('10.0.0.7 ssh-ed25519 AAAA\n');
  const files = { knownHosts: '/t/known_hosts', sockets: '/t' };
  expect(sshArguments(garage, files).join(' ')).toMatch(
    /StrictHostKeyChecking=yes.* -i \/keys\/ci -p 2222 -l ci -- 10/,
  );
  const cfg = configuration({ callbacks: '/c', temporary: '/t', sshOptions: ['-o', 'BatchMode=yes'] });
  expect(cfg).toContain('\nno_target_syslog = True\n');
  expect(cfg).toContain('\nssh_args = -o BatchMode=yes\n');
});

const task = (id: string, name: string): AnsibleEvent => ({ event: 'task', time: 2, task: id, name });
const result = (id: string, kind: 'ok' | 'failed' | 'unreachable', message?: string): AnsibleEvent => ({
  event: 'result',
  time: 3,
  task: id,
  host: 'web',
  result: kind,
  duration: 120,
  ...(message !== undefined && { message }),
});

test('makes plays of what the callback plugin tells, and passes over what Ansible says between', () => {
  expect(parseEvent('[WARNING]: something')).toBeUndefined();
  expect(parseEvent('{"event": "task", "time": 2, "ta')).toBeUndefined();
  expect(parseEvent(JSON.stringify(task('1', 'look')).replace('{"event":', '{"event": '))).toEqual(task('1', 'look'));
  const events = [{ event: 'play', time: 1, name: 'Job body' } as const, task('1', 'look'), result('1', 'ok')];
  expect(playsOf('body', events)).toEqual([
    {
      playbook: 'body',
      name: 'Job body',
      tasks: [{ name: 'look', started: 2, hosts: { web: { result: 'ok', duration: 120 } } }],
    },
  ]);
});

test('tells the job’s failures from those of the node and of Ansible itself', () => {
  const ended = { code: 2, end: 'finished', complaint: 'no such file', events: [task('1', 'unit')] } as const;
  const failed = { ...ended, events: [...ended.events, result('1', 'failed', 'exit code 3')] };
  expect(phaseEndOf({ ...ended, code: 0 }, 60)).toEqual({ kind: 'ok' });
  expect(phaseEndOf(failed, 60)).toEqual({ kind: 'failed', reason: 'unit: exit code 3' });
  expect(phaseEndOf({ ...failed, events: [...failed.events, result('1', 'unreachable', 'gone')] }, 60)).toEqual({
    kind: 'lost',
    reason: 'node web: gone',
  });
  expect(phaseEndOf({ ...ended, code: null, end: 'timeout' }, 60)).toEqual({
    kind: 'timeout',
    reason: 'unit: no end within 60 s',
  });
  expect(phaseEndOf(ended, 60)).toEqual({ kind: 'lost', reason: 'ansible-playbook: no such file' });
});

test('names the node before each of its lines however they are cut, and masks secrets that are cut', () => {
  const text = new ConsoleText('web', new Masker(['hunter2']));
  const pushed = ['one\ntw', 'o\n\nhunt', 'er2 is', ' it'].map((part) => text.push(Buffer.from(part)).toString());
  expect([...pushed, text.flush().toString()].join('')).toBe('web | one\nweb | two\nweb | \nweb | *** is it\n');
  const alone = new ConsoleText(undefined, new Masker([]));
  expect(alone.push(Buffer.from('as it is')).toString()).toBe('as it is');
});

test('gives all nodes of a build at once, and to one build at a time', async () => {
  const pool = new StaticPool({ a: garage, b: garage }, () => undefined);
  const first = await pool.take({ x: 'a', y: 'b' }, { build: '1', job: 'unit' }, forever, () => undefined);
  const reasons: string[] = [];
  const second = pool.take({ x: 'b' }, { build: '2', job: 'lint' }, forever, (reason) => reasons.push(reason));
  expect(pool.nodes.map(({ state, job }) => [state, job])).toEqual([
    ['in-use', 'unit'],
    ['in-use', 'unit'],
  ]);
  first.release();
  expect([...(await second).nodes.keys()]).toEqual(['x']);
  expect(reasons).toEqual(['node b is in use by unit']);
  await expect(pool.take({ x: 'c' }, { build: '3', job: 'j' }, forever, () => undefined)).rejects.toThrow(
    'no static node c',
  );
  await expect(pool.take({ x: 'a', y: 'a' }, { build: '3', job: 'j' }, forever, () => undefined)).rejects.toThrow(
    'one node',
  );
});
