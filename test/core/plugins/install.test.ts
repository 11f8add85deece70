import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { installPlugin, recoverInstallations, removeInstalled } from '../../../core/plugins/install.ts';
import { temporaryFolder } from '../../support/hub.ts';
import { writePlugin } from './bed.ts';

const run = promisify(execFile);
const MAIN = { 'index.ts': 'export default () => {};' };

async function versionIn(folder: string): Promise<string> {
  return JSON.parse(await readFile(join(folder, 'plugin.json'), 'utf8')).version;
}

test('a folder goes in whole, a later version takes its place, nothing else is left', async () => {
  const plugins = join(await temporaryFolder(), 'plugins');
  const source = await writePlugin(await temporaryFolder(), 'lamp', MAIN);
  await mkdir(join(source, '.git'));
  expect(await installPlugin(source, plugins, [])).toBe('lamp');
  await writePlugin(source, 'lamp', { 'more.ts': '', ...MAIN }, { version: '2.0.0' });
  await installPlugin(source, plugins, []);
  expect(await readdir(plugins)).toEqual(['lamp']);
  expect((await readdir(join(plugins, 'lamp'))).sort()).toEqual(['index.ts', 'more.ts', 'plugin.json']);
  expect(await versionIn(join(plugins, 'lamp'))).toBe('2.0.0');
  await removeInstalled(join(plugins, 'lamp'));
  expect(await readdir(plugins)).toEqual([]);
});

test('an archive is unpacked, with or without a folder around it', async () => {
  const place = await temporaryFolder();
  await writePlugin(join(place, 'package'), 'lamp', MAIN);
  await run('tar', ['-czf', join(place, 'a.tgz'), '-C', place, 'package']);
  await run('tar', ['-czf', join(place, 'b.tgz'), '-C', join(place, 'package'), '.']);
  for (const archive of ['a.tgz', 'b.tgz']) {
    const plugins = await temporaryFolder();
    expect(await installPlugin(join(place, archive), plugins, [])).toBe('lamp');
    expect((await readdir(join(plugins, 'lamp'))).sort()).toEqual(['index.ts', 'plugin.json']);
  }
});

test('what cannot be used leaves the folder as it was', async () => {
  const plugins = await temporaryFolder();
  const source = await writePlugin(await temporaryFolder(), 'lamp', MAIN);
  await installPlugin(source, plugins, []);
  await writePlugin(source, 'lamp', MAIN, { version: 'two' });
  await expect(installPlugin(source, plugins, [])).rejects.toMatchObject({ code: 'manifest_invalid' });
  await writePlugin(source, 'lamp', MAIN);
  await expect(installPlugin(source, plugins, ['lamp'])).rejects.toMatchObject({ code: 'install_taken' });
  await symlink('/etc/passwd', join(source, 'link'));
  await expect(installPlugin(source, plugins, [])).rejects.toMatchObject({ code: 'install_source' });
  await expect(installPlugin(join(plugins, 'none'), plugins, [])).rejects.toMatchObject({ code: 'install_source' });
  expect(await readdir(plugins)).toEqual(['lamp']);
  expect(await versionIn(join(plugins, 'lamp'))).toBe('1.0.0');
});

test('a power cut between the renames of an upgrade brings the earlier version back', async () => {
  const plugins = await temporaryFolder();
  await writePlugin(join(plugins, 'lamp'), 'lamp', MAIN);
  await rename(join(plugins, 'lamp'), join(plugins, '.replaced-lamp'));
  await mkdir(join(plugins, '.installing-x'));
  await writePlugin(join(plugins, '.removed-fan'), 'fan', MAIN);
  await recoverInstallations(plugins);
  expect(await readdir(plugins)).toEqual(['lamp']);
});
