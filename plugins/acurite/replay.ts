import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { errorText } from 'cupboard/sdk';
import { formatHex, parseHex } from './decode.ts';
import type { Evidence } from './device.ts';
import type { Clock } from './poll.ts';

/** One line of a capture file. */
export interface CaptureLine {
  /** Epoch ms of the reading, where the line has it. */
  readonly time?: number;
  readonly bytes: Uint8Array;
}

/** Epoch ms has 13 digits until the year 2286; an odd number, so it is never mistaken for bytes. */
const LINE = /^(?:(\d{13})\s+)?(.*)$/;

/** `undefined` for blank lines and comments; bytes are empty where the line is not hex. */
export function parseCaptureLine(text: string): CaptureLine | undefined {
  const line = text.trim();
  if (line === '' || line.startsWith('#')) return undefined;
  const [, time, hex = ''] = LINE.exec(line) ?? [];
  const bytes = parseHex(hex) ?? new Uint8Array();
  return time ? { time: Number(time), bytes } : { bytes };
}

export const formatCaptureLine = (time: number, bytes: Uint8Array) => `${time} ${formatHex(bytes)}\n`;

/** Plays a capture file, one line every `intervalMs`; afterwards it stays, saying nothing, until `signal`. */
export async function* replay(
  file: string,
  intervalMs: number,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<Evidence> {
  try {
    for await (const text of createInterface({ input: createReadStream(file, { signal }) })) {
      const line = parseCaptureLine(text);
      if (!line) continue;
      yield { kind: 'report', time: line.time ?? clock.time(), bytes: line.bytes };
      await clock.sleep(intervalMs, signal);
    }
  } catch (error) {
    if (signal.aborted) return;
    yield { kind: 'failure', time: clock.time(), failure: 'unplugged', detail: `The capture: ${errorText(error)}` };
  }
}
