import { join } from 'node:path';
import type { Hub } from 'cupboard/sdk';
import type { Config } from '../config.ts';
import { OWN_FOLDER } from '../ingest/archive.ts';
import type { HeadReader } from '../ingest/head.ts';
import type { Ingest } from '../ingest/index.ts';
import { folderMode } from '../ingest/ownership.ts';
import { createBatches } from './batches.ts';
import { offerCommands } from './commands.ts';
import { openEditQueue } from './edits.ts';
import { createExifTool, type ExifTool } from './exiftool.ts';
import { openPlaces } from './places.ts';
import { createDeepReader } from './read.ts';

/** How often a batch that had to stop (no archive, no ExifTool) is tried again, seconds. */
const RETRY_SECONDS = 60;

/** The long-lived ExifTool process, also as a reader of heads. */
export interface Metadata extends HeadReader {
  readonly exiftool: ExifTool;
  close(): Promise<void>;
}

/** Starts ExifTool when it is first needed. */
export function openMetadata({ config, log }: Hub<Config>): Metadata {
  const exiftool = createExifTool(config.exiftool);
  const reader = createDeepReader(exiftool, (message) => log.warn(message));
  return { ...reader, exiftool, close: () => exiftool.end() };
}

/** The commands that write places, captions, titles and keywords; goes on with what a crash interrupted. */
export function metadataCommands(photos: Ingest, { exiftool }: Metadata): void {
  const { hub, store, catalogue, archive, jobs } = photos;
  const { mode, group } = photos.copying;
  const batches = createBatches({
    catalogue,
    archive,
    jobs,
    exiftool,
    queue: openEditQueue(store),
    fileSettings: { mode, group },
    folderSettings: { mode: folderMode(mode), group },
    staging: join(archive.root, OWN_FOLDER, 'metadata'),
    log: hub.log,
    signal: hub.signal,
    finished: (counts) => hub.event('metadata_written', { ...counts }),
    progress: (done, total, path) => hub.progress('metadata', done, total, path),
  });
  offerCommands({ photos, batches, places: openPlaces(store, hub.config.places), exiftool });
  hub.every(RETRY_SECONDS, () => batches.resume());
}
