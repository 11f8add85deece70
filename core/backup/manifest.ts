import { HubError } from '../support/errors.ts';

/** The last member of a backup: what must be in it, so that one cut short or damaged is told from a whole one. */
export const MANIFEST = 'cupboard-backup.json';
const FORMAT = 1;

export interface Manifest {
  readonly format: typeof FORMAT;
  /** Version of the hub that wrote it. */
  readonly version: string;
  /** ISO 8601. */
  readonly created: string;
  /** SHA-256 of each file, by path. */
  readonly files: Readonly<Record<string, string>>;
  /** Files larger than an automatic backup takes, by path, with their bytes. */
  readonly leftOut: Readonly<Record<string, number>>;
}

export const writeManifest = (manifest: Omit<Manifest, 'format'>) =>
  `${JSON.stringify({ format: FORMAT, ...manifest }, null, 1)}\n`;

/** @throws HubError `backup_newer` | `backup_damaged` */
export function parseManifest(text: string): Manifest {
  let manifest: Partial<Manifest>;
  try {
    manifest = JSON.parse(text);
  } catch (error) {
    throw new HubError('backup_damaged', `${MANIFEST} in it cannot be read`, { cause: error });
  }
  if (manifest.format !== FORMAT) {
    throw new HubError(
      'backup_newer',
      `it is of format ${manifest.format}, written by Cupboard ${manifest.version}; this one knows format ${FORMAT}: install that version`,
    );
  }
  return manifest as Manifest;
}
