import type { Partition } from './boot.ts';

/** Noise that looks like rows must not grow a boot without bound. */
const MOST_PARTITIONS = 64;
const COLUMNS = ['name', 'size', 'offset'] as const;

export const isMapTitle = (text: string): boolean => /(?<!\w)Flash Partition information:$/.test(text);

/**
 * The partition map as it is printed: `Flash Partition information:`, a heading row, a rule, a row for each partition.
 * The heading says which column is which, as bootloaders differ; without a heading no row is taken.
 */
export class PartitionMap {
  /** In the order printed. */
  partitions: Partition[] = [];
  #columns: readonly string[] | undefined;
  /** A map printed again replaces the last one, row by row as it comes. */
  #fresh: Partition[] = [];

  /** True where the line belongs to a map. */
  take(text: string): boolean {
    if (isMapTitle(text)) {
      this.end();
      return true;
    }
    const words = text.trim().split(/\s{2,}|\t/);
    const heading = words.map((word) => word.toLowerCase());
    if (COLUMNS.every((column) => heading.includes(column))) {
      this.#columns = heading;
      this.#fresh = [];
      return true;
    }
    const partition = this.#columns && readRow(this.#columns, text);
    if (!partition) return false;
    this.#fresh = [...this.#fresh.filter(({ name }) => name !== partition.name), partition];
    this.partitions = this.#fresh.slice(0, MOST_PARTITIONS);
    return true;
  }

  /** Something else is printed: rows are no longer expected. */
  end(): void {
    this.#columns = undefined;
  }
}

function readRow(columns: readonly string[], text: string): Partition | undefined {
  const cells = text.trim().split(/\s+/);
  if (cells.length !== columns.length) return undefined;
  const cell = (column: (typeof COLUMNS)[number]) => cells[columns.indexOf(column)] ?? '';
  const [name, size, offset] = [cell('name'), hexNumber(cell('size')), hexNumber(cell('offset'))];
  if (!/^[A-Za-z]\w*$/.test(name) || size === undefined || offset === undefined) return undefined;
  return { name, size, offset };
}

function hexNumber(text: string): number | undefined {
  return /^0x[\da-f]{8}$/i.test(text) ? Number.parseInt(text, 16) : undefined;
}
