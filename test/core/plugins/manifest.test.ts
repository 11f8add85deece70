import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readManifest } from '../../../core/plugins/manifest.ts';
import type { ManifestError } from '../../../core/support/errors.ts';
import { temporaryFolder } from '../../support/hub.ts';

const GOOD = {
  id: 'lamp',
  name: 'Lamp',
  version: '1.0.0',
  description: 'A lamp',
  license: 'MIT',
  hub: '1',
  main: 'index.ts',
};

async function read(manifest: unknown) {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'index.ts'), '');
  if (manifest !== undefined) {
    await writeFile(join(folder, 'plugin.json'), typeof manifest === 'string' ? manifest : JSON.stringify(manifest));
  }
  return readManifest(folder);
}

async function problemsOf(manifest: unknown): Promise<Record<string, string>> {
  const error = (await read(manifest).catch((thrown: unknown) => thrown)) as ManifestError;
  expect(error.code).toBe('manifest_invalid');
  return Object.fromEntries(error.problems.map(({ path, message }) => [path, message]));
}

test('fills in what may be left out', async () => {
  expect(await read(GOOD)).toEqual({
    ...GOOD,
    publishes: [],
    subscribes: [],
    commands: {},
    devices: {},
    programs: {},
    needs: { groups: [], capabilities: [], privileged: [], unprotected: [], delegate: false, udev: [], polkit: [] },
    memoryMb: 256,
    aptPackages: [],
  });
});

test('lists every problem at once and names what was probably meant', async () => {
  const { name: _, ...rest } = GOOD;
  expect(await problemsOf({ ...rest, id: 'Lamp!', comands: {}, memoryMb: 'much' })).toEqual({
    name: expect.stringContaining('expected text'),
    id: expect.stringContaining('got "Lamp!"'),
    comands: expect.stringContaining('did you mean "commands"?'),
    memoryMb: 'expected an integer of 16 or more, got "much"',
  });
});

test('wants exactly one of main and exec, and a main that is there', async () => {
  const { main: _, ...rest } = GOOD;
  expect(await problemsOf(rest)).toEqual({ 'plugin.json': 'expected one of "main" and "exec", got neither' });
  expect(await problemsOf({ ...GOOD, exec: ['x'] })).toEqual({
    'plugin.json': 'expected one of "main" and "exec", got both',
  });
  expect(await problemsOf({ ...GOOD, main: 'other.ts' })).toEqual({
    main: 'expected a file of the folder, other.ts is not there',
  });
  expect(await problemsOf({ ...GOOD, main: '../index.ts' })).toEqual({
    main: 'expected a file inside the folder, got "../index.ts"',
  });
});

test("refuses the core's own tree", async () => {
  expect(await problemsOf({ ...GOOD, publishes: ['hub/event/#'] })).toEqual({
    publishes: 'expected filters outside hub/, got "hub/event/#"',
  });
  expect(await problemsOf({ ...GOOD, id: 'hub' })).toEqual({ id: 'expected another name: hub is the core itself' });
});

test('refuses a config schema that is none', async () => {
  expect(await problemsOf({ ...GOOD, config: { type: 'objekt' } })).toEqual({
    config: expect.stringContaining('expected a JSON Schema'),
  });
});

test('says so when there is no plugin.json, or no JSON in it', async () => {
  expect(await problemsOf(undefined)).toEqual({ 'plugin.json': 'expected this file in the folder, got none' });
  expect(await problemsOf('{')).toEqual({ 'plugin.json': expect.stringContaining('expected JSON') });
});
