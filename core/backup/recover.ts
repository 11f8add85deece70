import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { automaticBackups } from './automatic.ts';
import { readMembers, verifyBackup } from './read.ts';

/**
 * Takes one file of the data directory out of the newest automatic backup that is whole and has it.
 * @returns the backup's path; `undefined` where none has it
 */
export async function recoverFile(dataDir: string, name: string): Promise<string | undefined> {
  for (const backup of await automaticBackups(dataDir)) {
    // A damaged one is passed over: the one before it may be whole.
    const manifest = await verifyBackup(backup).catch(() => undefined);
    if (manifest?.files[name] === undefined) continue;
    const temporary = join(dataDir, `.${name}.recovered`);
    await rm(temporary, { force: true });
    await readMembers(backup, async (entry) => {
      if (entry.header.name !== name) entry.resume();
      else await pipeline(entry, createWriteStream(temporary, { flags: 'wx', mode: 0o600, flush: true }));
    });
    await rename(temporary, join(dataDir, name));
    return backup;
  }
  return undefined;
}
