import type { RemoteObject } from './targets/target.ts';

/** A file of the archive; `md5` and `crc32c` as far as they were computed yet. */
export interface LocalEntry {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
  readonly md5?: string;
  readonly crc32c?: string;
}

/** What was noted when the file was sent or found there. */
export interface SentCopy {
  readonly key: string;
  readonly sha256: string;
  readonly size: number;
  readonly tag: string;
  /** Epoch ms. */
  readonly stored: number;
}

export interface Policy {
  /** Whether a changed file may take the place of its old copy. */
  readonly replace: boolean;
  /** ms that a copy lies untouched before a changed file is sent again. */
  readonly rewriteAfter: number;
}

export type Action =
  /** The copy is as it was noted. */
  | { readonly do: 'nothing' }
  /** The object holds the file's content, put there by whomever: note it. */
  | { readonly do: 'record'; readonly object: RemoteObject }
  /** This hash of the file is needed to tell. */
  | { readonly do: 'hash'; readonly hash: 'md5' | 'crc32c' }
  /** The target knows no hash: fetch the object, hash it and decide again. */
  | { readonly do: 'compare'; readonly object: RemoteObject }
  /** Send it; `because` when the file's own name is not free. */
  | { readonly do: 'upload'; readonly key: string; readonly because?: 'changed_remotely' | 'foreign' | 'keep_both' }
  | { readonly do: 'replace'; readonly object: RemoteObject }
  /** A changed file whose copy is too young to be written again without being billed for it. */
  | { readonly do: 'wait'; readonly until: number };

/**
 * What to do about one file at one target. Total and pure; nothing it answers overwrites an object other than the
 * untouched former copy of the same file, and nothing deletes.
 * @param remoteAt the object under a key, as just listed
 * @param now epoch ms
 */
export function decide(
  file: LocalEntry,
  copy: SentCopy | undefined,
  remoteAt: (key: string) => RemoteObject | undefined,
  policy: Policy,
  now: number,
): Action {
  const sent = copy && untouched(copy, remoteAt(copy.key));
  if (copy?.sha256 === file.sha256 && sent) return { do: 'nothing' };

  const names = [file.path, ...[8, 16, 64].map((digits) => besideName(file.path, file.sha256.slice(0, digits)))];
  for (const object of names.map(remoteAt)) {
    if (object === undefined || object === sent) continue;
    const likeness = compare(file, object);
    if (likeness === 'same') return { do: 'record', object };
    if (likeness === 'unknown') return { do: 'compare', object };
    if (likeness !== 'different') return { do: 'hash', hash: likeness };
  }

  const at = remoteAt(file.path);
  if (at === undefined && !sent) return { do: 'upload', key: file.path };
  if (copy && sent && now < copy.stored + policy.rewriteAfter) {
    return { do: 'wait', until: copy.stored + policy.rewriteAfter };
  }
  if (at === undefined) return { do: 'upload', key: file.path };
  if (policy.replace && sent === at) return { do: 'replace', object: at };
  const because = sent ? 'keep_both' : copy?.key === file.path ? 'changed_remotely' : 'foreign';
  const free = names.find((name) => remoteAt(name) === undefined);
  // Four names with 256 bits of hash between them: all taken means that somebody did it on purpose.
  return { do: 'upload', key: free ?? besideName(file.path, `${file.sha256}-${now}`), because };
}

/** The object if it is still what was noted. */
function untouched(copy: SentCopy, object: RemoteObject | undefined): RemoteObject | undefined {
  return object?.tag === copy.tag && object.size === copy.size ? object : undefined;
}

/**
 * Whether an object holds the file's content. Size and MD5 decide, then CRC32C, which is all that composed objects
 * have, then the SHA-256 that an uploader left in the metadata. Answers the name of the hash that is wanting.
 */
export function compare(file: LocalEntry, object: RemoteObject): 'same' | 'different' | 'unknown' | 'md5' | 'crc32c' {
  if (object.size !== file.size) return 'different';
  const hash = (['md5', 'crc32c', 'sha256'] as const).find((name) => object[name] !== undefined);
  if (hash === undefined) return 'unknown';
  const own = file[hash];
  if (own === undefined) return hash as 'md5' | 'crc32c';
  return own === object[hash] ? 'same' : 'different';
}

/** `2016-W05/P1.JPG` and a hash to `2016-W05/P1~89abcdef.JPG`: the kind of file still shows. */
export function besideName(path: string, hash: string): string {
  const dot = path.lastIndexOf('.');
  const end = dot > path.lastIndexOf('/') + 1 ? dot : path.length;
  return `${path.slice(0, end)}~${hash}${path.slice(end)}`;
}
