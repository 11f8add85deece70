import { isCompanion, rankOf } from './kinds.ts';
import { foldName, type SplitName, splitName } from './names.ts';
import type { ScannedFile } from './scan.ts';

export interface Member extends ScannedFile {
  readonly split: SplitName;
}

/** Files of one shot: RAW and JPEG, video and THM, their sidecars and voice notes. They share week and suffix. */
export interface Group {
  /** The one that speaks for the group first. */
  readonly members: readonly [Member, ...Member[]];
}

/**
 * Groups files of the same folder and base name, whatever its case, in the order they came.
 * @returns the groups, and the companions that belong to no photo or video
 */
export function groupFiles(files: readonly ScannedFile[]): {
  readonly groups: readonly Group[];
  readonly alone: readonly ScannedFile[];
} {
  const byKey = new Map<string, Member[]>();
  for (const file of files) {
    const split = splitName(file.name);
    const key = `${file.folder}\0${foldName(split.stem)}`;
    const members = byKey.get(key);
    if (members) members.push({ ...file, split });
    else byKey.set(key, [{ ...file, split }]);
  }
  for (const [key, members] of byKey) {
    const owner = goProOwner(key, byKey);
    if (owner && members.every(({ kind }) => isCompanion(kind))) {
      owner.push(...members);
      byKey.delete(key);
    }
  }
  const groups: Group[] = [];
  const alone: ScannedFile[] = [];
  for (const members of byKey.values()) {
    const [main, ...others] = members.sort((a, b) => rankOf(a.kind) - rankOf(b.kind) || (a.path < b.path ? -1 : 1));
    if (main && !isCompanion(main.kind)) groups.push({ members: [main, ...others] });
    else alone.push(...members);
  }
  return { groups, alone };
}

/** Newer GoPros call the small copy of GX010001.MP4 (or GH010001.MP4) GL010001.LRV. */
function goProOwner(key: string, byKey: ReadonlyMap<string, Member[]>): Member[] | undefined {
  const found = /^(.*\0)gl(\d{6})$/.exec(key);
  return found ? (byKey.get(`${found[1]}gx${found[2]}`) ?? byKey.get(`${found[1]}gh${found[2]}`)) : undefined;
}
