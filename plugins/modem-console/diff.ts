import type { Boot } from './decode/boot.ts';

/** A field that differs, `null` where one boot does not have it. */
export type Change = {
  /** `images.2.filename`, `partitions.linux.size` */
  readonly field: string;
  readonly a: string | number | boolean | null;
  readonly b: string | number | boolean | null;
};

export type BootDiff = {
  readonly changed: readonly Change[];
  /** Lines that the other does not have as often, times ignored. */
  readonly only_a: readonly string[];
  readonly only_b: readonly string[];
};

/** What changed between two boots. Threads print in another order each time, so the order of lines does not count. */
export function diffBoots(a: Boot, linesA: readonly string[], b: Boot, linesB: readonly string[]): BootDiff {
  return { changed: changes(a, b), only_a: surplus(linesA, linesB), only_b: surplus(linesB, linesA) };
}

type Scalar = Change['a'];

function changes(a: Boot, b: Boot): Change[] {
  const [fieldsA, fieldsB] = [fieldsOf(a), fieldsOf(b)];
  const names = new Set([...fieldsA.keys(), ...fieldsB.keys()]);
  return [...names]
    .map((field) => ({ field, a: fieldsA.get(field) ?? null, b: fieldsB.get(field) ?? null }))
    .filter((change) => change.a !== change.b);
}

/** Prompts and what happened are lines, and the place in the transcript says nothing. */
function fieldsOf({ line: _line, prompts: _prompts, events: _events, ...boot }: Boot): Map<string, Scalar> {
  const fields = new Map<string, Scalar>();
  const add = (path: string, value: unknown): void => {
    if (typeof value !== 'object' || value === null) {
      fields.set(path, value as Scalar);
      return;
    }
    for (const [key, part] of Object.entries(value)) {
      add(`${path}${path === '' ? '' : '.'}${Array.isArray(value) ? nameOf(part, key) : key}`, part);
    }
  };
  add('', boot);
  return fields;
}

/** Rows of a list are the same row when they are about the same thing. */
function nameOf(part: unknown, key: string): string {
  const { index, name, check, subject } = Object(part) as Record<string, unknown>;
  return String(index ?? name ?? (check === undefined ? key : `${check} ${subject}`));
}

/** The lines that `lines` has more often than `others`. */
function surplus(lines: readonly string[], others: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const line of others) {
    const key = withoutTimes(line);
    left.set(key, (left.get(key) ?? 0) + 1);
  }
  return lines.filter((line) => {
    const key = withoutTimes(line);
    const count = left.get(key) ?? 0;
    left.set(key, count - 1);
    return key !== '' && count <= 0;
  });
}

/** Clock times, dates, seconds since start and durations. */
const TIMES =
  /\[ *\d+\.\d+\]|\d{1,2}:\d\d:\d\d(?:\.\d+)?|\b\d{1,4}[/-]\d\d[/-]\d{2,4}\b|(?<=time\s=?\s?)\d+|\b\d+ ?ms\b/gi;

const withoutTimes = (line: string): string => line.replace(TIMES, '~').trim();
