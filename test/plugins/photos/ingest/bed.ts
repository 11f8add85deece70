import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Store } from '../../../../core/sdk/contract.ts';
import { type AdoptContext, AdoptJob } from '../../../../plugins/photos/ingest/adopt.ts';
import { type ImportContext, ImportJob } from '../../../../plugins/photos/ingest/import.ts';
import type { ImportOptions } from '../../../../plugins/photos/ingest/report.ts';
import { temporaryFolder } from '../../../support/hub.ts';
import { openPhotoArchive } from '../../../support/photo-archive.ts';

/** An archive, its catalogue and a card in temporary folders; everything is real but the hub around it. */
export interface Bed {
  readonly card: string;
  readonly archiveRoot: string;
  readonly store: Store;
  readonly context: ImportContext & AdoptContext;
  import(options?: Partial<ImportOptions> & { root?: string }): ReturnType<ImportJob['run']>;
  adopt(options?: { folder?: string; dryRun?: boolean }): ReturnType<AdoptJob['run']>;
  /** Outcome of every file by its name on the card. */
  outcomes(report: Awaited<ReturnType<ImportJob['run']>>): Record<string, string>;
}

export async function openBed(
  options: { readonly archiveRoot?: string; readonly store?: string; readonly settings?: Partial<ImportContext> } = {},
): Promise<Bed> {
  const folder = await temporaryFolder();
  const card = join(folder, 'card');
  await mkdir(card);
  const archiveRoot = options.archiveRoot ?? join(folder, 'archive');
  const storeFile = options.store ?? join(folder, 'store.db');
  const { context, store, close } = openPhotoArchive(archiveRoot, storeFile, { reserve: 0, ...options.settings });
  onTestFinished(close);
  const signal = new AbortController().signal;
  return {
    card,
    archiveRoot,
    store,
    context,
    import: ({ root = card, ...importing } = {}) => new ImportJob(context, root, { signal, ...importing }).run(),
    adopt: ({ folder: adopted = archiveRoot, dryRun = false } = {}) =>
      new AdoptJob(context, { dryRun, signal, onProgress: () => undefined }).run(adopted),
    outcomes: ({ files }) =>
      Object.fromEntries(files.map(({ source, outcome, path }) => [source, path ? `${outcome} ${path}` : outcome])),
  };
}
