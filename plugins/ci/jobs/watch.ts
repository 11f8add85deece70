import { errorText, type Logger } from 'cupboard/sdk';

/** An editor writes a file in several steps; a copied folder comes as many files. */
const SETTLED_MS = 200;

/** Calls `changed` soon after something in the folder has changed. Answers the function that ends it. */
export async function watchFolder(folder: string, changed: () => void, log: Logger): Promise<() => Promise<void>> {
  const { watch } = await import('chokidar');
  let timer: NodeJS.Timeout | undefined;
  const watcher = watch(folder, { ignoreInitial: true });
  watcher.on('all', () => {
    clearTimeout(timer);
    timer = setTimeout(changed, SETTLED_MS);
  });
  watcher.on('error', (error) => log.warn(`the folder ${folder} cannot be watched: ${errorText(error)}`));
  await new Promise<void>((resolve) => watcher.once('ready', () => resolve()));
  return async () => {
    clearTimeout(timer);
    await watcher.close();
  };
}
