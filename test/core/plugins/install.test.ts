import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { newerAt } from '../../../core/plugins/fetch.ts';
import { installPlugin, recoverInstallations, removeInstalled, rollBack } from '../../../core/plugins/install.ts';
import { temporaryFolder } from '../../support/hub.ts';
import { writePlugin } from './bed.ts';

const run = promisify(execFile);
const MAIN = { 'index.ts': 'export default () => {};' };

const install = async (source: string, pluginsFolder: string, taken: string[] = []) =>
  (await installPlugin(source, { pluginsFolder, taken })).id;

async function versionIn(folder: string): Promise<string> {
  return JSON.parse(await readFile(join(folder, 'plugin.json'), 'utf8')).version;
}

test('a folder goes in whole, a later version takes its place, the earlier one stays beside', async () => {
  const plugins = join(await temporaryFolder(), 'plugins');
  const source = await writePlugin(await temporaryFolder(), 'lamp', MAIN);
  await mkdir(join(source, '.git'));
  expect(await install(source, plugins)).toBe('lamp');
  await writePlugin(source, 'lamp', { 'more.ts': '', ...MAIN }, { version: '2.0.0' });
  await install(source, plugins);
  expect((await readdir(plugins)).sort()).toEqual(['.previous-lamp', 'lamp']);
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
    expect(await install(join(place, archive), plugins)).toBe('lamp');
    expect((await readdir(join(plugins, 'lamp'))).sort()).toEqual(['index.ts', 'plugin.json']);
  }
});

test('what cannot be used leaves the folder as it was', async () => {
  const plugins = await temporaryFolder();
  const source = await writePlugin(await temporaryFolder(), 'lamp', MAIN);
  await install(source, plugins);
  await writePlugin(source, 'lamp', MAIN, { version: 'two' });
  await expect(install(source, plugins)).rejects.toMatchObject({ code: 'manifest_invalid' });
  await writePlugin(source, 'lamp', MAIN);
  await expect(install(source, plugins, ['lamp'])).rejects.toMatchObject({ code: 'install_taken' });
  await symlink('/etc/passwd', join(source, 'link'));
  await expect(install(source, plugins)).rejects.toMatchObject({ code: 'install_source' });
  await expect(install(join(plugins, 'none'), plugins)).rejects.toMatchObject({ code: 'install_source' });
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

test('a power cut after the new version is in place keeps the earlier one to go back to', async () => {
  const plugins = await temporaryFolder();
  await writePlugin(join(plugins, 'lamp'), 'lamp', MAIN, { version: '2.0.0' });
  await writePlugin(join(plugins, '.replaced-lamp'), 'lamp', MAIN);
  await recoverInstallations(plugins);
  await rollBack(join(plugins, 'lamp'));
  expect(await versionIn(join(plugins, 'lamp'))).toBe('1.0.0');
  await rollBack(join(plugins, 'lamp'));
  expect(await versionIn(join(plugins, 'lamp'))).toBe('2.0.0');
});

test('a repository is cloned, and what it depends on is installed without running its scripts', async () => {
  const place = await temporaryFolder();
  const script = join(place, 'ran');
  await mkdir(join(place, 'tint'));
  await writeFile(
    join(place, 'tint/package.json'),
    JSON.stringify({ name: 'tint', version: '1.0.0', scripts: { postinstall: `touch ${script}` } }),
  );
  const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', place], { cwd: join(place, 'tint') });
  const packed = JSON.stringify({ dependencies: { tint: `file:${join(place, stdout.trim())}` } });
  const source = await writePlugin(join(place, 'lamp.git'), 'lamp', { ...MAIN, 'package.json': packed });
  const git = (...args: string[]) => run('git', ['-C', source, '-c', 'user.name=a', '-c', 'user.email=a@b', ...args]);
  await git('init', '--quiet');
  await git('add', '.');
  await git('commit', '--quiet', '--message', 'Begin');

  const pluginsFolder = join(place, 'plugins');
  const { origin } = await installPlugin(`file://${source}`, { pluginsFolder, taken: [] });
  expect((await readdir(join(pluginsFolder, 'lamp/node_modules'))).includes('tint')).toBe(true);
  expect(await readdir(place)).not.toContain('ran');
  expect(await newerAt(origin, '1.0.0')).toBeUndefined();
  await git('commit', '--quiet', '--allow-empty', '--message', 'Go on');
  expect(await newerAt(origin, '1.0.0')).toMatch(/^[0-9a-f]{12}$/);
  const missing = installPlugin(`file://${place}/none.git`, { pluginsFolder, taken: [] });
  await expect(missing).rejects.toMatchObject({ code: 'install_source' });
});
