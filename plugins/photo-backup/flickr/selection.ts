import type { Catalogue, SourceFile } from '../catalogue.ts';
import { commonTitle, folderOf } from '../documents/entry.ts';

export interface ShareArguments {
  readonly files?: readonly string[];
  readonly week?: string;
  /** `2016-05` */
  readonly month?: string;
  readonly album?: string;
}

export interface Selection {
  readonly album: string;
  readonly photos: readonly SourceFile[];
  /** Files that Flickr does not take: RAW, sidecars, sound. */
  readonly skipped: number;
}

/** Endings of what Flickr takes (help page "Photo and video file types"). */
const TAKEN = /\.(jpe?g|png|gif|tiff?|heic|mp4|mov|avi|wmv|mpe?g|m2ts|mts|3gp|ogv)$/i;

/** The photos a person means, and the album they go to. Answers what is wrong in words. */
export function select(
  catalogue: Pick<Catalogue, 'files' | 'folders' | 'get'>,
  args: ShareArguments,
): Selection | string {
  const { files, week, month, album } = args;
  if ([files, week, month].filter((one) => one !== undefined).length !== 1) return 'say either files, week or month';
  const found = files?.map((path) => catalogue.get(path)) ?? ofTime(catalogue, week, month);
  const unknown = found.indexOf(undefined);
  if (unknown >= 0) return `${files?.[unknown]} is not in the archive`;
  const known = found.filter((file) => file !== undefined);
  const photos = known.filter(({ path }) => TAKEN.test(path));
  if (photos.length === 0) return 'there is nothing that Flickr takes';
  const title = album?.trim() || (month ?? titleOfWeek(photos));
  if (title === undefined) return 'these are of several weeks: name an album';
  return { album: title, photos, skipped: known.length - photos.length };
}

function ofTime(catalogue: Pick<Catalogue, 'files' | 'folders'>, week?: string, month?: string): SourceFile[] {
  if (week !== undefined) return catalogue.files(week);
  return catalogue
    .folders()
    .flatMap((folder) => catalogue.files(folder))
    .filter(({ captured }) => captured?.startsWith(`${month}-`));
}

/** `2016-W05: Skiing`; `undefined` for photos of more than one week. */
function titleOfWeek(photos: readonly SourceFile[]): string | undefined {
  const folders = new Set(photos.map(({ path }) => folderOf(path)));
  const [folder] = folders;
  if (folders.size !== 1 || folder === undefined) return undefined;
  const title = commonTitle(photos);
  return title === undefined ? folder : `${folder}: ${title}`;
}
