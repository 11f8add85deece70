// Archives on real file systems that fill up, run out of inodes or go away while an import runs.
import { execFileSync } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { openBed } from '../plugins/photos/ingest/bed.ts';
import { writeCard } from '../support/camera-files.ts';
import { temporaryFolder } from '../support/hub.ts';
import { testNeeding } from '../support/prerequisites.ts';

const FEBRUARY = '2016:02:01 12:00:00';
const run = (program: string, ...args: string[]) => execFileSync(program, args, { encoding: 'utf8', stdio: 'pipe' });
const shots = (count: number, bytes: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`DCIM/IMG_${i}.JPG`, { date: FEBRUARY, bytes, seed: i }]),
  );

/** Mounts something on a new folder until the test ends. */
async function mounted(...args: string[]): Promise<string> {
  const point = join(await temporaryFolder(), 'disk');
  await mkdir(point);
  run('mount', ...args, point);
  onTestFinished(() => void run('sh', '-c', `while mountpoint -q '${point}'; do umount -l '${point}'; done`));
  return point;
}

/** Hashes of the photos below a folder, as sha256sum sees them. */
const hashesOf = (folder: string) =>
  run('sh', '-c', `find '${folder}' -name '*.JPG' -exec sha256sum {} + | cut -c1-64 | sort`);

testNeeding('root')('a full archive keeps what fits; with room the import goes on', async () => {
  const disk = await mounted('-t', 'tmpfs', '-o', 'size=8m', 'tmpfs');
  const bed = await openBed({ archiveRoot: join(disk, 'photos') });
  await writeCard(bed.card, shots(16, 1_000_000));
  const full = await bed.import();
  expect(full).toMatchObject({ ok: false, error: 'archive_full' });
  expect(full.new).toBeGreaterThan(0);
  expect(full.new + full.failed).toBe(16);
  expect(full.verified).toBe(full.new);
  expect(await readdir(join(disk, 'photos/2016-W05'))).toHaveLength(full.new);
  expect(await readdir(join(disk, 'photos/.cupboard/incoming'))).toEqual([]);

  run('mount', '-o', 'remount,size=32m', disk);
  expect(await bed.import()).toMatchObject({ ok: true, new: 16 - full.new, known: full.new, failed: 0 });
  expect(hashesOf(bed.archiveRoot)).toBe(hashesOf(bed.card));
});

testNeeding('root', 'mkfs.ext4')(
  'ENOSPC in the middle of a batch loses nothing and leaves nothing half done',
  async () => {
    const folder = await temporaryFolder();
    const image = join(folder, 'disk.img');
    run('truncate', '-s', '16M', image);
    // Inodes run out long before blocks do, which no look at the free space foretells.
    run('mkfs.ext4', '-q', '-N', '32', image);
    const disk = await mounted('-o', 'loop', image);
    const bed = await openBed({ archiveRoot: join(disk, 'photos') });
    await writeCard(bed.card, shots(40, 5000));
    const full = await bed.import();
    expect(full).toMatchObject({ ok: false, error: 'archive_full' });
    expect(full.new + full.failed).toBe(40);
    expect(await readdir(join(disk, 'photos/.cupboard/incoming'))).toEqual([]);
    expect(run('sh', '-c', `find '${disk}' -name '*.JPG' | wc -l`).trim()).toBe(String(full.new));
    const rows = [...bed.context.catalogue.all()];
    expect(rows).toHaveLength(full.new);
  },
);

testNeeding('root')('a disk that goes in mid-import stops it; nothing is written where it was', async () => {
  const disk = await mounted('-t', 'tmpfs', '-o', 'size=64m', 'tmpfs');
  const bed = await openBed({ archiveRoot: disk });
  await writeCard(bed.card, shots(200, 5000));
  let gone = false;
  const report = await bed.import({
    onProgress: ({ phase, done }) => {
      if (phase !== 'importing' || done < 64 || gone) return;
      gone = true;
      run('umount', '-l', disk);
    },
  });
  expect(report).toMatchObject({ ok: false, error: 'archive_missing' });
  expect(report.new + report.failed).toBe(200);
  expect(await readdir(disk)).toEqual([]);
  await expect(bed.import()).rejects.toMatchObject({ code: 'archive_missing' });
});
