import { createHash } from 'node:crypto';
import type { Store } from 'cupboard/sdk';
import type { Place } from '../backup.ts';
import type { Config } from '../config.ts';
import { TargetError } from '../targets/errors.ts';
import type { Target } from '../targets/target.ts';
import { accessOf } from './access.ts';
import { CSV_NAME, renderCsv } from './csv.ts';
import { datedName } from './dated.ts';
import { type Entry, folderOf, nameOf, type Week, weeksOf } from './entry.ts';
import { MANIFEST, renderManifest } from './manifest.ts';
import { INDEX_NAME, renderIndex, renderWeek, weekPageKey } from './pages.ts';
import { README_NAME, renderReadme } from './readme-text.ts';

/** document: what was last written of each document to each target, so that only what changed is written again. */
export const DOCUMENTS_MIGRATION = `
  CREATE TABLE document (
    target TEXT NOT NULL,
    key TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (target, key)
  ) WITHOUT ROWID;`;

export type Owner = Pick<Config, 'owner' | 'contact' | 'note'>;

interface Document {
  readonly key: string;
  readonly text: string;
  readonly contentType: string;
}

/** Everything that explains and proves the files at a target, one after the other: together they can be large. */
export function* documentsOf(place: Pick<Place, 'settings' | 'target' | 'ledger'>, owner: Owner): Generator<Document> {
  const entries = place.ledger.holdings().map((held): Entry => ({ ...held, folder: folderOf(held.key) }));
  const weeks = weeksOf(entries);
  for (const week of weeks) yield* documentsOfWeek(week);
  const manifest = renderManifest(entries.map(({ key, sha256 }) => ({ path: key, sha256 })));
  yield { key: MANIFEST, text: manifest, contentType: PLAIN };
  yield { key: CSV_NAME, text: renderCsv(entries), contentType: 'text/csv; charset=utf-8' };
  yield { key: INDEX_NAME, text: renderIndex(weeks, owner.owner), contentType: HTML };
  const access = accessOf(place.settings, place.target.place);
  const readme = renderReadme({ ...owner, access, files: entries.length, weeks: weeks.length });
  yield { key: README_NAME, text: readme, contentType: PLAIN };
}

function* documentsOfWeek(week: Week): Generator<Document> {
  yield { key: weekPageKey(week.folder), text: renderWeek(week), contentType: HTML };
  if (week.folder === '') return; // the manifest of all lies there
  const manifest = renderManifest(week.entries.map(({ key, sha256 }) => ({ path: nameOf(key), sha256 })));
  yield { key: `${week.folder}/${MANIFEST}`, text: manifest, contentType: PLAIN };
}

const PLAIN = 'text/plain; charset=utf-8';
const HTML = 'text/html; charset=utf-8';

/**
 * Brings the documents at a target up to date; answers how many had to be written. Where nothing may be replaced, the new
 * one is put beside the old one under today's date.
 * @param parts.today `YYYY-MM-DD`
 * @throws TargetError
 */
export async function publishDocuments(
  place: Place,
  owner: Owner,
  { store, signal, today }: { store: Store; signal: AbortSignal; today: string },
): Promise<number> {
  const written = store.prepare('SELECT sha256 FROM document WHERE target = ? AND key = ?').pluck();
  const note = store.prepare('INSERT OR REPLACE INTO document (target, key, sha256) VALUES (?, ?, ?)');
  const { name } = place.settings;
  let count = 0;
  for (const { key, text, contentType } of documentsOf(place, owner)) {
    signal.throwIfAborted();
    const sha256 = createHash('sha256').update(text).digest('hex');
    if (written.get(name, key) === sha256) continue;
    if (!(await put(place.target, { key, text, contentType }, today, signal))) continue;
    note.run(name, key, sha256);
    count += 1;
  }
  return count;
}

/** Answers false when today's version of a document that may not be replaced is there already: tomorrow is another day. */
async function put(target: Target, { key, text, contentType }: Document, today: string, signal: AbortSignal) {
  for (const name of [key, datedName(key, today)]) {
    try {
      await target.putSmall(name, Buffer.from(text), contentType, signal);
      return true;
    } catch (error) {
      if (!(error instanceof TargetError) || error.kind !== 'cannot_replace') throw error;
    }
  }
  return false;
}
