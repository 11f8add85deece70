import { compare, type Entry } from './entry.ts';

export const CSV_NAME = 'photos.csv';
const HEADER = ['path', 'date', 'title', 'caption', 'lat', 'lon'];

/** Every photo with what is known of it, as RFC 4180 says: CRLF, quotes doubled, UTF-8. */
export function renderCsv(entries: readonly Entry[]): string {
  const rows = entries
    .toSorted((a, b) => compare(a.key, b.key))
    .map((entry) => [
      // `./=x.jpg` is the same file as `=x.jpg` and no formula.
      isFormula(entry.key) ? `./${entry.key}` : entry.key,
      entry.captured ?? '',
      harmless(entry.title ?? ''),
      harmless(entry.caption ?? ''),
      degrees(entry.latitude),
      degrees(entry.longitude),
    ]);
  return [HEADER, ...rows].map((row) => `${row.map(quoted).join(',')}\r\n`).join('');
}

const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** A spreadsheet runs a cell that begins so as a formula (OWASP, "CSV Injection"); an apostrophe makes it text. */
const isFormula = (text: string): boolean => /^[=+\-@\t\r\n]/.test(text);
const harmless = (text: string): string => (isFormula(text) ? `'${text}` : text);

/** Seven decimals are a centimetre. */
const degrees = (value: number | null | undefined): string =>
  typeof value === 'number' ? String(Number(value.toFixed(7))) : '';
