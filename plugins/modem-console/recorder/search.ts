import type { Store } from 'cupboard/sdk';
import { cleanText } from '../lines.ts';
import { LINE_CONSOLE, LINE_OFFSET } from './index-store.ts';
import type { Recording } from './recording.ts';

export interface Question {
  readonly text: string;
  readonly console?: string;
  /** Epoch ms. */
  readonly from?: number;
  readonly to?: number;
  readonly limit: number;
}

export type FoundLine = {
  readonly console: string;
  /** When it came, epoch ms. */
  readonly time: number;
  /** Of its first byte in the recording. */
  readonly offset: number;
  readonly text: string;
};

interface Row {
  readonly console: string;
  readonly time: number;
  readonly offset: number;
  readonly length: number;
}

/** Lines by their words, newest first; `undefined` where the question has no word to look for. */
export function searchLines(
  store: Store,
  recordings: ReadonlyMap<string, Recording>,
  { text, console, from, to, limit }: Question,
): FoundLine[] | undefined {
  const match = matchExpression(text);
  if (match === undefined) return undefined;
  for (const { recorder } of recordings.values()) recorder?.writeIndex();
  const rows = store
    .prepare(
      `SELECT console.name AS console, line.time, ${LINE_OFFSET} AS offset, line.length
       FROM line_text JOIN line ON line.id = line_text.rowid JOIN console ON console.id = ${LINE_CONSOLE}
       WHERE line_text MATCH @match
         AND (@console IS NULL OR console.name = @console)
         AND line.time BETWEEN @from AND @to
       ORDER BY line.time DESC, line.id DESC LIMIT @limit`,
    )
    .all({ match, console: console ?? null, from: from ?? 0, to: to ?? Number.MAX_SAFE_INTEGER, limit }) as Row[];
  return rows.map((row) => ({
    console: row.console,
    time: row.time,
    offset: row.offset,
    text: cleanText(recordings.get(row.console)?.log.readSync(row.offset, row.length).toString('utf8') ?? ''),
  }));
}

/** Every word is quoted, so that none is taken for SQLite's query language; `kern*` finds a beginning. */
function matchExpression(text: string): string | undefined {
  const words = [...text.matchAll(/"([^"]*)"|([^\s"]+)/g)].flatMap(([, phrase, word]) => {
    const plain = (phrase ?? word ?? '').replace(/\*$/, '');
    const isBeginning = phrase === undefined && word?.endsWith('*');
    return /[\p{L}\p{N}]/u.test(plain) ? [`"${plain}"${isBeginning ? '*' : ''}`] : [];
  });
  return words.length > 0 ? words.join(' ') : undefined;
}
