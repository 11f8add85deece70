import type { Boot, BootEvent, Phase } from '../decode/boot.ts';
import { BootDecoder } from '../decode.ts';
import { type Line, LineSplitter } from '../lines.ts';
import type { ConsoleIndex, RecordedBoot, TimedLine } from './index-store.ts';
import type { RawLog } from './raw-log.ts';

/** Bytes and lines held back until they are written: between two ticks, or sooner under a flood. */
const MOST_BYTES = 64 * 1024;
const MOST_LINES = 2_000;
/** Silence after which an unfinished line is looked at as a prompt. */
const IDLE_MS = 150;
/** A restart reads the boot under way again from its first line, when that is not longer ago than this. */
const MOST_REREAD = 4 * 1024 * 1024;

export interface RecorderOptions {
  readonly log: RawLog;
  readonly index: ConsoleIndex;
  /** Most bytes kept. */
  readonly keepBytes: number;
  readonly nextBootId: () => number;
  /** The date in the hub's time zone, `2026-11-22`. */
  readonly localDate: (time: number) => string;
  readonly onEvent: (event: BootEvent, at: { readonly time: number; readonly boot?: number }) => void;
  readonly onLine: (line: TimedLine) => void;
}

/** Records what one console says: bytes to files, lines to the search index, boots decoded on the way. */
export class Recorder {
  readonly #decoder: BootDecoder;
  #lines: LineSplitter;
  /** Offset after the last byte taken. */
  #end: number;
  #time = 0;
  #boot: Omit<RecordedBoot, 'boot' | 'console'> | undefined;
  /** While what an earlier run has indexed is read again. */
  #silent = false;
  #bytes: Uint8Array[] = [];
  #byteCount = 0;
  #marks: { offset: number; time: number }[] = [];
  #pending: TimedLine[] = [];
  #boots: Omit<RecordedBoot, 'console'>[] = [];
  #days: string[] = [];
  #idle: NodeJS.Timeout | undefined;

  constructor(private readonly options: RecorderOptions) {
    this.#decoder = new BootDecoder({
      onEvent: (event, line) => this.#takeEvent(event, line),
      onBoot: (boot) => this.#keepBoot(boot),
    });
    this.#end = Math.max(options.log.end, options.index.indexed());
    this.#lines = this.#splitter(this.#end);
  }

  get phase(): Phase | undefined {
    return this.#decoder.phase;
  }

  /** The boot under way or the last one; `undefined` before the first. */
  get boot(): RecordedBoot | undefined {
    const boot = this.#decoder.current();
    return this.#boot && boot
      ? { ...this.#boot, console: this.options.index.name, boot: fromLineOne(boot) }
      : undefined;
  }

  /** Takes up where the last run ended, even if it was killed; to be awaited before the first `push`. */
  async catchUp(): Promise<void> {
    const { log, index } = this.options;
    const indexed = index.indexed();
    const last = index.lastBoot();
    const reread = last && last.offset >= log.start && indexed - last.offset <= MOST_REREAD ? last : undefined;
    const from = reread?.offset ?? indexed;
    this.#boot = reread;
    this.#lines = this.#splitter(from);
    this.#silent = true;
    for await (const bytes of log.read(from, indexed)) this.#lines.push(bytes);
    this.#silent = false;
    this.#lines.skipTo(indexed);
    this.#time = index.timeAt(log.end) ?? Date.now();
    for await (const bytes of log.read(indexed, log.end)) this.#lines.push(bytes);
  }

  push(bytes: Uint8Array, time: number): void {
    this.#time = time;
    if (this.#bytes.length === 0) this.#marks.push({ offset: this.#end, time });
    this.#bytes.push(bytes);
    this.#byteCount += bytes.length;
    this.#end += bytes.length;
    this.#lines.push(bytes);
    if (this.#byteCount > MOST_BYTES) this.#writeBytes();
    if (this.#pending.length > MOST_LINES) this.writeIndex();
    this.#idle?.refresh();
    this.#idle ??= setTimeout(() => this.#lookAtPrompt(), IDLE_MS);
  }

  /** Brings the bytes that wait to the disk. @throws Error of the system, the bytes being lost to the recording */
  async flush(): Promise<void> {
    this.#writeBytes();
    await this.options.log.sync();
  }

  /** Brings the lines and boots that wait to the index, after their bytes. */
  writeIndex(): void {
    this.#writeBytes();
    const current = this.boot;
    const boots = [...this.#boots, ...(current ? [current] : [])];
    const batch = { marks: this.#marks, lines: this.#pending, boots, days: this.#days, indexed: this.#lines.offset };
    if (batch.marks.length > 0 || batch.lines.length > 0) this.options.index.write(batch);
    this.#marks = [];
    this.#pending = [];
    this.#boots = [];
    this.#days = [];
  }

  /** Drops the oldest bytes beyond what is kept, and what the index says of them. */
  async trim(): Promise<void> {
    const { log, index, keepBytes } = this.options;
    if (log.end - log.start <= keepBytes) return;
    await log.trim(keepBytes);
    index.forgetBefore(log.start);
  }

  close(): void {
    clearTimeout(this.#idle);
    this.writeIndex();
    this.options.log.close();
  }

  #splitter(offset: number): LineSplitter {
    return new LineSplitter((line) => this.#takeLine(line), offset);
  }

  #takeLine(line: Line): void {
    this.#decoder.take(line);
    if (this.#silent) return;
    const timed = { ...line, time: this.#time };
    this.#pending.push(timed);
    this.options.onLine(timed);
  }

  #takeEvent(event: BootEvent, line: Line): void {
    if (this.#silent) return;
    const time = this.#time;
    if (event.name === 'boot_started') {
      this.#boot = { id: this.options.nextBootId(), time, finished: null, offset: line.offset };
      this.#days.push(this.options.localDate(time));
    }
    if (event.name === 'boot_finished' && this.#boot) this.#boot = { ...this.#boot, finished: time };
    this.options.onEvent(event, { time, ...(this.#boot && { boot: this.#boot.id }) });
  }

  #keepBoot(boot: Boot): void {
    if (!this.#silent && this.#boot) this.#boots.push({ ...this.#boot, boot: fromLineOne(boot) });
  }

  #lookAtPrompt(): void {
    this.#idle = undefined;
    const line = this.#lines.partial();
    if (line) this.#decoder.peek(line);
  }

  #writeBytes(): void {
    if (this.#byteCount === 0) return;
    const bytes = Buffer.concat(this.#bytes);
    this.#bytes = [];
    this.#byteCount = 0;
    this.options.log.append(bytes, this.#end - bytes.length);
  }
}

/** Lines counted from the boot's first: the stream has no beginning that means anything. */
function fromLineOne(boot: Boot): Boot {
  const move = <T extends { readonly line: number }>(part: T): T => ({ ...part, line: part.line - boot.line + 1 });
  return { ...move(boot), events: boot.events.map(move) };
}
