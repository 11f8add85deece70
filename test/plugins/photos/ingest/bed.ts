import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openStore } from '../../../../core/sdk/store.ts';
import { createLogger } from '../../../../core/support/log.ts';
import { Catalogue } from '../../../../plugins/photos/catalogue.ts';
import { AdoptJob } from '../../../../plugins/photos/ingest/adopt.ts';
import { Archive } from '../../../../plugins/photos/ingest/archive.ts';
import { type ImportContext, ImportJob } from '../../../../plugins/photos/ingest/import.ts';
import { Originals } from '../../../../plugins/photos/ingest/originals.ts';
import { openHeadReader } from '../../../../plugins/photos/ingest/read-head.ts';
import type { ImportOptions } from '../../../../plugins/photos/ingest/report.ts';
import { SeenFiles } from '../../../../plugins/photos/ingest/seen.ts';
import { Verifier } from '../../../../plugins/photos/ingest/verifier.ts';
import { folderNames } from '../../../../plugins/photos/ingest/week.ts';
import { MIGRATIONS } from '../../../../plugins/photos/migrations.ts';
import { temporaryFolder } from '../../../support/hub.ts';

/** An archive, its catalogue and a card in temporary folders; everything is real but the hub around it. */
export interface Bed {
  readonly card: string;
  readonly archiveRoot: string;
  readonly context: ImportContext & { readonly originals: Originals };
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
  const store = openStore(options.store ?? join(folder, 'store.db'), MIGRATIONS);
  onTestFinished(() => void store.close());
  const archive = new Archive(archiveRoot, store);
  const catalogue = new Catalogue(store);
  const context = {
    archive,
    catalogue,
    seen: new SeenFiles(store),
    originals: new Originals(archive, catalogue),
    reader: openHeadReader({ read: async () => undefined }),
    verifier: new Verifier(
      archive,
      catalogue,
      createLogger('test', () => undefined),
    ),
    nameFolder: folderNames('iso'),
    timezone: 'Europe/Berlin',
    extra: new Set<string>(),
    reserve: 0,
    mode: 0o644,
    folderMode: 0o755,
    group: undefined,
    ...options.settings,
  };
  const signal = new AbortController().signal;
  return {
    card,
    archiveRoot,
    context,
    import: ({ root = card, ...importing } = {}) => new ImportJob(context, root, { signal, ...importing }).run(),
    adopt: ({ folder: adopted = archiveRoot, dryRun = false } = {}) =>
      new AdoptJob(context, { dryRun, signal, onProgress: () => undefined }).run(adopted),
    outcomes: ({ files }) =>
      Object.fromEntries(files.map(({ source, outcome, path }) => [source, path ? `${outcome} ${path}` : outcome])),
  };
}
