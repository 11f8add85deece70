import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished } from 'vitest';
import { bed } from '../plugins/photo-backup/bed.ts';
import { temporaryFolder } from '../support/hub.ts';
import { testNeeding } from '../support/prerequisites.ts';

const run = promisify(execFile);
const MIB = 1 << 20;

/** A disk of its own, 8 MiB large. */
async function smallDisk() {
  const point = join(await temporaryFolder(), 'disk');
  await mkdir(point);
  await run('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', point]);
  onTestFinished(async () => {
    await run('umount', ['-l', point]);
  });
  return point;
}

testNeeding('root')(
  'a full disk is named, keeps what is whole and is written to again once there is room',
  async () => {
    const point = await smallDisk();
    const { photo, pass, ledger } = await bed({ type: 'directory', path: point });
    await photo('2016-W05/P1010001.JPG', randomBytes(3 * MIB));
    await photo('2016-W05/P1010002.JPG', randomBytes(3 * MIB));
    await photo('2016-W05/P1010003.JPG', randomBytes(3 * MIB));
    // A mount point is known as the right disk by itself.
    await expect(pass()).rejects.toMatchObject({ kind: 'full' });
    expect(ledger.summary()).toMatchObject({ safe: 2, pending: 1 });
    expect((await readdir(join(point, '2016-W05'))).sort()).toEqual(['P1010001.JPG', 'P1010002.JPG']);
    expect(await readdir(join(point, '.cupboard-tmp'))).toEqual([]);
    await run('mount', ['-o', 'remount,size=16m', point]);
    expect(await pass()).toMatchObject({ uploaded: 1 });
  },
);

testNeeding('root')(
  'a disk taken out is missing; another one in its place is filled anew once it is marked',
  async () => {
    const point = await smallDisk();
    const { photo, pass, target, ledger } = await bed({ type: 'directory', path: point });
    await photo('2016-W05/P1010001.JPG');
    await pass();
    await run('umount', [point]);
    await photo('2016-W05/P1010002.JPG');
    await expect(pass()).rejects.toMatchObject({ kind: 'target_missing' });
    expect(await readdir(point)).toEqual([]);
    await run('mount', ['-t', 'tmpfs', 'tmpfs', point]);
    await expect(pass()).rejects.toMatchObject({ kind: 'target_missing' });
    await target.mark?.();
    expect(await pass()).toMatchObject({ uploaded: 2 });
    expect(ledger.summary()).toMatchObject({ safe: 2, pending: 0 });
  },
);
