import { setImmediate as nextTurn } from 'node:timers/promises';
import { errorText } from 'cupboard/sdk';
import type { Archive, ArchiveRow } from './archive.ts';
import type { Days } from './days.ts';
import type { SeaLevelMethod } from './pressure.ts';
import { convertWeewxRow, type WeewxProblem, type WeewxRow } from './weewx.ts';

/** Records a transaction: few enough that readings get their turn in between, enough that the disk is not the limit. */
const BATCH = 2000;
const DAYS_BATCH = 20;

export interface ImportOptions {
  readonly archive: Archive;
  readonly days: Days;
  readonly seaLevel: SeaLevelMethod;
  readonly signal: AbortSignal;
  readonly progress: (done: number, total: number) => void;
}

export interface ImportResult {
  readonly rows: number;
  readonly imported: number;
  /** Already here, or covered by the station's own rows. */
  readonly known: number;
  readonly unreadable: Readonly<Partial<Record<WeewxProblem, number>>>;
  readonly first: number | null;
  readonly last: number | null;
}

/**
 * Merges a weewx SQLite archive. The file is only read, so weewx may go on writing it; an import that was cut off or
 * is repeated later adds what is missing.
 * @throws Error when the file is no weewx archive
 */
export async function importWeewx(file: string, options: ImportOptions): Promise<ImportResult> {
  const { archive, days, seaLevel, signal, progress } = options;
  const { default: Database } = await import('better-sqlite3');
  const source = new Database(file, { readonly: true, fileMustExist: true });
  try {
    const { total, first, last } = readExtent(source);
    const next = source.prepare<[number, number], WeewxRow>(
      'SELECT * FROM archive WHERE dateTime > ? ORDER BY dateTime LIMIT ?',
    );
    const unreadable: Partial<Record<WeewxProblem, number>> = {};
    let rows = 0;
    let readable = 0;
    let imported = 0;
    for (let after = Number.MIN_SAFE_INTEGER; !signal.aborted; ) {
      const batch = next.all(after, BATCH);
      const end = batch.at(-1)?.['dateTime'];
      if (typeof end !== 'number') break;
      const converted = batch.map((row) => convertWeewxRow(row, seaLevel));
      for (const problem of converted) {
        if (typeof problem === 'string') unreadable[problem] = (unreadable[problem] ?? 0) + 1;
      }
      const good = converted.filter((row): row is ArchiveRow => typeof row !== 'string');
      imported += archive.merge(good);
      readable += good.length;
      rows += batch.length;
      after = end;
      progress(rows, total);
      await nextTurn();
    }
    while (!signal.aborted && days.refresh(DAYS_BATCH) > 0) await nextTurn();
    return { rows, imported, known: readable - imported, unreadable, first, last };
  } finally {
    source.close();
  }
}

function readExtent(source: import('better-sqlite3').Database): {
  total: number;
  first: number | null;
  last: number | null;
} {
  try {
    const found = source
      .prepare<[], { total: number; first: number | null; last: number | null }>(
        'SELECT count(*) AS total, min(dateTime) * 1000 AS first, max(dateTime) * 1000 AS last, count(usUnits), count(interval) FROM archive',
      )
      .get();
    return { total: found?.total ?? 0, first: found?.first ?? null, last: found?.last ?? null };
  } catch (error) {
    throw new Error(`not a weewx archive: ${errorText(error)}`, { cause: error });
  }
}
