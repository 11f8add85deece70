import { plainText } from '../ansi.ts';

/** Lines in one answer: whoever has more says more closely what is looked for. */
const FOUND_AT_MOST = 500;
/** Bytes of a line that are looked at: a log may be one line. */
const LINE_AT_MOST = 64 * 1024;
const SHOWN_AT_MOST = 300;
const NEWLINE = 0x0a;

export interface FoundLines {
  /** `offset`: byte at which the line begins. */
  readonly lines: readonly { readonly offset: number; readonly text: string }[];
  /** Whether there are more. */
  readonly more: boolean;
}

/**
 * The lines that have `wanted`, upper or lower case, colours left out.
 * @param start byte of the log at which `chunks` begin
 */
export async function findLines(
  chunks: AsyncIterable<Uint8Array>,
  wanted: string,
  start: number,
  signal: AbortSignal,
): Promise<FoundLines> {
  const lines: { offset: number; text: string }[] = [];
  const needle = wanted.toLowerCase();
  if (needle === '') return { lines, more: false };
  for await (const { offset, bytes } of linesOf(chunks, start)) {
    if (signal.aborted) break;
    const text = plainText(Buffer.from(bytes).toString('utf8'));
    if (!text.toLowerCase().includes(needle)) continue;
    if (lines.length === FOUND_AT_MOST) return { lines, more: true };
    lines.push({ offset, text: text.slice(0, SHOWN_AT_MOST) });
  }
  return { lines, more: false };
}

/** Lines with the byte each begins at, however they are cut into chunks. */
async function* linesOf(chunks: AsyncIterable<Uint8Array>, start: number) {
  let kept: Buffer = Buffer.alloc(0);
  let offset = start;
  let position = start;
  for await (const chunk of chunks) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let from = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
      yield { offset, bytes: joined(kept, bytes.subarray(from, end)) };
      kept = Buffer.alloc(0);
      from = end + 1;
      offset = position + from;
    }
    kept = joined(kept, bytes.subarray(from));
    position += bytes.length;
  }
  if (kept.length > 0) yield { offset, bytes: kept };
}

function joined(kept: Buffer, more: Buffer): Buffer {
  const room = more.subarray(0, Math.max(0, LINE_AT_MOST - kept.length));
  return kept.length === 0 ? Buffer.from(room) : Buffer.concat([kept, room]);
}
