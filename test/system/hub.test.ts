import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { distFile, packageRoot } from '../../core/support/paths.ts';
import { startHub, temporaryFolder, waitFor } from '../support/hub.ts';

const run = promisify(execFile);

/** The command line to its end. */
async function cupboard(args: readonly string[], options: { input?: string; cwd?: string } = {}) {
  const child: ChildProcess = spawn(process.execPath, [distFile('cupboard.js'), ...args], { cwd: options.cwd });
  onTestFinished(() => void child.kill('SIGKILL'));
  child.stdin?.end(options.input ?? '');
  const [out, err, [code]] = await Promise.all([text(child.stdout!), text(child.stderr!), once(child, 'exit')]);
  return { out, err, code };
}

const start = (dataDir: string, ...args: string[]) =>
  cupboard(['start', '--data', dataDir, '--http', '127.0.0.1:0', ...args]);

/** What is retained on a topic, read through the API. */
async function retained(hub: Awaited<ReturnType<typeof startHub>>, topic: string): Promise<string | undefined> {
  const { body } = await hub.api<{ payload: string }[]>('GET', `/api/v1/topics?filter=${encodeURIComponent(topic)}`);
  return body[0]?.payload;
}

test('says where it listens, offers the first account, and answers a page and hub.sock', async () => {
  const hub = await startHub();
  expect(hub.http).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(hub.mqtt).toMatch(/^mqtt:\/\/127\.0\.0\.1:\d+$/);
  const page = await fetch(hub.http);
  expect(page.status).toBe(200);
  expect(page.headers.get('content-type')).toContain('text/html');
  expect(await retained(hub, 'hub/status')).toBe('online');
  expect(hub.output()).toContain(`first account: ${hub.http}/setup`);
});

test('prints one line on stdout and nothing else', async () => {
  const dataDir = await temporaryFolder();
  const child = spawn(process.execPath, [
    distFile('cupboard.js'),
    'start',
    '--data',
    dataDir,
    '--http',
    '127.0.0.1:0',
    '--mqtt',
    '127.0.0.1:0',
  ]);
  onTestFinished(() => void child.kill('SIGKILL'));
  child.stderr.resume();
  child.stdout.once('data', () => child.kill('SIGTERM'));
  expect(await text(child.stdout)).toMatch(/^ready http=http:\/\/127\.0\.0\.1:\d+ mqtt=mqtt:\/\/127\.0\.0\.1:\d+\n$/);
});

test('SIGTERM ends it cleanly, and what was retained is there again', async () => {
  const first = await startHub();
  await first.api('POST', '/api/v1/publish', { topic: 'house/door', payload: 'shut', retain: true, qos: 1 });
  expect(await first.stop()).toBe(0);
  expect(first.output()).not.toMatch(/did not stop|ERROR/);
  const second = await startHub({ dataDir: first.dataDir });
  expect(await retained(second, 'house/door')).toBe('shut');
});

test('after kill -9 it starts again with all that was acknowledged', async () => {
  const first = await startHub();
  for (let n = 0; n < 20; n += 1) {
    await first.api('POST', '/api/v1/publish', { topic: `house/${n}`, payload: String(n), retain: true, qos: 1 });
  }
  await first.kill();
  const second = await startHub({ dataDir: first.dataDir });
  const { body } = await second.api<{ payload: string }[]>('GET', '/api/v1/topics?filter=house/%2B');
  expect(body.map(({ payload }) => Number(payload)).sort((a, b) => a - b)).toEqual([...Array(20).keys()]);
  expect(await second.stop()).toBe(0);
});

test('a second hub on the same directory is refused with the pid of the first', async () => {
  const hub = await startHub();
  const second = await start(hub.dataDir, '--mqtt', '127.0.0.1:0');
  expect(second).toMatchObject({ code: 1, out: '' });
  expect(second.err).toContain(`a hub already runs on ${hub.dataDir}: pid ${hub.process.pid}`);
  expect((await fetch(hub.http)).status).toBe(200);
});

test('an invalid config ends the start with 2 and every problem', async () => {
  const dataDir = await temporaryFolder();
  await writeFile(join(dataDir, 'cupboard.yaml'), 'units: imperail\nbroker:\n  lsiten: 1\n');
  const { code, out, err } = await start(dataDir);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain(
    'units: expected one of metric, imperial, uk, got "imperail"; did you mean "imperial"? (cupboard.yaml 1:1)',
  );
  expect(err).toContain('broker.lsiten: unknown key; did you mean "listen"? (cupboard.yaml 3:3)');
  expect(err).not.toMatch(/\.js:\d/);
});

test('check lists the problems of plugins too', async () => {
  const dataDir = await temporaryFolder();
  await writeFile(join(dataDir, 'cupboard.yaml'), 'plugins:\n  acurite: {transport: usb}\n  wether: {}\n');
  const { code, out } = await cupboard(['check', '--data', dataDir]);
  expect(code).toBe(2);
  expect(out).toContain('plugins.acurite.transport: expected one of');
  expect(out).toContain('plugins.wether: there is no plugin "wether"; did you mean "weather"?');
  await writeFile(join(dataDir, 'cupboard.yaml'), 'plugins:\n  acurite: {transport: simulator}\n');
  expect(await cupboard(['check', '--data', dataDir])).toMatchObject({ code: 0 });
});

test.each([
  ['--mqtt', 'broker.listen'],
  ['--http', 'http.listen'],
])('a taken port names its holder and the ways out: %s', async (option, key) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const taken = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { code, err } = await cupboard([
    'start',
    '--data',
    await temporaryFolder(),
    '--http',
    '127.0.0.1:0',
    '--mqtt',
    '127.0.0.1:0',
    option,
    taken,
  ]);
  expect(code).toBe(1);
  expect(err).toContain(`${taken} is taken by`);
  expect(err).toContain(`(pid ${process.pid})`);
  expect(err).toContain(key);
  expect(err).toMatch(new RegExp(`${option} 127\\.0\\.0\\.1:\\d+`));
});

test('a broker beyond loopback is refused while there is no user', async () => {
  const dataDir = await temporaryFolder();
  const { code, err } = await start(dataDir, '--mqtt', '0.0.0.0:0');
  expect(code).toBe(1);
  expect(err).toContain('cupboard users add');
});

test('takes a changed config live and refuses an invalid one', async () => {
  const hub = await startHub({ config: '# mine\nname: one\n' });
  const name = async () => (await hub.api<{ name: string }>('GET', '/api/v1/settings')).body.name;
  const file = join(hub.dataDir, 'cupboard.yaml');
  expect(await name()).toBe('one');
  await writeFile(file, '# mine\nname: two\n');
  await waitFor('the new name', async () => (await name()) === 'two');
  await writeFile(file, 'name: three\ncolour: red\n');
  await waitFor('the refusal', () => hub.output().includes('colour: unknown key'));
  expect(await name()).toBe('two');
  await writeFile(file, '# mine\nname: four\n');
  await waitFor('the name after that', async () => (await name()) === 'four');
  expect((await hub.api('PUT', '/api/v1/settings', { name: 'five' })).status).toBe(200);
  expect(await readFile(file, 'utf8')).toBe('# mine\nname: five\n');
});

test('the command line does what the page does', async () => {
  const hub = await startHub();
  const at = (...args: string[]) => cupboard([...args, '--data', hub.dataDir]);
  const live = at('sub', 'house/#', '--count', '2');
  await at('pub', 'house/kitchen/temperature', '21.4', '--retain');
  expect((await at('topics', 'house/#')).out).toContain('house/kitchen/temperature  21.4');
  // Published until the subscriber, whose start nobody waits for, has heard it twice.
  const heard = await waitFor('two messages', async () => {
    await at('pub', 'house/kitchen/temperature', '21.5', '--retain');
    return Promise.race([live, new Promise<false>((resolve) => setImmediate(() => resolve(false)))]);
  });
  expect(heard).toMatchObject({ code: 0, out: expect.stringMatching(/^(house\/kitchen\/temperature 21\.[45]\n){2}$/) });

  const history = await waitFor('the recorded value', async () => {
    const { out } = await at('history', 'house/kitchen/temperature', '--since', '1h', '--csv');
    return out.includes('21.4') && out;
  });
  expect(history).toMatch(/^time,min,mean,max\n/);

  expect((await cupboard(['users', 'add', 'eve', '--data', hub.dataDir], { input: 'correct horse\n' })).code).toBe(0);
  expect(JSON.parse((await at('users', 'list', '--json')).out)).toMatchObject([{ name: 'eve', role: 'admin' }]);
  expect(await at('users', 'remove', 'eve')).toMatchObject({ code: 1, err: expect.stringContaining('only admin') });
  const token = (await at('token', 'add', 'script', '--role', 'viewer')).out.trim();
  const answer = await fetch(`${hub.http}/api/v1/plugins`, { headers: { authorization: `Bearer ${token}` } });
  expect(answer.status).toBe(200);
  expect((await at('users', 'link')).out).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/setup#/);
  expect((await at('plugins', 'list', '--licenses')).out).toMatch(/^PLUGIN +VERSION +LICENSE/);
});

test('its log keeps what was said, and a restart does not lose it', async () => {
  const first = await startHub();
  await first.stop();
  expect(existsSync(join(first.dataDir, 'logs', 'hub.log'))).toBe(true);
  const second = await startHub({ dataDir: first.dataDir });
  const { body } = await second.api<{ message: string }[]>('GET', '/api/v1/logs?plugin=hub');
  expect(body.map(({ message }) => message)).toContain('SIGTERM: stopping');
});

test('the packed hub installs into an empty prefix without development tools, and starts', {
  timeout: 400_000,
}, async () => {
  const folder = await temporaryFolder();
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
    cwd: packageRoot,
  });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  const prefix = join(folder, 'prefix');
  const install = [
    'install',
    '--global',
    '--prefix',
    prefix,
    '--omit=dev',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
  ];
  await run('npm', [...install, join(folder, filename)], { cwd: folder });
  const child = spawn(join(prefix, 'bin', 'cupboard'), ['start', '--http', '127.0.0.1:0', '--mqtt', '127.0.0.1:0'], {
    cwd: folder,
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const errors = text(child.stderr);
  child.stdout.once('data', () => child.kill('SIGTERM'));
  const ready = await text(child.stdout);
  expect(ready, await errors).toMatch(/^ready http=/);
  // Started in an empty folder it made its data directory there.
  expect(existsSync(join(folder, 'data', 'hub.db'))).toBe(true);
});

test('a password in cupboard.yaml reaches no log, also where a plugin prints it', async () => {
  const dataDir = await temporaryFolder();
  const folder = join(dataDir, 'plugins', 'talker');
  await mkdir(folder, { recursive: true });
  const config = { type: 'object', properties: { key: { type: 'string', format: 'password' } } };
  const manifest = {
    id: 'talker',
    name: 'Talker',
    version: '1.0.0',
    description: 'x',
    license: 'MIT',
    hub: '1',
    config,
  };
  await writeFile(join(folder, 'plugin.json'), JSON.stringify({ ...manifest, main: 'index.js' }));
  await writeFile(
    join(folder, 'index.js'),
    'export default (hub) => { const { key } = hub.config;' +
      'hub.log.info(["key", key, Buffer.from("me:" + key).toString("base64"), "end"].join(" ")); };',
  );
  const hub = await startHub({ dataDir, config: { plugins: { talker: { key: 's3cr3t-key' } } } });
  const line = await waitFor('the line', () => /talker: key .* end/.exec(hub.output())?.[0]);
  expect(line).not.toContain('s3cr3t-key');
  expect(line).toMatch(/^talker: key ••• \S*•••\S* end$/);
  expect(await readFile(join(dataDir, 'logs', 'talker.log'), 'utf8')).not.toContain('s3cr3t');
});
