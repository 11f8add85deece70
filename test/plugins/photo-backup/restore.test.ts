import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { readerSettings } from '../../../plugins/photo-backup/config.ts';
import { publishDocuments } from '../../../plugins/photo-backup/documents/publish.ts';
import { drillTarget } from '../../../plugins/photo-backup/drill.ts';
import { restoreFiles } from '../../../plugins/photo-backup/restore.ts';
import { TargetError } from '../../../plugins/photo-backup/targets/errors.ts';
import { openTarget } from '../../../plugins/photo-backup/targets/index.ts';
import type { Target } from '../../../plugins/photo-backup/targets/target.ts';
import { archivePath, wantedByManifest, wantedFrom } from '../../../plugins/photo-backup/wanted.ts';
import { temporaryFolder } from '../../support/hub.ts';
import { testNeeding } from '../../support/prerequisites.ts';
import { bed, sha256 } from './bed.ts';
import { StrictS3 } from './strict-s3.ts';

const run = promisify(execFile);
const signal = AbortSignal.timeout(60_000);
const NOW = Date.parse('2026-11-22T12:00Z');
const owner = { owner: 'Ann', contact: '', note: '' };
const NAMES = [
  '2016-W05/P1.JPG',
  '2016-W05/back\\slash.JPG',
  '2016-W05/line\nend.JPG',
  '2016-W06/ü  ñ.JPG',
  'undated/=x.JPG',
];

/** An archive that is backed up to a directory, documents and all. */
async function backedUp(names: readonly string[] = NAMES, size = 3_000) {
  const home = await bed({ type: 'directory', path: 'safe' });
  for (const name of names) await home.photo(name, randomBytes(size), { title: `Title of ${name}` });
  await home.target.check(signal);
  await home.pass();
  const parts = (now: number) => ({ store: home.store, signal, now, timezone: 'UTC' });
  const place = { settings: home.settings, target: home.target, ledger: home.ledger };
  return {
    ...home,
    safe: join(home.folder, 'safe'),
    place,
    publish: (now = NOW) => publishDocuments(place, owner, parts(now)),
  };
}

testNeeding('sha256sum')('leaves documents that sha256sum agrees with, at the top and in every week', async () => {
  const home = await backedUp();
  expect(await home.publish()).toBe(4 + 2 * 3);
  for (const folder of ['.', '2016-W05', '2016-W06', 'undated']) {
    const { stdout } = await run('sha256sum', ['-c', '--strict', 'MANIFEST.sha256'], { cwd: join(home.safe, folder) });
    expect(stdout.match(/: OK$/gm)?.length).toBe(
      NAMES.filter((name) => folder === '.' || name.startsWith(folder)).length,
    );
  }
  expect(await readFile(join(home.safe, 'README.txt'), 'utf8')).toContain('5 files in 3 folders');
});

testNeeding('rclone')('leaves a tree that rclone finds equal to the archive', async () => {
  const home = await backedUp(NAMES.filter((name) => !name.includes('\n')));
  await home.publish();
  // rclone only copies what is in the archive; what lies beside it are documents and hidden folders.
  await run('rclone', ['check', '--one-way', '--download', '--exclude', '.*/**', home.archive, home.safe]);
  await truncate(join(home.safe, '2016-W05/P1.JPG'), 10);
  await expect(run('rclone', ['check', '--one-way', '--exclude', '.*/**', home.archive, home.safe])).rejects.toThrow();
});

it('writes only the documents that changed', async () => {
  const home = await backedUp();
  await home.publish();
  expect(await home.publish()).toBe(0);
  await home.photo('2016-W06/new.JPG');
  await home.pass();
  // The week's page and manifest, and the four at the top.
  expect(await home.publish()).toBe(6);
});

testNeeding('sha256sum')(
  'lists the newest copy where an older one must stay, and takes its name back when restored',
  async () => {
    const home = await bed({ type: 'directory', path: 'safe', replace: 'keep_both', rewrite_after: 0 });
    await home.target.check(signal);
    await home.photo('2016-W05/P1.JPG', Buffer.from('old'));
    await home.pass();
    await home.photo('2016-W05/P1.JPG', Buffer.from('new'));
    await home.pass();
    const beside = `2016-W05/P1~${sha256(Buffer.from('new')).slice(0, 8)}.JPG`;
    const place = { settings: home.settings, target: home.target, ledger: home.ledger };
    await publishDocuments(place, owner, { store: home.store, signal, now: NOW, timezone: 'UTC' });
    expect(await readFile(join(home.folder, 'safe/index.html'), 'utf8')).toContain('2016-W05/index.html');
    expect(await readFile(join(home.folder, 'safe/MANIFEST.sha256'), 'utf8')).toBe(
      `${sha256(Buffer.from('new'))}  ${beside}\n`,
    );
    for (const wanted of [
      await wantedByManifest(home.target, undefined, signal),
      await wantedFrom(place, home.catalogue, '2016-W05', signal),
    ]) {
      const to = await temporaryFolder();
      await restoreFiles(home.target, wanted, to, { signal });
      expect(await readFile(join(to, '2016-W05/P1.JPG'), 'utf8')).toBe('new');
    }
  },
);

it('takes a name back only from a mark that is part of the hash', () => {
  const hash = sha256(Buffer.from('x'));
  expect(archivePath(`2016-W05/P1~${hash.slice(0, 8)}.JPG`, hash)).toBe('2016-W05/P1.JPG');
  expect(archivePath('2016-W05/P1~01234567.JPG', hash)).toBe('2016-W05/P1~01234567.JPG');
});

it('keeps two files apart of which one is called like a newer copy of the other', async () => {
  const second = `2016-W05/P1~${sha256(Buffer.from('second')).slice(0, 8)}.JPG`;
  const home = await backedUp([]);
  await home.photo('2016-W05/P1.JPG', Buffer.from('first'));
  await home.photo(second, Buffer.from('second'));
  await home.pass();
  await home.publish();
  const to = await temporaryFolder();
  const wanted = await wantedByManifest(home.target, undefined, signal);
  expect(await restoreFiles(home.target, wanted, to, { signal })).toMatchObject({ restored: 2, failed: [] });
  expect(await readFile(join(to, second), 'utf8')).toBe('second');
});

it('puts documents beside the old ones under a date where nothing may be replaced, and restores by the newest', async () => {
  const home = await backedUp();
  const frozen: Target = {
    ...home.target,
    putSmall: async (key, ...rest) => {
      if (await home.target.head(key, signal)) throw new TargetError('cannot_replace', 'no right to replace');
      await home.target.putSmall(key, ...rest);
    },
  };
  const place = { ...home.place, target: frozen };
  const publish = (day: string) =>
    publishDocuments(place, owner, { store: home.store, signal, now: Date.parse(`${day}T12:00Z`), timezone: 'UTC' });
  await publish('2026-11-20');
  await home.photo('2016-W06/second.JPG');
  await home.pass();
  await publish('2026-11-21');
  await home.photo('2016-W06/third.JPG');
  await home.pass();
  expect(await publish('2026-11-21')).toBe(0);
  expect(await publish('2026-11-22')).toBeGreaterThan(0);
  expect(await readdir(home.safe)).toEqual(
    expect.arrayContaining(['index.html', 'index~2026-11-21.html', 'index~2026-11-22.html']),
  );
  expect(await wantedByManifest(home.target, undefined, signal)).toHaveLength(NAMES.length + 2);
});

testNeeding('sha256sum')(
  'restores one week or all, with nothing but the target, and a second time fetches nothing',
  async () => {
    const home = await backedUp();
    await home.publish();
    const to = await temporaryFolder();
    const week = await wantedByManifest(home.target, '2016-W05', signal);
    expect(await restoreFiles(home.target, week, to, { signal })).toMatchObject({
      restored: 3,
      present: 0,
      failed: [],
    });
    const all = await wantedByManifest(home.target, undefined, signal);
    expect(await restoreFiles(home.target, all, to, { signal })).toMatchObject({
      restored: 2,
      present: 3,
      bytes: 6_000,
    });
    await run('sha256sum', ['-c', '--strict', join(home.safe, 'MANIFEST.sha256')], { cwd: to });
    expect(await readdir(to)).toEqual(['2016-W05', '2016-W06', 'undated']);
  },
);

it('gives restored files the time they had', async () => {
  const home = await backedUp(['2016-W05/P1.JPG']);
  await home.photo('2016-W05/P1.JPG', await readFile(join(home.archive, '2016-W05/P1.JPG')), {
    mtime: 1_454_500_000_000,
  });
  const to = await temporaryFolder();
  await restoreFiles(home.target, await wantedFrom(home.place, home.catalogue, undefined, signal), to, { signal });
  expect((await stat(join(to, '2016-W05/P1.JPG'))).mtimeMs).toBe(1_454_500_000_000);
});

testNeeding('sha256sum')('goes on in the middle of a file after kill -9', async () => {
  const home = await backedUp(['2016-W05/MVI_1.MOV', '2016-W05/P1.JPG', '2016-W05/P2.JPG'], 9_000_000);
  await home.publish();
  const to = await temporaryFolder();
  const program = fileURLToPath(new URL('restore-and-stall.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', program, home.safe, to, '2016-W05/MVI_1.MOV', '5000000'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  const froms: [string, number][] = [];
  const watched: Target = {
    ...home.target,
    get: (key, from) => {
      if (!key.includes('MANIFEST')) froms.push([key, from]);
      return home.target.get(key, from, signal);
    },
  };
  const wanted = await wantedByManifest(watched, undefined, signal);
  expect(await restoreFiles(watched, wanted, to, { signal })).toMatchObject({ failed: [] });
  const resumedAt = froms.find(([key]) => key === '2016-W05/MVI_1.MOV')?.[1];
  expect(resumedAt).toBeGreaterThan(0);
  expect(resumedAt).toBeLessThanOrEqual(5_000_000);
  await run('sha256sum', ['-c', '--strict', join(home.safe, 'MANIFEST.sha256')], { cwd: to });
  expect(await readdir(to)).toEqual(['2016-W05']);
});

it('goes on where a transfer broke off, and reports a file that stays damaged without giving it a name', async () => {
  const home = await backedUp(['2016-W05/P1.JPG', '2016-W05/P2.JPG', '2016-W05/P3.JPG']);
  await home.publish();
  await writeFile(join(home.safe, '2016-W05/P2.JPG'), Buffer.alloc(3_000));
  await truncate(join(home.safe, '2016-W05/P3.JPG'), 1_000);
  let breaks = 1;
  const shaky: Target = {
    ...home.target,
    get: async (key, from) => {
      const whole = await home.target.get(key, from, signal);
      if (key !== '2016-W05/P1.JPG' || breaks-- === 0) return whole;
      return Readable.from(
        (async function* () {
          for await (const block of whole) yield (block as Buffer).subarray(0, 1_000);
          throw new Error('the line went down');
        })(),
      );
    },
  };
  const to = await temporaryFolder();
  const report = await restoreFiles(shaky, await wantedByManifest(shaky, undefined, signal), to, { signal });
  expect(report.restored).toBe(1);
  expect(report.failed.map(({ path }) => path).toSorted()).toEqual(['2016-W05/P2.JPG', '2016-W05/P3.JPG']);
  expect(report.failed[0]?.reason).toContain('damaged');
  expect(await readdir(join(to, '2016-W05'))).toEqual(['P1.JPG']);
});

it('never overwrites and never leaves the folder it restores to', async () => {
  const home = await backedUp(['2016-W05/P1.JPG', '2016-W06/P2.JPG']);
  await home.publish();
  const [to, outside] = [await temporaryFolder(), await temporaryFolder()];
  await mkdir(join(to, '2016-W05'));
  await writeFile(join(to, '2016-W05/P1.JPG'), 'mine');
  await symlink(outside, join(to, '2016-W06'));
  const line = (await wantedByManifest(home.target, '2016-W05', signal))[0];
  const hostile = ['../escape.JPG', '/etc/escape.JPG', 'a/../../escape.JPG', 'a//b.JPG'].map((path) => ({
    ...line!,
    path,
  }));
  const wanted = [...(await wantedByManifest(home.target, undefined, signal)), ...hostile];
  const report = await restoreFiles(home.target, wanted, to, { signal });
  expect(report).toMatchObject({ restored: 0 });
  expect(report.failed).toHaveLength(6);
  expect(await readFile(join(to, '2016-W05/P1.JPG'), 'utf8')).toBe('mine');
  expect(await readdir(outside)).toEqual([]);
});

it('names the damaged file when a drill fails, and the target when there is nothing to be had', async () => {
  const home = await backedUp(['2016-W05/P1.JPG', '2016-W05/P2.JPG', '2016-W06/P3.JPG']);
  await home.publish();
  const drill = (index: number) => drillTarget(home.target, { name: 'safe', reader: false }, signal, () => index);
  expect(await drill(0)).toMatchObject({ ok: true, week: '2016-W05', files: 2, bytes: 6_000, failed: [] });
  const bytes = await readFile(join(home.safe, '2016-W05/P2.JPG'));
  bytes[1_500] = (bytes[1_500] ?? 0) ^ 1;
  await writeFile(join(home.safe, '2016-W05/P2.JPG'), bytes);
  await rm(join(home.safe, '2016-W05/P1.JPG'));
  const failed = await drill(0);
  expect(failed).toMatchObject({ ok: false, files: 0, failed_count: 2, trouble: null });
  expect(failed.failed.map(({ path }) => path)).toEqual(['2016-W05/P1.JPG', '2016-W05/P2.JPG']);
  expect(await drill(1)).toMatchObject({ ok: true, week: '2016-W06' });
  await rm(join(home.safe, 'MANIFEST.sha256'));
  expect(await drill(0)).toMatchObject({ ok: false, week: null, failed_count: 1 });
});

it('drills over S3 with a key that may only read, and fails when that key is withdrawn', async () => {
  const server = await new StrictS3().start();
  const keys = { access_key_id: 'KEY', secret_access_key: 'secret' };
  const readers = { reader_access_key_id: 'READER', reader_secret_access_key: 'secret' };
  const home = await bed({ type: 's3', bucket: 'photos', endpoint: server.url, ...keys, ...readers });
  await home.photo('2016-W05/P1.JPG');
  await home.pass();
  await publishDocuments(home, owner, { store: home.store, signal, now: NOW, timezone: 'UTC' });
  const reader = openTarget(readerSettings(home.settings)!, { dataDir: home.folder });
  await expect(reader.putSmall('x', Buffer.from('x'), 'text/plain', signal)).rejects.toThrow(TargetError);
  expect(await drillTarget(reader, { name: 's3', reader: true }, signal)).toMatchObject({
    ok: true,
    files: 1,
    reader: true,
  });
  const withdrawn = openTarget({ ...home.settings, access_key_id: 'GONE' }, { dataDir: home.folder });
  const failed = await drillTarget(withdrawn, { name: 's3', reader: true }, signal);
  expect(failed).toMatchObject({ ok: false, failed_count: 1, trouble: 'bad_credential' });
});
