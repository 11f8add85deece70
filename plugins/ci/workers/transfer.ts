import { randomBytes } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { errorText, HubError, type JsonObject } from 'cupboard/sdk';
import type { Send } from './link.ts';

/** Bytes of a file in one message: with base64 and seal well below the broker's packet limit of 1 MiB. */
export const CHUNK_BYTES = 256 * 1024;

/** A question unanswered for so long is asked again. */
const ANSWER_MS = 15_000;

/** A file that the other side may read, piece by piece. A piece without bytes that is not the end = nothing new yet. */
export interface Served {
  read(offset: number): Promise<{ readonly bytes: Uint8Array; readonly isEnd: boolean }>;
}

interface Chunk {
  readonly bytes: Uint8Array;
  readonly isEnd: boolean;
}

/**
 * Files between hubs: whoever wants one asks for it piece by piece, so that neither side holds more than a piece and a
 * slow one slows the other. Used for sources one way, for logs while they grow and for artifacts the other way.
 */
export class Transfer {
  readonly #waiting = new Map<string, (answer: Chunk | HubError) => void>();

  /** @param find the file of a lease by its name; `undefined` = none such */
  constructor(
    private readonly send: Send,
    private readonly find: (fence: number, file: string) => Promise<Served | undefined> | Served | undefined,
  ) {}

  /** Takes a message of the link; false = it is none of a transfer's. */
  receive(fields: JsonObject, bytes: Uint8Array): boolean {
    const { type, ticket } = fields;
    if (typeof ticket !== 'string') return false;
    if (type === 'read') {
      void this.#answer(ticket, Number(fields['fence']), String(fields['file']), Number(fields['offset']));
      return true;
    }
    const waiting = this.#waiting.get(ticket);
    const { error } = fields;
    if (waiting) {
      waiting(
        typeof error === 'string' ? new HubError('transfer_failed', error) : { bytes, isEnd: fields['end'] === true },
      );
    }
    return true;
  }

  /** Reads a file of the other side from its begin, or from `offset`, to its end. */
  async *pull(fence: number, file: string, signal: AbortSignal, offset = 0): AsyncGenerator<Uint8Array> {
    for (let at = offset; ; ) {
      const { bytes, isEnd } = await this.#ask(fence, file, at, signal);
      if (bytes.length > 0) yield bytes;
      if (isEnd) return;
      at += bytes.length;
    }
  }

  /** A small file whole. @throws HubError `too_large` beyond `limit` bytes */
  async pullText(fence: number, file: string, signal: AbortSignal, limit: number): Promise<string> {
    const parts: Uint8Array[] = [];
    let size = 0;
    for await (const part of this.pull(fence, file, signal)) {
      size += part.length;
      if (size > limit) throw new HubError('too_large', `${file} has more than ${limit} bytes`);
      parts.push(part);
    }
    return Buffer.concat(parts).toString('utf8');
  }

  async #ask(fence: number, file: string, offset: number, signal: AbortSignal): Promise<Chunk> {
    for (;;) {
      signal.throwIfAborted();
      const ticket = randomBytes(8).toString('hex');
      let over = (): void => undefined;
      let timer: NodeJS.Timeout | undefined;
      try {
        const answer = await new Promise<Chunk | HubError | undefined>((resolve) => {
          over = () => resolve(undefined);
          signal.addEventListener('abort', over);
          timer = setTimeout(over, ANSWER_MS);
          this.#waiting.set(ticket, resolve);
          this.send({ type: 'read', ticket, fence, file, offset });
        });
        if (answer instanceof HubError) throw answer;
        if (answer) return answer;
      } finally {
        clearTimeout(timer);
        signal.removeEventListener('abort', over);
        this.#waiting.delete(ticket);
      }
    }
  }

  async #answer(ticket: string, fence: number, file: string, offset: number): Promise<void> {
    try {
      const served = await this.find(fence, file);
      if (!served) throw new HubError('not_found', `no ${file} of lease ${fence}`);
      const { bytes, isEnd } = await served.read(offset);
      this.send({ type: 'chunk', ticket, end: isEnd }, bytes);
    } catch (error) {
      this.send({ type: 'chunk', ticket, error: errorText(error) });
    }
  }
}

/** Serves a file that does not change any more. */
export const serveFile = (path: string): Served => ({
  async read(offset) {
    let file: FileHandle | undefined;
    try {
      file = await open(path);
      const { bytesRead, buffer } = await file.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, offset);
      return { bytes: buffer.subarray(0, bytesRead), isEnd: bytesRead < CHUNK_BYTES };
    } finally {
      await file?.close();
    }
  },
});

/** Serves a text held in memory. */
export const serveText = (text: string): Served => {
  const bytes = Buffer.from(text);
  return {
    read: (offset) =>
      Promise.resolve({
        bytes: bytes.subarray(offset, offset + CHUNK_BYTES),
        isEnd: offset + CHUNK_BYTES >= bytes.length,
      }),
  };
};
