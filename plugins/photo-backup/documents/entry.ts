/** One object at a target, with what the catalogue tells of it. The documents are drawn from these and nothing else. */
export interface Entry {
  /** Path below the target's root: `2016-W05/P1010001.JPG`. */
  readonly key: string;
  /** `2016-W05`, `undated`: the part of the key before the last slash, empty at the root. */
  readonly folder: string;
  /** Bytes. */
  readonly size: number;
  /** Of the object, in hex. */
  readonly sha256: string;
  /** Wall clock of the camera, `YYYY-MM-DDTHH:MM:SS`. */
  readonly captured?: string | null;
  readonly title?: string | null;
  readonly caption?: string | null;
  /** Degrees, north and east positive. */
  readonly latitude?: number | null;
  readonly longitude?: number | null;
}

/** The files of one folder, oldest photo first. */
export interface Week {
  readonly folder: string;
  readonly title: string | undefined;
  readonly entries: readonly Entry[];
}

/** `2016-W05` of `2016-W05/P1010001.JPG`; empty for a file at the root. */
export function folderOf(key: string): string {
  return key.slice(0, Math.max(0, key.lastIndexOf('/')));
}

/** The name without its folder. */
export function nameOf(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}

/** Groups by folder, newest week first and `undated` and the like (which do not begin with a digit) last. */
export function weeksOf(entries: readonly Entry[]): readonly Week[] {
  const folders = groupBy(entries, (entry) => entry.folder);
  return [...folders]
    .map(([folder, files]) => ({ folder, title: commonTitle(files), entries: files.toSorted(byDate) }))
    .toSorted((a, b) => rank(a.folder) - rank(b.folder) || compare(b.folder, a.folder));
}

/** The title most files of the week bear: it is written into each of them, so that a lost catalogue loses no title. */
export function commonTitle(entries: readonly { readonly title?: string | null }[]): string | undefined {
  const counts = new Map<string, number>();
  for (const { title } of entries) if (title) counts.set(title, (counts.get(title) ?? 0) + 1);
  return [...counts].toSorted((a, b) => b[1] - a[1])[0]?.[0];
}

const rank = (folder: string): number => (/^\d/.test(folder) ? 0 : 1);
const byDate = (a: Entry, b: Entry): number => compare(a.captured ?? '9', b.captured ?? '9') || compare(a.key, b.key);

/** `Map.groupBy`, which Node 20 does not have. */
export function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}

/** By code units, the same on every machine whatever its language. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
