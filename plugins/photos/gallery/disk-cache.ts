import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorCode, makeCacheFolder } from 'cupboard/sdk';

const DAY = 86_400_000;
/** The share of the limit that a clean-up leaves, so that the next picture does not make one due again. */
const KEPT = 0.9;

/**
 * A folder of small files that can be made again, bounded in bytes: what was not read for longest goes first. Keys
 * begin with a hexadecimal digest.
 */
export class DiskCache {
  readonly #folder: string;
  readonly #limit: number;
  #bytes = 0;
  #counted: Promise<void> | undefined;
  #cleaning: Promise<void> | undefined;

  /** @param limit bytes */
  constructor(folder: string, limit: number) {
    this.#folder = folder;
    this.#limit = limit;
  }

  async read(key: string): Promise<Buffer | undefined> {
    const path = this.#path(key);
    try {
      const content = await readFile(path);
      if (content.length === 0) return undefined; // its content was lost in a power cut
      await touch(path);
      return content;
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Not synced to the disk: what a power cut takes is made again. */
  async write(key: string, content: Uint8Array | string): Promise<void> {
    this.#counted ??= this.#count();
    await this.#counted;
    const path = this.#path(key);
    const temporary = `${path}.${randomBytes(4).toString('hex')}.tmp`;
    await mkdir(dirname(path), { recursive: true });
    await writeFile(temporary, content);
    await rename(temporary, path);
    this.#bytes += content.length;
    if (this.#bytes <= this.#limit) return;
    this.#cleaning ??= this.#clean().finally(() => {
      this.#cleaning = undefined;
    });
    await this.#cleaning;
  }

  /** In 256 folders, for some file systems are slow with 25,000 names in one. */
  #path(key: string): string {
    return join(this.#folder, key.slice(0, 2), key);
  }

  async #count(): Promise<void> {
    for (const { size } of await this.#files()) this.#bytes += size;
  }

  async #clean(): Promise<void> {
    const files = (await this.#files()).sort((a, b) => a.read - b.read);
    this.#bytes = files.reduce((sum, { size }) => sum + size, 0);
    for (const { path, size } of files) {
      if (this.#bytes <= this.#limit * KEPT) return;
      await rm(path, { force: true });
      this.#bytes -= size;
    }
  }

  async #files(): Promise<{ path: string; size: number; read: number }[]> {
    await makeCacheFolder(this.#folder);
    const entries = await readdir(this.#folder, { recursive: true, withFileTypes: true });
    const found = [];
    for (const entry of entries) {
      if (!entry.isFile() || entry.parentPath === this.#folder) continue; // at the top stands only the cache's tag
      const path = join(entry.parentPath, entry.name);
      const { size, mtimeMs } = await stat(path);
      found.push({ path, size, read: mtimeMs });
    }
    return found;
  }
}

/** Notes that a file was read, to the day: the disk is written to at most once a day. */
async function touch(path: string): Promise<void> {
  const { mtimeMs } = await stat(path);
  const now = Date.now();
  if (now - mtimeMs > DAY) await utimes(path, now / 1000, now / 1000);
}
