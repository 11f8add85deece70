import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type CommandResult, errorText, type Json, syncFolder } from 'cupboard/sdk';
import type { Photos } from '../photos.ts';

/**
 * Removes files from the archive for good. Their hashes are remembered before anything is removed, and the rows go
 * last: cut off at any point, discarding again finishes it.
 */
export function discard(paths: readonly string[], { catalogue, archive, jobs }: Photos): Promise<CommandResult> {
  return jobs.run(async () => {
    await archive.open();
    const files: { path: string; outcome: 'discarded' | 'failed'; reason?: string }[] = [];
    const rows = [...new Set(paths)].flatMap((path) => {
      const row = catalogue.find(path);
      if (!row) files.push({ path, outcome: 'failed', reason: 'not in the catalogue' });
      return row ? [row] : [];
    });
    catalogue.transaction(() => {
      for (const { path, originalSha256, currentSha256 } of rows) {
        catalogue.discard(originalSha256, path);
        catalogue.discard(currentSha256, path);
      }
    });
    const removed: string[] = [];
    for (const { path } of rows) {
      try {
        await rm(archive.absolute(path), { force: true });
        removed.push(path);
        files.push({ path, outcome: 'discarded' });
      } catch (error) {
        files.push({ path, outcome: 'failed', reason: errorText(error) });
      }
    }
    // A folder that is gone altogether has no entry to make durable.
    for (const folder of new Set(removed.map(dirname)))
      await syncFolder(archive.absolute(folder)).catch(() => undefined);
    catalogue.transaction(() => {
      for (const path of removed) catalogue.remove(path);
    });
    const failed = files.filter(({ outcome }) => outcome === 'failed').length;
    return { ok: failed === 0, discarded: removed.length, failed, files: files as unknown as Json };
  });
}
