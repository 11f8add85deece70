import { resolve } from 'node:path';
import { restoreBackup } from '../backup/restore.ts';
import { writeBackup } from '../backup/write.ts';
import { lockDataDir, prepareDataDir } from '../support/data-dir.ts';
import { formatBytes, print, printJson } from './output.ts';

/** Writes everything of a data directory into one file; the hub may run meanwhile. */
export async function backup(
  dataDir: string,
  file: string,
  { version, maxFileMb, json }: { version: string; maxFileMb?: number; json?: boolean },
): Promise<void> {
  const path = resolve(file);
  const maxFileBytes = maxFileMb === undefined ? undefined : maxFileMb * 1e6;
  const done = await writeBackup({ dataDir, file: path, version, maxFileBytes });
  if (json) printJson({ file: path, ...done });
  else {
    print(`${path}: ${done.files} files, ${formatBytes(done.bytes)}. Whoever has it can log in: keep it safe.`);
    print(`Bring it back with: cupboard restore ${path} --data DIR`);
  }
}

/** Puts a backup in the place of a data directory that no hub uses. */
export async function restore(dataDir: string, file: string, json?: boolean): Promise<void> {
  await prepareDataDir(dataDir);
  const lock = await lockDataDir(dataDir);
  try {
    const { manifest, replaced } = await restoreBackup(resolve(file), dataDir);
    if (json) printJson({ dataDir, created: manifest.created, replaced: replaced ?? null });
    else {
      print(`${dataDir} is as it was at ${manifest.created} (Cupboard ${manifest.version}).`);
      if (replaced) print(`What was there before lies in ${replaced}; remove it when you are sure.`);
      const left = Object.keys(manifest.leftOut);
      if (left.length > 0) print(`It was an automatic backup, without ${left.length} large files: ${left.join(', ')}`);
    }
  } finally {
    lock.release();
  }
}
