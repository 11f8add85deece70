import { readdir, truncate, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DiskCache } from '../../../plugins/photos/gallery/disk-cache.ts';
import { temporaryFolder } from '../../support/hub.ts';

const filesIn = async (folder: string) =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);

it('keeps what was written, over a restart too', async () => {
  const folder = await temporaryFolder();
  await new DiskCache(folder, 1000).write('ab12.webp', 'picture');
  expect((await new DiskCache(folder, 1000).read('ab12.webp'))?.toString()).toBe('picture');
  expect(await new DiskCache(folder, 1000).read('ab13.webp')).toBeUndefined();
});

it('is marked as a cache, drops what was not read for longest when it is full, and counts what an earlier run left', async () => {
  const folder = await temporaryFolder();
  const before = new DiskCache(folder, 1000);
  for (const [index, key] of ['aa', 'bb', 'cc'].entries()) {
    await before.write(key, 'x'.repeat(300));
    const day = Date.now() / 1000 - (10 - index) * 86_400;
    await utimes(join(folder, key, key), day, day);
  }
  const cache = new DiskCache(folder, 1000);
  await cache.read('aa');
  await cache.write('dd', 'x'.repeat(300));
  expect((await filesIn(folder)).sort()).toEqual(['CACHEDIR.TAG', 'aa', 'cc', 'dd']);
});

it('takes a file that a power cut emptied for none', async () => {
  const folder = await temporaryFolder();
  const cache = new DiskCache(folder, 1000);
  await cache.write('ab12', 'picture');
  await truncate(join(folder, 'ab', 'ab12'));
  expect(await cache.read('ab12')).toBeUndefined();
});
