import { type FileOutcome, type ImportReport, OUTCOMES, type Outcome } from './report.ts';

const NEW: readonly Outcome[] = ['imported', 'adopted'];
const KNOWN: readonly Outcome[] = ['known', 'duplicate', 'discarded', 'missing', 'edited', 'moved'];

/** Collects what becomes of the files of one import. */
export class Tally {
  readonly #outcomes = new Map<string, FileOutcome & { readonly bytes: number; readonly undated: boolean }>();
  #bytes = 0;

  /** @param bytes stored; @param undated of a stored one: it has no date */
  add(outcome: FileOutcome, { bytes = 0, undated = false }: { bytes?: number; undated?: boolean } = {}): void {
    this.#bytes += bytes;
    this.#outcomes.set(outcome.source, { ...outcome, bytes, undated });
  }

  /** A file that was stored and turned out wrong. */
  fail(path: string, reason: string): void {
    for (const [source, outcome] of this.#outcomes) {
      if (outcome.path === path && outcome.outcome === 'imported') {
        this.add({ source, path, outcome: 'failed', reason }, { bytes: -outcome.bytes });
      }
    }
  }

  has(source: string): boolean {
    return this.#outcomes.has(source);
  }

  /** Files done so far. */
  get done(): number {
    return this.#outcomes.size;
  }

  /** Bytes stored so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Counts and files; those that somebody should look at come first. */
  report(): Pick<ImportReport, 'new' | 'known' | 'failed' | 'undated' | 'bytes' | 'files'> {
    const all = [...this.#outcomes.values()];
    const count = (outcomes: readonly Outcome[]) => all.filter(({ outcome }) => outcomes.includes(outcome)).length;
    const files = all.map(({ bytes: _, undated: __, ...outcome }) => outcome);
    const rank = ({ outcome }: FileOutcome) => OUTCOMES.indexOf(outcome);
    return {
      new: count(NEW),
      known: count(KNOWN),
      failed: count(['failed', 'empty']),
      undated: all.filter(({ outcome, undated }) => NEW.includes(outcome) && undated).length,
      bytes: this.#bytes,
      files: files.sort((a, b) => rank(a) - rank(b)),
    };
  }
}
