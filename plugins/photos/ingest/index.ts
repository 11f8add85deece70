import { resolve } from 'node:path';
import type { Hub, Store } from 'cupboard/sdk';
import type { Catalogue } from '../catalogue.ts';
import type { Config } from '../config.ts';
import type { Photos } from '../photos.ts';
import { Archive } from './archive.ts';
import type { HeadReader } from './head.ts';
import { Jobs } from './jobs.ts';

/** The archive and the import into it. */
export function openIngest(hub: Hub<Config>, store: Store, catalogue: Catalogue, reader: HeadReader): Photos {
  const { archive: configured = '' } = hub.config;
  const archive = new Archive(configured === '' ? '' : resolve(hub.dataDir, configured), store);
  return {
    hub,
    store,
    catalogue,
    archive,
    jobs: new Jobs(),
    reader,
    inserted: new Map(),
    importTree: () => Promise.reject(new Error('not built yet')),
  };
}
