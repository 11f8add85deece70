import type { Hub, Store } from 'cupboard/sdk';
import type { Catalogue } from './catalogue.ts';
import type { Config } from './config.ts';
import type { Archive } from './ingest/archive.ts';
import type { HeadReader } from './ingest/head.ts';
import type { Jobs } from './ingest/jobs.ts';
import type { ImportOptions, ImportReport } from './ingest/report.ts';
import type { SeenFiles } from './ingest/seen.ts';
import type { Verifier } from './ingest/verifier.ts';

/** Gives `read` the folder where the card can be read until it is done; mounts it for that where nobody else has. */
export type ReadCard = <T>(read: (root: string) => Promise<T>) => Promise<T>;

/** What the parts of the plugin share. */
export interface Photos {
  readonly hub: Hub<Config>;
  readonly store: Store;
  readonly catalogue: Catalogue;
  readonly archive: Archive;
  /** One job at a time changes the archive: imports, restores, writes of metadata. */
  readonly jobs: Jobs;
  /** Reads what exifr cannot: videos and most RAW formats. */
  readonly reader: HeadReader;
  /** Which files were read on which card. */
  readonly seen: SeenFiles;
  /** Reads archived files again, from the disk. */
  readonly verifier: Verifier;
  /** The cards that are in a slot now, by id; kept by the watch on cards, used by `restore`. */
  readonly inserted: Map<string, ReadCard>;
  /** Imports a folder or a mounted card; waits for its turn. Publishes progress and events. */
  importTree(root: string, options?: ImportOptions): Promise<ImportReport>;
}
