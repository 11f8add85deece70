import { chmod, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../../../core/config/config.ts';
import type { Change } from '../../../core/config/edit.ts';
import { ConfigError } from '../../../core/support/errors.ts';
import { createLogger } from '../../../core/support/log.ts';
import { temporaryFolder, waitFor } from '../../support/hub.ts';

async function configIn(files: { config?: string; secrets?: string }, overrides = {}) {
  const folder = await temporaryFolder();
  if (files.config !== undefined) await writeFile(join(folder, 'cupboard.yaml'), files.config);
  if (files.secrets !== undefined) await writeFile(join(folder, 'secrets.yaml'), files.secrets, { mode: 0o600 });
  const lines: string[] = [];
  const log = createLogger('hub', ({ level, message }) => lines.push(`${level} ${message}`));
  const load = async () => {
    const file = await loadConfig({ dataDir: folder, log, overrides });
    onTestFinished(() => file.stop());
    return file;
  };
  const read = (name = 'cupboard.yaml') => readFile(join(folder, name), 'utf8');
  const write = (text: string, name = 'cupboard.yaml') => writeFile(join(folder, name), text);
  return { folder, lines, load, read, write };
}

async function problemsOf(config: string, secrets?: string): Promise<string[]> {
  const { load } = await configIn({ config, ...(secrets === undefined ? {} : { secrets }) });
  const error = await load().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ConfigError);
  return (error as ConfigError).problems.map(({ path, message }) => `${path}: ${message}`);
}

test('every key has a default', async () => {
  const { load } = await configIn({});
  const { current } = await load();
  expect(current.broker.listen).toBe('127.0.0.1:1883');
  expect(current.broker.limits.packet_bytes).toBe(1024 * 1024);
  expect(current.http).toEqual({ listen: '127.0.0.1:8484', tls: false, trust_proxy: [], hosts: [] });
  expect(current.recorder.retention).toEqual([
    { filter: '#', raw_days: 30, five_minute_days: 365, hour_days: null, day_days: null },
  ]);
  expect(current.plugins).toEqual({});
  expect(current.units).toBe('metric');
  expect(current.timezone).toBe(new Intl.DateTimeFormat().resolvedOptions().timeZone);
});

test('the command line goes over the file', async () => {
  const { load } = await configIn(
    { config: 'broker: {listen: "127.0.0.1:1", anonymous: false}' },
    { mqtt: '127.0.0.1:2' },
  );
  expect((await load()).current.broker).toMatchObject({ listen: '127.0.0.1:2', anonymous: false });
});

test('sections with nothing in them mean the defaults', async () => {
  const { load } = await configIn({ config: 'broker:\n  # listen: 0.0.0.0:1883\nplugins:\n  weather:\n' });
  const { current } = await load();
  expect(current.broker.anonymous).toBe(true);
  expect(current.plugins).toEqual({ weather: {} });
});

test('lists every problem with its place in the file', async () => {
  const config = [
    'broker:',
    '  lsiten: 127.0.0.1:1883',
    '  limits:',
    '    inflight: many',
    'units: imperail',
    'location: {latitude: 95, longitude: 13}',
    'recorder:',
    '  exclude: ["a/#/b"]',
  ].join('\n');
  expect(await problemsOf(config)).toEqual([
    'location.latitude: expected a number from -90 to 90, got 95 (cupboard.yaml 6:12)',
    'units: expected one of metric, imperial, uk, got "imperail"; did you mean "imperial"? (cupboard.yaml 5:1)',
    'broker.lsiten: unknown key; did you mean "listen"? (cupboard.yaml 2:3)',
    'broker.limits.inflight: expected an integer from 1 to 65535, got "many" (cupboard.yaml 4:5)',
    'recorder.exclude.0: expected an MQTT topic filter, such as acurite/+/temperature, got "a/#/b" (cupboard.yaml 8:13)',
  ]);
});

test('says where the text is no YAML', async () => {
  expect(await problemsOf('broker:\n  listen: "127\n')).toEqual([
    expect.stringMatching(/^cupboard\.yaml: Missing closing "quote \(cupboard\.yaml \d+:\d+\)$/),
  ]);
  expect(await problemsOf('- a\n- b\n')).toEqual(['cupboard.yaml: expected a mapping of keys to values']);
});

test('says that an external broker is not in this version', async () => {
  const [problem] = await problemsOf('broker: {url: "mqtts://broker"}');
  expect(problem).toMatch(/^broker\.url: not in this version/);
});

test('puts secrets in the place of their names', async () => {
  const { load } = await configIn({ config: 'plugins: {up: {key: !secret wu_key}}', secrets: 'wu_key: s3cr3t\n' });
  const file = await load();
  expect(file.current.plugins).toEqual({ up: { key: 's3cr3t' } });
  expect(file.secretValues()).toEqual(['s3cr3t']);
});

test('names a secret that is not there, and the one that was meant', async () => {
  expect(await problemsOf('plugins: {up: {key: !secret wukey}}', 'wu_key: s3cr3t\n')).toEqual([
    'plugins.up.key: no secret "wukey" in secrets.yaml; did you mean "wu_key"? (cupboard.yaml 1:16)',
  ]);
});

test('a broken secrets.yaml is reported without its content', async () => {
  const problems = await problemsOf('name: x', 'key: "s3cr3t\n');
  expect(problems).toEqual([expect.stringMatching(/^secrets\.yaml: not valid YAML at line/)]);
});

test('warns when others may read the secrets, and of what is missing', async () => {
  const { load, folder, lines } = await configIn({ config: '', secrets: 'a: b\n' });
  await chmod(join(folder, 'secrets.yaml'), 0o644);
  await load();
  expect(lines).toContainEqual(
    expect.stringMatching(/^warn secrets\.yaml: can be read by others \(mode 0644\): chmod 600 /),
  );
  expect(lines).toContainEqual(expect.stringMatching(/^warn location\.elevation: not set: .*sea level/));
});

const commented = `# my hub
name: Home # the house
plugins:
  # the roof
  acurite:
    transport: auto # or hidraw
  upload:
    services:
      - type: wunderground # WU
        key: !secret wu
`;

test('an edit keeps comments, order and what it does not change', async () => {
  const { load, read } = await configIn({ config: commented, secrets: 'wu: s3cr3t\n' });
  const file = await load();
  const next = await file.edit([
    { path: ['plugins', 'acurite'], value: { transport: 'hidraw', channel: 'A' } },
    { path: ['units'], value: 'uk' },
  ]);
  expect(next.units).toBe('uk');
  expect(file.current).toBe(next);
  expect(await read()).toBe(
    `${commented.replace('transport: auto', 'transport: hidraw').replace('  upload:', '    channel: A\n  upload:')}units: uk\n`,
  );
});

test.each<[string, Change, string, string]>([
  ['a new secret', { path: ['plugins', 'x', 'key'], value: 'abcd', secret: true }, 'key: !secret x_key', 'x_key: abcd'],
  [
    'a secret under the name it has',
    { path: ['plugins', 'upload', 'services', 0, 'key'], value: 'new', secret: true },
    'key: !secret wu\n',
    'wu: new',
  ],
])('writes %s to secrets.yaml, for its owner alone', async (_, change, inConfig, inSecrets) => {
  const { load, read, folder } = await configIn({ config: commented, secrets: '# keys\nwu: s3cr3t\n' });
  const file = await load();
  await file.edit([change]);
  expect(await read()).toContain(inConfig);
  expect(await read('secrets.yaml')).toContain(inSecrets);
  expect(await read('secrets.yaml')).toContain('# keys');
  expect((await stat(join(folder, 'secrets.yaml'))).mode & 0o777).toBe(0o600);
  expect(file.secretValues()).toContain(change.value);
});

test('a secret goes with the last place that used it', async () => {
  const { load, read } = await configIn({ config: commented, secrets: 'wu: s3cr3t\nspare: kept\n' });
  await (await load()).edit([{ path: ['plugins', 'upload'], value: undefined }]);
  expect(await read()).not.toContain('upload');
  expect(await read('secrets.yaml')).toBe('spare: kept\n');
});

test('an edit that would be invalid writes nothing', async () => {
  const { load, read } = await configIn({ config: commented, secrets: 'wu: s3cr3t\n' });
  const file = await load();
  await expect(file.edit([{ path: ['units'], value: 'nautical' }])).rejects.toThrow(/units: expected one of/);
  expect(await read()).toBe(commented);
  expect(file.current.units).toBe('metric');
});

test('an edit makes the file, and the sections on the way', async () => {
  const { load, read, write } = await configIn({});
  const file = await load();
  await file.edit([{ path: ['plugins', 'weather'], value: {} }]);
  expect(await read()).toContain('plugins:\n  weather: {}\n');
  await write('plugins:\n');
  await file.edit([{ path: ['plugins', 'weather', 'max_age'], value: 60 }]);
  expect(await read()).toBe('plugins:\n  weather:\n    max_age: 60\n');
});

test('edits at the same time are all kept', async () => {
  const { load } = await configIn({});
  const file = await load();
  await Promise.all(['a', 'b', 'c'].map((id) => file.edit([{ path: ['plugins', id], value: { n: 1 } }])));
  expect(Object.keys(file.current.plugins)).toEqual(['a', 'b', 'c']);
});

test('takes a changed file, written in place or replaced', async () => {
  const { load, write, folder } = await configIn({ config: 'name: one\n' });
  const file = await load();
  const names: string[] = [];
  file.onChange((next, previous) => names.push(`${previous.name} to ${next.name}`));
  await file.watch();
  await write('name: two\n');
  await waitFor('the first change', () => names.length === 1);
  await write('name: three\n', 'new.yaml');
  await rename(join(folder, 'new.yaml'), join(folder, 'cupboard.yaml'));
  await waitFor('the second change', () => names.length === 2);
  expect(names).toEqual(['one to two', 'two to three']);
});

test('refuses an invalid file while running, with every problem, and takes the next valid one', async () => {
  const { load, write, lines } = await configIn({ config: 'name: one\n' });
  const file = await load();
  await file.watch();
  await write('name: two\nunits: 5\ncolour: red\n');
  const refusal = await waitFor('the refusal', () => lines.find((line) => line.startsWith('error')));
  expect(refusal).toContain('units: expected');
  expect(refusal).toContain('colour: unknown key');
  expect(file.current.name).toBe('one');
  await write('name: three\n');
  await waitFor('the valid file', () => file.current.name === 'three');
});

test('a changed secret is a change', async () => {
  const { load, write } = await configIn({ config: 'plugins: {up: {key: !secret a}}', secrets: 'a: one1\n' });
  const file = await load();
  await file.watch();
  await write('a: two2\n', 'secrets.yaml');
  await waitFor('the new secret', () => file.current.plugins['up']?.['key'] === 'two2');
  expect(file.secretValues()).toEqual(['two2']);
});
