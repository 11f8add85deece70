import type { Check, ImageHeader, Partition, Verdict } from './decode/boot.ts';
import { computeHcs, HEADER_BYTES, isDual } from './programstore.ts';

export interface HcsVerdict {
  readonly hcs_verdict: Verdict;
  /** Hex, four digits. */
  readonly hcs_computed?: string;
}

/** What is known of an image: its printed header and where it was found. */
export type KnownImage = ImageHeader & { readonly index: number; readonly offset: number | null };

/**
 * Recomputes a header checksum from the printed fields. A dual image's depends on two lengths that are not printed, so
 * it can be neither proved nor refuted.
 */
export function checkHcs(header: ImageHeader): HcsVerdict {
  const { signature, control, major, minor, built, length, load_address, filename, hcs } = header;
  const values = [signature, control, major, minor, built, length, load_address, filename, hcs];
  const missing = values.some((value) => value === null);
  if (missing || isDual(hex(control))) return { hcs_verdict: 'not_checkable' };
  const computed = computeHcs({
    signature: hex(signature),
    control: hex(control),
    major: major ?? 0,
    minor: minor ?? 0,
    time: Date.parse(built ?? '') / 1000,
    length: length ?? 0,
    loadAddress: hex(load_address),
    filename: filename ?? '',
    lengths: [0, 0],
  })
    .toString(16)
    .padStart(4, '0');
  return { hcs_verdict: computed === hcs?.toLowerCase() ? 'good' : 'bad', hcs_computed: computed };
}

const hex = (digits: string | null) => Number.parseInt(digits ?? '', 16);

/** Every check that one boot log allows. */
export function checkBoot(boot: {
  readonly images: readonly KnownImage[];
  readonly partitions: readonly Partition[];
  readonly flash_bytes: number | null;
}): Check[] {
  const { images, partitions, flash_bytes } = boot;
  return [
    ...images.map(hcsCheck),
    ...images.map((image) => offsetCheck(image, partitions)),
    ...images.map((image) => fitCheck(image, partitions)),
    ...(partitions.length > 0 ? [mapCheck(partitions, flash_bytes)] : []),
  ];
}

function hcsCheck(image: KnownImage): Check {
  const { hcs_verdict: verdict, hcs_computed } = checkHcs(image);
  const subject = `image ${image.index}`;
  if (verdict === 'good') return { check: 'hcs', subject, verdict, detail: `${hcs_computed} as printed` };
  if (verdict === 'bad')
    return { check: 'hcs', subject, verdict, detail: `printed ${image.hcs}, computed ${hcs_computed}` };
  const dual = isDual(hex(image.control));
  const detail = dual ? 'the lengths of the two parts are not printed' : 'a field of the header is missing';
  return { check: 'hcs', subject, verdict, detail };
}

function offsetCheck({ index, offset }: KnownImage, partitions: readonly Partition[]): Check {
  const check = { check: 'offset', subject: `image ${index}` } as const;
  if (offset === null) return { ...check, verdict: 'not_checkable', detail: 'its offset was not printed' };
  if (partitions.length === 0) return { ...check, verdict: 'not_checkable', detail: 'no partition map' };
  const home = partitions.find((partition) => partition.offset === offset);
  return home
    ? { ...check, verdict: 'good', detail: `starts partition ${home.name}` }
    : { ...check, verdict: 'bad', detail: `no partition starts at ${hexAddress(offset)}` };
}

function fitCheck({ index, offset, length }: KnownImage, partitions: readonly Partition[]): Check {
  const check = { check: 'fits', subject: `image ${index}` } as const;
  const home = partitions.find((partition) => partition.offset === offset);
  if (length === null || !home) {
    const detail = length === null ? 'its length is missing' : 'its partition is not known';
    return { ...check, verdict: 'not_checkable', detail };
  }
  const bytes = length + HEADER_BYTES;
  const detail = `${bytes} of ${home.size} bytes of ${home.name}`;
  return { ...check, verdict: bytes <= home.size ? 'good' : 'bad', detail };
}

/** Rows come in an order of their own: sorted by offset they must touch, and end with the flash. */
function mapCheck(partitions: readonly Partition[], flashBytes: number | null): Check {
  const check = { check: 'map', subject: 'partition map' } as const;
  let end = 0;
  for (const { name, offset, size } of [...partitions].sort((a, b) => a.offset - b.offset)) {
    if (offset !== end) {
      const fault = offset > end ? 'gap' : 'overlap';
      return {
        ...check,
        verdict: 'bad',
        detail: `${fault} before ${name}: ${hexAddress(end)} to ${hexAddress(offset)}`,
      };
    }
    end = offset + size;
  }
  if (flashBytes === null) {
    return {
      ...check,
      verdict: 'not_checkable',
      detail: `no gap up to ${hexAddress(end)}; the flash size is not known`,
    };
  }
  return end === flashBytes
    ? { ...check, verdict: 'good', detail: `no gap, no overlap, ends at ${hexAddress(end)}` }
    : { ...check, verdict: 'bad', detail: `ends at ${hexAddress(end)}, the flash at ${hexAddress(flashBytes)}` };
}

export const hexAddress = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`;
