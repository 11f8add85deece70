import { errorText } from 'cupboard/sdk';
import { debounce } from './debounce.ts';
import type { Photos } from './photos.ts';

/** A file that was not written to for so long has arrived: programs that sync write in one go. */
const SETTLED_MS = 5000;
/** Many files may come for hours; those that are there are imported meanwhile. */
const MOST_MS = 60_000;
const RETRY_MS = 60_000;

/**
 * Imports what arrives in the watched folders, such as the one that a phone syncs into. What is there already is
 * imported at once; nothing is ever changed there. Answers the function that ends it.
 */
export async function watchInbox(photos: Photos, folders: readonly string[]): Promise<() => Promise<void>> {
  if (folders.length === 0) return async () => undefined;
  const { watch } = await import('chokidar');
  const closing = folders.map((folder) => {
    const arrived = debounce(() => void importSettled(), SETTLED_MS, MOST_MS);
    const watcher = watch(folder, { ignored: (path) => /\/\.[^/]*$/.test(path.slice(folder.length)) });
    watcher.on('add', arrived.run).on('change', arrived.run);
    watcher.on('error', (error) => photos.hub.log.warn(`the inbox ${folder} cannot be watched: ${errorText(error)}`));
    arrived.run();

    const importSettled = async () => {
      const { signal, log } = photos.hub;
      try {
        const report = await photos.importTree(folder, { settledMs: SETTLED_MS, signal });
        if (report.ok || signal.aborted) return;
        log.warn(`the inbox ${folder} was not imported: ${report.error}: ${report.advice}`);
      } catch (error) {
        if (signal.aborted) return;
        log.warn(`the inbox ${folder} was not imported: ${errorText(error)}`);
      }
      setTimeout(arrived.run, RETRY_MS).unref();
    };
    return async () => {
      arrived.cancel();
      await watcher.close();
    };
  });
  return async () => void (await Promise.all(closing.map((close) => close())));
}
