import { errorCode, errorText, type Logger } from 'cupboard/sdk';
import type { Catalogue, FileState } from '../catalogue.ts';
import type { Archive } from './archive.ts';
import { UncachedReader } from './uncached.ts';

export interface CopyState {
  readonly path: string;
  readonly state: Extract<FileState, 'verified' | 'rot'>;
}

/** Reads copies again, from the disk, and notes in the catalogue whether they are right. */
export class Verifier {
  readonly reader = new UncachedReader();

  constructor(
    private readonly archive: Archive,
    private readonly catalogue: Catalogue,
    private readonly log: Logger,
  ) {}

  /**
   * Compares files with their rows. Of a file that is not there nothing is said, nor of any once the archive is away:
   * that is for a scrub to find out.
   */
  async verifyCopies(paths: readonly string[]): Promise<CopyState[]> {
    const states: CopyState[] = [];
    for (const path of paths) {
      const wanted = this.catalogue.find(path)?.currentSha256;
      try {
        const got = await this.reader.hash(this.archive.absolute(path));
        if (got !== wanted) this.log.error(`${path} reads differently from what was written`);
        states.push({ path, state: got === wanted ? 'verified' : 'rot' });
      } catch (error) {
        this.log.error(`${path} cannot be read again: ${errorText(error)}`);
        if ((await this.archive.status()).state !== 'ok') break;
        if (errorCode(error) === 'EIO') states.push({ path, state: 'rot' });
      }
    }
    this.catalogue.transaction(() => {
      for (const { path, state } of states) {
        this.catalogue.update(path, { state, ...(state === 'verified' && { verified: Date.now() }) });
      }
    });
    return states;
  }
}
