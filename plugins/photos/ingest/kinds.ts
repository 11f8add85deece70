import type { FileKind } from '../catalogue.ts';

/** Endings by kind, as rapid-photo-downloader and ExifTool list them; lower case. */
const ENDINGS: Readonly<Record<Exclude<FileKind, 'other'>, string>> = {
  photo: 'jpg jpeg jpe mpo heic heif hif avif jxl webp png tif tiff gif',
  raw: '3fr arw cr2 cr3 crw dcr dng erf fff gpr iiq kdc mef mos mrw nef nrw orf ori pef raf raw rw2 rwl sr2 srf srw x3f',
  video: 'mov mp4 m4v avi mts m2ts mpg mpeg mod tod 3gp 3g2 braw crm insv mkv webm wmv',
  thumbnail: 'thm lrv',
  sidecar: 'xmp xml aae log',
  audio: 'wav mp3',
};
const KINDS: ReadonlyMap<string, FileKind> = new Map(
  Object.entries(ENDINGS).flatMap(([kind, endings]) =>
    endings.split(' ').map((ending) => [ending, kind as FileKind] as const),
  ),
);

/** These come along with a photo or video and are not imported for themselves: a folder of music holds no photos. */
const COMPANIONS: readonly FileKind[] = ['thumbnail', 'sidecar', 'audio'];
export const isCompanion = (kind: FileKind): boolean => COMPANIONS.includes(kind);

/** Which member speaks for its group: the date of the first that has one counts for all. */
const RANKS: readonly FileKind[] = ['photo', 'raw', 'video', 'other', 'thumbnail', 'audio', 'sidecar'];
export const rankOf = (kind: FileKind): number => RANKS.indexOf(kind);

/** What a name's ending says; `undefined` for what is not imported. `extra` endings count as `other`. */
export function kindOf(name: string, extra: ReadonlySet<string> = new Set()): FileKind | undefined {
  const ending = endingOf(name);
  return KINDS.get(ending) ?? (extra.has(ending) ? 'other' : undefined);
}

/** Lower case, without the dot; empty where there is none. */
export const endingOf = (name: string): string => /\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? '';
