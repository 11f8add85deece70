import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import picomatch from 'picomatch';
import type { Masker } from './masking.ts';

/** Enough for any report; a job that makes a million files must not fill the hub's file system with names. */
const MAX_FILES = 20_000;
const MAX_DEPTH = 64;
/** What nobody could write in a path again: control characters, and what stands for bytes that are not UTF-8. */
const ODD_CHARACTERS = /[\p{Cc}\ufffd]/gu;

export interface Collection {
  /** Paths below the workspace, sorted. */
  readonly paths: readonly string[];
  /** What was not kept and why, for the log. */
  readonly problems: readonly string[];
}

/**
 * Finds the regular files of a workspace that match. Nothing in it is trusted: links are not followed, devices and
 * sockets are passed over, and so are names that are not UTF-8. Call it when the job's processes are gone.
 * @param globs relative to the workspace; `*` does not cross folders, `**` does
 */
export async function findFiles(workspace: string, globs: readonly string[]): Promise<Collection> {
  if (globs.length === 0) return { paths: [], problems: [] };
  const matches = picomatch([...globs], { dot: true });
  const bases = globs.map((glob) =>
    picomatch
      .scan(glob)
      .base.split('/')
      .filter((part) => part && part !== '.'),
  );
  const paths: string[] = [];
  const problems: string[] = [];
  const visit = async (folder: readonly string[]): Promise<void> => {
    for (const entry of await readdir(join(workspace, ...folder), { withFileTypes: true })) {
      const path = [...folder, entry.name];
      if (entry.isDirectory()) {
        if (path.length < MAX_DEPTH && bases.some((base) => mayLead(path, base))) await visit(path);
        continue;
      }
      const text = path.join('/');
      const shown = text.replaceAll(ODD_CHARACTERS, '?');
      if (!matches(shown)) continue;
      if (shown !== text) problems.push(`${shown}: control characters in its name, or not UTF-8`);
      else if (entry.isSymbolicLink()) problems.push(`${text}: a link, not followed`);
      else if (entry.isFile() && paths.length >= MAX_FILES) problems.push(`${text}: more than ${MAX_FILES} files`);
      else if (entry.isFile()) paths.push(text);
    }
  };
  // The job may have put a link in place of its workspace.
  if ((await lstat(workspace)).isDirectory()) await visit([]);
  else problems.push('the workspace is no folder any more');
  return { paths: paths.sort(), problems: problems.slice(0, 100) };
}

/** Whether files that a glob matches can lie below `folder`, the glob's part without wildcards being `base`. */
function mayLead(folder: readonly string[], base: readonly string[]): boolean {
  return base.every((part, index) => index >= folder.length || folder[index] === part);
}

/**
 * Copies files of a workspace until `maxBytes` are kept; what is too much is left out and told.
 * @param masker makes a masker a file where the build had secrets
 */
export async function keepFiles(
  workspace: string,
  paths: readonly string[],
  target: string,
  maxBytes: number,
  masker: (() => Masker) | undefined,
): Promise<string[]> {
  const problems: string[] = [];
  let kept = 0;
  for (const path of paths) {
    const source = await openRegular(join(workspace, path));
    if (!source) continue;
    try {
      const { size } = await source.stat();
      if (kept + size > maxBytes) {
        problems.push(`${path}: ${size} bytes are more than what is left of ${maxBytes / 1024 / 1024} MB of artifacts`);
        continue;
      }
      kept += size;
      await mkdir(dirname(join(target, path)), { recursive: true });
      await copy(source, join(target, path), masker?.());
    } finally {
      await source.close();
    }
  }
  return problems;
}

/** Text of a file of a workspace, `undefined` where it is larger than `maxBytes` or no file. */
export async function readRegular(path: string, maxBytes: number): Promise<string | undefined> {
  const file = await openRegular(path);
  if (!file) return undefined;
  try {
    return (await file.stat()).size > maxBytes ? undefined : await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

async function openRegular(path: string): Promise<FileHandle | undefined> {
  // Not blocking: a named pipe would wait for a writer for ever.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    () => undefined,
  );
  if (file && !(await file.stat()).isFile()) {
    await file.close();
    return undefined;
  }
  return file;
}

async function copy(source: FileHandle, target: string, masker: Masker | undefined): Promise<void> {
  const kept = await open(target, 'w', 0o640);
  try {
    for await (const bytes of source.createReadStream({ autoClose: false }) as AsyncIterable<Buffer>) {
      await kept.appendFile(masker?.push(bytes) ?? bytes);
    }
    if (masker) await kept.appendFile(masker.flush());
  } finally {
    await kept.close();
  }
}
