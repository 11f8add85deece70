import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { distFile } from '../../../core/support/paths.ts';
import { temporaryFolder } from '../../support/hub.ts';

// The command line as users run it, against a server that answers on hub.sock what a test gives it. The real hub is
// met in test/system/hub.test.ts.

async function cupboard(args: readonly string[], options: { input?: string; cwd?: string } = {}) {
  const child: ChildProcess = spawn(process.execPath, [distFile('cupboard.js'), ...args], {
    cwd: options.cwd,
    env: { PATH: process.env['PATH'], TZ: 'UTC' },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  child.stdin?.end(options.input ?? '');
  const [out, err, [code]] = await Promise.all([text(child.stdout!), text(child.stderr!), once(child, 'exit')]);
  return { out, err, code };
}

type Answer = (request: IncomingMessage, body: string) => { status?: number; type?: string; body?: unknown };

async function hubThatAnswers(answer: Answer) {
  const dataDir = await temporaryFolder();
  const asked: string[] = [];
  const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    const body = await text(request);
    asked.push(`${request.method} ${request.url}${body && ` ${body}`}`);
    const { status = 200, type = 'application/json', body: answered } = answer(request, body);
    response.writeHead(status, { 'content-type': type });
    response.end(typeof answered === 'string' ? answered : answered === undefined ? '' : JSON.stringify(answered));
  }).listen(join(dataDir, 'hub.sock'));
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { dataDir, asked, run: (...args: string[]) => cupboard([...args, '--data', dataDir]) };
}

const rows = [
  {
    id: 'acurite',
    name: 'AcuRite',
    state: 'waiting',
    reason: 'unplugged',
    restarts: 0,
    version: '1.0.0',
    license: 'MIT',
  },
  {
    id: 'weather',
    name: 'Weather',
    state: 'running',
    restarts: 2,
    rssBytes: 41_000_000,
    version: '1.0.0',
    license: 'MIT',
  },
];

test('lists plugins in columns, as JSON, and their licences', async () => {
  const hub = await hubThatAnswers(() => ({ body: rows }));
  expect((await hub.run('plugins', 'list')).out).toBe(
    [
      'PLUGIN   STATE    VERSION  RESTARTS  MEMORY  REASON',
      'acurite  waiting  1.0.0    0                 unplugged',
      'weather  running  1.0.0    2         41 MB',
      '',
    ].join('\n'),
  );
  expect(JSON.parse((await hub.run('plugins', 'list', '--json')).out)).toEqual(rows);
  expect((await hub.run('plugins', 'list', '--licenses')).out).toContain('acurite  1.0.0    MIT');
  expect(hub.asked[0]).toBe('GET /api/v1/plugins');
});

test('--data may stand before the command too', async () => {
  const hub = await hubThatAnswers(() => ({ body: [] }));
  expect((await cupboard(['--data', hub.dataDir, 'plugins', 'list', '--json'])).out).toBe('[]\n');
});

test('enabling shows what the plugin may do now', async () => {
  const permissions = { publishes: ['homeassistant/#'], subscribes: ['+/status'] };
  const hub = await hubThatAnswers(() => ({ body: { ...rows[1], permissions } }));
  const { out } = await hub.run('plugins', 'enable', 'weather');
  expect(out).toBe('may publish homeassistant/#\nmay subscribe to +/status\nweather: running\n');
  expect(hub.asked).toEqual(['POST /api/v1/plugins/weather/enable']);
});

test('a command prints its answer and ends with 1 when that is not ok', async () => {
  const hub = await hubThatAnswers((_, body) => ({ body: { ok: body.includes('good') } }));
  expect(await hub.run('command', 'acurite', 'decode', '{"hex":"good"}')).toMatchObject({
    code: 0,
    out: '{\n  "ok": true\n}\n',
  });
  expect(await hub.run('command', 'acurite', 'decode', '{"hex":"bad"}')).toMatchObject({
    code: 1,
    out: '{\n  "ok": false\n}\n',
  });
  expect(await hub.run('command', 'acurite', 'reset')).toMatchObject({ code: 1 });
  expect(hub.asked).toEqual([
    'POST /api/v1/plugins/acurite/commands/decode {"hex":"good"}',
    'POST /api/v1/plugins/acurite/commands/decode {"hex":"bad"}',
    'POST /api/v1/plugins/acurite/commands/reset {}',
  ]);
});

test('publishes, and lists what is retained without letting it steer the terminal', async () => {
  const topics = [{ topic: 'a/b', payload: '1\u001b[2J\n2', time: 1, qos: 0 }];
  const hub = await hubThatAnswers(({ method }) => (method === 'GET' ? { body: topics } : { status: 204 }));
  expect(await hub.run('pub', 'a/b', '{"x":1}', '--retain', '--qos', '2')).toMatchObject({ code: 0, out: '' });
  expect((await hub.run('topics', 'a/+')).out).toBe('TOPIC  PAYLOAD\na/b    1 [2J 2\n');
  expect(hub.asked).toEqual([
    'POST /api/v1/publish {"topic":"a/b","payload":"{\\"x\\":1}","qos":2,"retain":true}',
    'GET /api/v1/topics?filter=a%2F%2B',
  ]);
});

test('prints history as a table and as the CSV the hub made', async () => {
  const history = {
    series: 'a/t',
    unit: '°C',
    resolution: 'raw',
    points: [
      [0, 1, 1.23456789, 2],
      [60_000, null, null, null],
    ],
  };
  const hub = await hubThatAnswers(({ url }) =>
    url?.includes('format=csv') ? { type: 'text/csv', body: 'time,min,mean,max\n' } : { body: history },
  );
  expect((await hub.run('history', 'a/t', '--since', '2026-11-01')).out).toBe(
    'TIME                 MIN (°C)  MEAN     MAX\n1970-01-01 00:00:00  1         1.23457  2\n1970-01-01 00:01:00  bad       bad      bad\n',
  );
  expect((await hub.run('history', 'a/t', '--since', '7d', '--csv')).out).toBe('time,min,mean,max\n');
  expect(hub.asked[0]).toMatch(/^GET \/api\/v1\/history\?series=a%2Ft&from=1793491200000&to=\d+$/);
});

test('takes a password from a pipe, never from the command line', async () => {
  const hub = await hubThatAnswers(() => ({ status: 201, body: {} }));
  const { out, code } = await cupboard(['users', 'add', 'eve', '--role', 'viewer', '--data', hub.dataDir], {
    input: 'correct horse\n',
  });
  expect({ out, code }).toEqual({ out: 'added eve (viewer)\n', code: 0 });
  expect(hub.asked).toEqual(['POST /api/v1/users {"name":"eve","password":"correct horse","role":"viewer"}']);
});

test('says a refusal in one line, or every problem in a line of its own', async () => {
  const problem = {
    type: 'urn:cupboard:problem:plugin_unknown',
    title: 'Not Found',
    status: 404,
    detail: 'there is no plugin x',
  };
  const problems = [
    { path: 'body.a', message: 'missing' },
    { path: 'body.b', message: 'unknown key' },
  ];
  const hub = await hubThatAnswers(({ url }) => ({
    status: 404,
    type: 'application/problem+json',
    body: url?.endsWith('start') ? problem : { ...problem, problems },
  }));
  expect(await hub.run('plugins', 'start', 'x')).toEqual({ code: 1, out: '', err: 'cupboard: there is no plugin x\n' });
  expect((await hub.run('plugins', 'stop', 'x')).err).toBe('cupboard: body.a: missing\nbody.b: unknown key\n');
});

test('says how to start a hub that does not run, and which directories were tried', async () => {
  const dataDir = await temporaryFolder();
  const stopped = await cupboard(['users', 'link', '--data', dataDir]);
  expect(stopped).toMatchObject({
    code: 1,
    err: `cupboard: no hub runs on ${dataDir}: start it with cupboard start --data ${dataDir}\n`,
  });
  const missing = await cupboard(['sub', '#'], { cwd: dataDir });
  expect(missing.code).toBe(2);
  expect(missing.err).toContain(`tried ${join(dataDir, 'data')}, /var/lib/cupboard`);
  const live = await cupboard(['sub', '#', '--data', dataDir]);
  expect(live).toMatchObject({ code: 1, err: expect.stringContaining('no hub runs') });
});

test.each([
  [['frobnicate'], /unknown command 'frobnicate'/],
  [['topics', '--jsno'], /Did you mean --json\?/],
  [['history', 'a/t', '--since', 'yesterday'], /expected a time span such as 7d.*got "yesterday"/],
  [['command', 'a', 'b', '[1]'], /expected a JSON object/],
  [['pub', 'a', 'b', '--qos', '3'], /expected an integer from 0 to 2, got "3"/],
  [['token', 'add', 'x', '--role', 'king'], /Allowed choices are admin, viewer/],
])('wrong usage ends with 2 and says what was expected: %s', async (args, expected) => {
  const { code, err, out } = await cupboard(args);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toMatch(expected);
  expect(err).not.toMatch(/ at .*\.js:\d/);
});

test('shows where things lie and what can be made again', async () => {
  const dataDir = await temporaryFolder();
  await writeFile(join(dataDir, 'recorder.db'), 'x'.repeat(2000));
  await writeFile(join(dataDir, 'recorder.db-wal'), 'x'.repeat(500));
  await mkdir(join(dataDir, 'logs'));
  const { out } = await cupboard(['where', '--json', '--data', dataDir]);
  expect(JSON.parse(out)).toMatchObject([
    { path: join(dataDir, 'recorder.db'), bytes: 2500, rebuildable: false },
    { path: join(dataDir, 'logs'), bytes: 0, rebuildable: true },
  ]);
});

test('a new plugin has a test that passes', async () => {
  const cwd = await temporaryFolder();
  expect(await cupboard(['plugins', 'new', './disk-space'], { cwd })).toMatchObject({ code: 0 });
  expect(await readdir(cwd)).toEqual(['disk-space']);
  const tests = spawn(process.execPath, ['--test'], {
    cwd: join(cwd, 'disk-space'),
    env: { PATH: process.env['PATH'] },
  });
  const [out, [code]] = await Promise.all([text(tests.stdout), once(tests, 'exit')]);
  expect(out).toMatch(/pass 2/);
  expect(code).toBe(0);
  expect((await cupboard(['plugins', 'new', './disk-space'], { cwd })).err).toMatch(/already there/);
  expect((await cupboard(['plugins', 'new', './Disk Space'], { cwd })).err).toMatch(/lower-case letters/);
});

test('a new plugin goes where the hub finds it', async () => {
  const cwd = await temporaryFolder();
  await mkdir(join(cwd, 'data', 'plugins'), { recursive: true });
  await cupboard(['plugins', 'new', 'disk-space'], { cwd });
  expect(await readdir(join(cwd, 'data', 'plugins'))).toEqual(['disk-space']);
});

async function folderWithPrograms() {
  const dataDir = await temporaryFolder();
  const folder = join(dataDir, 'plugins', 'tool');
  await mkdir(folder, { recursive: true });
  const manifest = {
    id: 'tool',
    name: 'Tool',
    version: '1.0.0',
    description: 'Has programs',
    license: 'MIT',
    hub: '1',
    exec: ['./serve'],
    config: { type: 'object', properties: { greeting: { type: 'string', default: 'hello' } } },
    programs: {
      echo: { exec: ['sh', '-c', 'echo "$CUPBOARD_CONFIG $@"; exit 3', 'sh'], description: 'Echoes' },
      typed: { main: 'typed.ts', description: 'TypeScript' },
    },
  };
  await writeFile(join(folder, 'plugin.json'), JSON.stringify(manifest));
  await writeFile(join(folder, 'serve'), '#!/bin/sh\n', { mode: 0o755 });
  await writeFile(
    join(folder, 'typed.ts'),
    "import type { ProgramContext } from 'cupboard/sdk';\n" +
      'export default ({ config, args }: ProgramContext): number => { console.log(config.greeting, ...args); return 0; };\n',
  );
  return { dataDir, run: (...args: string[]) => cupboard(['--data', dataDir, 'run', 'tool', ...args]) };
}

test("runs a plugin's programs with their arguments and hands back their exit code", async () => {
  const { run } = await folderWithPrograms();
  expect(await run('echo', '--json', 'x')).toEqual({ code: 3, out: '{"greeting":"hello"} --json x\n', err: '' });
  expect(await run('typed', 'a', '-b')).toEqual({ code: 0, out: 'hello a -b\n', err: '' });
  expect(await run('ecko')).toMatchObject({
    code: 1,
    err: 'cupboard: tool has no program "ecko"; did you mean "echo"?\n',
  });
});

test('check finds what is wrong in the parts of plugins', async () => {
  const { dataDir } = await folderWithPrograms();
  await writeFile(join(dataDir, 'cupboard.yaml'), 'plugins: {tool: {greetnig: 1, sandbox: maybe}, tol: {}}');
  const first = await cupboard(['check', '--data', dataDir]);
  expect(first).toMatchObject({ code: 2, out: expect.stringContaining('plugins.tool.sandbox: ') });
  await writeFile(join(dataDir, 'cupboard.yaml'), 'plugins: {tool: {greetnig: 1, log_level: debug}, tol: {}}');
  const second = await cupboard(['check', '--json', '--data', dataDir]);
  expect(second.code).toBe(2);
  expect(JSON.parse(second.out)).toEqual([
    { path: 'plugins.tool.greetnig', message: 'unknown key; did you mean "greeting"?' },
    { path: 'plugins.tol', message: 'there is no plugin "tol"; did you mean "tool"?' },
  ]);
});

test('lists every key with its default', async () => {
  const { out } = await cupboard(['check', '--defaults']);
  expect(out).toMatch(/^broker\.limits\.packet_bytes +1048576 +Largest packet$/m);
});
