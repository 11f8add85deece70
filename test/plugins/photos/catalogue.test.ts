import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openStore } from '../../../core/sdk/store.ts';
import { Catalogue, type NewFile } from '../../../plugins/photos/catalogue.ts';
import { MIGRATIONS } from '../../../plugins/photos/migrations.ts';
import { temporaryFolder } from '../../support/hub.ts';

const row = (path: string, changes: Partial<NewFile> = {}): NewFile => ({
  path,
  folder: path.split('/')[0] as string,
  shot: path.replace(/\.\w+$/, ''),
  kind: 'photo',
  size: 100,
  mtime: 1,
  originalSha256: `original ${path}`,
  currentSha256: `current ${path}`,
  captured: '2016-02-01T12:00:00',
  capturedFrom: 'DateTimeOriginal',
  utcOffset: null,
  camera: 'Panasonic DMC-LX3',
  latitude: null,
  longitude: null,
  altitude: null,
  title: null,
  caption: null,
  keywords: [],
  state: 'verified',
  imported: 1,
  verified: 1,
  ...changes,
});

async function openCatalogue(...paths: string[]): Promise<Catalogue> {
  const store = openStore(join(await temporaryFolder(), 'store.db'), MIGRATIONS);
  onTestFinished(() => void store.close());
  const catalogue = new Catalogue(store);
  for (const path of paths) catalogue.add(row(path));
  return catalogue;
}
const told = (catalogue: Catalogue, after: number) =>
  catalogue.changes(after, 100).map((change) => `${'removed' in change ? '-' : '+'}${change.path}`);

describe('followers are told', () => {
  it('every change once, in order, the last state of each file only', async () => {
    const catalogue = await openCatalogue('a/1.jpg', 'a/2.jpg');
    expect(told(catalogue, 0)).toEqual(['+a/1.jpg', '+a/2.jpg']);
    const seen = catalogue.lastChange();
    expect(told(catalogue, seen)).toEqual([]);
    catalogue.update('a/1.jpg', { caption: 'first' });
    catalogue.update('a/1.jpg', { caption: 'second' });
    expect(told(catalogue, seen)).toEqual(['+a/1.jpg']);
  });

  it('nothing of a file that was only read again', async () => {
    const catalogue = await openCatalogue('a/1.jpg');
    const seen = catalogue.lastChange();
    catalogue.update('a/1.jpg', { state: 'verified', verified: 2, size: 100 });
    expect(catalogue.lastChange()).toBe(seen);
    catalogue.update('a/1.jpg', { latitude: 51.5 });
    expect(told(catalogue, seen)).toEqual(['+a/1.jpg']);
  });

  it('of a moved file that its old path is gone', async () => {
    const catalogue = await openCatalogue('a/1.jpg');
    const seen = catalogue.lastChange();
    catalogue.update('a/1.jpg', { path: 'b/1.jpg', folder: 'b' });
    expect(told(catalogue, seen).sort()).toEqual(['+b/1.jpg', '-a/1.jpg']);
    expect(catalogue.wasRemoved('a/1.jpg')).toBe(true);
  });

  it('of a removed file, and when its path holds a file again', async () => {
    const catalogue = await openCatalogue('a/1.jpg');
    const seen = catalogue.lastChange();
    catalogue.remove('a/1.jpg');
    expect(told(catalogue, seen)).toEqual(['-a/1.jpg']);
    catalogue.add(row('a/1.jpg'));
    expect(told(catalogue, seen)).toEqual(['+a/1.jpg']);
    expect(catalogue.wasRemoved('a/1.jpg')).toBe(false);
  });

  it('page by page', async () => {
    const paths = Array.from({ length: 25 }, (_, index) => `a/${index}.jpg`);
    const catalogue = await openCatalogue(...paths);
    for (const path of paths.slice(0, 5)) catalogue.remove(path);
    const pages: string[] = [];
    for (let after = 0; after < catalogue.lastChange(); ) {
      const page = catalogue.changes(after, 7);
      pages.push(...page.map(({ path }) => path));
      after = page.at(-1)?.change ?? Number.POSITIVE_INFINITY;
    }
    expect(pages).toEqual([...paths.slice(5), ...paths.slice(0, 5)]);
  });
});
