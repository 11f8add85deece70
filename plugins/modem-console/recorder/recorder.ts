import type { Boot, BootEvent, Phase } from '../decode/boot.ts';
import { BootDecoder } from '../decode.ts';
import { type Line, LineSplitter } from '../lines.ts';
import type { ConsoleIndex, RecordedBoot, TimedLine } from './index-store.ts';
import type { RawLog } from './raw-log.ts';

/** Lines held back until they are written to the index: between two ticks, or sooner under a flood. */
const MOST_LINES = 2_000;
/** Lines held back while the index cannot be written; then they are found in the files alone. */
const MOST_WAITING_LINES = 20_000;
/** ms between two marks of time; lines carry their own. */
const MARK_MS = 10_000;
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
  #marks: { offset: number; time: number }[] = [];
  #pending: TimedLine[] = [];
  #boots: Omit<RecordedBoot, 'console'>[] = [];
  #days: string[] = [];
  #marked = 0;
  #changed = true;
  /** True while the index knows all there is. */
  #indexed = false;
  #trouble: unknown;
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
    this.#time = index.timeAt(log.end) ?? Date.now();
    for await (const bytes of log.read(from, indexed)) this.#lines.push(bytes);
    this.#lines.skipTo(indexed);
    this.#silent = false;
    for await (const bytes of log.read(indexed, log.end)) this.#lines.push(bytes);
    // The prompt at the end was told by the run that heard it.
    this.#silent = true;
    this.#lookAtPrompt();
    this.#silent = false;
  }

  push(bytes: Uint8Array, time: number): void {
    this.#time = time;
    this.#changed = true;
    this.#indexed = false;
    if (time - this.#marked >= MARK_MS || time < this.#marked) {
      this.#marks.push({ offset: this.#end, time });
      this.#marked = time;
    }
    const offset = this.#end;
    this.#end += bytes.length;
    // A full disk is told by the next flush, not to whoever brings the bytes.
    this.#attempt(() => this.options.log.append(bytes, offset));
    this.#lines.push(bytes);
    if (this.#pending.length > MOST_LINES) this.#attempt(() => this.writeIndex());
    if (this.#pending.length > MOST_WAITING_LINES) this.#pending = [];
    this.#idle?.refresh();
    this.#idle ??= setTimeout(() => this.#lookAtPrompt(), IDLE_MS);
  }

  /** True when phase, boot or count may be others than when this was asked last. */
  takeChanged(): boolean {
    const changed = this.#changed;
    this.#changed = false;
    return changed;
  }

  /** Boots on a local date, those that wait for the index included. */
  bootsOn(date: string): number {
    return this.options.index.bootsOn(date) + this.#days.filter((day) => day === date).length;
  }

  /**
   * Brings what was written to the disk, where a power cut cannot reach it.
   * @throws Error of the system, also of a write since the last call; the bytes are then missing from the recording
   */
  async flush(): Promise<void> {
    const trouble = this.#trouble;
    this.#trouble = undefined;
    if (trouble !== undefined) throw trouble;
    await this.options.log.sync();
  }

  /**
   * Brings the lines and boots that wait to the index.
   * @throws Error of SQLite; what waits is tried again
   */
  writeIndex(): void {
    if (this.#indexed) return;
    const current = this.boot;
    const boots = [...this.#boots, ...(current ? [current] : [])];
    const { offset: indexed } = this.#lines;
    this.options.index.write({ marks: this.#marks, lines: this.#pending, boots, days: this.#days, indexed });
    this.#indexed = true;
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
    const time = this.#time;
    if (event.name === 'boot_finished' && this.#boot?.finished === null) this.#boot = { ...this.#boot, finished: time };
    if (this.#silent) return;
    if (event.name === 'boot_started') {
      this.#boot = { id: this.options.nextBootId(), time, finished: null, offset: line.offset };
      this.#days.push(this.options.localDate(time));
    }
    this.options.onEvent(event, { time, ...(this.#boot && { boot: this.#boot.id }) });
  }

  #keepBoot(boot: Boot): void {
    if (!this.#silent && this.#boot) this.#boots.push({ ...this.#boot, boot: fromLineOne(boot) });
  }

  #attempt(task: () => void): void {
    try {
      task();
    } catch (error) {
      this.#trouble = error;
    }
  }

  #lookAtPrompt(): void {
    this.#idle = undefined;
    this.#changed = true;
    this.#indexed = false;
    const line = this.#lines.partial();
    if (line) this.#decoder.peek(line);
  }
}

/** Lines counted from the boot's first: the stream has no beginning that means anything. */
function fromLineOne(boot: Boot): Boot {
  const move = <T extends { readonly line: number }>(part: T): T => ({ ...part, line: part.line - boot.line + 1 });
  return { ...move(boot), events: boot.events.map(move) };
}
