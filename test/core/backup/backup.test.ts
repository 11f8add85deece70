import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGzip } from 'node:zlib';
import Database from 'better-sqlite3';
import { connectAsync } from 'mqtt';
import { pack } from 'tar-stream';
import { expect, it } from 'vitest';
import { writeManifest } from '../../../core/backup/manifest.ts';
import { finishRestore, restoreBackup } from '../../../core/backup/restore.ts';
import { writeBackup } from '../../../core/backup/write.ts';
import { distFile } from '../../../core/support/paths.ts';
import { startHub, temporaryFolder } from '../../support/hub.ts';

const cupboard = (...args: string[]) => promisify(execFile)(process.execPath, [distFile('cupboard.js'), ...args]);

it('backs up a hub under load, and brings it back on a bare machine', async () => {
  const hub = await startHub({ config: { name: 'Elm Street', plugins: { weather: {} } } });
  const client = await connectAsync(hub.mqtt);
  const acknowledged: number[] = [];
  let goesOn = true;
  const load = (async () => {
    for (let n = 0; goesOn; n += 1) {
      await client.publishAsync(`lamp/${n % 50}`, String(n), { qos: 1, retain: true });
      acknowledged.push(n);
    }
  })();
  while (acknowledged.length < 200) await new Promise(setImmediate);
  const before = acknowledged.length;
  const file = join(await temporaryFolder(), 'elm.tar.gz');
  await cupboard('backup', file, '--data', hub.dataDir);
  goesOn = false;
  await load;
  await client.endAsync();
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  await promisify(execFile)('tar', ['--list', '--gzip', '--file', file]); // any tar reads it
  await hub.stop();

  const dataDir = join(await temporaryFolder(), 'new');
  await cupboard('restore', file, '--data', dataDir);
  for (const database of ['hub.db', 'recorder.db', 'plugin-data/weather/store.db']) {
    const opened = new Database(join(dataDir, database), { readonly: true });
    expect(opened.pragma('integrity_check', { simple: true })).toBe('ok');
    opened.close();
  }
  const again = await startHub({ dataDir });
  const { body } = await again.api<{ topic: string; payload: string }[]>('GET', '/api/v1/topics?filter=lamp/%2B');
  expect(body).toHaveLength(50);
  // What had been acknowledged when the backup began is in it.
  expect(Math.max(...body.map(({ payload }) => Number(payload)))).toBeGreaterThanOrEqual(before - 1);
  const config = await readFile(join(dataDir, 'cupboard.yaml'), 'utf8');
  expect(config).toContain('Elm Street');
});

/** A small data directory with a database, a link, a cache and something of the moment. */
async function furnished(mark: string): Promise<string> {
  const dataDir = await temporaryFolder();
  await mkdir(join(dataDir, 'plugin-data/lamp/cache'), { recursive: true });
  await mkdir(join(dataDir, 'logs'));
  await writeFile(join(dataDir, 'cupboard.yaml'), `name: ${mark}\n`);
  await writeFile(join(dataDir, 'secrets.yaml'), `key: ${mark}\n`, { mode: 0o600 });
  await writeFile(join(dataDir, 'logs/hub.log'), 'of the moment\n');
  await writeFile(
    join(dataDir, 'plugin-data/lamp/cache/CACHEDIR.TAG'),
    'Signature: 8a477f597d28d172789f06886806bc55\n',
  );
  await symlink('../lamp', join(dataDir, 'plugin-data/lamp/self'));
  for (let n = 0; n < 60; n += 1) await writeFile(join(dataDir, `plugin-data/lamp/${n}.txt`), mark.repeat(n));
  const database = new Database(join(dataDir, 'plugin-data/lamp/store.db'));
  database.pragma('journal_mode = WAL');
  database.exec(`CREATE TABLE t (v TEXT) STRICT; INSERT INTO t VALUES ('${mark}')`);
  database.close();
  return dataDir;
}

const version = '0.1.0';
async function backupOf(dataDir: string): Promise<string> {
  const file = join(await temporaryFolder(), 'backup.tar.gz');
  await writeBackup({ dataDir, file, version });
  return file;
}

const markOf = async (dataDir: string) => (await readFile(join(dataDir, 'cupboard.yaml'), 'utf8')).slice(6).trim();

it('keeps what was there beside, and takes neither caches nor logs', async () => {
  const file = await backupOf(await furnished('new'));
  const dataDir = await furnished('old');
  const { replaced } = await restoreBackup(file, dataDir);
  expect(await markOf(dataDir)).toBe('new');
  expect((await stat(join(dataDir, 'secrets.yaml'))).mode & 0o777).toBe(0o600);
  expect((await readdir(join(dataDir, 'plugin-data/lamp'))).sort()).toContain('self');
  expect(await readdir(join(dataDir, 'plugin-data/lamp'))).not.toContain('cache');
  expect(await readFile(join(dataDir, 'logs/hub.log'), 'utf8')).toBe('of the moment\n');
  expect(await markOf(replaced ?? '')).toBe('old');
});

it('refuses a damaged file before anything is touched', async () => {
  const file = await backupOf(await furnished('new'));
  const dataDir = await furnished('old');
  const whole = await readFile(file);
  const flipped = Buffer.from(whole);
  flipped.writeUInt8((flipped[whole.length >> 1] ?? 0) ^ 1, whole.length >> 1);
  const damages = [
    flipped,
    whole.subarray(0, -5),
    whole.subarray(0, whole.length >> 1),
    Buffer.from('no archive'),
    Buffer.alloc(0),
  ];
  for (const damage of damages) {
    await writeFile(file, damage);
    await expect(restoreBackup(file, dataDir)).rejects.toMatchObject({ code: 'backup_damaged' });
  }
  expect(await markOf(dataDir)).toBe('old');
  expect((await readdir(dataDir)).filter((name) => /^(replaced-|\.)/.test(name))).toEqual([]);
});

it('refuses a backup that would write elsewhere', async () => {
  const file = join(await temporaryFolder(), 'hostile.tar.gz');
  const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
  for (const names of [['../out'], ['/out'], ['a/../../out'], ['link/out']]) {
    const archive = pack();
    archive.entry({ name: 'link', type: 'symlink', linkname: '/tmp' });
    for (const name of names) archive.entry({ name }, '');
    const files = Object.fromEntries(names.map((name) => [name, empty]));
    archive.entry({ name: 'cupboard-backup.json' }, writeManifest({ version, created: '', files, leftOut: {} }));
    archive.finalize();
    await rm(file, { force: true });
    await pipeline(archive as unknown as NodeJS.ReadableStream, createGzip(), createWriteStream(file));
    await expect(restoreBackup(file, await temporaryFolder())).rejects.toThrow(/it names/);
  }
});

it('leaves the old or the new data, never a part of each, wherever it is killed', async () => {
  const file = await backupOf(await furnished('new'));
  for (let round = 0; round < 12; round += 1) {
    const dataDir = await furnished('old');
    const child = spawn(process.execPath, [distFile('cupboard.js'), 'restore', file, '--data', dataDir]);
    // The beginning of the stage is the beginning of what can go wrong; from there on at any moment.
    const ended = once(child, 'exit');
    const stage = join(dataDir, '.restoring');
    const began = async () => (await stat(stage).catch(() => undefined)) !== undefined || child.exitCode !== null;
    while (!(await began())) await new Promise(setImmediate);
    for (let turn = 0; turn < round * round * 2; turn += 1) await new Promise(setImmediate);
    child.kill('SIGKILL');
    await ended;
    await finishRestore(dataDir);
    const mark = await markOf(dataDir);
    expect(['old', 'new']).toContain(mark);
    expect(await readFile(join(dataDir, 'plugin-data/lamp/59.txt'), 'utf8')).toBe(mark.repeat(59));
    const database = new Database(join(dataDir, 'plugin-data/lamp/store.db'), { readonly: true });
    expect(database.prepare('SELECT v FROM t').pluck().get()).toBe(mark);
    database.close();
    expect(await readdir(dataDir)).not.toContain('.restoring');
  }
});

it('says what a file is that is too large for an automatic backup, and never takes half a file', async () => {
  const dataDir = await furnished('new');
  await truncate(join(dataDir, 'plugin-data/lamp/0.txt'), 2e6);
  const file = join(await temporaryFolder(), 'backup.tar.gz');
  const { leftOut } = await writeBackup({ dataDir, file, version, maxFileBytes: 1e6 });
  expect(leftOut).toEqual({ 'plugin-data/lamp/0.txt': 2e6 });
  await expect(writeBackup({ dataDir, file, version })).rejects.toMatchObject({ code: 'backup_exists' });
});
