/**
 * imported: new, stored · known: stored before · duplicate: stored before under another name · discarded: culled once ·
 * missing: stored before, gone since · empty: no content · skipped: not to be imported · failed: see reason.
 * Of adopt: adopted: new to the catalogue · moved, edited: by somebody, since the catalogue last saw it.
 */
export const OUTCOMES = [
  // In the order of what somebody should look at first.
  'failed',
  'empty',
  'missing',
  'imported',
  'adopted',
  'edited',
  'moved',
  'duplicate',
  'discarded',
  'skipped',
  'known',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** What became of one file. */
export interface FileOutcome {
  /** Relative to the imported folder. */
  readonly source: string;
  /** In the archive. */
  readonly path?: string;
  readonly outcome: Outcome;
  readonly reason?: string;
}

/** Why an import as a whole stopped. */
export type ImportError = 'archive_missing' | 'archive_full' | 'archive_failed' | 'source_gone' | 'stopped';

/** What an import did; for a dry run, what it would do. */
export interface ImportReport {
  /** The job's number, for `import_report`. */
  readonly job: number;
  /** It ran to its end; single files may have failed. */
  readonly ok: boolean;
  readonly error?: ImportError;
  readonly advice?: string;
  readonly root: string;
  readonly new: number;
  /** Nothing was to be done for these: known, duplicate, discarded, missing. */
  readonly known: number;
  readonly failed: number;
  /** Of the new ones, those without a date. */
  readonly undated: number;
  /** Of the new ones. */
  readonly bytes: number;
  /** Of the new ones, those that were read again and are right. */
  readonly verified: number;
  readonly dry_run: boolean;
  /** Those that somebody should look at come first. */
  readonly files: readonly FileOutcome[];
}

export interface ImportProgress {
  readonly phase: 'scanning' | 'importing' | 'verifying';
  readonly done: number;
  readonly total: number;
  /** Stored so far, with what is read of the files under way. */
  readonly bytes: number;
  /** Of those stored, read again and right. */
  readonly verified: number;
}

export interface ImportOptions {
  /** The register's id of the card; a plain folder has none. */
  readonly card?: string;
  /** Only these top folders: a card's DCIM, PRIVATE, MP_ROOT. */
  readonly folders?: readonly string[];
  /** Leave out what was changed within the last so many ms: it may not be all there yet. */
  readonly settledMs?: number;
  readonly dryRun?: boolean;
  /** Ends the import early; what is stored stays. Its reason `source_gone` says that the card was pulled. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ImportProgress) => void;
}
