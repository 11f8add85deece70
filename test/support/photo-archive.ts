import { openStore } from '../../core/sdk/store.ts';
import { createLogger } from '../../core/support/log.ts';
import { Catalogue } from '../../plugins/photos/catalogue.ts';
import type { AdoptContext } from '../../plugins/photos/ingest/adopt.ts';
import { Archive } from '../../plugins/photos/ingest/archive.ts';
import type { ImportContext } from '../../plugins/photos/ingest/import.ts';
import { Originals } from '../../plugins/photos/ingest/originals.ts';
import { openHeadReader } from '../../plugins/photos/ingest/read-head.ts';
import { SeenFiles } from '../../plugins/photos/ingest/seen.ts';
import { Verifier } from '../../plugins/photos/ingest/verifier.ts';
import { folderNames } from '../../plugins/photos/ingest/week.ts';
import { MIGRATIONS } from '../../plugins/photos/migrations.ts';

/** All that imports and adoptions need of the plugin, without the hub around it; ExifTool is left out. */
export function openPhotoArchive(root: string, storeFile: string, settings: Partial<ImportContext> = {}) {
  const store = openStore(storeFile, MIGRATIONS);
  const archive = new Archive(root, store);
  const catalogue = new Catalogue(store);
  const context: ImportContext & AdoptContext = {
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
    extra: new Set(),
    reserve: undefined,
    mode: 0o644,
    folderMode: 0o755,
    group: undefined,
    ...settings,
  };
  return { context, store, close: () => void store.close() };
}
