import { createHash, randomUUID } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { access, link, lstat, mkdir, open, opendir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { errorCode, errorText, syncFolder, writeFileAtomic } from 'cupboard/sdk';
import type { TargetSettings } from '../config.ts';
import { readBlocks, sha256Of } from '../local-file.ts';
import { TargetError, type TargetErrorKind } from './errors.ts';
import type { LocalFile, PutOptions, RemoteObject, Stored, Target } from './target.ts';

/** Says that this is the disk: a folder without it may be the empty mount point of one that is not there. */
const MARKER = '.cupboard-backup';
const MARKER_TEXT = 'Photo backup. This file tells that the right disk is mounted: leave it here.';
/** Files on their way; swept when a run begins. */
const WORKSHOP = '.cupboard-tmp';
/** Where the former contents of replaced files go. */
const VERSIONS = '.cupboard-versions';

/** A folder on a second disk or a mounted share; a relative path lies in the plugin's own folder. */
export function openDirectory({ path = '' }: TargetSettings, dataDir: string): Target {
  const root = resolve(dataDir, path);
  const at = (key: string) => inside(root, key);
  // The plugin's own folder is never the mount point of something absent.
  const own = inFolder(dataDir, root);

  const checkPresent = async () => {
    if ((await lstat(at(MARKER)).catch(absent)) === undefined) {
      throw new TargetError('target_missing', `${root} carries no marker file ${MARKER}`);
    }
  };
  const mark = () =>
    translated(async () => {
      if (!(await stat(root)).isDirectory()) throw new TargetError('misconfigured', `${root} is no folder`);
      await writeFileAtomic(at(MARKER), `${MARKER_TEXT}\n${randomUUID()}\n`);
    });
  const head = (key: string) =>
    translated(async () => {
      const found = await lstat(at(key)).catch(absent);
      return found?.isFile() ? remoteObject(key, found) : undefined;
    });

  return {
    place: root,
    mark,
    head,
    check: (_signal, isNew = false) =>
      translated(async () => {
        if (own) await mkdir(root, { recursive: true });
        const isMarked = (await lstat(at(MARKER)).catch(absent)) !== undefined;
        if (!isMarked && (own || (isNew && (await isMountPoint(root))))) await mark();
        await checkPresent();
        await access(root, constants.W_OK);
        await rm(at(WORKSHOP), { recursive: true, force: true });
        return readFile(at(MARKER), 'utf8');
      }),
    list: (prefix) => list(root, prefix),
    get: (key, from) =>
      translated(async (): Promise<Readable> => {
        const file = await open(at(key), 'r').catch((error) => {
          if (errorCode(error) !== 'ENOENT') throw error;
          throw new TargetError('not_found', `${key} is not there`, { cause: error });
        });
        return file.createReadStream({ start: from });
      }),
    put: (file, options) =>
      translated(async (): Promise<Stored> => {
        await checkPresent();
        await mkdir(at(WORKSHOP), { recursive: true });
        const temporary = join(at(WORKSHOP), randomUUID());
        try {
          await copyHashed(file, temporary, options);
          await mkdir(dirname(at(options.key)), { recursive: true });
          if (options.replaces !== undefined) await keepVersion(root, options.replaces);
          await settle(temporary, at(options.key), options.replaces !== undefined);
        } finally {
          await rm(temporary, { force: true });
        }
        const object = await head(options.key);
        if (object === undefined) throw new TargetError('mismatch', 'the file is gone right after it was written');
        return { object, proof: 'read_back' };
      }),
    putSmall: (key, bytes) =>
      translated(async () => {
        await checkPresent();
        await mkdir(dirname(at(key)), { recursive: true });
        await writeFileAtomic(at(key), bytes);
      }),
  };
}

/** Copies, makes it durable, keeps the time, and reads it back. */
async function copyHashed(file: LocalFile, to: string, { limiter, signal, onProgress }: PutOptions): Promise<void> {
  const hash = createHash('sha256');
  const out = await open(to, 'wx', 0o644);
  try {
    let sent = 0;
    for await (const block of readBlocks(file.path, signal, { limiter })) {
      hash.update(block);
      await out.writeFile(block);
      sent += block.length;
      onProgress(sent);
    }
    await out.sync();
    await out.utimes(new Date(), new Date(file.mtime));
  } finally {
    await out.close();
  }
  if (hash.digest('hex') !== file.sha256) throw new TargetError('source_changed', 'changed while it was copied');
  if ((await sha256Of(readBlocks(to, signal))) !== file.sha256) {
    throw new TargetError('mismatch', 'what was read back is not what was written');
  }
}

/** Gives the finished file its name; only a replacement may take a name that is in use. */
export async function settle(temporary: string, final: string, replace: boolean): Promise<void> {
  if (replace) await rename(temporary, final);
  else {
    await link(temporary, final).catch(async (error) => {
      if (errorCode(error) === 'EEXIST') throw taken(final, error);
      // FAT, exFAT and some shares know no hard links. Only this plugin writes here, so the look before is enough.
      if ((await lstat(final).catch(absent)) !== undefined) throw taken(final, error);
      await rename(temporary, final);
    });
  }
  await syncFolder(dirname(final));
}

const taken = (path: string, cause: unknown) => new TargetError('precondition', `${path} is there already`, { cause });

/** Keeps the content that is to be replaced under another name. @throws TargetError `precondition` if it is another now */
async function keepVersion(root: string, { key, tag }: RemoteObject): Promise<void> {
  const found = await lstat(inside(root, key)).catch(absent);
  if (found === undefined || remoteObject(key, found).tag !== tag) {
    throw new TargetError('precondition', `${key} is not what it was`);
  }
  const version = inside(root, `${VERSIONS}/${key}~${tag}`);
  await mkdir(dirname(version), { recursive: true });
  await link(inside(root, key), version).catch(async (error) => {
    if (errorCode(error) !== 'EEXIST') await rename(inside(root, key), version);
  });
  await syncFolder(dirname(version));
}

async function* list(root: string, prefix: string): AsyncGenerator<RemoteObject> {
  const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  for await (const path of walk(inside(root, folder))) {
    const key = relative(root, path).split(sep).join('/');
    if (!key.startsWith(prefix)) continue;
    const found = await translated(() => lstat(path).catch(absent));
    if (found?.isFile()) yield remoteObject(key, found);
  }
}

/** The files below a folder; our own hidden folders and symbolic links are left out. */
async function* walk(folder: string): AsyncGenerator<string> {
  const entries = await translated(() => opendir(folder).catch(absent));
  for await (const entry of entries ?? []) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && entry.name !== WORKSHOP && entry.name !== VERSIONS) yield* walk(path);
    else if (entry.isFile() && entry.name !== MARKER) yield path;
  }
}

const remoteObject = (key: string, { size, mtimeMs }: Stats): RemoteObject => ({
  key,
  size,
  // Two seconds: shares and FAT round what is finer, some of them only once the file leaves the cache.
  tag: `${size}-${Math.floor(mtimeMs / 2000)}`,
});

/** The path of a key. @throws TargetError for a key that leads out of the folder */
function inside(root: string, key: string): string {
  const path = join(root, key);
  if (path !== join(root, '/') && !inFolder(root, path))
    throw new TargetError('refused', `the key ${key} leads elsewhere`);
  return path;
}

const inFolder = (folder: string, path: string) => path === folder || path.startsWith(folder + sep);

/** A mount point lies on another device than its parent. */
async function isMountPoint(path: string): Promise<boolean> {
  const [own, parent] = await Promise.all([stat(path), stat(dirname(path))]);
  return own.dev !== parent.dev;
}

function absent(error: unknown): undefined {
  const code = errorCode(error);
  if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
  return undefined;
}

const KINDS: Readonly<Record<string, TargetErrorKind>> = {
  ENOSPC: 'full',
  EDQUOT: 'full',
  EFBIG: 'refused',
  ENAMETOOLONG: 'refused',
  EINVAL: 'refused',
  EACCES: 'bad_credential',
  EPERM: 'bad_credential',
  EROFS: 'bad_credential',
  ENOENT: 'target_missing',
};

/** Errors of the file system in the words of a target. What is left (EIO, ESTALE, ENOTCONN) is a disk or share gone. */
async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof TargetError || (error as Error).name === 'AbortError') throw error;
    const kind = KINDS[errorCode(error) ?? ''] ?? 'unreachable';
    throw new TargetError(kind, errorText(error), { cause: error });
  }
}
