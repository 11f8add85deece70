import { createHash } from 'node:crypto';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { errorCode, HubError, writeFileAtomic } from 'cupboard/sdk';
import { hexAddress } from './memory.ts';

/** Bytes between two fsyncs; at the bootloader's 450 bytes/s nine seconds of work. */
export const BLOCK = 4096;

/** One block that was read and is on disk. */
export interface VerifiedBlock {
  /** From the start of the file. */
  readonly offset: number;
  readonly length: number;
  readonly sha256: string;
  /** Answers that were not believed on the way. */
  readonly retries: number;
  /** When, ISO 8601. */
  readonly read: string;
}

/** What lies beside a dump as `<file>.json`: what it is, and what of it is verified. */
export interface Sidecar {
  readonly format: 1;
  readonly console: string;
  readonly address: string;
  readonly length: number;
  readonly started: string;
  readonly updated: string;
  /** How each value was checked. */
  readonly check: string;
  readonly blocks: readonly VerifiedBlock[];
  /** Of the whole file, once it is. */
  readonly sha256?: string;
}

const CHECKS = {
  bootloader: 'each word: the printed address is the one asked for, and its hex and decimal forms agree',
  ecos: 'each row of 16 bytes: read until two readings agree',
} as const;

export interface DumpRange {
  readonly console: string;
  readonly address: number;
  readonly length: number;
}

/** A dump on disk: blocks in any order, each believed only while its checksum in the sidecar holds. */
export class DumpFile {
  readonly #blocks = new Map<number, VerifiedBlock>();
  #check: string = CHECKS.bootloader;

  private constructor(
    readonly path: string,
    private readonly range: DumpRange,
    private readonly file: FileHandle,
    private readonly started: string,
  ) {}

  /**
   * Opens a dump to go on with it, or a new one.
   * @throws HubError `dump_mismatch` where the file holds something else
   */
  static async open(path: string, range: DumpRange): Promise<DumpFile> {
    const sidecar = await readSidecar(path);
    checkSame(path, sidecar, range);
    const file = await openFile(path, sidecar !== undefined);
    const dump = new DumpFile(path, range, file, sidecar?.started ?? new Date().toISOString());
    try {
      for (const block of sidecar?.blocks ?? []) {
        if (sha256(await dump.#readBlock(block)) === block.sha256) dump.#blocks.set(block.offset, block);
      }
      if (sidecar) dump.#check = sidecar.check;
      await dump.#save();
    } catch (error) {
      await file.close();
      throw error;
    }
    return dump;
  }

  /** Bytes that are verified. */
  get done(): number {
    return [...this.#blocks.values()].reduce((sum, { length }) => sum + length, 0);
  }

  /** The blocks that are there, in order. */
  get blocks(): readonly VerifiedBlock[] {
    return [...this.#blocks.values()].sort((a, b) => a.offset - b.offset);
  }

  /** What is to be read, in order. */
  missing(): { readonly offset: number; readonly length: number }[] {
    const missing = [];
    for (let offset = 0; offset < this.range.length; offset += BLOCK) {
      if (!this.#blocks.has(offset)) missing.push({ offset, length: Math.min(BLOCK, this.range.length - offset) });
    }
    return missing;
  }

  /** The first bytes of a block, to hold against what the modem says now. */
  async head(block: VerifiedBlock, length: number): Promise<Buffer> {
    return (await this.#readBlock(block)).subarray(0, length);
  }

  /** A block that is not what the modem has any more. */
  async drop(block: VerifiedBlock): Promise<void> {
    this.#blocks.delete(block.offset);
    await this.#save();
  }

  /** Resolves once the block and its checksum survive a power cut. */
  async write(offset: number, bytes: Buffer, retries: number, through: keyof typeof CHECKS): Promise<void> {
    await this.file.write(bytes, 0, bytes.length, offset);
    await this.file.datasync();
    this.#check = CHECKS[through];
    const read = new Date().toISOString();
    this.#blocks.set(offset, { offset, length: bytes.length, sha256: sha256(bytes), retries, read });
    await this.#save();
  }

  /** Answers the checksum of the whole file. */
  async finish(): Promise<string> {
    const whole = sha256(await readFile(this.path));
    await this.#save(whole);
    return whole;
  }

  close(): Promise<void> {
    return this.file.close();
  }

  async #readBlock({ offset, length }: VerifiedBlock): Promise<Buffer> {
    const bytes = Buffer.alloc(length);
    const { bytesRead } = await this.file.read(bytes, 0, length, offset);
    return bytes.subarray(0, bytesRead);
  }

  async #save(whole?: string): Promise<void> {
    const { console, address, length } = this.range;
    const sidecar: Sidecar = {
      format: 1,
      console,
      address: hexAddress(address),
      length,
      started: this.started,
      updated: new Date().toISOString(),
      check: this.#check,
      blocks: this.blocks,
      ...(whole !== undefined && { sha256: whole }),
    };
    await writeFileAtomic(sidecarPath(this.path), `${JSON.stringify(sidecar, null, 2)}\n`, 0o600);
  }
}

export const sidecarPath = (path: string) => `${path}.json`;

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

async function readSidecar(path: string): Promise<Sidecar | undefined> {
  try {
    return JSON.parse(await readFile(sidecarPath(path), 'utf8')) as Sidecar;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw new HubError('dump_mismatch', `${sidecarPath(path)} is no sidecar of a dump`, { cause: error });
  }
}

function checkSame(path: string, sidecar: Sidecar | undefined, { console, address, length }: DumpRange): void {
  if (!sidecar) return;
  const isSame = sidecar.console === console && sidecar.address === hexAddress(address) && sidecar.length === length;
  if (isSame) return;
  const found = `${sidecar.length} bytes from ${sidecar.address} of ${sidecar.console}`;
  throw new HubError('dump_mismatch', `${path} holds ${found}: name another file`);
}

/** A file without a sidecar is somebody's own. */
async function openFile(path: string, isKnown: boolean): Promise<FileHandle> {
  try {
    return await open(path, isKnown ? 'r+' : 'wx+', 0o600);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' && isKnown) return open(path, 'wx+', 0o600);
    if (code === 'EEXIST') {
      throw new HubError('dump_mismatch', `${path} exists and has no sidecar: name another file`, { cause: error });
    }
    throw error;
  }
}
