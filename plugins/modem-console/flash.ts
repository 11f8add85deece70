import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommandResult } from 'cupboard/sdk';
import { hexAddress } from './checks.ts';
import type { Partition, Verdict } from './decode/boot.ts';
import { writeNewFile } from './files.ts';
import { type HeaderReport, reportHeader } from './header.ts';
import { findHeaders, HEADER_BYTES, implausible, isHeader, parseHeader } from './programstore.ts';

export interface FlashRequest {
  readonly file: string;
  readonly second?: string;
  readonly folder?: string;
}

/** What stands in one partition of a dump. */
export type PartitionReport = Partition & {
  readonly content: 'image' | 'erased' | 'settings' | 'data' | 'absent';
  /** Of header and payload together; what has no checksum is not checkable. */
  readonly verdict: Verdict;
  readonly detail: string;
  readonly header?: HeaderReport;
};

/** Partitions of settings hold passwords and addresses: their bytes are never shown. */
const SETTINGS = ['permnv', 'dynnv', 'vennv'];

/** Cuts a dump by its map and checks the image in each partition. */
export function cutFlash(dump: Buffer, partitions: readonly Partition[]): PartitionReport[] {
  return [...partitions].sort((a, b) => a.offset - b.offset).map((partition) => reportPartition(dump, partition));
}

function reportPartition(dump: Buffer, partition: Partition): PartitionReport {
  const { offset, size, name } = partition;
  const bytes = dump.subarray(offset, offset + size);
  const report = (content: PartitionReport['content'], detail: string, verdict: Verdict = 'not_checkable') => ({
    ...partition,
    content,
    verdict,
    detail,
  });
  if (bytes.length < size) return report('absent', `the dump ends at ${hexAddress(dump.length)}`);
  if (bytes.every((byte) => byte === 0xff)) return report('erased', 'all ff');
  if (SETTINGS.includes(name)) return report('settings', 'settings with secrets: not looked into');
  const header = parseHeader(bytes);
  const end = HEADER_BYTES + (header?.length ?? 0);
  if (!header || implausible(header) !== undefined || end > size) {
    return report('data', 'no image header: nothing to check it by');
  }
  const image = reportHeader(header, bytes);
  const detail = image.detail ?? `${image.filename}, ${end} of ${size} bytes`;
  return { ...report('image', detail, image.hcs_verdict === 'bad' ? 'bad' : image.crc_verdict), header: image };
}

/** A map made of the images found, for a dump whose map nobody knows. */
export function mapByHeaders(dump: Buffer): Partition[] {
  return findHeaders(dump).map((offset, index) => {
    const length = parseHeader(dump, offset)?.length ?? 0;
    return { name: `image${index + 1}`, offset, size: Math.min(HEADER_BYTES + length, dump.length - offset) };
  });
}

/** The command `flash`. @param map the partition map; without one, or with an empty one, headers are searched for */
export async function flashCommand(
  { file, second, folder }: FlashRequest,
  map: readonly Partition[] | undefined,
  resolve: (file: string) => string,
): Promise<CommandResult> {
  const chips = await Promise.all(
    [file, ...(second === undefined ? [] : [second])].map((name) => readFile(resolve(name))),
  );
  const dump = Buffer.concat(chips);
  const known = map !== undefined && map.length > 0;
  const partitions = cutFlash(dump, known ? map : mapByHeaders(dump));
  const end = Math.max(0, ...partitions.map(({ offset, size }) => offset + size));
  if (known && dump.length > end) {
    return { ok: false, error: 'the dump is larger than the map', expected: `${end} bytes`, got: dump.length };
  }
  if (folder !== undefined) await writePartitions(resolve(folder), dump, partitions);
  return {
    ok: true,
    bytes: dump.length,
    map: known ? 'known' : 'searched',
    partitions,
    ...(looksSwapped(chips, partitions) && { advice: 'the two files look swapped: give them in the other order' }),
  };
}

/** More images stand where the map wants them when the chips change places. */
function looksSwapped([first, second]: readonly Buffer[], map: readonly Partition[]): boolean {
  if (!first || !second) return false;
  const images = (lower: Buffer, upper: Buffer) =>
    map.filter(({ offset }) => {
      const header = offset < lower.length ? parseHeader(lower, offset) : parseHeader(upper, offset - lower.length);
      return header !== undefined && isHeader(header);
    }).length;
  return images(second, first) > images(first, second);
}

async function writePartitions(folder: string, dump: Buffer, partitions: readonly PartitionReport[]): Promise<void> {
  for (const { name, offset, size, content } of partitions) {
    if (content !== 'absent') await writeNewFile(join(folder, `${name}.bin`), dump.subarray(offset, offset + size));
  }
}
