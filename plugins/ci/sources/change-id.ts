import { createHash } from 'node:crypto';

/** What a commit message says in its last paragraph, as `git interpret-trailers` would find it. */
export interface Footers {
  /** `I` and 40 hexadecimal digits. */
  readonly changeId?: string;
  /** Texts of `Depends-On`, in order. */
  readonly dependsOn: readonly string[];
}

/**
 * Reads the footers. Depends-On counts anywhere at the start of a line, as in Zuul: people write text below it; of
 * several Change-Ids the last counts, as in Gerrit.
 */
export function parseFooters(message: string): Footers {
  const changeId = [...message.matchAll(/^Change-Id: (I[0-9a-f]{40})\s*$/gim)].at(-1)?.[1];
  const dependsOn = [...message.matchAll(/^Depends-On:[ \t]*(\S+)\s*$/gim)].map(([, target = '']) => target);
  return { ...(changeId !== undefined && { changeId: `I${changeId.slice(1).toLowerCase()}` }), dependsOn };
}

/** A Change-Id for a commit that came without one. */
export const deriveChangeId = (project: string, branch: string, commit: string): string =>
  `I${createHash('sha1').update(`${project}\n${branch}\n${commit}`).digest('hex')}`;
