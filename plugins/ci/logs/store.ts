import { EventEmitter, once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HubError } from 'cupboard/sdk';
import { createLocks } from '../sources/git/lock.ts';
import type { LogView } from '../view.ts';
import { compressedSize, compressLog, decompressLog, readCompressed } from './gzip.ts';
import { LogWriter } from './writer.ts';

const LOG = 'console.log';
const MB = 1024 * 1024;
const DAY_MS = 24 * 3600 * 1000;

export interface LogStoreOptions {
  /** Every log has a folder of its own in it, named by its id. */
  readonly folder: string;
  readonly keepDays: number;
  /** Of all logs and what lies beside them; the oldest go first. */
  readonly keepMb: number;
  /** Of one log; what comes after is dropped. */
  readonly maxMb: number;
  /** Told of every append. */
  readonly onAppend?: (id: string, offset: number, bytes: Buffer) => void;
  /** Told that nothing more is appended. */
  readonly onEnd?: (id: string) => void;
}

/** A log being written, its folder at hand for what else is kept of the build. */
export interface OpenLog {
  readonly folder: string;
  readonly writer: LogWriter;
  /** Ends the log: followers end, and it is compressed. */
  close(): Promise<void>;
}

/** Logs by id: written, followed while they grow, compressed when they are complete, removed when they are old. */
export class LogStore {
  private readonly growing = new Map<string, { readonly writer: LogWriter; readonly changes: EventEmitter }>();

  /** A log is opened, compressed or removed, never two of these at once. */
  private readonly alone = createLocks();

  constructor(private readonly options: LogStoreOptions) {}

  /**
   * Folder of a log, whether it exists or not.
   * @throws HubError `bad_id` where the id could name another place
   */
  folder(id: string): string {
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(id)) throw new HubError('bad_id', 'no such log');
    return join(this.options.folder, id);
  }

  /** Opens a log for writing; one that is there is appended to. */
  open(id: string): Promise<OpenLog> {
    return this.alone(id, () => this.begin(id));
  }

  private async begin(id: string): Promise<OpenLog> {
    const folder = this.folder(id);
    if (this.growing.has(id)) throw new HubError('log_open', `the log of ${id} is being written`);
    await mkdir(folder, { recursive: true });
    const path = join(folder, LOG);
    await decompressLog(path);
    const changes = new EventEmitter().setMaxListeners(0);
    const writer = await LogWriter.open(path, this.options.maxMb * MB, (offset, bytes) => {
      this.options.onAppend?.(id, offset, bytes);
      changes.emit('change');
    });
    this.growing.set(id, { writer, changes });
    const close = async (): Promise<void> => {
      await writer.close();
      this.growing.delete(id);
      changes.emit('change');
      this.options.onEnd?.(id);
      await this.alone(id, () => this.compress(id));
    };
    return { folder, writer, close };
  }

  /** A log to read; `undefined` = none. */
  async view(id: string): Promise<LogView | undefined> {
    const path = join(this.folder(id), LOG);
    const size = this.growing.get(id)?.writer.size ?? (await storedSize(path));
    if (size === undefined) return undefined;
    return {
      size,
      isComplete: !this.growing.has(id),
      read: (from, to) => readText(path, from, to),
      follow: (from, signal) => this.follow(id, path, from, signal),
    };
  }

  private async *follow(id: string, path: string, from: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    let at = from;
    while (!signal.aborted) {
      const log = this.growing.get(id);
      const size = log?.writer.size ?? (await storedSize(path)) ?? 0;
      for await (const bytes of readText(path, at, size)) {
        at += bytes.length;
        yield bytes;
        if (signal.aborted) return;
      }
      if (!log) return;
      // Nothing between these two lines waits, so no change can slip through.
      if (log.writer.size > at || this.growing.get(id) !== log) continue;
      await once(log.changes, 'change', { signal }).catch(() => undefined);
    }
  }

  private async compress(id: string): Promise<void> {
    if (!this.growing.has(id)) await compressLog(join(this.folder(id), LOG));
  }

  /** Compresses what a crash left uncompressed, and removes what is too old or too much, oldest first. */
  async prune(now = Date.now()): Promise<void> {
    await mkdir(this.options.folder, { recursive: true });
    const kept: { id: string; time: number; bytes: number }[] = [];
    for (const id of await readdir(this.options.folder)) {
      if (this.growing.has(id)) continue;
      const folder = join(this.options.folder, id);
      await this.alone(id, () => this.compress(id)).catch(() => undefined);
      const written = await stat(join(folder, `${LOG}.gz`)).catch(() => stat(folder));
      kept.push({ id, time: written.mtimeMs, bytes: await bytesBelow(folder) });
    }
    kept.sort((one, other) => other.time - one.time);
    let total = 0;
    for (const { id, time, bytes } of kept) {
      total += bytes;
      if (now - time <= this.options.keepDays * DAY_MS && total <= this.options.keepMb * MB) continue;
      await this.alone(id, async () => {
        if (!this.growing.has(id)) await rm(join(this.options.folder, id), { recursive: true, force: true });
      });
      total -= bytes;
    }
  }
}

/** Bytes of a log's text at rest or growing; `undefined` = no such log. */
async function storedSize(path: string): Promise<number | undefined> {
  const plain = await stat(path).catch(() => undefined);
  return plain?.size ?? (await compressedSize(path));
}

async function* readText(path: string, from: number, to: number): AsyncGenerator<Buffer> {
  if (to <= from) return;
  const isPlain = (await stat(path).catch(() => undefined)) !== undefined;
  if (isPlain) yield* createReadStream(path, { start: from, end: to - 1 });
  else yield* readCompressed(path, from, to);
}

async function bytesBelow(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
