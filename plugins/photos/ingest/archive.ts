import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, realpath, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, errorText, HubError, type Store, syncFolder, writeFileAtomic } from 'cupboard/sdk';
import { unmountedAbove } from './mounts.ts';

/** Everything the plugin itself keeps in the archive lies in this folder. */
export const OWN_FOLDER = '.cupboard';

export type ArchiveState = 'ok' | 'archive_unset' | 'archive_missing' | 'archive_other' | 'archive_failed';

export interface ArchiveStatus {
  readonly state: ArchiveState;
  readonly reason: string;
  readonly advice: string;
}

interface Marker {
  readonly archive: string;
  readonly created: string;
}

const OK: ArchiveStatus = { state: 'ok', reason: '', advice: '' };

/**
 * The folder of the archive and the marker file in it. Nothing is written below the folder unless the marker is there
 * and bears the id that the catalogue knows: an unmounted disk leaves an empty folder behind, which must be neither
 * filled nor taken for an archive that lost its files. The marker is made only while the catalogue knows no archive yet,
 * and not where /etc/fstab names a mount that is missing.
 */
export class Archive {
  readonly root: string;
  readonly #setting: (name: string) => string | undefined;
  readonly #remember: (name: string, value: string) => void;

  /** @param root absolute; empty = not configured */
  constructor(
    root: string,
    private readonly store: Store,
  ) {
    this.root = root;
    const get = this.store.prepare<[string], string>('SELECT value FROM setting WHERE name = ?').pluck();
    const set = this.store.prepare('INSERT OR REPLACE INTO setting VALUES (?, ?)');
    this.#setting = (name) => get.get(name);
    this.#remember = (name, value) => void set.run(name, value);
  }

  /** The file system's path of a path of the catalogue. */
  absolute(path: string): string {
    return join(this.root, path);
  }

  /** Where unfinished copies lie: on the same file system, so that they can be linked into place. */
  get incoming(): string {
    return join(this.root, OWN_FOLDER, 'incoming');
  }

  /** Looks for the marker; changes nothing. `ok` also before the first use of a folder that may become the archive. */
  async status(): Promise<ArchiveStatus> {
    if (this.root === '') {
      return {
        state: 'archive_unset',
        reason: 'no archive is configured',
        advice: 'Set "archive" to the folder that the photos are to lie in.',
      };
    }
    const known = this.#setting('archive');
    try {
      const marker = await this.#marker();
      if (marker === undefined) return known === undefined ? await this.#firstUse() : missing(this.root);
      return known === undefined || marker.archive === known ? OK : other(this.root);
    } catch (error) {
      return {
        state: 'archive_failed',
        reason: `${this.root} cannot be read: ${errorText(error)}`,
        advice: 'Look at the disk, its mount and its permissions.',
      };
    }
  }

  /**
   * Makes sure that the archive may be written to; on its first use makes folder and marker.
   * @throws HubError `archive_unset` | `archive_missing` | `archive_other` | `archive_failed`
   */
  async open(): Promise<void> {
    const status = await this.status();
    if (status.state !== 'ok') throw new HubError(status.state, status.reason);
    const marker = (await this.#marker()) ?? (await this.#mark());
    this.#remember('archive', marker.archive);
    await mkdir(this.incoming, { recursive: true });
  }

  /**
   * Takes the archive as it is for the one the catalogue is about, also with another marker or none: for `adopt`, which
   * then makes the catalogue agree.
   */
  async take(): Promise<void> {
    const marker = (await this.#marker()) ?? (await this.#mark());
    this.#remember('archive', marker.archive);
    await mkdir(this.incoming, { recursive: true });
  }

  /** Bytes free for this process, and of the whole disk. */
  async space(): Promise<{ readonly free: number; readonly total: number }> {
    const { bavail, blocks, bsize } = await statfs(this.root);
    return { free: bavail * bsize, total: blocks * bsize };
  }

  /** Whether one of the folders lies in the other. */
  async overlaps(folder: string): Promise<boolean> {
    const [own, foreign] = [`${await realpath(this.root).catch(() => this.root)}/`, `${await realpath(folder)}/`];
    return own.startsWith(foreign) || foreign.startsWith(own);
  }

  /** Whether there is anything in the folder besides what the plugin keeps. */
  async isEmpty(): Promise<boolean> {
    const names = await readdir(this.root).catch(() => []);
    return names.every((name) => name === OWN_FOLDER || name === 'lost+found');
  }

  get #markerFile(): string {
    return join(this.root, OWN_FOLDER, 'archive.json');
  }

  async #marker(): Promise<Marker | undefined> {
    try {
      return JSON.parse(await readFile(this.#markerFile, 'utf8')) as Marker;
    } catch (error) {
      if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined;
      throw error;
    }
  }

  async #firstUse(): Promise<ArchiveStatus> {
    const gap = await unmountedAbove(this.root);
    if (gap !== undefined) return missing(gap);
    const found = await stat(this.root).catch(() => undefined);
    if (found?.isDirectory() === false) throw new Error('it is no folder');
    return OK;
  }

  async #mark(): Promise<Marker> {
    await mkdir(join(this.root, OWN_FOLDER), { recursive: true });
    const marker: Marker = { archive: randomUUID(), created: new Date().toISOString() };
    await writeFileAtomic(this.#markerFile, `${JSON.stringify(marker)}\n`);
    await syncFolder(this.root);
    return marker;
  }
}

const missing = (root: string): ArchiveStatus => ({
  state: 'archive_missing',
  reason: `archive_missing: the archive is not at ${root}`,
  advice: 'Mount its disk. If the archive was moved here without its folder .cupboard, the command adopt takes it in.',
});
const other = (root: string): ArchiveStatus => ({
  state: 'archive_other',
  reason: `${root} holds another archive than the one in the catalogue`,
  advice: 'Mount the right disk, or run the command adopt to make the catalogue of this one.',
});
