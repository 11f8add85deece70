import {
  closeSync,
  createReadStream,
  fdatasync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { syncFolder } from 'cupboard/sdk';

/** A file is closed at this size; the oldest files go first. */
const FILE_BYTES = 4 * 1024 * 1024;

interface Segment {
  /** Offset of its first byte in the stream. */
  readonly start: number;
  readonly path: string;
  bytes: number;
}

/**
 * The bytes of one console as they came, in files named after the offset of their first byte:
 * `000000004194304.raw`. The folder is the index: it is read at the start, whatever a crash left in it.
 */
export class RawLog {
  readonly #folder: string;
  readonly #segments: Segment[];
  #fd: number | undefined;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    this.#segments = readdirSync(folder)
      .filter((name) => /^\d{15}\.raw$/.test(name))
      .sort()
      .map((name) => ({ start: Number.parseInt(name, 10), path: join(folder, name), bytes: 0 }))
      .map((segment) => ({ ...segment, bytes: statSync(segment.path).size }));
  }

  /** Offset of the oldest byte kept. */
  get start(): number {
    return this.#segments[0]?.start ?? 0;
  }

  /** Offset after the newest byte. */
  get end(): number {
    const last = this.#segments.at(-1);
    return last ? last.start + last.bytes : 0;
  }

  /**
   * Writes the bytes to the system, where the end of this process cannot reach them any more.
   * @param offset of the first of them; where it is not the end, bytes before it were lost: to a full disk, a power cut
   * @throws Error of the system, the bytes being lost
   */
  append(bytes: Uint8Array, offset: number): void {
    const last = this.#segments.at(-1);
    const segment = last && last.bytes < FILE_BYTES && offset === this.end ? last : this.#addSegment(offset);
    this.#fd ??= openSync(segment.path, 'a', 0o600);
    for (let written = 0; written < bytes.length; ) {
      const count = writeSync(this.#fd, bytes, written);
      written += count;
      segment.bytes += count;
    }
    if (segment.bytes >= FILE_BYTES) this.close();
  }

  /** Waits until what was written is on the disk. */
  async sync(): Promise<void> {
    if (this.#fd !== undefined) await promisify(fdatasync)(this.#fd);
  }

  /** Removes the oldest files until at most `bytes` are left, the newest file always. */
  async trim(bytes: number): Promise<void> {
    while (this.#segments.length > 1 && this.end - this.start > bytes) {
      const oldest = this.#segments.shift();
      if (oldest) unlinkSync(oldest.path);
    }
    await syncFolder(this.#folder);
  }

  /** A few bytes at once; fewer where they are not kept any more. */
  readSync(from: number, length: number): Buffer {
    const segments = this.#segments.filter(({ start, bytes }) => start < from + length && start + bytes > from);
    return Buffer.concat(
      segments.map(({ path, start, bytes }) => {
        const first = Math.max(from, start);
        const part = Buffer.alloc(Math.min(from + length, start + bytes) - first);
        const fd = openSync(path, 'r');
        try {
          return part.subarray(0, readSync(fd, part, 0, part.length, first - start));
        } finally {
          closeSync(fd);
        }
      }),
    );
  }

  /** The bytes from one offset up to another, in chunks. */
  async *read(from: number, to: number): AsyncGenerator<Buffer> {
    for (const { path, start, bytes } of [...this.#segments]) {
      const first = Math.max(from, start);
      const end = Math.min(to, start + bytes);
      if (first < end) yield* createReadStream(path, { start: first - start, end: end - start - 1 });
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #addSegment(start: number): Segment {
    this.close();
    const path = join(this.#folder, `${String(start).padStart(15, '0')}.raw`);
    closeSync(openSync(path, 'a', 0o600));
    const segment = { start, path, bytes: 0 };
    this.#segments.push(segment);
    return segment;
  }
}
