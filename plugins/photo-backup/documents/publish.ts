import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { Store } from 'cupboard/sdk';
import type { Place } from '../backup.ts';
import type { Config } from '../config.ts';
import { TargetError } from '../targets/errors.ts';
import type { Target } from '../targets/target.ts';
import { accessOf } from './access.ts';
import { CSV_NAME, renderCsv } from './csv.ts';
import { datedName } from './dated.ts';
import { type Entry, folderOf, nameOf, type Week, weeksOf } from './entry.ts';
import { isoDate } from './iso-date.ts';
import { MANIFEST, renderManifest } from './manifest.ts';
import { INDEX_NAME, renderIndex, renderWeek, weekPageKey } from './pages.ts';
import { README_NAME, renderReadme } from './readme-text.ts';

/**
 * document: what was last written of each document to each target, so that only what changed is written again; `name` is
 * what it is called there, `seen` (epoch ms) when it was last known to be there; `identity` tells one disk from the next.
 */
export const DOCUMENTS_MIGRATION = `
  CREATE TABLE document (
    target TEXT NOT NULL,
    key TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    name TEXT NOT NULL,
    seen INTEGER NOT NULL,
    identity TEXT,
    PRIMARY KEY (target, key)
  ) WITHOUT ROWID;`;

/** After so long an unchanged document is looked for: somebody may have tidied it away. */
const LOOK_AFTER_MS = 30 * 86_400_000;

export type Owner = Pick<Config, 'owner' | 'contact' | 'note'>;

interface Written {
  readonly sha256: string;
  readonly name: string;
  readonly seen: number;
}

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
 * @param parts.now epoch ms, in `timezone`
 * @throws TargetError
 */
export async function publishDocuments(
  { settings, target, ledger }: Pick<Place, 'settings' | 'target' | 'ledger'>,
  owner: Owner,
  { store, signal, now, timezone }: { store: Store; signal: AbortSignal; now: number; timezone: string },
): Promise<number> {
  const read = store.prepare('SELECT sha256, name, seen FROM document WHERE target = ? AND key = ? AND identity IS ?');
  const write = store.prepare(
    'INSERT OR REPLACE INTO document (target, key, identity, sha256, name, seen) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const today = isoDate(now, timezone);
  let count = 0;
  for (const document of documentsOf({ settings, target, ledger }, owner)) {
    signal.throwIfAborted();
    // Thousands of lines a document: commands and the hub's question whether we live are answered in between.
    await setImmediate();
    const row = [settings.name, document.key, ledger.identity] as const;
    const sha256 = createHash('sha256').update(document.text).digest('hex');
    const written = read.get(...row) as Written | undefined;
    if (written?.sha256 === sha256) {
      if (now < written.seen + LOOK_AFTER_MS) continue;
      const size = (await target.head(written.name, signal))?.size;
      if (size === Buffer.byteLength(document.text)) {
        write.run(...row, sha256, written.name, now);
        continue;
      }
    }
    const name = await put(target, document, today, signal);
    if (name === undefined) continue;
    write.run(...row, sha256, name, now);
    count += 1;
  }
  return count;
}

/**
 * Answers the name it is written under, `undefined` when today's version of a document that may not be replaced is there
 * already: tomorrow is another day.
 */
async function put(target: Target, { key, text, contentType }: Document, today: string, signal: AbortSignal) {
  for (const name of [key, datedName(key, today)]) {
    try {
      await target.putSmall(name, Buffer.from(text), contentType, signal);
      return name;
    } catch (error) {
      if (!(error instanceof TargetError) || error.kind !== 'cannot_replace') throw error;
    }
  }
  return undefined;
}
