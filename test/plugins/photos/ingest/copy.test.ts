import { truncateSync } from 'node:fs';
import { link, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { copyToTemporary, hashFile, placeFile } from '../../../../plugins/photos/ingest/copy.ts';
import { UncachedReader } from '../../../../plugins/photos/ingest/uncached.ts';
import { sha256 } from '../../../support/camera-files.ts';
import { temporaryFolder } from '../../../support/hub.ts';

// No file system without hard links can be mounted on every machine: `link` alone is made to fail as FAT's does.
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  return { ...real, default: real, link: vi.fn(real.link) };
});
const MIB = 1 << 20;

describe.each(['with hard links', 'without'])('a name in the archive, %s', (kind) => {
  beforeEach(() => {
    const refusal = Object.assign(new Error('EPERM: operation not permitted'), { code: 'EPERM' });
    if (kind === 'without') vi.mocked(link).mockRejectedValueOnce(refusal);
    return () => vi.mocked(link).mockReset();
  });

  it('is given to a whole copy', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'temporary'), 'photo');
    await placeFile(join(folder, 'temporary'), join(folder, 'P1.JPG'));
    expect(await readdir(folder)).toEqual(['P1.JPG']);
    expect(await readFile(join(folder, 'P1.JPG'), 'utf8')).toBe('photo');
  });

  it('is never taken from another file', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'temporary'), 'photo');
    await writeFile(join(folder, 'P1.JPG'), 'another');
    await expect(placeFile(join(folder, 'temporary'), join(folder, 'P1.JPG'))).rejects.toMatchObject({
      code: 'EEXIST',
    });
    expect(await readFile(join(folder, 'P1.JPG'), 'utf8')).toBe('another');
    expect(await readFile(join(folder, 'temporary'), 'utf8')).toBe('photo');
  });
});

describe('a copy', () => {
  it.each([1, MIB - 1, MIB, MIB + 1, 3 * MIB + 17, 33 * MIB])(
    'of %d bytes has the content and its hash',
    async (size) => {
      const folder = await temporaryFolder();
      const content = Buffer.alloc(size, 'photo');
      await writeFile(join(folder, 'source'), content);
      const copied = await copyToTemporary(join(folder, 'source'), { folder, mode: 0o640 });
      expect(copied).toMatchObject({ size, sha256: sha256(content) });
      expect((await readFile(copied.temporary)).equals(content)).toBe(true);
      expect((await stat(copied.temporary)).mode & 0o777).toBe(0o640);
      expect((await hashFile(copied.temporary)).sha256).toBe(copied.sha256);
      expect(await new UncachedReader().hash(copied.temporary)).toBe(copied.sha256);
    },
  );

  it('of a file that changes while it is read is refused and leaves nothing', async () => {
    const folder = await temporaryFolder();
    const source = join(folder, 'source');
    await writeFile(source, Buffer.alloc(8 * MIB));
    const onBytes = () => truncateSync(source, 3 * MIB);
    const copying = copyToTemporary(source, { folder, mode: 0o644 }, { onBytes });
    await expect(copying).rejects.toMatchObject({ side: 'source', reason: 'changed' });
    expect(await readdir(folder)).toEqual(['source']);
  });

  it('never follows a link, and takes regular files only', async () => {
    const folder = await temporaryFolder();
    await expect(hashFile('/proc/self/exe')).rejects.toMatchObject({ side: 'source', reason: 'ELOOP' });
    await expect(hashFile(folder)).rejects.toMatchObject({ side: 'source' });
  });
});
