import type { HeadReader } from '../ingest/head.ts';
import type { Photos } from '../photos.ts';
import { createExifTool, type ExifTool } from './exiftool.ts';
import { createDeepReader } from './read.ts';

/** The long-lived ExifTool process, also as a reader of heads. */
export interface Metadata extends HeadReader {
  readonly exiftool: ExifTool;
  close(): Promise<void>;
}

/** Starts ExifTool when it is first needed. @param program as `exiftool` in the config */
export function openMetadata(program?: string): Metadata {
  const exiftool = createExifTool(program);
  return { ...createDeepReader(exiftool), exiftool, close: () => exiftool.end() };
}

/** The commands that write places, captions, titles and keywords. */
export function metadataCommands(_photos: Photos, _metadata: Metadata): void {
  // Filled in by the parts that follow.
}
