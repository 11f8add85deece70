import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import {
  checkFileSystem,
  dataDirInUse,
  dataDirToStart,
  lockDataDir,
  prepareDataDir,
} from '../../../core/support/data-dir.ts';
import { packageRoot } from '../../../core/support/paths.ts';
import { temporaryFolder } from '../../support/hub.ts';

const nowhere = { env: {}, systemFolder: '/nonexistent/cupboard' };

test('start takes the directory asked for, else ./data', async () => {
  const cwd = await temporaryFolder();
  expect(dataDirToStart({ ...nowhere, cwd, option: 'x' })).toBe(join(cwd, 'x'));
  expect(dataDirToStart({ ...nowhere, cwd, env: { CUPBOARD_DATA: '/y' } })).toBe('/y');
  expect(dataDirToStart({ ...nowhere, cwd })).toBe(join(cwd, 'data'));
});

test('start prefers an installed system directory to making ./data', async () => {
  const [cwd, systemFolder] = [await temporaryFolder(), await temporaryFolder()];
  expect(dataDirToStart({ env: {}, cwd, systemFolder })).toBe(systemFolder);
  await mkdir(join(cwd, 'data'));
  expect(dataDirToStart({ env: {}, cwd, systemFolder })).toBe(join(cwd, 'data'));
});

test('commands find the directory whose hub runs', async () => {
  const [cwd, systemFolder] = [await temporaryFolder(), await temporaryFolder()];
  await mkdir(join(cwd, 'data'));
  expect(dataDirInUse({ env: {}, cwd, systemFolder })).toBe(join(cwd, 'data'));
  await writeFile(join(systemFolder, 'hub.sock'), '');
  expect(dataDirInUse({ env: {}, cwd, systemFolder })).toBe(systemFolder);
});

test('a missing directory lists the paths tried', async () => {
  const cwd = await temporaryFolder();
  expect(() => dataDirInUse({ ...nowhere, cwd })).toThrow(`tried ${join(cwd, 'data')}, /nonexistent/cupboard`);
  expect(() => dataDirInUse({ ...nowhere, cwd, option: 'gone' })).toThrow(`tried ${join(cwd, 'gone')}.`);
});

test('makes the folders, the sockets only for their owner', async () => {
  const dataDir = join(await temporaryFolder(), 'data');
  await prepareDataDir(dataDir);
  for (const name of ['plugins', 'plugin-data', 'logs'])
    expect((await stat(join(dataDir, name))).isDirectory()).toBe(true);
  expect((await stat(join(dataDir, 'run'))).mode & 0o777).toBe(0o700);
});

test('refuses a path that is too long for a socket, counted in bytes', async () => {
  const folder = await temporaryFolder();
  const room = 107 - Buffer.byteLength(join(folder, '/run/mqtt.sock')) - 1;
  await prepareDataDir(join(folder, 'x'.repeat(room)));
  await expect(prepareDataDir(join(folder, `${'x'.repeat(room - 1)}é`))).rejects.toThrow(/1 bytes too long/);
});

test.each([
  [0x6969, 'NFS'],
  [-11317950, 'SMB'],
  [0x01021997, '9p'],
])('refuses a network file system (type %s)', async (type, name) => {
  await expect(checkFileSystem('/data', async () => type)).rejects.toThrow(`is on ${name}`);
});

test('takes a local file system, asking the nearest folder there is', async () => {
  const asked: string[] = [];
  const ext4 = async (path: string) => {
    asked.push(path);
    return 0xef53;
  };
  const folder = await temporaryFolder();
  await checkFileSystem(join(folder, 'not', 'yet'), ext4);
  expect(asked).toEqual([folder]);
});

/** Another process that holds the lock until it is killed. */
async function lockElsewhere(dataDir: string) {
  const module = pathToFileURL(join(packageRoot, 'core/support/data-dir.ts'));
  const script = `const { lockDataDir } = await import('${module}');
    globalThis.lock = await lockDataDir(process.argv[1]); console.log('locked'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script, dataDir], {
    cwd: packageRoot,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const kill = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  onTestFinished(kill);
  await once(child.stdout, 'data');
  return { pid: child.pid, kill };
}

test('a second hub is refused with the pid of the first, and takes over once that is dead', async () => {
  const dataDir = await temporaryFolder();
  const first = await lockElsewhere(dataDir);
  await expect(lockDataDir(dataDir)).rejects.toThrow(`pid ${first.pid}`);
  await first.kill();
  const lock = await lockDataDir(dataDir);
  lock.release();
  (await lockDataDir(dataDir)).release();
});
