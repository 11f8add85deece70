import { execFile } from 'node:child_process';
import { access, constants, copyFile, mkdir, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Smaller ones ext4 cannot be made on. */
const MIN_DISK_MB = 8;

/**
 * Makes `disk.img` in a node's folder: an empty ext4 file system of `diskMb`, sparse, copied from one that is kept for
 * every size because a copy takes 3 ms and making one 15.
 * @param templates folder that keeps them
 */
export async function makeDisk(templates: string, node: string, diskMb: number): Promise<void> {
  const template = join(templates, `ext4-${diskMb}.img`);
  const isThere = await access(template).then(
    () => true,
    () => false,
  );
  if (!isThere) await makeTemplate(templates, template, diskMb);
  const disk = join(node, 'disk.img');
  // Where the file system cannot share blocks, `cp` at least keeps the holes, which copyFile does not.
  await copyFile(template, disk, constants.COPYFILE_FICLONE_FORCE).catch(() =>
    run('cp', ['--sparse=always', template, disk]),
  );
}

async function makeTemplate(templates: string, template: string, diskMb: number): Promise<void> {
  await mkdir(templates, { recursive: true });
  const making = `${template}.${process.pid}.${Date.now()}`;
  try {
    await writeFile(making, '');
    await truncate(making, Math.max(diskMb, MIN_DISK_MB) * 1024 * 1024);
    // No journal and no reserved blocks: nothing in it outlives the node.
    const options = ['-O', '^has_journal', '-E', 'lazy_itable_init=1,nodiscard', '-m', '0'];
    await run('/sbin/mkfs.ext4', ['-q', '-F', ...options, making]);
    await rename(making, template);
  } finally {
    await rm(making, { force: true });
  }
}
