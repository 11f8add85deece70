import { type FileHandle, open } from 'node:fs/promises';
import { LineStamper, TextGuard } from './lines.ts';

/** Told of every append, with the offset at which the bytes lie in the log. */
export type OnAppend = (offset: number, bytes: Buffer) => void;

/**
 * Writes a line-timed log. Appends go one after the other to the file before they resolve, so whoever awaits them
 * writes no faster than the disk and no log is ever held in memory.
 */
export class LogWriter {
  private readonly stamper = new LineStamper();
  private readonly text = new TextGuard();
  private queue: Promise<void> = Promise.resolve();
  private isFull = false;

  private constructor(
    private readonly file: FileHandle,
    private bytes: number,
    private readonly maxBytes: number,
    private readonly onAppend: OnAppend,
  ) {}

  /**
   * Opens a log to append to it.
   * @param maxBytes after which output is dropped, with a line that says so
   */
  static async open(path: string, maxBytes = Number.POSITIVE_INFINITY, onAppend: OnAppend = () => undefined) {
    const file = await open(path, 'a', 0o640);
    return new LogWriter(file, (await file.stat()).size, maxBytes, onAppend);
  }

  /** Bytes in the log. */
  get size(): number {
    return this.bytes;
  }

  /** Appends output of a job as it comes: any bytes, cut anywhere. */
  write(bytes: Buffer): Promise<void> {
    return this.append(() => this.stamper.stamp(this.text.push(bytes), Date.now()));
  }

  /** Appends what another log has, timed already. */
  copy(bytes: Buffer): Promise<void> {
    return this.append(() => bytes);
  }

  /** Ends a last line that has no newline, and says so as Zuul does. */
  endOutput(): Promise<void> {
    return this.append(() => {
      const rest = this.stamper.stamp(this.text.flush(), Date.now());
      if (!this.stamper.isMidLine) return rest;
      return Buffer.concat([rest, this.stamper.stamp(Buffer.from('\n[ci] No trailing newline\n'), Date.now())]);
    });
  }

  /** Appends a line of the hub's own. */
  note(message: string): Promise<void> {
    return this.append(() => this.line(`[ci] ${message}`), true);
  }

  async close(): Promise<void> {
    await this.endOutput();
    await this.file.close();
  }

  private append(make: () => Buffer, isNote = false): Promise<void> {
    const appended = this.queue.then(async () => {
      const bytes = this.isFull && !isNote ? Buffer.alloc(0) : make();
      if (bytes.length === 0) return;
      await this.put(bytes);
      if (this.bytes < this.maxBytes || this.isFull) return;
      this.isFull = true;
      await this.put(this.line(`[ci] The log has its ${this.maxBytes / 1024 / 1024} MB: further output is not kept`));
    });
    // Whoever asked is told; the queue goes on.
    this.queue = appended.catch(() => undefined);
    return appended;
  }

  /** A line of its own, whatever is in the midst of being written. */
  private line(text: string): Buffer {
    return this.stamper.stamp(Buffer.from(`${this.stamper.isMidLine ? '\n' : ''}${text}\n`), Date.now());
  }

  private async put(bytes: Buffer): Promise<void> {
    await this.file.appendFile(bytes);
    const offset = this.bytes;
    this.bytes += bytes.length;
    this.onAppend(offset, bytes);
  }
}
