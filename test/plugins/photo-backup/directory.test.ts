import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../support/hub.ts';
import { bed } from './bed.ts';

const A = '2016-W05/P1010001.JPG';

/** A directory below the plugin's own folder, which marks itself. */
const owned = async () => {
  const test = await bed({ type: 'directory', path: 'safe' });
  return { ...test, at: (key: string) => join(test.folder, 'safe', key) };
};

describe('a directory target', () => {
  it('holds the same tree, with the times of the files', async () => {
    const { photo, pass, at, archive, ledger } = await owned();
    await photo(A);
    await photo('undated/å ü#?日本.JPG');
    await utimes(join(archive, A), 1e9, 1e9);
    expect(await pass()).toMatchObject({ uploaded: 2, failed: 0 });
    execFileSync('diff', ['-r', '-x', '.cupboard*', archive, at('.')]);
    expect(ledger.summary()).toMatchObject({ safe: 2, pending: 0 });
  });

  it('is never written to while its marker is not there', async () => {
    const path = await temporaryFolder();
    const { photo, pass, target } = await bed({ type: 'directory', path });
    await photo(A);
    await expect(pass()).rejects.toMatchObject({ kind: 'target_missing' });
    expect(await readdir(path)).toEqual([]);
    await target.mark?.();
    expect(await pass()).toMatchObject({ uploaded: 1 });
    await rm(join(path, '.cupboard-backup'));
    await photo('2016-W05/P1010002.JPG');
    await expect(pass()).rejects.toMatchObject({ kind: 'target_missing' });
    expect(existsSync(join(path, '2016-W05/P1010002.JPG'))).toBe(false);
  });

  it('recognises what somebody else copied there, by its content', async () => {
    const { photo, pass, at } = await owned();
    const bytes = await photo(A);
    await mkdir(at('2016-W05'), { recursive: true });
    await writeFile(at(A), bytes);
    expect(await pass()).toMatchObject({ found: 1, uploaded: 0 });
  });

  it('keeps a foreign file of the same name and puts ours beside it', async () => {
    const { photo, pass, at, ledger } = await owned();
    const bytes = await photo(A);
    await mkdir(at('2016-W05'), { recursive: true });
    await writeFile(at(A), Buffer.alloc(bytes.length, 1));
    expect(await pass()).toMatchObject({ uploaded: 1 });
    const copy = ledger.copy(A);
    expect(copy).toMatchObject({ because: 'foreign', key: `2016-W05/P1010001~${copy?.sha256.slice(0, 8)}.JPG` });
    expect(await readFile(at(copy?.key ?? ''))).toEqual(bytes);
    expect(await readFile(at(A))).toEqual(Buffer.alloc(bytes.length, 1));
  });

  it('replaces a changed file and keeps the former content', async () => {
    const { photo, pass, at } = await owned();
    const former = await photo(A);
    await pass();
    const changed = await photo(A, Buffer.from('with a caption'));
    expect(await pass()).toMatchObject({ uploaded: 1, replaced: 1 });
    expect(await readFile(at(A))).toEqual(changed);
    const [version = ''] = await readdir(at('.cupboard-versions/2016-W05'));
    expect(await readFile(at(`.cupboard-versions/2016-W05/${version}`))).toEqual(former);
  });

  it('waits with a changed file while its copy is young, unless told not to', async () => {
    const { photo, pass } = await owned();
    await photo(A);
    await pass();
    await photo(A);
    const policy = { replace: true, rewriteAfter: 30 * 86_400_000 };
    const waiting = await pass({ policy });
    expect(waiting).toMatchObject({ waiting: 1, uploaded: 0 });
    expect(waiting.nextAt).toBeGreaterThan(Date.now() + 29 * 86_400_000);
    expect(await pass()).toMatchObject({ replaced: 1 });
  });

  it('deletes nothing when the archive loses a file', async () => {
    const { photo, pass, at, catalogue, archive } = await owned();
    await photo(A);
    await photo('2016-W05/P1010002.JPG');
    await pass();
    await rm(join(archive, A));
    const file = catalogue.get(A);
    if (file) catalogue.take([{ ...file, removed: true }], catalogue.position());
    expect(await pass()).toMatchObject({ uploaded: 0 });
    expect(existsSync(at(A))).toBe(true);
  });

  it('sends nothing while the archive is not mounted', async () => {
    const { photo, pass, archive } = await owned();
    await photo(A);
    await rm(archive, { recursive: true });
    await expect(pass()).rejects.toThrow('the archive is not at');
  });

  it('refuses a file whose content is not what the catalogue says, and goes on', async () => {
    const { photo, pass, archive, ledger } = await owned();
    await photo(A);
    await photo('2016-W05/P1010002.JPG');
    await writeFile(join(archive, A), Buffer.alloc((await stat(join(archive, A))).size));
    expect(await pass()).toMatchObject({ uploaded: 1, failed: 1 });
    expect(ledger.failures(10)).toMatchObject([{ path: A, kind: 'source_changed' }]);
    expect(ledger.summary()).toMatchObject({ safe: 1, pending: 1, failed: 1 });
  });

  it('only sends what is verified', async () => {
    const { photo, pass } = await owned();
    await photo(A, undefined, { state: 'copied' });
    await photo('2016-W05/P1010002.JPG', undefined, { state: 'rot' });
    expect(await pass()).toMatchObject({ uploaded: 0 });
  });
});

describe('verification', () => {
  it('finds what was deleted, changed or damaged there, and the next pass makes it good without overwriting', async () => {
    const { photo, pass, verify, at, ledger } = await owned();
    const [gone, changed, damaged] = ['2016-W05/1.JPG', '2016-W05/2.JPG', '2016-W05/3.JPG'];
    for (const path of [gone, changed, damaged]) await photo(path);
    await pass();
    await rm(at(gone));
    await writeFile(at(changed), 'something else');
    const { mtime } = await stat(at(damaged));
    await writeFile(at(damaged), Buffer.alloc(2000, 7));
    await utimes(at(damaged), mtime, mtime);
    expect((await verify()).findings).toEqual([
      { path: gone, problem: 'missing' },
      { path: changed, problem: 'changed' },
    ]);
    expect((await verify({ readBack: true })).findings).toEqual([
      { path: gone, problem: 'missing' },
      { path: changed, problem: 'changed' },
      { path: damaged, problem: 'damaged' },
    ]);
    expect(ledger.summary()).toMatchObject({ safe: 0, pending: 3 });
    expect(await pass()).toMatchObject({ uploaded: 3 });
    expect((await verify({ readBack: true })).findings).toEqual([]);
    expect(ledger.summary()).toMatchObject({ safe: 3, pending: 0, changed_remotely: 2 });
    expect(await readFile(at(changed), 'utf8')).toBe('something else');
  });
});
