import { execFile } from 'node:child_process';
import { link, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { hashFile } from '../../../../plugins/photos/ingest/copy.ts';
import { applyEdit, type EditParts } from '../../../../plugins/photos/metadata/apply.ts';
import { type Edit, openEditQueue, type QueuedEdit } from '../../../../plugins/photos/metadata/edits.ts';
import { createExifTool, type ExifTool } from '../../../../plugins/photos/metadata/exiftool.ts';
import { select } from '../../../../plugins/photos/metadata/selection.ts';
import { testNeeding } from '../../../support/prerequisites.ts';
import { openBed } from '../ingest/bed.ts';
import { EXIFTOOL, judgedByExiftool, makeJpeg } from './judges.ts';
import { makeTiff } from './samples.ts';

const CAPTION: Edit = { kind: 'write', changes: { caption: 'neu' }, overwrite: true };
const PATH = '2016-W05/P1010001.JPG';

/** An archive with these photos of one week in it. */
async function bedOf(...names: readonly string[]) {
  const bed = await openBed();
  for (const name of names) {
    if (name.endsWith('.JPG')) await makeJpeg(join(bed.card, name), '-DateTimeOriginal=2016:02:03 12:00:00');
    else if (name.endsWith('.TIF')) await makeTiff(join(bed.card, name));
    else await writeFile(join(bed.card, name), name);
  }
  await bed.import();
  const { archive, catalogue } = bed.context;
  const exiftool = createExifTool();
  onTestFinished(() => exiftool.end());
  const queue = openEditQueue(bed.store);
  const parts: EditParts = {
    catalogue,
    archive,
    exiftool,
    queue,
    staging: join(bed.archiveRoot, '.cupboard/metadata'),
    folderSettings: { mode: 0o755, group: undefined },
    fileSettings: { mode: 0o644, group: undefined },
  };
  const enqueue = (edit: Edit, path = PATH): QueuedEdit => {
    queue.add([{ path, edit }]);
    return queue.next() as QueuedEdit;
  };
  return { ...bed, parts, enqueue, at: (path: string) => join(bed.archiveRoot, path) };
}

class Killed extends Error {}

describe('an edit that is cut off', () => {
  testNeeding('exiftool')('after the file was put in place is finished, not done twice', async () => {
    const { parts, enqueue, at } = await bedOf('P1010001.JPG');
    const queued = enqueue(CAPTION);
    const before = parts.catalogue.find(PATH);
    // The transaction is rolled back and nothing of it is on disk, as after a kill -9 at this point.
    const dying = { ...parts, queue: { ...parts.queue, remove: die } };
    await expect(applyEdit(queued, dying)).rejects.toThrow(Killed);
    expect(parts.catalogue.find(PATH)).toEqual(before);
    expect(await judgedByExiftool(at(PATH))).toMatchObject({ 'IPTC:Caption-Abstract': 'neu' });

    const again = parts.queue.next() as QueuedEdit;
    expect(again.written?.sha256).toBe((await hashFile(at(PATH))).sha256);
    const forbidden: ExifTool = { ...parts.exiftool, write: die, read: die };
    expect(await applyEdit(again, { ...parts, exiftool: forbidden })).toEqual({ path: PATH, outcome: 'changed' });
    expect(parts.catalogue.find(PATH)).toMatchObject({
      caption: 'neu',
      state: 'verified',
      currentSha256: again.written?.sha256,
      originalSha256: before?.originalSha256,
    });
    expect(parts.queue.size()).toBe(0);
  });

  testNeeding('exiftool')('before that is done again from the old file', async () => {
    const { parts, enqueue } = await bedOf('P1010001.JPG');
    const queued = enqueue(CAPTION);
    parts.queue.note(queued.id, { target: PATH, sha256: 'never came to be', size: 1, mtime: 1 });
    expect(await applyEdit(parts.queue.next() as QueuedEdit, parts)).toMatchObject({ outcome: 'changed' });
    expect(parts.catalogue.find(PATH)).toMatchObject({ caption: 'neu' });
  });
});

describe('where it is written', () => {
  testNeeding('exiftool')('a sidecar that somebody made since is taken, and no second one made', async () => {
    const { parts, enqueue, at } = await bedOf('P1010001.RW2');
    await promisify(execFile)(EXIFTOOL, ['-q', '-XMP-xmp:Rating=3', at('undated/P1010001.RW2.xmp')]);
    const result = await applyEdit(enqueue(CAPTION, 'undated/P1010001.RW2'), parts);
    expect(result).toMatchObject({ outcome: 'changed', sidecar: 'undated/P1010001.RW2.xmp' });
    expect(await judgedByExiftool(at('undated/P1010001.RW2.xmp'))).toMatchObject({
      'XMP-xmp:Rating': 3,
      'XMP-dc:Description': 'neu',
    });
    expect(parts.catalogue.find('undated/P1010001.RW2.xmp')).toMatchObject({
      kind: 'sidecar',
      shot: 'undated/P1010001',
    });
  });

  testNeeding('exiftool')('beside a file whose picture this ExifTool cannot prove unchanged', async () => {
    const { parts, enqueue, at } = await bedOf('P1010001.JPG', 'P1010001.TIF');
    const old = createExifTool(EXIFTOOL);
    onTestFinished(() => old.end());
    const path = '2016-W05/P1010001.TIF';
    const before = await hashFile(at(path));
    const result = await applyEdit(enqueue(CAPTION, path), { ...parts, exiftool: old });
    expect(result).toMatchObject({ outcome: 'changed', sidecar: '2016-W05/P1010001.xmp' });
    expect(await hashFile(at(path))).toEqual(before);
  });

  testNeeding('exiftool')(
    'a date that only the name told, as the date of the file when the clock is corrected',
    async () => {
      const bed = await bedOf();
      const name = 'IMG_20160203_120000.JPG';
      await makeJpeg(join(bed.card, name), '-Model=Phone');
      await bed.import();
      const path = `2016-W05/${name}`;
      expect(await applyEdit(bed.enqueue({ kind: 'shift', seconds: -60 }, path), bed.parts)).toMatchObject({
        outcome: 'changed',
      });
      expect((await judgedByExiftool(bed.at(path)))['ExifIFD:DateTimeOriginal']).toBe('2016:02:03 11:59:00');
      expect(bed.parts.catalogue.find(path)?.captured).toBe('2016-02-03T11:59:00');
    },
  );
});

describe('moving a shot', () => {
  const MEMBERS = ['P1010001.JPG', 'P1010001.RW2', 'P1010001.WAV'];

  test('goes on where it was cut off: linked, or moved already', async () => {
    const { parts, enqueue, at } = await bedOf(...MEMBERS);
    await mkdir(at('2016-W06'));
    await link(at('2016-W05/P1010001.JPG'), at('2016-W06/P1010001.JPG'));
    await link(at('2016-W05/P1010001.RW2'), at('2016-W06/P1010001.RW2'));
    await rm(at('2016-W05/P1010001.RW2'));
    expect(await applyEdit(enqueue({ kind: 'move', folder: '2016-W06' }), parts)).toMatchObject({ outcome: 'changed' });
    expect(await readdir(at('2016-W05'))).toEqual([]);
    expect(await readdir(at('2016-W06'))).toEqual(MEMBERS);
    expect(parts.catalogue.inShot('2016-W06/P1010001').map(({ path }) => path)).toEqual(
      MEMBERS.map((name) => `2016-W06/${name}`),
    );
  });

  test('where one name is taken all members get the same suffix, and nothing is replaced', async () => {
    const { parts, enqueue, at } = await bedOf(...MEMBERS);
    await mkdir(at('2016-W06'));
    await writeFile(at('2016-W06/p1010001.wav'), 'another');
    await applyEdit(enqueue({ kind: 'move', folder: '2016-W06' }), parts);
    expect((await readdir(at('2016-W06'))).sort()).toEqual([
      'P1010001-1.JPG',
      'P1010001-1.RW2',
      'P1010001-1.WAV',
      'p1010001.wav',
    ]);
    expect(parts.catalogue.inShot('2016-W06/P1010001-1')).toHaveLength(3);
  });
});

describe('what a command selects', () => {
  test('all pictures of a named shot, a week, a range by name or number', async () => {
    const { context } = await bedOf('P1010001.JPG', 'P1010001.RW2', 'P1010001.WAV', 'P1010002.JPG', 'P1010013.JPG');
    const names = (selection: Parameters<typeof select>[1]) =>
      select(context.catalogue, selection)
        .files.map(({ path }) => path.slice(9))
        .sort();
    const both = ['P1010001.JPG', 'P1010001.RW2'];
    expect(names({ files: ['2016-W05/P1010001.JPG'] })).toEqual(both);
    expect(names({ week: '2016-W05' })).toEqual([...both, 'P1010002.JPG', 'P1010013.JPG']);
    expect(names({ week: '2016-W05', first: '10002', last: '10013' })).toEqual(['P1010002.JPG', 'P1010013.JPG']);
    expect(names({ week: '2016-W05', first: '2', last: '12' })).toEqual(['P1010002.JPG']);
    expect(names({ week: '2016-W05', last: 'p1010001' })).toEqual(both);
    expect(names({ first: '2016-W05/P1010002.JPG' })).toEqual(['P1010002.JPG', 'P1010013.JPG']);
    expect(select(context.catalogue, { files: ['x'] })).toEqual({ files: [], unknown: ['x'] });
    for (const wrong of [{}, { week: '1999-W01' }, { week: '2016-W05', first: '90' }, { files: ['x'], week: 'y' }]) {
      expect(() => select(context.catalogue, wrong)).toThrow();
    }
  });
});

function die(): never {
  throw new Killed('killed');
}
