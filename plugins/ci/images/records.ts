import { mkdir, readdir, readFile, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from 'cupboard/sdk';
import type { ImageStatus } from '../view.ts';
import { removeTree } from './build.ts';

type BuildView = ImageStatus['builds'][number];
type UploadView = Omit<NonNullable<ImageStatus['uploads']>[number], 'build'>;

export interface UploadRecord extends UploadView {
  /** What the target calls it. */
  readonly uploaded?: string;
}

/** What is kept of one build of an image: a line of its status, and its uploads. */
export interface BuildRecord extends BuildView {
  readonly name: string;
  readonly uploads?: readonly UploadRecord[];
}

/**
 * The builds of all images, a folder each: `build.json`, the tree in `root/`, and exported files. Others may
 * add builds (`cupboard run ci build-image`): `refresh` sees them.
 */
export class BuildRecords {
  #records = new Map<string, BuildRecord>();
  #readAt = -1;
  /** Reading and writing take turns: what is read must not replace what was written meanwhile. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(readonly folder: string) {}

  folderOf(id: string): string {
    return join(this.folder, id);
  }

  rootOf(id: string): string {
    return join(this.folderOf(id), 'root');
  }

  /** Newest first. */
  of(name: string): readonly BuildRecord[] {
    return [...this.#records.values()]
      .filter((record) => record.name === name)
      .sort((one, other) => other.started - one.started);
  }

  get all(): readonly BuildRecord[] {
    return [...this.#records.values()];
  }

  get(id: string): BuildRecord | undefined {
    return this.#records.get(id);
  }

  /** Reads what changed on disk since the last time; answers whether anything did. */
  refresh(): Promise<boolean> {
    return this.#inTurn(async () => {
      await mkdir(this.folder, { recursive: true, mode: 0o755 });
      const { mtimeMs } = await stat(this.folder);
      if (mtimeMs === this.#readAt) return false;
      this.#readAt = mtimeMs;
      const records = new Map<string, BuildRecord>();
      for (const id of await this.#ids()) {
        const text = await readFile(join(this.folderOf(id), 'build.json'), 'utf8').catch(() => undefined);
        if (text !== undefined) records.set(id, JSON.parse(text) as BuildRecord);
      }
      this.#records = records;
      return true;
    });
  }

  put(record: BuildRecord): Promise<void> {
    return this.#inTurn(async () => {
      await mkdir(this.folderOf(record.id), { recursive: true, mode: 0o755 });
      await writeFileAtomic(join(this.folderOf(record.id), 'build.json'), `${JSON.stringify(record)}\n`);
      this.#records.set(record.id, record);
      // Tells other processes to read again: a change inside a folder does not show on the one above.
      const now = new Date();
      await utimes(this.folder, now, now);
    });
  }

  /** Removes a build's tree and exported files; its record stays. */
  async removeTree(id: string): Promise<void> {
    const folder = this.folderOf(id);
    for (const entry of await readdir(folder)) {
      if (entry !== 'build.json') await removeTree(join(folder, entry));
    }
  }

  async remove(id: string): Promise<void> {
    await removeTree(this.folderOf(id));
    await this.#inTurn(async () => void this.#records.delete(id));
  }

  /** Removes folders that are no build's: leftovers of a build that was cut before its first word. */
  async removeStrays(): Promise<void> {
    for (const id of await this.#ids()) {
      if (!this.#records.has(id)) await removeTree(this.folderOf(id));
    }
  }

  #inTurn<Value>(task: () => Promise<Value>): Promise<Value> {
    const done = this.#turn.then(task);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #ids(): Promise<string[]> {
    const entries = await readdir(this.folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory() && /-\d{8}T\d{6}$/.test(entry.name)).map(({ name }) => name);
  }
}

/** `bookworm-20261123T141400`, UTC. */
export function buildId(name: string, time: number): string {
  return `${name}-${new Date(time).toISOString().slice(0, 19).replace(/[-:]/g, '')}`;
}
