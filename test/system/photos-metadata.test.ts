import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect } from 'vitest';
import { hashFile } from '../../plugins/photos/ingest/copy.ts';
import { allJudgedByExiftool, makeJpeg, pixelsOf } from '../plugins/photos/metadata/judges.ts';
import { type RunningHub, startHub, temporaryFolder, waitFor } from '../support/hub.ts';
import { testNeeding } from '../support/prerequisites.ts';

interface Row {
  readonly path: string;
  readonly original_sha256: string;
  readonly current_sha256: string;
  readonly state: string;
  readonly caption: string | null;
}

/** The catalogue, read beside the plugin as sqlite3 would. */
function catalogueOf({ dataDir }: RunningHub): readonly Row[] {
  const store = new Database(join(dataDir, 'plugin-data/photos/store.db'), { readonly: true });
  try {
    return store.prepare<[], Row>('SELECT * FROM files ORDER BY path').all();
  } finally {
    store.close();
  }
}

async function command<T>(hub: RunningHub, name: string, args: object): Promise<T> {
  return (await hub.api<T>('POST', `/api/v1/plugins/photos/commands/${name}`, args)).body;
}

async function hubWithPhotos(names: readonly string[], config: object = {}) {
  const folder = await temporaryFolder();
  const [card, archive] = [join(folder, 'card'), join(folder, 'archive')];
  await mkdir(card);
  await Promise.all(names.map((name) => makeJpeg(join(card, name), '-DateTimeOriginal=2016:02:03 12:00:00')));
  const hub = await startHub({ config: { plugins: { photos: { archive, ...config } } } });
  expect(await command(hub, 'import', { path: card })).toMatchObject({ ok: true, new: names.length });
  return { hub, paths: names.map((name) => join(archive, '2016-W05', name)), archive };
}

describe('the commands of a running hub', () => {
  testNeeding('exiftool')('go on where kill -9 stopped them: each file is the old or the new one', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `P10100${String(index + 10)}.JPG`);
    const { hub, paths, archive } = await hubWithPhotos(names);
    const originals = catalogueOf(hub).map(({ current_sha256 }) => current_sha256);
    const answer = command(hub, 'caption', { week: '2016-W05', caption: 'überlebt' }).catch(() => undefined);
    await waitFor('some captions', () => catalogueOf(hub).filter(({ caption }) => caption !== null).length >= 2);
    await hub.kill();
    await answer;
    const captionsOf = async () =>
      (await allJudgedByExiftool(paths, '-Caption-Abstract')).map((tags) => tags['IPTC:Caption-Abstract']);
    expect(new Set(await captionsOf())).toEqual(new Set(['überlebt', undefined]));
    await Promise.all(paths.map((path) => pixelsOf(path)));

    const again = await startHub({ dataDir: hub.dataDir });
    await waitFor('the rest', () => catalogueOf(again).every(({ caption }) => caption === 'überlebt'));
    const rows = catalogueOf(again);
    expect(rows.map(({ original_sha256 }) => original_sha256)).toEqual(originals);
    expect(rows.every(({ state }) => state === 'verified')).toBe(true);
    for (const { path, current_sha256 } of rows) {
      expect((await hashFile(join(archive, path))).sha256).toBe(current_sha256);
    }
    expect(await captionsOf()).toEqual(names.map(() => 'überlebt'));
    expect(await readdir(join(archive, '2016-W05'))).toEqual(names);
    await waitFor('no stray file', async () => (await readdir(join(archive, '.cupboard/metadata'))).length === 0);
  });

  testNeeding('exiftool')('without an ExifTool say so and queue nothing; bad arguments are named', async () => {
    const { hub, paths } = await hubWithPhotos(['P1010001.JPG'], { exiftool: '/nonexistent/exiftool' });
    const before = await hashFile(paths[0] as string);
    expect(await command(hub, 'caption', { files: ['2016-W05/P1010001.JPG'], caption: 'x' })).toMatchObject({
      ok: false,
      advice: 'sudo apt install libimage-exiftool-perl',
    });
    expect(await hashFile(paths[0] as string)).toEqual(before);
    expect(await command(hub, 'title', { week: '1999-W01', title: 'x' })).toMatchObject({
      ok: false,
      error: 'there is no photo in 1999-W01',
    });
    const refused = await hub.api('POST', '/api/v1/plugins/photos/commands/title', { week: '2016-W05' });
    expect(refused.status).toBe(422);
  });
});
