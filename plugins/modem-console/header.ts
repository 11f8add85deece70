import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { CommandResult } from 'cupboard/sdk';
import { errorCode, HubError } from 'cupboard/sdk';
import { crc32Bzip2 } from './crc.ts';
import type { Verdict } from './decode/boot.ts';
import { writeNewFile } from './files.ts';
import {
  compressionOf,
  findHeaders,
  HEADER_BYTES,
  implausible,
  isDual,
  isHeader,
  parseHeader,
  type StoredHeader,
} from './programstore.ts';

export interface HeaderRequest {
  readonly file: string;
  readonly offset?: number;
  readonly payload?: string;
  readonly decompressed?: string;
}

/** A header and what can be said of it, for people and JSON. */
export type HeaderReport = {
  readonly signature: string;
  readonly control: string;
  readonly compression: string;
  readonly dual: boolean;
  readonly major: number;
  readonly minor: number;
  readonly built: string;
  readonly length: number;
  readonly lengths: readonly number[];
  readonly load_address: string;
  readonly filename: string;
  readonly hcs: string;
  readonly hcs_computed: string;
  readonly hcs_verdict: Verdict;
  readonly crc: string;
  readonly crc_verdict: Verdict;
  readonly crc_computed?: string;
  /** Why a verdict is not good. */
  readonly detail?: string;
};

const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');

/** Checks the header at an offset and the payload after it, as far as it is there. */
export function reportHeader(header: StoredHeader, image: Buffer): HeaderReport {
  const payload = image.subarray(HEADER_BYTES, HEADER_BYTES + header.length);
  const isWhole = payload.length === header.length;
  const computed = isWhole ? crc32Bzip2(payload) : undefined;
  const hcsVerdict: Verdict = header.hcs === header.hcsComputed ? 'good' : 'bad';
  const detail = [
    implausible(header),
    hcsVerdict === 'bad' ? 'the header checksum does not match' : undefined,
    isWhole ? undefined : `${payload.length} of ${header.length} payload bytes are there`,
  ].find((reason) => reason !== undefined);
  const crcVerdict: Verdict = computed === undefined ? 'not_checkable' : computed === header.crc ? 'good' : 'bad';
  return {
    signature: hex(header.signature, 4),
    control: hex(header.control, 4),
    compression: compressionOf(header.control),
    dual: isDual(header.control),
    major: header.major,
    minor: header.minor,
    built: new Date(header.time * 1000).toISOString().replace('.000Z', 'Z'),
    length: header.length,
    lengths: header.lengths,
    load_address: hex(header.loadAddress, 8),
    filename: header.filename,
    hcs: hex(header.hcs, 4),
    hcs_computed: hex(header.hcsComputed, 4),
    hcs_verdict: hcsVerdict,
    crc: hex(header.crc, 8),
    crc_verdict: crcVerdict,
    ...(computed !== undefined && { crc_computed: hex(computed, 8) }),
    ...(detail !== undefined && { detail }),
  };
}

/**
 * The command `header`. Where no header stands at the offset, as in a signed file or a bundle of several images, the
 * whole file is searched.
 */
export async function headerCommand(request: HeaderRequest, resolve: (file: string) => string): Promise<CommandResult> {
  const file = await readFile(resolve(request.file));
  const asked = request.offset ?? 0;
  const first = parseHeader(file, asked);
  if (!first) {
    return { ok: false, error: 'too short for a header', expected: `${HEADER_BYTES} bytes`, got: file.length - asked };
  }
  const others = isHeader(first) ? [] : findHeaders(file, 1);
  const offset = others[0] ?? asked;
  const header = parseHeader(file, offset) ?? first;
  const report = reportHeader(header, file.subarray(offset));
  const payload = file.subarray(offset + HEADER_BYTES, offset + HEADER_BYTES + header.length);
  const written = await extract(report, payload, request, resolve);
  return { ok: true, offset, ...report, ...(others.length > 1 && { offsets: others }), ...written };
}

async function extract(
  report: HeaderReport,
  payload: Buffer,
  { payload: payloadFile, decompressed: decompressedFile }: HeaderRequest,
  resolve: (file: string) => string,
) {
  const written: Record<string, string | number | boolean> = {};
  if (payloadFile !== undefined) {
    await writeNewFile(resolve(payloadFile), payload);
    written['payload_bytes'] = payload.length;
  }
  if (decompressedFile !== undefined) {
    if (report.dual || report.compression !== 'lzma') {
      throw new HubError(
        'not_lzma',
        `only single LZMA images are decompressed; control ${report.control} says otherwise`,
      );
    }
    const { bytes, ended } = await decompressLzma(payload);
    await writeNewFile(resolve(decompressedFile), bytes);
    written['decompressed_bytes'] = bytes.length;
    written['decompressed_ended'] = ended;
  }
  return written;
}

/** Properties byte and dictionary size; the usual .lzma header has the size of the content after them. */
const LZMA_PROPERTIES = 5;
const SIZE_UNKNOWN = Buffer.alloc(8, 0xff);

/**
 * Decompresses a ProgramStore LZMA payload with xz. `ended` is false where the stream has no end mark: then nothing
 * says that it is whole but the checksum of the payload.
 * @throws HubError `xz_missing`, `lzma_broken`
 */
export async function decompressLzma(payload: Buffer): Promise<{ bytes: Buffer; ended: boolean }> {
  const xz = spawn('xz', ['--format=lzma', '--decompress', '--stdout'], { stdio: 'pipe' });
  const started = once(xz, 'spawn');
  const closed = once(xz, 'close');
  closed.catch(() => undefined);
  try {
    await started;
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    throw new HubError('xz_missing', 'xz is not installed: apt-get install xz-utils', { cause: error });
  }
  const parts: Buffer[] = [];
  let complaint = '';
  xz.stdout.on('data', (part: Buffer) => parts.push(part));
  xz.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  // xz may end before it has read everything: its exit says what came of it.
  xz.stdin.on('error', () => undefined);
  xz.stdin.end(Buffer.concat([payload.subarray(0, LZMA_PROPERTIES), SIZE_UNKNOWN, payload.subarray(LZMA_PROPERTIES)]));
  const [code] = (await closed) as [number | null];
  if (code !== 0 && !/Unexpected end of input/.test(complaint)) {
    throw new HubError('lzma_broken', `xz cannot decompress the payload: ${complaint.trim()}`);
  }
  return { bytes: Buffer.concat(parts), ended: code === 0 };
}
