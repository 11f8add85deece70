import { resolve } from 'node:path';
import { errorText, type Hub, type Store } from 'cupboard/sdk';
import { Catalogue } from '../catalogue.ts';
import type { Config } from '../config.ts';
import type { Photos } from '../photos.ts';
import { Archive } from './archive.ts';
import type { CopySettings } from './copy.ts';
import type { HeadReader } from './head.ts';
import { Imports } from './imports.ts';
import { Jobs } from './jobs.ts';
import { Originals } from './originals.ts';
import { folderMode, groupId } from './ownership.ts';
import { openHeadReader } from './read-head.ts';
import { SeenFiles } from './seen.ts';
import { Verifier } from './verifier.ts';
import { folderNames } from './week.ts';

const MB = 1_000_000;

/** What only the commands of the archive need besides. */
export interface Ingest extends Photos {
  readonly imports: Imports;
  readonly originals: Originals;
  readonly copying: Omit<CopySettings, 'folder'>;
}

/**
 * Builds the archive, its catalogue and the import into it.
 * @param slow reads the heads of files that exifr cannot read
 */
export async function openIngest(hub: Hub<Config>, store: Store, slow: HeadReader): Promise<Ingest> {
  const { config } = hub;
  const catalogue = new Catalogue(store);
  const archive = new Archive(config.archive === undefined ? '' : resolve(hub.dataDir, config.archive), store);
  const jobs = new Jobs();
  const seen = new SeenFiles(store);
  const reader = openHeadReader(slow);
  const originals = new Originals(archive, catalogue);
  const verifier = new Verifier(archive, catalogue, hub.log);
  const mode = Number.parseInt(config.mode, 8);
  const group = await groupOf(hub);
  const imports = new Imports(
    hub,
    {
      archive,
      catalogue,
      originals,
      seen,
      reader,
      verifier,
      nameFolder: folderNames(config.week, config.folder),
      timezone: hub.timezone,
      extra: new Set(config.extensions.map((ending) => ending.toLowerCase())),
      reserve: config.reserve_free === undefined ? undefined : config.reserve_free * MB,
      mode,
      folderMode: folderMode(mode),
      group,
    },
    jobs,
  );
  return {
    hub,
    store,
    catalogue,
    archive,
    jobs,
    reader,
    seen,
    verifier,
    imports,
    originals,
    copying: { mode, group },
    inserted: new Map(),
    importTree: (root, options) => imports.importTree(root, options),
  };
}

async function groupOf({ config: { group }, log }: Hub<Config>): Promise<number | undefined> {
  if (group === undefined) return undefined;
  try {
    const id = await groupId(group);
    if (id === undefined) log.warn(`there is no group ${group}: files get the group of the hub`);
    else if (process.getuid?.() !== 0 && process.getgroups?.().includes(id) === false) {
      log.warn(`the hub's user is not in the group ${group}: files get the group of the hub`);
    }
    return id;
  } catch (error) {
    log.warn(`the groups of the system cannot be read: ${errorText(error)}`);
    return undefined;
  }
}
