import { basename } from 'node:path/posix';
import type { Catalogue, CatalogueFile } from '../catalogue.ts';

/** Which photos a command is about: named files, a week, or a range of a week. */
export interface Selection {
  /** Paths in the archive. */
  readonly files?: readonly string[];
  readonly week?: string;
  /** First and last of a range, inclusive: paths, or with `week` names or numbers (`P1010010`, `10010`). */
  readonly first?: string;
  readonly last?: string;
}

/** Nothing, or contradicting things, were selected. */
export class SelectionError extends Error {}

export interface Selected {
  /** In the order they were taken. */
  readonly files: readonly CatalogueFile[];
  /** Paths that the catalogue does not know. */
  readonly unknown: readonly string[];
}

/**
 * The photos and videos of a selection. What is said of a shot is said of all its pictures: with a JPEG comes its RAW,
 * with a live photo its video.
 * @throws SelectionError
 */
export function select(catalogue: Catalogue, selection: Selection): Selected {
  const { files, week, first, last } = selection;
  const isRange = first !== undefined || last !== undefined;
  if (files !== undefined) {
    if (week !== undefined || isRange) throw new SelectionError('give files, or a week, or first and last: not both');
    return named(catalogue, files);
  }
  const folder = week ?? folderOf(first ?? last);
  if (folder === undefined) throw new SelectionError('nothing is selected: give files, week, or first and last');
  const pictures = catalogue.inFolder(folder).filter(isPicture);
  const chosen = isRange ? pictures.filter(inRange(first, last)) : pictures;
  if (chosen.length === 0)
    throw new SelectionError(`there is no photo ${isRange ? 'in that range of' : 'in'} ${folder}`);
  return { files: chosen, unknown: [] };
}

const PICTURES: readonly CatalogueFile['kind'][] = ['photo', 'raw', 'video'];
export const isPicture = ({ kind }: CatalogueFile): boolean => PICTURES.includes(kind);

function named(catalogue: Catalogue, paths: readonly string[]): Selected {
  const chosen = new Map<string, CatalogueFile>();
  const unknown: string[] = [];
  for (const path of paths) {
    const file = catalogue.find(path);
    if (file === undefined) unknown.push(path);
    else for (const member of catalogue.inShot(file.shot).filter(isPicture)) chosen.set(member.path, member);
  }
  return { files: [...chosen.values()], unknown };
}

function folderOf(path: string | undefined): string | undefined {
  const slash = path?.lastIndexOf('/') ?? -1;
  return slash > 0 ? path?.slice(0, slash) : undefined;
}

/** A file lies in the range by its name; a bound that is a number is compared with the last digits of the name. */
function inRange(first: string | undefined, last: string | undefined): (file: CatalogueFile) => boolean {
  const bounds = [first, last].map((bound) => (bound === undefined ? undefined : stemOf(bound)));
  const isNumeric = bounds.every((bound) => bound === undefined || /^\d+$/.test(bound));
  const digits = Math.max(4, ...bounds.map((bound) => bound?.length ?? 0));
  const keyOf = isNumeric
    ? (stem: string) => /(\d+)(?:-\d+)?$/.exec(stem)?.[1]?.slice(-digits).padStart(digits, '0') ?? ''
    : (stem: string) => stem;
  const [low, high] = bounds.map((bound) => (bound === undefined ? undefined : keyOf(bound)));
  return ({ path }) => {
    const key = keyOf(stemOf(path));
    return key !== '' && (low === undefined || key >= low) && (high === undefined || key <= high);
  };
}

/** `P1010001` of `2016-W05/P1010001.JPG`, in one case: cameras and people differ. */
const stemOf = (path: string): string =>
  basename(path)
    .replace(/\.[^.]*$/, '')
    .toUpperCase();
