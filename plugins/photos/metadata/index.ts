import type { HeadReader } from '../ingest/head.ts';
import type { Photos } from '../photos.ts';

/** The long-lived ExifTool process, as a reader of heads. */
export interface Metadata extends HeadReader {
  close(): Promise<void>;
}

/** Starts ExifTool when it is first needed. */
export function openMetadata(): Metadata {
  return { read: async () => undefined, close: async () => undefined };
}

/** The commands that write places, captions, titles and keywords. */
export function metadataCommands(_photos: Photos, _metadata: Metadata): void {
  // Filled in by the parts that follow.
}
